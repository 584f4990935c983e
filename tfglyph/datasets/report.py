"""What was wrong with the input: collected while reading, named once, counted at the end."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tfglyph.files import printable

_LINES = 100  # more problems than this are counted but not all spelled out; `data check` lists every one


@dataclass(frozen=True)
class Problem:
    """One thing that was not as it should be.

    Attributes:
        path: str, the file, with an offset or a member where that matters.
        reason: str, what is wrong with it.
        used: bool, whether the content is used all the same (converted) or was skipped.
    """

    path: str
    reason: str
    used: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", printable(self.path))
        object.__setattr__(self, "reason", printable(self.reason))

    def __str__(self) -> str:
        return f"{'note' if self.used else 'skipped'}: {self.path}: {self.reason}"


def count(problems: Sequence[Problem]) -> str:
    """One line that counts ``problems``, like ``3 skipped, 1 used with a note``; empty without any."""
    skipped = sum(not problem.used for problem in problems)
    noted = len(problems) - skipped
    parts = [f"{skipped:,} skipped"] * bool(skipped) + [f"{noted:,} used with a note"] * bool(noted)
    return ", ".join(parts)


def report(problems: Sequence[Problem], source: str) -> None:
    """Writes problems, one a line, and then their count, to standard error.

    Args:
        problems: list of Problem.
        source: str, what was read.
    """
    shown = sorted(problems, key=lambda problem: problem.used)[:_LINES]  # what is lost comes first
    for problem in shown:
        print(problem, file=sys.stderr)
    if len(shown) < len(problems):
        print(f"… and {len(problems) - len(shown):,} more: `python -m tfglyph data check` lists all", file=sys.stderr)
    if problems:
        print(f"{source}: {count(problems)}", file=sys.stderr)
