"""From what a person types to trees: the parser of ideographic description sequences and its error messages."""

from collections.abc import Container
from dataclasses import dataclass

from tfglyph.composition.descriptions import ARITY, OPERATORS, POSITIONS, UNNAMED, UNSUPPORTED, Description
from tfglyph.composition.forms import LOOKALIKES, in_place
from tfglyph.composition.table import DEEPEST, table
from tfglyph.composition.text import decode_text, read
from tfglyph.errors import UsageError
from tfglyph.files import PathLike, printable

LONGEST = 100  # symbols; a real description has fewer than twenty
LARGEST_FILE = 1 << 22  # bytes


def symbols(text: str) -> list[tuple[int, str]]:
    """The symbols of a description with their positions, spaces left out.

    Radicals and compatibility forms become the characters that they stand for, and what is invisible is left out and
    not counted: see ``tfglyph.composition.text.read``.

    Args:
        text: str.

    Returns:
        list of (int position from 1, str symbol).

    Raises:
        UsageError: longer than ``LONGEST``, or a brace that is not ``{number}``.
    """
    text = read(text).text
    result: list[tuple[int, str]] = []
    index = 0
    while index < len(text):
        match = UNNAMED.match(text, index)
        if match:
            result.append((index + 1, match[0]))
            index = match.end()
            continue
        symbol = text[index]
        if symbol in "{}":
            raise UsageError(f"{_shortened(text)}: position {index + 1}: expected a piece such as {{37531}} in braces")
        if not symbol.isspace():
            result.append((index + 1, symbol))
        index += 1
        if len(result) > LONGEST:
            raise UsageError(
                f"{_shortened(text)}: a description of {len(text):,} characters; at most {LONGEST} can be read"
            )
    return result


def parse(text: str, known: Container[str] | None = None) -> Description:
    """The tree of a description.

    Args:
        text: str, such as ``⿰酉交``, ``⿱⿰木木土`` or a single character.
        known: container of str, the accepted parts; None: those of the decomposition table.

    Returns:
        Description whose leaves are single parts, not taken apart.

    Raises:
        UsageError: what is wrong, at which position, and what was expected there.
    """
    accepted = table().typed if known is None else known
    remaining = iter(symbols(text))

    def read_part(expected: str) -> Description:
        position, symbol = next(remaining, (len(text) + 1, None))
        if symbol is None:
            raise UsageError(f"{_shortened(text) or 'empty text'}: position {position}: ends here; expected {expected}")
        if symbol in ARITY:
            parts = tuple(read_part(f"the part {where!r} of {symbol}") for where in POSITIONS[symbol])
            return Description(None, symbol, parts)
        if symbol not in accepted and LOOKALIKES.get(symbol) in accepted:
            symbol = LOOKALIKES[symbol]
        if symbol not in accepted:
            raise UsageError(f"{_shortened(text)}: position {position}: {_unknown(symbol)}; expected {expected}")
        return Description(symbol)

    tree = read_part(f"a character or one of {OPERATORS}")
    position, symbol = next(remaining, (0, None))
    if symbol is not None:
        hint = "" if tree.operator else f"; to put parts together, begin with one of {OPERATORS}"
        raise UsageError(
            f"{_shortened(text)}: position {position}: {symbol!r} follows a complete description; "
            f"expected the end{hint}"
        )
    return tree


def resolve(text: str, depth: int = DEEPEST) -> Description:
    """The full tree of what a person writes: parts in the forms that they have at their positions, branches named.

    Args:
        text: str: a description, or a character, which stands for its own decomposition.
        depth: int, levels down to which named parts are taken apart.

    Returns:
        Description.

    Raises:
        UsageError: as ``parse``.
    """
    decompositions = table()
    return decompositions.expanded(decompositions.named(in_place(parse(text))), depth)


def _unknown(symbol: str) -> str:
    if symbol in UNSUPPORTED:
        return f"the operator {symbol} (U+{ord(symbol):04X}), which {UNSUPPORTED[symbol]}, is not supported"
    if symbol.isascii():
        return f"{symbol!r} is no part of a Chinese character"
    return f"{symbol!r} (U+{ord(symbol[0]):04X}) is in no decomposition, so nothing is known about it"


def _shortened(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= 24 else text[:24] + "…"


@dataclass(frozen=True)
class Line:
    """A line of a file of descriptions: its text, and where it is, for messages."""

    text: str
    location: str


def read_descriptions(path: PathLike) -> list[str]:
    """The descriptions of a text file: ``read_lines`` without where they are."""
    return [line.text for line in read_lines(path)]


def read_lines(path: PathLike) -> list[Line]:
    """The descriptions of a text file: one per line; empty lines and what follows # are left out.

    Args:
        path: path of a file, UTF-8 or, with a byte-order mark, UTF-16.

    Returns:
        list of Line.

    Raises:
        UsageError: it cannot be read, is no text, or holds none.
    """
    name = printable(path)
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
    if len(content) > LARGEST_FILE:
        raise UsageError(f"{name}: more than {LARGEST_FILE >> 20} MiB, so it is no list of descriptions")
    try:
        text = decode_text(content)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not a text file in UTF-8 (byte {error.start})") from None
    lines = [
        Line(description, f"{name}:{number}")
        for number, line in enumerate(text.splitlines(), 1)
        if (description := line.partition("#")[0].strip())
    ]
    if not lines:
        raise UsageError(f"{name}: no description in it; expected one per line, such as ⿰酉交")
    return lines
