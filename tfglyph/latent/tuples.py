"""Files of A B C tuples, for character arithmetic: reading them, and what a data set has of them.

tuples, problems = read_tuples("test.txt")
tuples, more_problems = known_tuples(tuples, glyphs.rows_by_character(), glyphs.name)
"""

import dataclasses
import os
import unicodedata
from collections.abc import Container, Sequence

from tfglyph.errors import GlyphError, UsageError

MAXIMUM_BYTES = 1 << 20  # a tuple takes ten bytes, and nobody looks at a hundred thousand figures
COMMAS = ",，、;；"
MINUS = "\N{MINUS SIGN}"


@dataclasses.dataclass(frozen=True)
class Tuple:
    """Three characters of one line: what A - B + C is drawn for."""

    number: int
    """Position among the lines that are neither empty nor comments, from 0; it names the figure's file."""
    place: str
    """File and line, for messages."""
    characters: tuple[str, str, str]

    @property
    def title(self) -> str:
        """``A − B + C``."""
        a, b, c = self.characters
        return f"{a} {MINUS} {b} + {c}"


# === Reading ===


def read_tuples(path: str | os.PathLike) -> tuple[list[Tuple], list[str]]:
    """Reads a file with one tuple A B C in each line.

    The three characters stand with or without white space or commas (also full-width ones); ``#`` starts a
    comment; UTF-8, with or without a byte-order mark, or UTF-16 with one.

    Args:
        path: str or path of a file of at most 1 MiB.

    Returns:
        (list of ``Tuple``, list of str): the good lines, and one message for each of the others.

    Raises:
        UsageError: the file cannot be read.
        GlyphError: the file is too large, is not text, or holds no tuple line at all.
    """
    tuples: list[Tuple] = []
    problems: list[str] = []
    number = 0
    for line_number, line in enumerate(_lines(path), start=1):
        place = f"{path}:{line_number}"
        if line is None:
            problems.append(f"{place}: not UTF-8 text; save the file as UTF-8")
            number += 1
            continue
        content = line.partition("#")[0]
        characters = split_characters(content)
        if not characters:
            continue
        if len(characters) == 3:
            a, b, c = characters
            tuples.append(Tuple(number, place, (a, b, c)))
        else:
            what = f"{len(characters)} character{'s' * (len(characters) != 1)}"
            problems.append(f"{place}: found {what} ({_readable(characters)}), expected three: A B C")
        number += 1
    if not number:
        raise GlyphError(f"{path}: no tuples; write three characters A B C in a line, such as 酪鉻鉸")
    return tuples, problems


def _lines(path: str | os.PathLike) -> Sequence[str | None]:
    """The file's lines; None for one that is not UTF-8."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such file of tuples; write three characters A B C a line, or name one by --tuples"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAXIMUM_BYTES:
        raise GlyphError(f"{path}: larger than 1 MiB, so it is no list of tuples")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").splitlines()
        except UnicodeDecodeError:
            raise GlyphError(f"{path}: neither UTF-8 nor UTF-16 text; expected one tuple A B C in each line") from None
    if b"\0" in data:
        raise GlyphError(f"{path}: binary data, not text; expected one tuple A B C in each line")
    return [_decoded(line) for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def split_characters(text: str) -> list[str]:
    """The characters of a text without what only separates them: white space, commas, control and format characters."""

    def separates(letter: str) -> bool:
        return letter.isspace() or letter in COMMAS or unicodedata.category(letter) in ("Cc", "Cf")

    return [letter for letter in text if not separates(letter)]


def _readable(characters: str | Sequence[str]) -> str:
    """Characters for a message: at most 12 of them, unprintable ones as code points."""
    shown = [letter if letter.isprintable() else f"U+{ord(letter):04X}" for letter in characters[:12]]
    return "".join(shown) + ("…" if len(characters) > 12 else "")


# === Against a data set ===


def known_tuples(tuples: Sequence[Tuple], rows: Container[str], name: str) -> tuple[list[Tuple], list[str]]:
    """Sorts tuples into those whose characters a data set has, and messages for the others.

    Args:
        tuples: list of ``Tuple``.
        rows: dict from character to row, ``Glyphs.rows_by_character``.
        name: str, the data set's, for messages.

    Returns:
        (list of ``Tuple``, list of str).
    """
    good: list[Tuple] = []
    problems: list[str] = []
    for entry in tuples:
        missing = [letter for letter in dict.fromkeys(entry.characters) if letter not in rows]
        if missing:
            lacking = ", ".join(f"{_readable(letter)} (U+{ord(letter):04X})" for letter in missing)
            problems.append(f"{entry.place}: data set {name} lacks {lacking}")
        else:
            good.append(entry)
    return good, problems
