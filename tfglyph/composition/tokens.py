"""Descriptions as sequences of tokens of one length: the conditioning input of models that compose.

A tree of operators with two parts each has fixed slots, numbered as a heap: 0 is the whole, 2 i + 1 and 2 i + 2 are
the parts of slot i. Three levels make 15 slots. The sequence holds the operators of the 7 upper slots, then the parts
in all 15. A part that is known by name and can be taken apart has both, its own token and its parts below it, so a
rare part is known by what it is made of. An operator over three parts becomes two: the first part, and the other two
under an operator that says so.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from tfglyph.composition.descriptions import OPERATORS, Description
from tfglyph.composition.parsing import resolve
from tfglyph.composition.table import DEEPEST, table
from tfglyph.errors import UsageError
from tfglyph.files import package_file

UPPER = 2**DEEPEST - 1  # slots that can have an operator
SLOTS = 2 ** (DEEPEST + 1) - 1
LENGTH = UPPER + SLOTS
REMAINDER = {"⿲": "the rest of ⿲", "⿳": "the rest of ⿳"}
SIGNS = (*OPERATORS, *REMAINDER.values())
FIRST_PART = 1 + len(SIGNS)  # token 0 is "nothing here"
NEWEST = "parts-1"


# === The heap of slots ===


def parent(slot: int) -> int:
    """The slot whose operator joins this one to its sibling; slot 0, the whole, has none."""
    if slot < 1:
        raise ValueError("slot 0 is the whole and has no parent")
    return (slot - 1) // 2


def children(slot: int) -> tuple[int, int]:
    """The slots of the two parts that the operator of an upper slot joins."""
    return 2 * slot + 1, 2 * slot + 2


def subtree(slot: int) -> tuple[int, ...]:
    """A slot and all below it, in ascending order."""
    return tuple(other for other in range(SLOTS) if _is_below(other, slot))


def operator_index(slot: int) -> int:
    """The index in a sequence of the operator of a slot; of the upper slots only."""
    return slot


def part_index(slot: int) -> int:
    """The index in a sequence of the part of a slot."""
    return UPPER + slot


def _is_below(slot: int, ancestor: int) -> bool:
    return slot == ancestor or (slot > ancestor and _is_below(parent(slot), ancestor))


# === Trees and tokens ===


class Tokenizer:
    """Trees to tokens.

    Args:
        parts: list of str: parts that have a token, in the order of their tokens.

    Attributes:
        names: list of str, what the tokens from 1 on mean.
        vocabulary: int, number of tokens, 0 included.
        length: int, tokens of a sequence.
    """

    length: int = LENGTH

    def __init__(self, parts: Iterable[str]):
        self.parts: list[str] = list(parts)
        self.vocabulary: int = FIRST_PART + len(self.parts)
        self.names: list[str] = [*SIGNS, *self.parts]
        self._numbers = {name: number for number, name in enumerate(self.names, 1)}

    def _check_operators(self, tree: Description, whole: Description) -> None:
        if tree.operator is not None and tree.operator not in self._numbers:
            raise UsageError(
                f"{whole.spelled()}: no model has learnt the operator {tree.operator}"
                f" (U+{ord(tree.operator):04X}); the others are {OPERATORS}"
            )
        for part in tree.parts:
            self._check_operators(part, whole)

    def encode(self, tree: Description, strict: bool = False) -> np.ndarray:
        """The tokens of a tree.

        Args:
            tree: Description; its branches named and its leaves taken apart (``Table.named``, ``Table.expanded``).
            strict: bool: whether a part that no token stands for is an error.

        Returns:
            int32 (length,).

        Raises:
            UsageError: an operator of Unicode 15.1, which no token stands for; with ``strict``, a part that has no
                token, nor do its own parts, or that lies too deep.
        """
        self._check_operators(tree, tree)
        tokens = np.zeros(LENGTH, np.int32)
        missing = self._fill(tokens, tree, 0)
        if strict and missing is not None:
            too_deep = f"lies deeper than {DEEPEST} levels"
            too_rare = "is too rare: it is not among the parts that models learn"
            raise UsageError(f"{tree.spelled()}: the part {missing} {too_deep if missing.operator else too_rare}")
        return tokens

    def _fill(self, tokens: np.ndarray, tree: Description, slot: int, sign: str | None = None) -> Description | None:
        """Puts ``tree`` into a slot; returns the first branch that no token stands for, or None."""
        whole = slot == 0 and tree.operator is not None  # the character itself is not one of its parts
        token = 0 if whole else self._numbers.get(tree.part or "", 0)
        if slot < SLOTS:
            tokens[part_index(slot)] = token
        if tree.operator is None or slot >= UPPER:
            return None if token and slot < SLOTS else tree
        first, *others = tree.parts
        rest = REMAINDER.get(tree.operator) if len(others) == 2 else None
        second = Description(None, tree.operator, tuple(others)) if rest else others[0]
        tokens[operator_index(slot)] = self._numbers[sign or tree.operator]
        first_slot, second_slot = children(slot)
        missing = [self._fill(tokens, first, first_slot), self._fill(tokens, second, second_slot, rest)]
        return None if token else next((branch for branch in missing if branch is not None), None)

    def encode_characters(self, characters: Iterable[str]) -> np.ndarray:
        """The tokens of characters; all 0 for a character that is not in the table.

        Args:
            characters: sequence of n str.

        Returns:
            int32 (n, length).
        """
        decompositions = table()
        return np.stack([self.encode(decompositions.described(character)) for character in characters])

    def encode_as_parts(self, characters: Iterable[str]) -> np.ndarray:
        """The single tokens that stand for characters as parts of others.

        Args:
            characters: sequence of n str.

        Returns:
            int32 (n,); 0 for those that have no token.
        """
        return np.array([self._numbers.get(character, 0) for character in characters], np.int32)

    def spelled(self, tokens: Sequence[int] | np.ndarray) -> str:
        """The shortest description that tokens stand for, the inverse of ``encode_text``.

        Args:
            tokens: int sequence (length,).

        Returns:
            str; empty where all tokens are 0.
        """

        def spell(slot: int, rest: bool = False) -> str:
            part = tokens[part_index(slot)] if slot < SLOTS else 0
            sign = self.names[tokens[operator_index(slot)] - 1] if slot < UPPER and tokens[operator_index(slot)] else ""
            if part or not sign:
                return self.names[part - 1] if part else ""
            first, second = children(slot)
            halves = spell(first) + spell(second, rest=sign in REMAINDER)
            return halves if rest else sign + halves

        return spell(0)

    def encode_text(self, text: str) -> tuple[np.ndarray, Description]:
        """The tokens of what a person writes.

        Args:
            text: str: a description, or a character, which stands for its own decomposition.

        Returns:
            (int32 (length,), Description), its parts in the forms that they have at their positions.

        Raises:
            UsageError: the description is not one, or has a part that models do not learn.
        """
        tree = resolve(text)
        return self.encode(tree, strict=True), tree


@lru_cache(maxsize=4)
def tokenizer(name: str = NEWEST) -> Tokenizer:
    """The tokenizer of a shipped list of parts.

    Lists never change, so that a trained model's tokens keep their meaning; a better list gets the next number.

    Args:
        name: str, such as "parts-1".

    Raises:
        UsageError: there is no such list.
    """
    path = package_file("composition", "data", f"{name}.txt")
    if not re.fullmatch(r"parts-\d+", name) or not path.is_file():
        raise UsageError(f"there is no list of parts called {name!r}; the newest is {NEWEST}")
    return Tokenizer(path.read_text(encoding="utf-8").split())
