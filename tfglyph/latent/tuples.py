"""Files of A B C tuples, for character arithmetic: reading them, and checking them against a data set.

tuples, problems = read_tuples("test.txt")
tuples, more_problems = known_tuples(tuples, glyphs.rows_by_character(), glyphs.name)
"""

import dataclasses
from collections.abc import Container, Sequence

from tfglyph.composition.text import code_points, decode_text, read, read_noted
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PathLike, printable

MAXIMUM_BYTES = 1 << 20  # a tuple takes ten bytes; a hundred thousand figures are no use to anybody
COMMAS = ",，、;；"
MINUS = "\N{MINUS SIGN}"


@dataclasses.dataclass(frozen=True)
class Tuple:
    """Three characters of one line: what A - B + C is drawn for."""

    number: int
    """Position among the lines that are neither empty nor comments, from 0; it names the figure's file."""
    location: str
    """File and line, for messages."""
    characters: tuple[str, str, str]

    @property
    def title(self) -> str:
        """``A − B + C``."""
        a, b, c = self.characters
        return f"{a} {MINUS} {b} + {c}"


# === Reading ===


def read_tuples(path: PathLike) -> tuple[list[Tuple], list[str]]:
    """Reads a file with one tuple A B C in each line.

    White space and commas (also full-width ones) between the three characters are ignored; ``#`` starts a comment. The
    text is UTF-8 with or without a byte-order mark, or UTF-16 with one.

    Args:
        path: str or path of a file of at most 1 MiB.

    Returns:
        (list of ``Tuple``, list of str): the valid lines, and one message for each of the others.

    Raises:
        UsageError: the file cannot be read.
        GlyphError: the file is too large, is not text, or holds no tuple line at all.
    """
    tuples: list[Tuple] = []
    problems: list[str] = []
    number = 0
    lines = _lines(path)
    read_noted("\n".join(line.partition("#")[0] for line in lines if line is not None), printable(path))
    for line_number, line in enumerate(lines, start=1):
        location = f"{printable(path)}:{line_number}"
        if line is None:
            problems.append(f"{location}: not UTF-8 text; save the file as UTF-8")
            number += 1
            continue
        content = line.partition("#")[0]
        characters = split_characters(content)
        if not characters:
            continue
        if len(characters) == 3:
            a, b, c = characters
            tuples.append(Tuple(number, location, (a, b, c)))
        else:
            count = f"{len(characters)} character{'s' * (len(characters) != 1)}"
            problems.append(f"{location}: found {count} ({_readable(characters)}), expected three: A B C")
        number += 1
    if not number:
        raise GlyphError(f"{printable(path)}: no tuples; write three characters A B C in a line, such as 酪鉻鉸")
    return tuples, problems


def _lines(path: PathLike) -> Sequence[str | None]:
    """The file's lines; None for one that is not UTF-8."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(
            f"{printable(path)}: no such file of tuples; write three characters A B C a line, or name one by --tuples"
        ) from None
    except OSError as error:
        raise UsageError(f"{printable(path)}: cannot be read: {error.strerror}") from None
    if len(data) > MAXIMUM_BYTES:
        raise GlyphError(f"{printable(path)}: larger than 1 MiB, so it is no list of tuples")
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
        try:
            return decode_text(data).splitlines()
        except UnicodeDecodeError:
            raise GlyphError(
                f"{printable(path)}: neither UTF-8 nor UTF-16 text; expected one tuple A B C in each line"
            ) from None
    if b"\0" in data:
        raise GlyphError(f"{printable(path)}: binary data, not text; expected one tuple A B C in each line")
    return [_decoded(line) for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def split_characters(text: str) -> list[str]:
    """The characters of a text (``tfglyph.composition.text.read``) without separators: white space and commas."""
    return [letter for letter in read(text).characters if letter not in COMMAS]


def _readable(characters: str | Sequence[str]) -> str:
    """Characters for a message: at most 12 of them, unprintable ones as code points."""
    words = [letter if letter.isprintable() else code_points(letter) for letter in characters[:12]]
    return "".join(words) + ("…" if len(characters) > 12 else "")


# === Against a data set ===


def known_tuples(tuples: Sequence[Tuple], characters: Container[str], name: str) -> tuple[list[Tuple], list[str]]:
    """The tuples whose characters a data set has, and messages about the others.

    Args:
        tuples: list of ``Tuple``.
        characters: those of the data set, such as ``Glyphs.rows_by_character()``.
        name: str, the data set's, for messages.

    Returns:
        (list of ``Tuple``, list of str).
    """
    known: list[Tuple] = []
    problems: list[str] = []
    for entry in tuples:
        missing = [letter for letter in dict.fromkeys(entry.characters) if letter not in characters]
        if missing:
            lacking = ", ".join(f"{_readable([letter])} ({code_points(letter)})" for letter in missing)
            problems.append(f"{entry.location}: data set {name} lacks {lacking}")
        else:
            known.append(entry)
    return known, problems
