"""Named sets of characters, and sets from text files.

``joyo`` comes from data/joyo.txt: the 2,136 characters of the Japanese cabinet notice of 30 November 2010, taken from
the grades of KANJIDIC (Debian package kanjidic) and the four that JIS X 0208 lacks (塡 剝 頰 𠮟). The others are rows
of the national standards, computed from Python's own codecs. ``tgh-1`` comes from data/tgh-1.txt: the 3,500 characters
of level 1, "commonly used", of the Table of General Standard Chinese Characters (2013), in its order (Unihan's kTGH).
"""

import os
import string
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from tfglyph.composition.text import decode_text, read_single
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.pack import pack
from tfglyph.errors import GlyphError, UsageError, did_you_mean
from tfglyph.files import package_file, printable

_LARGEST_FILE = 1 << 26  # bytes: a file of characters, not a library


@dataclass(frozen=True)
class Charset:
    """Characters to draw or to keep.

    Attributes:
        name: str, a name of ``CHARSETS`` or the path of the text file.
        characters: tuple of str, in their order in the standard or the file.
    """

    name: str
    characters: tuple[str, ...]


def _rows(
    codec: str, lead_bytes: Iterable[int], trail_bytes: Iterable[int], stop: bytes | None = None
) -> tuple[str, ...]:
    """The characters of two-byte codes, row by row; codes that the codec lacks are left out."""
    codes = (bytes([lead, trail]) for lead in lead_bytes for trail in trail_bytes)
    decoded = (code.decode(codec, "ignore") for code in codes if stop is None or code <= stop)
    return tuple(character for character in decoded if len(character) == 1)


def _big5_common() -> tuple[str, ...]:
    return _rows("big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)], b"\xc6\x7e")


def _gb2312_1() -> tuple[str, ...]:
    return _rows("gb2312", range(0xA0 + 16, 0xA0 + 56), range(0xA1, 0xFF))


def _jisx0208() -> tuple[str, ...]:
    return _rows("euc_jp", range(0xA0 + 16, 0xA0 + 85), range(0xA1, 0xFF))


def _joyo() -> tuple[str, ...]:
    return tuple("".join(package_file("datasets", "data", "joyo.txt").read_text(encoding="utf-8").split()))


def _kana_latin() -> tuple[str, ...]:
    small = "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ"
    kana = (chr(code) for first, last in ((0x3041, 0x3096), (0x30A1, 0x30FA)) for code in range(first, last + 1))
    latin = string.ascii_uppercase + string.ascii_lowercase + string.digits + "&?!"
    return (*(character for character in kana if character not in small), *latin)


def _tgh_1() -> tuple[str, ...]:
    return tuple("".join(package_file("datasets", "data", "tgh-1.txt").read_text(encoding="utf-8").split()))


def _all() -> tuple[str, ...]:
    return tuple(pack()[0])


# name -> (what it is, function that lists it)
CHARSETS: dict[str, tuple[str, Callable[[], tuple[str, ...]]]] = {
    "all": ("the 20,920 characters of U+4E00–U+9FFF in TW-Kai-98", _all),
    "big5-common": ("5,401 frequently used traditional characters: Big5 A440–C67E", _big5_common),
    "gb2312-1": ("3,755 frequently used simplified characters: GB 2312 rows 16–55", _gb2312_1),
    "tgh-1": ("3,500 commonest simplified characters: level 1 of the table of 2013", _tgh_1),
    "kana-latin": ("217 simple shapes: full-size kana, A–Z, a–z, 0–9 and &?!", _kana_latin),
    "joyo": ("2,136 characters for common use in Japan", _joyo),
    "jisx0208": ("6,355 Japanese characters: JIS X 0208 rows 16–84", _jisx0208),
}


@cache
def _named(name: str) -> Charset:
    return Charset(name, CHARSETS[name][1]())


def charset(name: str) -> Charset:
    """A set of characters.

    Args:
        name: a name in ``CHARSETS``, or the path of a UTF-8 text file: every character in it, once, as
            ``tfglyph.composition.text.read`` reads them.

    Raises:
        UsageError: neither a name nor a file.
        GlyphError: the file cannot be read as UTF-8, or holds no character.
    """
    if name in CHARSETS:
        return _named(name)
    if not os.path.isfile(name):
        names = ", ".join(CHARSETS) + did_you_mean(name, CHARSETS)
        raise UsageError(f"charset '{printable(name)}' is neither a text file nor one of {names}")
    try:
        if os.path.getsize(name) > _LARGEST_FILE:
            raise GlyphError(f"{printable(name)}: too large for a file of characters")
        with open(name, "rb") as file:
            characters = tuple(dict.fromkeys(read_single(decode_text(file.read()), printable(name))))
    except UnicodeDecodeError as error:
        raise GlyphError(f"{printable(name)}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise GlyphError(f"{printable(name)}: {error.strerror}") from None
    if not characters:
        raise GlyphError(f"{printable(name)}: no character in it")
    return Charset(os.path.abspath(name), characters)


def keep_charset(glyphs: Glyphs, name: str) -> Glyphs:
    """``glyphs``, which know their characters, with only those of a charset, in the set's own order.

    Raises:
        UsageError: no such charset, or the set has none of its characters.
    """
    if name == "all":
        return glyphs
    characters = glyphs.known_characters()
    kept = set(charset(name).characters)
    rows = [row for row, character in enumerate(characters) if character in kept]
    if not rows:
        raise UsageError(
            f"data set {glyphs.name!r} has none of the {len(kept):,} characters of charset '{printable(name)}'"
        )
    missing = kept.difference(characters)
    if missing:
        few = "".join(sorted(missing)[:20]) + "…" * (len(missing) > 20)
        print(
            f"charset {printable(name)}: {len(missing):,} of {len(kept):,} characters are not in {glyphs.name}: {few}",
            file=sys.stderr,
        )
    return glyphs.take(rows, f"charset {''.join(sorted(kept))}")
