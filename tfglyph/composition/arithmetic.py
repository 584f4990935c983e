"""A - B + C in the space of descriptions: parts at their places cancel, exactly or not at all.

    酪 - 鉻 + 鉸 = {left 酉, right 各} - {left 金, right 各} + {left 金, right 交} = {left 酉, right 交} = ⿰酉交

A description is the set of its parts, each with the operators and places that lead to it. Their sum is again a
description where everything that is subtracted is there, and every place is filled once. Branches are taken apart only
where they do not cancel as a whole, so that what is left keeps its name.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tfglyph.composition.descriptions import POSITIONS, Description
from tfglyph.composition.parsing import resolve
from tfglyph.composition.table import table

WHOLE = 12  # levels; the deepest tree of the table has fewer
PLUS, MINUS = "+", "\N{MINUS SIGN}"

Place = tuple[str, int]
"""An operator, and the number of a part of it."""


@dataclass(frozen=True)
class LeftOver:
    """A part that did not cancel.

    Attributes:
        count: int, how often; negative for what was subtracted and not there.
        path: tuple of Place, from the top of the tree.
        part: str, the part's name or description.
    """

    count: int
    path: tuple[Place, ...]
    part: str

    def __str__(self) -> str:
        """``- ⿰ right 皮``."""
        times = "" if abs(self.count) == 1 else f"{abs(self.count)} "
        steps = [f"{operator} {POSITIONS[operator][place]}" for operator, place in self.path]
        return " ".join([PLUS if self.count > 0 else MINUS, *steps, times + self.part])


@dataclass(frozen=True)
class DescriptionSum:
    """What A - B + C is.

    Attributes:
        tree: Description, named and whole; None where the parts do not cancel.
        left_over: tuple of LeftOver, empty where they do.
    """

    tree: Description | None
    left_over: tuple[LeftOver, ...] = ()

    @property
    def text(self) -> str:
        """str: the description, such as ⿰酉交; empty where there is none."""
        return self.tree.spelled() if self.tree is not None else ""

    @property
    def character(self) -> str | None:
        """str: the character that the description is of; None where there is none."""
        return self.tree.part if self.tree is not None else None

    @property
    def title(self) -> str:
        """str: the description, and the character that it is of, where there is one: ``⿰木句 = 枸``."""
        return " = ".join(filter(None, (self.text, self.character)))


def add_descriptions(a: str, b: str, c: str) -> DescriptionSum:
    """A - B + C of characters or descriptions.

    Args:
        a, b, c: str: a description, or a character, which stands for its own decomposition.

    Returns:
        DescriptionSum.

    Raises:
        UsageError: as ``parse``.
    """
    trees = resolve(a, WHOLE), resolve(b, WHOLE), resolve(c, WHOLE)
    total = _add(*trees)
    if total is None:
        return DescriptionSum(None, tuple(_left_over(trees)))
    return DescriptionSum(table().expanded(table().named(total), WHOLE))


def _add(a: Description, b: Description, c: Description) -> Description | None:
    """a - b + c of branches at one place; None where they do not cancel."""
    if a == b:
        return c
    if c == b:
        return a
    if not _same_operator(a, b, c):
        return None
    parts = [_add(*branches) for branches in zip(a.parts, b.parts, c.parts, strict=True)]
    whole = [part for part in parts if part is not None]
    return Description(None, a.operator, tuple(whole)) if len(whole) == len(parts) else None


def _same_operator(a: Description, b: Description, c: Description) -> bool:
    return a.operator is not None and a.operator == b.operator == c.operator


def _left_over(trees: tuple[Description, Description, Description], path: tuple[Place, ...] = ()) -> Iterable[LeftOver]:
    """What does not cancel, place by place; below the first operators that differ only the names count."""
    a, b, c = trees
    if _add(a, b, c) is not None:
        return
    if _same_operator(a, b, c):
        operator = a.operator or ""
        for place, branches in enumerate(zip(a.parts, b.parts, c.parts, strict=True)):
            yield from _left_over(branches, (*path, (operator, place)))
        return
    counts: Counter[tuple[tuple[Place, ...], str]] = Counter()
    for tree, sign in ((a, 1), (b, -1), (c, 1)):
        if tree.operator is None or path:  # a part below the top is told by its name
            counts[path, str(tree)] += sign
        else:
            for place, part in enumerate(tree.parts):
                counts[(*path, (tree.operator, place)), str(part)] += sign
    for (where, name), count in counts.items():
        if count:
            yield LeftOver(count, where, name)
