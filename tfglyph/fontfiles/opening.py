"""A font file as it is: which characters it really draws, how its ideographs are set, and what forbids changing it."""

import collections
import hashlib
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont

from tfglyph.datasets.fontface import level, some_extents, top_of_em
from tfglyph.datasets.opening import axes_of, instances_of, parse_spec, places, why_not
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PathLike, printable
from tfglyph.outlines.pens import OutlinePen
from tfglyph.outlines.tracing import Outline

LARGEST_FILE = 1 << 28  # bytes
MOST_GLYPHS = 65_535
PLACEHOLDER_USES = 4  # characters with one and the same outline: an honest font draws at most a few variants alike
SHORT_PROGRAM = 12  # bytes: a longer CFF program draws something
RESTRICTED = 0x0002
BITMAPS_ONLY = 0x0200
HAN = (
    (0x3007, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2FA1F),
    (0x30000, 0x323AF),
)


def is_han(code: int) -> bool:
    """Whether a code point belongs to an ideograph of Unicode."""
    return any(first <= code <= last for first, last in HAN)


@dataclass(frozen=True)
class Setting:
    """How a font sets its ideographs, in font units.

    Attributes:
        advance: int, advance width of most of them.
        proportional: bool, whether a third or more have other widths.
        height: int or None, advance height; None where the font has no vertical metrics.
        origin: int or None, y of the vertical origin, as far as it follows from the tables.
    """

    advance: int
    proportional: bool
    height: int | None
    origin: int | None


@dataclass
class FontFile:
    """A font that can be completed; ``open_font`` makes one.

    Attributes:
        path: str.
        member: int, which font of a collection.
        font: fontTools' TTFont, read lazily.
        table: "glyf", "CFF " or "CFF2": where its outlines are.
        em: int, font units per em.
        ascender: float, font units from the baseline to the top of the square in which ideographs are set, the em
            square unless that cuts them off.
        family: str.
        notes: list of str: what was found that a person should know.
    """

    path: str
    member: int
    font: Any
    table: str
    em: int
    ascender: float
    family: str
    notes: list[str] = field(default_factory=list)

    @cached_property
    def mapped(self) -> dict[int, str]:
        """From code point to glyph name, as the character map says."""
        return dict(self.font.getBestCmap())

    @cached_property
    def drawn(self) -> dict[int, str]:
        """From code point to glyph name, only where the font draws something of its own.

        Character maps lie: left out are glyphs without an outline, and outlines that stand for many characters.
        """
        ideographs = {code: name for code, name in self.mapped.items() if is_han(code)}
        prints = {name: self._print(name) for name in set(ideographs.values())}
        uses = collections.Counter(prints[name] for name in ideographs.values())
        return {
            code: name
            for code, name in self.mapped.items()
            if (code not in ideographs and self._print(name))
            or (code in ideographs and prints[name] and uses[prints[name]] < PLACEHOLDER_USES)
        }

    def _print(self, name: str) -> bytes:
        """A fingerprint of a glyph's outline; empty where it has none."""
        if name == ".notdef":
            return b""
        if self.table == "glyf":
            glyph = self.font["glyf"].glyphs[name]
            data = getattr(glyph, "data", None)
            if data is None:  # without an outline, or made in memory, as instances of variable fonts are
                return repr(glyph.__dict__).encode() if glyph.numberOfContours else b""
            # Zero contours, whatever follows, draw nothing.
            return hashlib.blake2b(data, digest_size=12).digest() if len(data) > 10 and data[:2] != b"\0\0" else b""
        program = self._charstrings[name].bytecode
        if program is None or len(program) > SHORT_PROGRAM:
            return hashlib.blake2b(program or name.encode(), digest_size=12).digest()
        return name.encode() if self.outline(name)[0].contours else b""

    @cached_property
    def _charstrings(self) -> Any:
        return self.font[self.table].cff.topDictIndex[0].CharStrings

    @cached_property
    def _glyph_set(self) -> Any:
        return self.font.getGlyphSet()

    def outline(self, name: str) -> tuple[Outline, int]:
        """The outline of a glyph in the em square, both coordinates from 0 to 1 with y down, centred by its advance.

        Returns:
            Tuple of the Outline, and how many points the font stores for it.

        Raises:
            GlyphError: the glyph is damaged.
        """
        try:
            glyph = self._glyph_set[name]
            shift = (self.em - glyph.width) / 2 / self.em
            pen = OutlinePen(self._glyph_set, 1 / self.em, shift, self.ascender / self.em)
            glyph.draw(pen)
        except Exception as error:  # fontTools meets damage with nearly every exception there is
            raise GlyphError(f"{self.path}: glyph {name} is damaged ({type(error).__name__})") from None
        return pen.outline, pen.points

    @cached_property
    def setting(self) -> Setting:
        """How most ideographs that the font draws are set."""
        names = [name for code, name in self.drawn.items() if is_han(code)]
        metrics = self.font["hmtx"].metrics
        widths = collections.Counter(metrics[name][0] for name in names)
        advance, uses = widths.most_common(1)[0]
        proportional = uses < 2 / 3 * len(names)
        if proportional:
            advance = round(statistics.median(metrics[name][0] for name in names))
        vertical = self.font.get("vmtx")
        if vertical is None:
            return Setting(advance, proportional, None, None)
        height = collections.Counter(vertical.metrics[name][0] for name in names).most_common(1)[0][0]
        origins: collections.Counter[int] = collections.Counter()
        if "VORG" in self.font:
            origins.update(self.font["VORG"][name] for name in names[:500])
        elif self.table == "glyf":
            origins.update(vertical.metrics[name][1] + self._top(name) for name in names[:500])
        origin = origins.most_common(1)[0][0] if origins else round(self.ascender)
        return Setting(advance, proportional, height, origin)

    def _top(self, name: str) -> int:
        """The largest y of a glyph in glyf, from its header: to look at more would write it anew when saving."""
        glyph = self.font["glyf"].glyphs[name]
        data = getattr(glyph, "data", None)
        return int.from_bytes(data[8:10], "big", signed=True) if data is not None else int(glyph.yMax)

    @cached_property
    def restricted(self) -> str | None:
        """Why the font's embedding bits forbid changing it without the owner's leave, or None."""
        bits = getattr(self.font.get("OS/2"), "fsType", 0)
        if bits & RESTRICTED:
            return "Restricted License embedding (OS/2 fsType bit 1)"
        return "Bitmap embedding only (OS/2 fsType bit 9)" if bits & BITMAPS_ONLY else None

    @property
    def glyph_count(self) -> int:
        """How many glyphs it has."""
        return len(self.font.getGlyphOrder())

    @property
    def flavor(self) -> str | None:
        """How it is compressed: "woff", "woff2" or None."""
        found: str | None = self.font.flavor
        return found

    @property
    def room(self) -> int:
        """How many glyphs can be added."""
        return MOST_GLYPHS - self.glyph_count


def open_font(spec: PathLike) -> FontFile:
    """Opens a font for completing; the file itself is never written.

    Args:
        spec: TTF, OTF, TTC, OTC, WOFF or WOFF2; ``FILE.ttc#2`` is the third font of a collection, ``FILE#wght=700`` or
            ``FILE#Bold`` a place in a variable font, as everywhere (``tfglyph.datasets.opening``).

    Raises:
        UsageError: no such file, font or instance.
        GlyphError: not a font, damaged, without outlines, a colour font, or without ideographs.
    """
    asked = parse_spec(spec)
    file, member = asked.path, asked.index or 0
    _check_file(file, member)
    try:
        font = TTFont(file, fontNumber=member, lazy=True, recalcBBoxes=False, recalcTimestamp=False)
        notes: list[str] = []
        if font.flavor:
            notes.append(f"it is compressed as {font.flavor.upper()}")
        if asked.instance == "*":
            raise UsageError(f"{file}: one place of a variable font is completed, found #*; expected as in #wght=700")
        chosen = places(asked, axes_of(font), instances_of(font))[0]
        if "fvar" in font:
            font = _instance(font, chosen, notes)
        return _checked(font, file, member, notes)
    except GlyphError:
        raise
    except Exception as error:  # fontTools meets damage with nearly every exception there is
        raise GlyphError(f"{printable(file)}: {why_not(error)}") from None


def _check_file(file: str, member: int) -> None:
    """That it is a font by its first bytes, not too large, and has that member."""
    if not os.path.exists(file):
        raise UsageError(f"{printable(file)}: no such file")
    if not os.path.isfile(file):
        raise UsageError(f"{printable(file)}: not a file, expected a font: TTF, OTF, TTC, WOFF or WOFF2")
    try:
        with open(file, "rb") as stream:
            head = stream.read(12)
        size = os.path.getsize(file)
    except OSError as error:
        raise GlyphError(f"{file}: cannot be read: {error.strerror}") from None
    if size > LARGEST_FILE:
        raise GlyphError(f"{file}: {size >> 20} MiB; fonts of at most {LARGEST_FILE >> 20} MiB are read")
    known = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2")
    if head[:4] not in known:
        raise GlyphError(f"{printable(file)}: not a font: expected TTF, OTF, TTC, WOFF or WOFF2")
    count = int.from_bytes(head[8:12], "big") if head[:4] == b"ttcf" else 1
    if not 1 <= count <= 256:
        raise GlyphError(f"{file}: not a usable font (a collection of {count} fonts)")
    if member >= count:
        raise UsageError(f"{file}#{member}: it has {count} font{'s' * (count != 1)}, numbered from 0")


def _instance(font: Any, place: dict[str, float], notes: list[str]) -> Any:
    """A variable font pinned to one place of its axes."""
    from fontTools.varLib import instancer  # slow: a third of a second, and few fonts are variable

    everywhere = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes} | place
    spelled = ", ".join(f"{tag}={value:g}" for tag, value in everywhere.items())
    notes.append(f"it is a variable font; it is completed at {spelled}, and the axes are gone")
    return instancer.instantiateVariableFont(font, everywhere, inplace=True, updateFontNames=False)


def _checked(font: Any, file: str, member: int, notes: list[str]) -> FontFile:
    """The tables that completing needs are there and fit together."""
    tags = set(font.keys())
    table = next((tag for tag in ("glyf", "CFF ", "CFF2") if tag in tags), None)
    if table is None:
        bitmaps = sorted(tags & {"EBDT", "CBDT", "sbix", "bdat"})
        what = f"a bitmap font ({', '.join(bitmaps)})" if bitmaps else "without outlines (no glyf, CFF or CFF2 table)"
        raise GlyphError(f"{file}: {what}; only fonts of outlines can be completed")
    missing = sorted({"cmap", "head", "hhea", "hmtx", "maxp", "name"} - tags)
    if missing:
        raise GlyphError(f"{file}: not a usable font (it lacks the tables {', '.join(missing)})")
    if tags & {"CBDT", "sbix"}:
        raise GlyphError(f"{file}: a colour font of pictures (CBDT or sbix); only fonts of outlines can be completed")
    em = font["head"].unitsPerEm
    if not 16 <= em <= 16384:
        raise GlyphError(f"{file}: not a usable font ({em} units per em)")
    if not font.getBestCmap():
        raise GlyphError(f"{file}: not a usable font (it has no Unicode character map)")
    count = font["maxp"].numGlyphs
    if len(font.getGlyphOrder()) != count or len(font["hmtx"].metrics) != count:
        raise GlyphError(f"{file}: not a usable font (maxp says {count} glyphs, other tables disagree)")
    family = font["name"].getBestFamilyName() or os.path.splitext(os.path.basename(file))[0]
    found = FontFile(file, member, font, table, em, top_of_em(font, em), family, notes)
    unknown = set(found.mapped.values()).difference(font.getGlyphOrder())
    if unknown:
        raise GlyphError(f"{file}: not a usable font (its character map names {len(unknown)} glyphs that it lacks)")
    ideographs = [code for code in found.drawn if is_han(code)]
    if not ideographs:
        raise GlyphError(f"{file}: it draws no Han character, so there is nothing to draw others after")
    if "COLR" in tags and _coloured(font, (found.drawn[code] for code in ideographs)):
        raise GlyphError(f"{file}: its Han characters are in colour (COLR); only plain outlines can be completed")
    found.ascender = _level_ascender(found, ideographs)
    hollow = sum(is_han(code) and code not in found.drawn for code in found.mapped)
    if hollow:
        notes.append(f"its character map names {hollow:,} Han characters that it does not draw; they count as missing")
    return found


def _level_ascender(found: FontFile, ideographs: Sequence[int]) -> float:
    """Font units from the baseline to the top of the square that holds the ideographs, see ``level``."""
    top = found.ascender / found.em

    def extent(code: int) -> tuple[float, float] | None:
        contours = found.outline(found.drawn[code])[0].contours
        if not contours:
            return None
        heights = np.concatenate([segment[:, 1] for contour in contours for segment in contour])
        return top - float(heights.max()), top - float(heights.min())

    return level(top, some_extents(sorted(ideographs), extent)) * found.em


def _coloured(font: Any, names: Iterable[str]) -> bool:
    colour = font["COLR"]
    if colour.version == 0:
        return any(name in colour.ColorLayers for name in names)
    records = colour.table.BaseGlyphList.BaseGlyphPaintRecord if colour.table.BaseGlyphList else []
    return bool({record.BaseGlyph for record in records} & set(names))
