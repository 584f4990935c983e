"""Descriptions as sequences of tokens of one length: what a model is told about a character.

A tree of operators with two parts each has fixed seats, numbered as a heap: 0 is the whole, 2 i + 1 and 2 i + 2 are
the parts of seat i. Three levels make 15 seats. The sequence holds the operators of the 7 upper seats, then the parts
that sit in all 15. A part that is known by name and can be taken apart has both, its own token and its parts below
it, so a rare part is known by what it is made of. An operator over three parts becomes two: the first part, and the
other two under an operator that says so.
"""

import re
from functools import lru_cache

import numpy as np
from importlib_resources import files

from tfglyph.composition.descriptions import OPERATORS, Description, parse
from tfglyph.composition.forms import in_place
from tfglyph.composition.table import DEEPEST, table
from tfglyph.errors import UsageError

UPPER = 2**DEEPEST - 1  # seats that can have an operator
SEATS = 2 ** (DEEPEST + 1) - 1
LENGTH = UPPER + SEATS
REMAINDER = {"⿲": "the rest of ⿲", "⿳": "the rest of ⿳"}
SIGNS = (*OPERATORS, *REMAINDER.values())
FIRST_PART = 1 + len(SIGNS)  # token 0 is "nothing here"
NEWEST = "parts-1"


class Tokenizer:
    """Trees to tokens.

    Args:
        parts: list of str: parts that have a token, in the order of their tokens.

    Attributes:
        names: list of str, what the tokens from 1 on mean.
        vocabulary: int, number of tokens, 0 included.
        length: int, tokens of a sequence.
    """

    length = LENGTH

    def __init__(self, parts):
        self.parts = list(parts)
        self.vocabulary = FIRST_PART + len(self.parts)
        self.names = [*SIGNS, *self.parts]
        self._numbers = {name: number for number, name in enumerate(self.names, 1)}

    def encode(self, tree, strict=False):
        """The tokens of a tree.

        Args:
            tree: Description; its branches named and its leaves taken apart (``Table.named``, ``Table.expanded``).
            strict: bool: whether a part that the tokens do not tell of is an error.

        Returns:
            int32 (length,).

        Raises:
            UsageError: with ``strict``, a part that has no token, nor do its own parts, or that lies too deep.
        """
        tokens = np.zeros(LENGTH, np.int32)
        untold = self._seat(tokens, tree, 0)
        if strict and untold is not None:
            why = (
                f"lies deeper than {DEEPEST} levels"
                if untold.operator
                else "is too rare: it is not among the parts that models learn"
            )
            raise UsageError(f"{tree.spelled()}: the part {untold} {why}")
        return tokens

    def _seat(self, tokens, tree, number, sign=None):
        """Puts ``tree`` into seat ``number``; returns the first branch that no token tells of, or None."""
        whole = number == 0 and tree.operator is not None  # the character that is asked for has no name
        own = 0 if whole else self._numbers.get(tree.part, 0)
        if number < SEATS:
            tokens[UPPER + number] = own
        if tree.operator is None or number >= UPPER:
            return None if own and number < SEATS else tree
        first, *others = tree.parts
        rest = REMAINDER.get(tree.operator) if len(others) == 2 else None
        second = Description(None, tree.operator, tuple(others)) if rest else others[0]
        tokens[number] = self._numbers[sign or tree.operator]
        found = [self._seat(tokens, first, 2 * number + 1), self._seat(tokens, second, 2 * number + 2, rest)]
        return None if own else next((branch for branch in found if branch is not None), None)

    def encode_characters(self, characters):
        """The tokens of characters that exist; 0 throughout where nothing is known of one.

        Args:
            characters: sequence of n str.

        Returns:
            int32 (n, length).
        """
        decompositions = table()
        return np.stack([self.encode(decompositions.described(character)) for character in characters])

    def own(self, characters):
        """The tokens that characters have as parts of others.

        Args:
            characters: sequence of n str.

        Returns:
            int32 (n,); 0 for those that are no part.
        """
        return np.array([self._numbers.get(character, 0) for character in characters], np.int32)

    def spelled(self, tokens):
        """The shortest description that tokens stand for, the inverse of ``encode_text``.

        Args:
            tokens: int sequence (length,).

        Returns:
            str; empty where nothing is told.
        """

        def seat(number, rest=False):
            own = tokens[UPPER + number] if number < SEATS else 0
            sign = self.names[tokens[number] - 1] if number < UPPER and tokens[number] else ""
            if own or not sign:
                return self.names[own - 1] if own else ""
            halves = seat(2 * number + 1) + seat(2 * number + 2, rest=sign in REMAINDER)
            return halves if rest else sign + halves

        return seat(0)

    def encode_text(self, text):
        """The tokens of what a person writes.

        Args:
            text: str: a description, or a character, which stands for its own decomposition.

        Returns:
            (int32 (length,), Description), its parts in the forms that they have at their places.

        Raises:
            UsageError: the description is not one, or has a part that models do not learn.
        """
        decompositions = table()
        tree = decompositions.expanded(decompositions.named(in_place(parse(text))))
        return self.encode(tree, strict=True), tree


def hide_names(tokens, draws, share):
    """Withholds the names of some parts that are told by their own parts as well.

    What is then drawn for ``⿰酉⿱六乂`` is learned from the parts of 交 alone.

    Args:
        tokens: int32 tensor (n, LENGTH).
        draws: float32 tensor (n, UPPER), uniform in [0, 1).
        share: float, chance of each such name to be withheld.

    Returns:
        int32 tensor (n, LENGTH).
    """
    import tensorflow as tf

    told_twice = (tokens[:, :UPPER] > 0) & (draws < share)  # (n, UPPER)
    hidden = tf.pad(told_twice, [[0, 0], [UPPER, SEATS - UPPER]])  # (n, LENGTH)
    return tf.where(hidden, 0, tokens)


@lru_cache(maxsize=4)
def tokenizer(name=NEWEST):
    """The tokenizer of a shipped list of parts.

    Lists never change, so that a trained model's tokens keep their meaning; a better list gets the next number.

    Args:
        name: str, such as "parts-1".

    Raises:
        UsageError: there is no such list.
    """
    path = files("tfglyph") / "composition" / "data" / f"{name}.txt"
    if not re.fullmatch(r"parts-\d+", name) or not path.is_file():
        raise UsageError(f"there is no list of parts called {name!r}; the newest is {NEWEST}")
    return Tokenizer(path.read_text(encoding="utf-8").split())
