"""Text as characters: the one function through which every text passes that names characters.

People type and paste more than characters: marks apart from their letters (file names of macOS), variation selectors
and joiners behind ideographs, byte-order marks, compatibility ideographs, radicals copied out of PDF files. ``read``
gives the characters that are meant, and says in one line what it left out or replaced.

    reading = read("\\ufeff\\u845b\\U000e0100")      # a byte-order mark, an ideograph, a variation selector
    reading.characters                            # ["\\u845b"]
    reading.note()                                # "left out: 1 byte-order mark, 1 variation selector"

Literals of such characters are escapes here: an editor that normalizes text would change them without a trace.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from tfglyph.composition.forms import LOOKALIKES
from tfglyph.errors import in_short, warn

# Unicode's EquivalentUnifiedIdeograph.txt (version 15) for U+2E80 to U+2EF3, eight code points a line; - where it has
# none. The Kangxi radicals from U+2F00 on have theirs as a compatibility decomposition.
_SUPPLEMENT = """
    - 5382 4E5B 4E5A 4E59 4EBB 5182 20628
    5200 5202 535C 353E 5C0F 5C0F 5140 5C23
    5C22 21BC2 5DF3 5E7A 5F51 2B739 5FC4 5FC3
    624C 6535 - 65E1 65E5 6708 6B7A 6BCD
    6C11 6C35 6C3A 706C 722B 722B 4E2C 725B
    72AD 738B 24D14 76EE 793A 793B 25AD7 7CF9
    7E9F 7F53 7F52 34C1 5197 2626B 7F8A 2634C
    2634B 8002 8080 807F 8089 26951 8279 8279
    8279 864E 8864 8980 897F 89C1 89D2 278B2
    8BA0 8D1D 27FB7 8F66 8FB6 8FB6 8FB6 9091
    9485 9577 9578 957F 95E8 28E0F 961D 96E8
    9752 97E6 9875 98CE 98DE 98DF 2967F 98E0
    9963 29810 9A6C 9AA8 9B3C 9C7C 9E1F 5364
    9EA6 9EC4 9EFE 6589 9F50 6B6F 9F7F 7ADC
    9F99 9F9C 4E80 9F9F
"""
_SUPPLEMENT_START, _KANGXI = 0x2E80, range(0x2F00, 0x2FD6)
_COMPATIBILITY = (range(0xF900, 0xFB00), range(0x2F800, 0x2FA20))
# Radicals that are parts of their own: the shipped list of parts has them, so models know them as they are.
OWN_RADICALS = frozenset(
    "\u2e80\u2e81\u2e88\u2e8a\u2e8c\u2e8d\u2e95\u2e99\u2ea7\u2eaa\u2eae\u2eb3\u2eb6\u2eba\u2ebb\u2ebc\u2eca"
)
# Invisible code points that are no part of a character's identity (Default_Ignorable_Code_Point), by what they are.
_INVISIBLE = {
    "variation selector": (
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
        range(0x180B, 0x180E),
        range(0x180F, 0x1810),
    ),
    "joiner": (range(0x200C, 0x200E), range(0x034F, 0x0350), range(0x2060, 0x2061)),
    "zero-width space": (range(0x200B, 0x200C),),
    "byte-order mark": (range(0xFEFF, 0xFF00),),
    "direction mark": (range(0x200E, 0x2010), range(0x202A, 0x202F), range(0x2066, 0x206A), range(0x061C, 0x061D)),
    "filler": (range(0x115F, 0x1161), range(0x3164, 0x3165), range(0xFFA0, 0xFFA1)),
    "tag": (range(0xE0000, 0xE0080),),
}


@dataclass
class Reading:
    """A text, and what was done to it.

    Attributes:
        text: str, the text without what was left out, white space as it was.
        left_out: Counter of what was left out: "variation selector", "joiner", "byte-order mark" and others.
        replaced: dict from what was written to what it was read as.
        composed: int, how many characters were written as several code points and are one.
    """

    text: str
    left_out: Counter[str] = field(default_factory=Counter)
    replaced: dict[str, str] = field(default_factory=dict)
    composed: int = 0

    @property
    def characters(self) -> list[str]:
        """list of str: the characters; one that no single code point stands for keeps its marks behind it."""
        return [character for character in split(self.text) if not character.isspace()]

    def note(self) -> str | None:
        """One line on what was left out or replaced; None where the text is as it was."""
        words = []
        if self.left_out:
            words.append("left out: " + ", ".join(_counted(kind, number) for kind, number in self.left_out.items()))
        if self.replaced:
            pairs = (f"U+{ord(old):04X} as {new}" for old, new in self.replaced.items())
            words.append("read: " + in_short(pairs, 8))
        if self.composed:
            words.append(f"put together: {_counted('character', self.composed)} written as several code points")
        return "; ".join(words) or None


def _counted(kind: str, number: int) -> str:
    return f"{number:,} {kind}{'s' * (number != 1 and not kind.endswith('s'))}"


def read(text: str) -> Reading:
    """The characters that a text means.

    The text is normalized (NFC), which puts marks and letters together and turns compatibility ideographs into unified
    ones; radicals become the ideographs that they stand for (``equivalent``); selectors, joiners and whatever else is
    invisible is left out. White space stays, as it separates.

    Args:
        text: str.

    Returns:
        Reading.
    """
    if text.isascii() and text.isprintable():
        return Reading(text)
    reading = Reading("")
    kept = []
    for letter in text:
        kind = invisible(letter)
        if kind:
            reading.left_out[kind] += 1
            continue
        other = equivalent(letter)
        if other != letter:
            reading.replaced[letter] = other
        kept.append(other)
    before = "".join(kept)
    reading.text = unicodedata.normalize("NFC", before)
    reading.composed = (
        sum(map(_is_mark, before)) - sum(map(_is_mark, reading.text)) + _jamo(before) - _jamo(reading.text)
    )
    return reading


def decode_text(content: bytes) -> str:
    """A text file's content: UTF-8, or UTF-16 or UTF-32 where a byte-order mark says so (as some editors write).

    Raises:
        UnicodeDecodeError: it is neither.
    """
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):  # before UTF-16, whose mark begins one of them
        return content.decode("utf-32")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    return content.removeprefix(b"\xef\xbb\xbf").decode()


def read_noted(text: str, where: str) -> Reading:
    """``read``, with its note as one line on standard error.

    Args:
        text: str.
        where: str, what the text is: the option, or the file.
    """
    reading = read(text)
    note = reading.note()
    if note:
        warn(f"{where}: {note}")
    return reading


def read_single(text: str, where: str) -> list[str]:
    """The characters of a text that are one code point each, as fonts and data sets have them.

    What was left out or replaced, and characters that no single code point stands for, are lines on standard error.
    """
    characters = read_noted(text, where).characters
    several = dict.fromkeys(character for character in characters if len(character) > 1)
    if several:
        few = ", ".join(map(code_points, list(several)[:8])) + ", …" * (len(several) > 8)
        warn(f"{where}: left out, as no single code point stands for them: {few}")
    return [character for character in characters if len(character) == 1]


def read_names(names: Iterable[str], where: str) -> list[str]:
    """Several texts, such as the names of folders, each read, with one note for all of them on standard error."""
    names = list(names)
    read_noted("\n".join(names), where)
    return [read(name).text for name in names]


def split(text: str) -> Iterator[str]:
    """Yields the characters of a text that ``read`` gave: a letter together with marks that no code point includes."""
    character = ""
    for letter in text:
        if character and _is_mark(letter) and not character.isspace():
            character += letter
            continue
        if character:
            yield character
        character = letter
    if character:
        yield character


def invisible(letter: str) -> str | None:
    """What kind of invisible code point a letter is, that is no part of a character; None for all others."""
    code = ord(letter)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return None if letter.isspace() else "control character"
    if code < 0x300:
        return "soft hyphen" if code == 0xAD else None
    for kind, ranges in _INVISIBLE.items():
        if any(code in codes for codes in ranges):
            return kind
    if 0xD800 <= code <= 0xDFFF:
        return "byte that is no UTF-8" if 0xDC80 <= code <= 0xDCFF else "half of a character"
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "noncharacter"
    return "invisible character" if unicodedata.category(letter) == "Cf" else None


def equivalent(letter: str) -> str:
    """The unified ideograph that a radical or a compatibility ideograph stands for; any other letter as it is."""
    code = ord(letter)
    if letter in OWN_RADICALS:
        return letter
    if code in _KANGXI or any(code in codes for codes in _COMPATIBILITY):
        other = unicodedata.normalize("NFKC" if code in _KANGXI else "NFC", letter)
        return other if len(other) == 1 else letter
    return _supplement().get(letter, letter)


@cache
def _supplement() -> dict[str, str]:
    """Radicals of the supplement to ideographs; where the decomposition table has another form, to that."""
    codes = enumerate(_SUPPLEMENT.split(), _SUPPLEMENT_START)
    equivalents = {chr(code): chr(int(other, 16)) for code, other in codes if other != "-"}
    last = _SUPPLEMENT_START + len(_SUPPLEMENT.split())
    return equivalents | {key: form for key, form in LOOKALIKES.items() if _SUPPLEMENT_START <= ord(key) < last}


def code_points(text: str) -> str:
    """``U+304B U+0301`` of a text."""
    return " ".join(f"U+{ord(letter):04X}" for letter in text)


def _is_mark(letter: str) -> bool:
    return ord(letter) >= 0x300 and unicodedata.category(letter) in ("Mn", "Me", "Mc")


def _jamo(text: str) -> int:
    """How many syllables of Korean are written as letters of their own: each has one vowel."""
    return sum("\u1161" <= letter <= "\u11a7" for letter in text)
