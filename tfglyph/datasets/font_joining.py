"""One font out of many: web packages and Type 1 sets cut a font with Han characters into dozens of slices.

A slice is a small font with some of the characters, and the whole font is their union: whichever slice has a character
first, counted from the largest, gives its glyph. Only what a picture needs is kept (outlines, widths, names, the
heights of the line); kerning, hinting and variants are not.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fontTools import agl
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.boundsPen import ControlBoundsPen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.t1Lib import T1Font
from fontTools.ttLib import newTable

from tfglyph.datasets.opening import opened, why_not
from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, atomic_path, printable

_MOST_GLYPHS = 65_535  # glyph numbers of a TrueType font have 16 bits
_CURVE_ERROR = 1 / 1000  # of the em: how far a quadratic curve may run beside the cubic one


@dataclass
class _Whole:
    """The font that is being put together: glyphs and advance widths by name, names by code point."""

    glyphs: dict[str, Any] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    characters: dict[int, str] = field(default_factory=dict)

    def add(self, name: str, glyph: Any, width: float) -> None:
        self.glyphs[name], self.widths[name] = glyph, round(width)


def join_slices(slices: Sequence[PathLike], path: PathLike, family: str = "") -> int:
    """Writes the TrueType font that has all characters of its slices.

    Args:
        slices: the files: TTF, OTF, WOFF or WOFF2, or Type 1 (``.pfb``) whose glyphs are named by their characters.
        path: where the font goes.
        family: the font's name; by default that of the largest slice.

    Returns:
        int, how many characters it has.

    Raises:
        GlyphError: there is no slice, one cannot be read, they differ in units per em, or there are too many glyphs.
    """
    if not slices:
        raise GlyphError(f"{os.fspath(path)}: there are no slices to join")
    ordered = sorted([os.fspath(file) for file in slices], key=lambda file: (-os.path.getsize(file), file))
    whole = _Whole()
    line: dict[str, Any] = {}
    for file in ordered:
        about = _add_type1(file, whole) if file.lower().endswith(".pfb") else _add_opentype(file, whole)
        line = line or about
        if about["em"] != line["em"]:
            raise GlyphError(f"{file}: {about['em']} units per em, but {ordered[0]} has {line['em']}")
    if len(whole.glyphs) > _MOST_GLYPHS:
        raise GlyphError(f"{os.fspath(path)}: {len(whole.glyphs):,} glyphs; a font holds {_MOST_GLYPHS:,}")
    if "line" not in line:
        line |= _heights(whole, line["em"])
    _write(whole, line, path, family)
    return len(whole.characters)


def _add_opentype(file: str, whole: _Whole) -> dict[str, Any]:
    with opened(file, 0) as font:
        em = font["head"].unitsPerEm
        outlines, drawings, widths = font.get("glyf"), font.getGlyphSet(), font["hmtx"]
        for name, source in _new_names(whole, font.getBestCmap() or {}, font.getGlyphOrder()[0]):
            glyph = outlines[source] if outlines is not None else None
            if glyph is None or glyph.isComposite():
                glyph = _quadratic(drawings, source, em, cubic=outlines is None)
            else:
                glyph.removeHinting()
            whole.add(name, glyph, widths[source][0])
        head, system = font["hhea"], font["OS/2"]
        return {
            "em": em,
            "line": {"ascent": head.ascent, "descent": head.descent, "lineGap": head.lineGap},
            "system": {
                key: getattr(system, key)
                for key in ("sTypoAscender", "sTypoDescender", "sTypoLineGap", "usWinAscent", "usWinDescent")
            }
            | {"usWeightClass": system.usWeightClass, "fsType": system.fsType},
            "names": font["name"],
        }


def _add_type1(file: str, whole: _Whole) -> dict[str, Any]:
    try:
        font = T1Font(file)
        font.parse()
    except Exception as error:  # fontTools meets damage with nearly every exception there is
        raise GlyphError(f"{printable(file)}: {why_not(error)}") from None
    drawings, about = font.getGlyphSet(), font.font
    em = round(1 / about["FontMatrix"][0])
    characters = {ord(text): name for name in drawings if len(text := agl.toUnicode(name)) == 1}
    for name, source in _new_names(whole, characters, ".notdef"):
        glyph = _quadratic(drawings, source, em, cubic=True)
        whole.add(name, glyph, drawings[source].width)
    names = newTable("name")
    names.names = []
    names.setName(about["FontName"], 4, 3, 1, 0x409)
    return {"em": em, "names": names}


def _heights(whole: _Whole, em: int) -> dict[str, Any]:
    """The em square, which Type 1 does not state: the ink of all glyphs sits in its middle."""
    extents = [(glyph.yMin, glyph.yMax) for glyph in whole.glyphs.values() if glyph.numberOfContours]
    middle = (min(low for low, _ in extents) + max(high for _, high in extents)) / 2 if extents else em / 2
    bottom = round(middle - em / 2)
    top = bottom + em
    system = {"sTypoAscender": top, "sTypoDescender": bottom, "usWinAscent": top, "usWinDescent": max(0, -bottom)}
    return {"line": {"ascent": top, "descent": bottom}, "system": system}


def _new_names(whole: _Whole, characters: dict[int, str], missing: str) -> Iterator[tuple[str, str]]:
    """Pairs of a name in the whole font and one in the slice, for the glyphs that the whole lacks.

    Characters that share a glyph in the slice share it in the whole font.
    """
    if ".notdef" not in whole.glyphs:
        yield ".notdef", missing
    names: dict[str, str] = {}
    for code, source in characters.items():
        if code in whole.characters:
            continue
        if source not in names:
            names[source] = f"u{code:04X}"
            yield names[source], source
        whole.characters[code] = names[source]


def _quadratic(drawings: Any, source: str, em: int, cubic: bool) -> Any:
    """The outline of a glyph without references to other glyphs, its curves quadratic as TrueType wants them."""
    drawing = DecomposingRecordingPen(drawings)
    drawings[source].draw(drawing)
    pen = TTGlyphPen(None)
    drawing.replay(Cu2QuPen(pen, em * _CURVE_ERROR, reverse_direction=True) if cubic else pen)
    glyph = pen.glyph()
    if cubic and glyph.numberOfContours:
        bounds = ControlBoundsPen(None)
        drawing.replay(bounds)
        glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax = map(round, bounds.bounds)
    return glyph


def _write(whole: _Whole, line: dict[str, Any], path: PathLike, family: str) -> None:
    order = [".notdef", *(name for name in whole.glyphs if name != ".notdef")]
    builder = FontBuilder(line["em"], isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(whole.characters)
    builder.setupGlyf(whole.glyphs)
    outlines = builder.font["glyf"]
    builder.setupHorizontalMetrics({name: (whole.widths[name], getattr(outlines[name], "xMin", 0)) for name in order})
    builder.setupHorizontalHeader(**line["line"])
    builder.setupOS2(**line["system"])
    builder.setupPost(keepGlyphNames=False)
    builder.font["name"] = line["names"]
    if family:
        for number in (1, 4):
            builder.font["name"].setName(family, number, 3, 1, 0x409)
    with atomic_path(path) as temporary:
        builder.save(temporary)
