"""Ideographic description sequences (Unicode 15, section 18.2) as trees: the parser and its error messages."""

import re
import unicodedata
from dataclasses import dataclass

from tfglyph.composition.forms import LOOKALIKES
from tfglyph.errors import UsageError

OPERATORS = "⿰⿱⿲⿳⿴⿵⿶⿷⿸⿹⿺⿻"
ARITY = {operator: 3 if operator in "⿲⿳" else 2 for operator in OPERATORS}
LONGEST = 100  # symbols; a real description has fewer than twenty
UNNAMED = re.compile(r"\{(\d{1,6})\}")

# Where the parts of each operator lie, for people.
PLACES = {
    "⿰": ("left", "right"),
    "⿱": ("above", "below"),
    "⿲": ("left", "middle", "right"),
    "⿳": ("above", "middle", "below"),
    "⿴": ("around", "inside"),
    "⿵": ("around from above", "inside"),
    "⿶": ("around from below", "inside"),
    "⿷": ("around from the left", "inside"),
    "⿸": ("around from the upper left", "inside"),
    "⿹": ("around from the upper right", "inside"),
    "⿺": ("around from the lower left", "inside"),
    "⿻": ("one", "across it"),
}


@dataclass(frozen=True)
class Description:
    """A part: a character that has a name, or an operator over parts, or both.

    Attributes:
        part: str, a character or ``{number}``; None where only the parts are known.
        operator: one of ``OPERATORS``; None for a part that is not taken apart.
        parts: tuple of Description, as many as the operator joins.
    """

    part: str | None = None
    operator: str | None = None
    parts: tuple = ()

    def __str__(self):
        """The shortest sequence that says this: a named part is its name."""
        return self.part if self.part is not None else self.spelled()

    def spelled(self):
        """str: the operator and its parts, one level deep; the name where there is no operator."""
        return (self.operator + "".join(map(str, self.parts))) if self.operator else self.part

    def depth(self):
        """int: levels of operators."""
        return 1 + max(part.depth() for part in self.parts) if self.operator else 0

    def show(self, indent="", place=""):
        """The tree as lines of text, each part behind its place."""
        name = " ".join(filter(None, (self.part, self.operator)))
        lines = [f"{indent}{place + ': ' if place else ''}{name}"]
        for where, part in zip(PLACES.get(self.operator, ()), self.parts, strict=False):
            lines.append(part.show(indent + "  ", where))
        return "\n".join(lines)


def symbols(text):
    """The symbols of a description with their positions, spaces left out.

    Radicals and compatibility forms become the characters that they stand for (NFKC).

    Args:
        text: str.

    Returns:
        list of (int position from 1, str symbol).

    Raises:
        UsageError: longer than ``LONGEST``, or a brace that is not ``{number}``.
    """
    found, index = [], 0
    while index < len(text):
        match = UNNAMED.match(text, index)
        if match:
            found.append((index + 1, match[0]))
            index = match.end()
            continue
        symbol = text[index]
        if symbol in "{}":
            raise UsageError(f"{_shortened(text)}: position {index + 1}: expected a piece such as {{37531}} in braces")
        if not symbol.isspace():
            if _is_stand_in(symbol):
                symbol = unicodedata.normalize("NFKC", symbol)
            found.append((index + 1, symbol))
        index += 1
        if len(found) > LONGEST:
            raise UsageError(
                f"{_shortened(text)}: a description of {len(text):,} characters; at most {LONGEST} can be read"
            )
    return found


def _is_stand_in(symbol):
    """Kangxi radicals, radical supplements and compatibility ideographs: drawn as a unified character is."""
    return "⺀" <= symbol <= "⿕" or "豈" <= symbol <= "龎" or 0x2F800 <= ord(symbol) <= 0x2FA1F


def parse(text, known=None):
    """The tree of a description.

    Args:
        text: str, such as ``⿰酉交``, ``⿱⿰木木土`` or a single character.
        known: container of str: the parts that there are; None: those of the decomposition table.

    Returns:
        Description whose leaves are single parts, not taken apart.

    Raises:
        UsageError: what is wrong, at which position, and what was expected there.
    """
    if known is None:
        from tfglyph.composition.table import table

        known = table().typed
    rest = iter(symbols(text))

    def read(expected):
        position, symbol = next(rest, (len(text) + 1, None))
        if symbol is None:
            raise UsageError(f"{_shortened(text) or 'empty text'}: position {position}: ends here; expected {expected}")
        if symbol in ARITY:
            places = PLACES[symbol]
            return Description(None, symbol, tuple(read(f"the part {place!r} of {symbol}") for place in places))
        if symbol not in known and LOOKALIKES.get(symbol) in known:
            symbol = LOOKALIKES[symbol]
        if symbol not in known:
            raise UsageError(f"{_shortened(text)}: position {position}: {_unknown(symbol)}; expected {expected}")
        return Description(symbol)

    tree = read(f"a character or one of {OPERATORS}")
    position, symbol = next(rest, (0, None))
    if symbol is not None:
        hint = "" if tree.operator else f"; to put parts together, begin with one of {OPERATORS}"
        raise UsageError(
            f"{_shortened(text)}: position {position}: {symbol!r} follows a complete description; "
            f"expected the end{hint}"
        )
    return tree


def _unknown(symbol):
    if symbol.isascii():
        return f"{symbol!r} is no part of a Chinese character"
    return f"{symbol!r} (U+{ord(symbol[0]):04X}) is in no decomposition, so nothing is known about it"


def _shortened(text):
    text = " ".join(text.split())
    return text if len(text) <= 24 else text[:24] + "…"
