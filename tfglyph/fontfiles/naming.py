"""What a completed font is called, and where it says how it came to be.

The Open Font License lets an author reserve the font's name: a changed font must be called something else. So a
completed font takes another family name, unless the person who runs this may keep it and says so.
"""

import json
import re
import zlib
from typing import Any

from fontTools.ttLib import newTable

from tfglyph.errors import GlyphError
from tfglyph.version import __version__

PROVENANCE = "TFgl"  # a private table: deflated JSON
FAMILY_IDS = (1, 16, 21, 25)
FULL_IDS = (3, 4, 18, 20)
DESCRIPTION_ID, VERSION_ID, POSTSCRIPT_ID = 10, 5, 6


def other_family(family: str) -> str:
    """Another family name, from the initials: ``Motoya L Cedar`` becomes ``Completed MLC``."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|[^\W\d_a-zA-Z]+", family)
    initials = "".join(word[0].upper() for word in words if word[0].isascii())
    return f"Completed {initials or format(zlib.crc32(family.encode()) & 0xFFFF, '04X')}"


def reserved_names(font: Any) -> list[str]:
    """The names that copyright or licence reserve, as the Open Font License words it."""
    texts = " ".join(str(font["name"].getDebugName(number) or "") for number in (0, 13))
    found = re.search(r"Reserved Font Names?\s*:?(.{1,200}?)(?:\.(?:\s|$)|\n|$)", texts, re.IGNORECASE | re.DOTALL)
    if not found:
        return []
    quoted = re.findall(r"[\"'“‘]([^\"'”’]{2,60})[\"'”’]", found.group(1))
    return [name.strip() for name in quoted] or [w.strip() for w in re.split(r",| and ", found.group(1)) if w.strip()]


def check_name(font: Any, family: str, path: str) -> None:
    """Raises GlyphError where a new family name contains a reserved one."""
    for name in reserved_names(font):
        if name.lower() in family.lower():
            raise GlyphError(
                f"{path}: {name!r} is a Reserved Font Name, which --name {family!r} contains; choose another, or say "
                "--keep-name if the owner lets you"
            )


def rename(font: Any, family: str | None, added: int) -> None:
    """Writes the new family name, or keeps the old for None, and says in version and description what was done.

    Args:
        font: TTFont, changed.
        family: str or None.
        added: int, how many glyphs were added.
    """
    table = font["name"]
    remark = f"{added} glyphs added by tfglyph {__version__}, drawn after this font's own"
    old = table.getBestFamilyName() or ""
    style = table.getBestSubFamilyName() or "Regular"
    for record in list(table.names):
        where = (record.platformID, record.platEncID, record.langID)
        text = record.toUnicode(errors="replace")
        if record.nameID == VERSION_ID:
            table.setName(f"{text}; completed by tfglyph {__version__}", VERSION_ID, *where)
        if record.nameID == DESCRIPTION_ID:
            table.setName(f"{text} {remark}.", DESCRIPTION_ID, *where)
        if family is None:
            continue
        if record.nameID in FAMILY_IDS:
            table.setName(_encodable(family, record), record.nameID, *where)
        elif record.nameID in FULL_IDS:
            full = family if style == "Regular" else f"{family} {style}"
            table.setName(_encodable(full, record), record.nameID, *where)
        elif record.nameID == POSTSCRIPT_ID:
            table.setName(_postscript(family, style), POSTSCRIPT_ID, *where)
    if table.getDebugName(DESCRIPTION_ID) is None:
        before = f" The original is {old}." if family is not None and old else ""
        table.setName(f"{remark}.{before}", DESCRIPTION_ID, 3, 1, 0x409)
    if family is not None and "CFF " in font:
        top = font["CFF "].cff
        top.fontNames[0] = _postscript(family, style)
        for key in ("FullName", "FamilyName"):
            if hasattr(top.topDictIndex[0], key):
                setattr(top.topDictIndex[0], key, _ascii(family))


def _ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode() or "Completed"


def _encodable(text: str, record: Any) -> str:
    """The text, or its ASCII part where the record's old encoding cannot hold it."""
    try:
        text.encode(record.getEncoding() or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _ascii(text)
    return text


def _postscript(family: str, style: str) -> str:
    word = re.sub(r"[^A-Za-z0-9.]", "", _ascii(family)) or "Completed"
    return f"{word}-{re.sub(r'[^A-Za-z0-9]', '', style) or 'Regular'}"[:63]


def store_provenance(font: Any, record: dict[str, Any]) -> None:
    """Puts how the font came to be into a private table of it."""
    table = newTable(PROVENANCE)
    table.data = zlib.compress(json.dumps(record, ensure_ascii=False, sort_keys=True).encode(), 9)
    font[PROVENANCE] = table


def provenance(font: Any) -> dict[str, Any] | None:
    """What ``store_provenance`` put into a font, or None."""
    if PROVENANCE not in font:
        return None
    found: dict[str, Any] = json.loads(zlib.decompress(font[PROVENANCE].data))
    return found
