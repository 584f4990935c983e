"""The tuples A B C D of the arithmetic metric: characters whose parts say what A - B + C should be."""

import dataclasses
import functools
from typing import Literal, get_args

from tfglyph.errors import UsageError
from tfglyph.files import package_file

Half = Literal["development", "test"]
HALVES: tuple[str, ...] = get_args(Half)
DIRECTIONS = ("left-right", "above-below")
TUPLES = package_file("evaluation", "data", "tuples.txt")


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
    def characters(self) -> tuple[str, str, str, str]:
        """(a, b, c, d)."""
        return self.a, self.b, self.c, self.d


@functools.cache
def part_tuples(half: Half = "test") -> tuple[PartTuple, ...]:
    """The shipped tuples of one half; no part of a character is in both halves.

    Args:
        half: ``development``, for choosing anything, or ``test``, for the measurements that are reported.

    Returns:
        tuple of PartTuple: 2,500 left-right ones, then 1,000 above-below ones.

    Raises:
        UsageError: there is no such half.
    """
    if half not in HALVES:
        raise UsageError(f"half {half!r} of the tuples is none of {', '.join(HALVES)}")
    tuples: list[PartTuple] = []
    section: list[str] = []
    for line in TUPLES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]").split()
        elif line and not line.startswith("#") and section[1] == half:
            a, b, c, d = tuple(line)
            tuples.append(PartTuple(a, b, c, d, section[0]))
    return tuple(tuples)
