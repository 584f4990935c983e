"""The tuples A B C D of the arithmetic metric: characters whose parts say what A - B + C should be."""

import dataclasses
import functools

from importlib_resources import files

from tfglyph.errors import UsageError

DIRECTIONS = ("left-right", "above-below")
HALVES = ("development", "test")


@dataclasses.dataclass(frozen=True)
class PartTuple:
    """A = first1 second1, B = first2 second1, C = first2 second2, D = first1 second2.

    Attributes:
        a, b, c, d: str, one character each.
        direction: ``left-right`` or ``above-below``: where first and second are.
    """

    a: str
    b: str
    c: str
    d: str
    direction: str

    @property
    def characters(self):
        """(a, b, c, d)."""
        return self.a, self.b, self.c, self.d


@functools.cache
def part_tuples(half="test"):
    """The shipped tuples of one half; no part of a character is in both halves.

    Args:
        half: ``development``, for choosing anything, or ``test``, for the figures that are told.

    Returns:
        tuple of PartTuple: 2,500 left-right ones, then 1,000 above-below ones.

    Raises:
        UsageError: there is no such half.
    """
    if half not in HALVES:
        raise UsageError(f"half {half!r} of the tuples is none of {', '.join(HALVES)}")
    found, section = [], None
    for line in (files("tfglyph") / "evaluation" / "data" / "tuples.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]").split()
        elif line and not line.startswith("#") and section[1] == half:
            found.append(PartTuple(*line, section[0]))
    return tuple(found)
