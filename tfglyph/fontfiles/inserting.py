"""New glyphs into a font: appended behind the old ones, which keep their numbers and, table by table, their bytes.

Changed are the outlines (longer), hmtx and vmtx, cmap, and the counts and extremes in maxp, head, hhea, vhea, OS/2 and
post. Tables that hold something for each glyph and cannot be extended are left out, which is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fontTools.misc.roundTools import otRound
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.reverseContourPen import ReverseContourPen
from fontTools.pens.roundingPen import RoundingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

from tfglyph.errors import GlyphError
from tfglyph.fontfiles.opening import FontFile, is_han
from tfglyph.outlines.tracing import Outline

# They count glyphs, and nothing sensible can be put there for new ones.
COUNT_GLYPHS = ("morx", "mort", "kerx", "prop", "lcar", "opbd", "acnt", "bsln", "just", "Zapf", "ankr", "Silf", "Sill")
GRAPHITE = ("Glat", "Gloc", "Feat")
CURVE_ERROR = 1 / 2000  # em: how far quadratic curves may run from the cubic ones
SIDE = 0.04  # em: room on each side of a glyph in a proportional font, where its neighbours say nothing


@dataclass(frozen=True)
class NewGlyph:
    """A glyph to add.

    Attributes:
        code: int, its code point.
        outline: Outline in the em square, both coordinates from 0 to 1, y down.
    """

    code: int
    outline: Outline


def insert(file: FontFile, glyphs: Sequence[NewGlyph]) -> list[str]:
    """Adds glyphs to an opened font, in memory.

    Args:
        file: FontFile; its ``font`` is changed. Open the font anew for this: glyphs that were looked at are written
            anew as well, which may change their bytes, though not their shape.
        glyphs: what to add. A character that the font maps already, to a glyph that shows nothing, is mapped anew.

    Returns:
        list of str: what had to be left out of the font, for a person to read.

    Raises:
        GlyphError: more glyphs than a font can have.
    """
    font = file.font
    if len(glyphs) > file.room:
        raise GlyphError(
            f"{file.path}: {len(glyphs):,} glyphs do not fit: it has {file.glyph_count:,} of 65,535; "
            f"ask for at most {file.room:,}, with --text or a --charset file"
        )
    notes = _drop_tables(font)
    setting = file.setting
    old = list(font.getGlyphOrder())
    names = _names(old, glyphs, font)
    advances = [_advance(file, glyph.outline) for glyph in glyphs]
    # The em square of the picture, centred on the advance, in font units.
    recordings = [
        _recorded(glyph.outline, file.em, (advance - file.em) / 2, file.ascender)
        for glyph, advance in zip(glyphs, advances, strict=True)
    ]
    bounds = (
        _add_glyf(font, names, recordings, file)
        if file.table == "glyf"
        else _add_cff(file, names, advances, recordings)
    )
    order = [*old, *names]
    font.setGlyphOrder(order)
    if file.table == "glyf":
        font["glyf"].glyphOrder = order
    font["maxp"].numGlyphs = len(order)
    for name, advance, box in zip(names, advances, bounds, strict=True):
        font["hmtx"].metrics[name] = (advance, box[0])
        if setting.height is not None and setting.origin is not None:
            font["vmtx"].metrics[name] = (setting.height, setting.origin - box[3])
    _extend_extremes(font, advances, bounds, setting)
    _extend_device_tables(font, names, advances)
    _map(font, dict(zip((glyph.code for glyph in glyphs), names, strict=True)), notes)
    return notes


def _drop_tables(font: Any) -> list[str]:
    dropped = [tag for tag in COUNT_GLYPHS if tag in font]
    if "Silf" in dropped:
        dropped += [tag for tag in GRAPHITE if tag in font]
    for tag in dropped:
        del font[tag]
    notes = []
    if dropped:
        notes.append(f"left out, as they count glyphs: the tables {', '.join(dropped)}")
    if "DSIG" in font:
        del font["DSIG"]
        notes.append("left out: the digital signature (DSIG), which no changed file can keep")
    return notes


def _names(old: Sequence[str], glyphs: Sequence[NewGlyph], font: Any) -> list[str]:
    """Names for the new glyphs that the font has not yet."""
    if "CFF " in font and hasattr(font["CFF "].cff.topDictIndex[0], "ROS"):
        last = max((int(name[3:]) for name in old if name.startswith("cid") and name[3:].isdigit()), default=0)
        if last + len(glyphs) > 65_535:
            raise GlyphError(f"no numbers (CIDs) are left for {len(glyphs):,} more glyphs: the last is {last:,}")
        return [f"cid{number:05d}" for number in range(last + 1, last + 1 + len(glyphs))]
    taken = set(old)
    names = []
    for glyph in glyphs:
        stem = f"uni{glyph.code:04X}" if glyph.code < 0x10000 else f"u{glyph.code:X}"
        name = (
            stem
            if stem not in taken
            else next(f"{stem}.drawn{number}" for number in range(1, 1 << 16) if f"{stem}.drawn{number}" not in taken)
        )
        taken.add(name)
        names.append(name)
    return names


def _advance(file: FontFile, outline: Outline) -> int:
    """The advance width: the neighbours', or in a proportional font the width of the ink and the usual room."""
    setting = file.setting
    if not setting.proportional or not outline.contours:
        return setting.advance
    pen = BoundsPen(None)
    outline.draw(pen, file.em)
    left, _, right, _ = pen.bounds
    # Both sides get what is left of the usual advance, at least SIDE, so that wide glyphs do not touch.
    return otRound(max(right - left + 2 * SIDE * file.em, min(setting.advance, file.em)))


def _recorded(outline: Outline, em: int, dx: float, ascender: float) -> RecordingPen:
    """An outline in whole font units."""
    recording = RecordingPen()
    outline.draw(RoundingPen(recording), em, dx, ascender)
    return recording


def _bounds(recording: RecordingPen) -> tuple[int, int, int, int]:
    pen = BoundsPen(None)
    recording.replay(pen)
    left, bottom, right, top = pen.bounds or (0, 0, 0, 0)
    return otRound(left), otRound(bottom), otRound(right), otRound(top)


# === Outlines ===


def _clockwise(recording: RecordingPen) -> bool:
    """Whether outer contours turn clockwise with y up, as TrueType wants it and PostScript does not."""
    from fontTools.pens.areaPen import AreaPen

    pen = AreaPen()
    recording.replay(pen)
    return bool(pen.value < 0)


def _add_glyf(
    font: Any, names: Sequence[str], recordings: Sequence[RecordingPen], file: FontFile
) -> list[tuple[int, int, int, int]]:
    table, maxp = font["glyf"], font["maxp"]
    bounds = []
    for name, recording in zip(names, recordings, strict=True):
        pen = TTGlyphPen(None)
        quadratic = RoundingPen(pen)
        curves = Cu2QuPen(quadratic, file.em * CURVE_ERROR)
        recording.replay(curves if _clockwise(recording) else ReverseContourPen(curves))
        glyph = pen.glyph(dropImpliedOnCurves=True)
        glyph.recalcBounds(table)
        table.glyphs[name] = glyph
        if glyph.numberOfContours > 0:
            maxp.maxPoints = max(getattr(maxp, "maxPoints", 0), len(glyph.coordinates))
            maxp.maxContours = max(getattr(maxp, "maxContours", 0), glyph.numberOfContours)
            bounds.append((glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax))
        else:
            bounds.append((0, 0, 0, 0))
    return bounds


def _add_cff(
    file: FontFile, names: Sequence[str], advances: Sequence[int], recordings: Sequence[RecordingPen]
) -> list[tuple[int, int, int, int]]:
    cff = file.font[file.table].cff
    top = cff.topDictIndex[0]
    strings = top.CharStrings
    select = _common_dictionary(file, top)
    private = top.FDArray[select].Private if hasattr(top, "FDArray") else top.Private
    order = list(file.font.getGlyphOrder())
    bounds = []
    for name, advance, recording in zip(names, advances, recordings, strict=True):
        width = None
        if file.table == "CFF " and advance != private.defaultWidthX:
            width = advance - private.nominalWidthX
        pen = T2CharStringPen(width, None, CFF2=file.table == "CFF2")
        recording.replay(ReverseContourPen(pen) if _clockwise(recording) else pen)
        string = pen.getCharString(private, cff.GlobalSubrs)
        if strings.charStringsAreIndexed:
            strings.charStrings[name] = len(strings.charStringsIndex)
            strings.charStringsIndex.append(string)
        else:
            strings.charStrings[name] = string
        if getattr(top, "FDSelect", None) is not None:
            top.FDSelect.append(select)
        bounds.append(_bounds(recording))
    if file.table == "CFF ":
        top.charset = [*order, *names]
        if hasattr(top, "ROS"):
            # The new numbers mean nothing in Adobe's collections, and readers would look characters up there.
            top.ROS = ("Adobe", "Identity", 0)
            top.CIDCount = max(int(name[3:]) for name in top.charset if name.startswith("cid")) + 1
        box = list(getattr(top, "FontBBox", [0, 0, 0, 0]))
        drawn = [b for b in bounds if b != (0, 0, 0, 0)]
        if drawn:
            low = [min(values) for values in zip(box[:2], *(b[:2] for b in drawn), strict=True)]
            high = [max(values) for values in zip(box[2:], *(b[2:] for b in drawn), strict=True)]
            top.FontBBox = [*low, *high]
    return bounds


def _common_dictionary(file: FontFile, top: Any) -> int:
    """The font dictionary that most ideographs use, as new glyphs should be hinted and set like them."""
    select = getattr(top, "FDSelect", None)
    if select is None:
        return 0
    numbers = {name: number for number, name in enumerate(file.font.getGlyphOrder())}
    uses: dict[int, int] = {}
    for code, name in file.drawn.items():
        if is_han(code):
            chosen = select[numbers[name]]
            uses[chosen] = uses.get(chosen, 0) + 1
    return max(uses, key=lambda chosen: uses[chosen])


# === Other tables ===


def _extend_extremes(
    font: Any, advances: Sequence[int], bounds: Sequence[tuple[int, int, int, int]], setting: Any
) -> None:
    drawn = [(advance, box) for advance, box in zip(advances, bounds, strict=True) if box != (0, 0, 0, 0)]
    if not drawn:
        return
    head, hhea = font["head"], font["hhea"]
    head.xMin = min(head.xMin, *(box[0] for _, box in drawn))
    head.yMin = min(head.yMin, *(box[1] for _, box in drawn))
    head.xMax = max(head.xMax, *(box[2] for _, box in drawn))
    head.yMax = max(head.yMax, *(box[3] for _, box in drawn))
    hhea.advanceWidthMax = max(hhea.advanceWidthMax, *advances)
    hhea.minLeftSideBearing = min(hhea.minLeftSideBearing, *(box[0] for _, box in drawn))
    hhea.minRightSideBearing = min(hhea.minRightSideBearing, *(advance - box[2] for advance, box in drawn))
    hhea.xMaxExtent = max(hhea.xMaxExtent, *(box[2] for _, box in drawn))
    if "vhea" in font and setting.height is not None:
        vhea, height, origin = font["vhea"], setting.height, setting.origin
        vhea.advanceHeightMax = max(vhea.advanceHeightMax, height)
        vhea.minTopSideBearing = min(vhea.minTopSideBearing, *(origin - box[3] for _, box in drawn))
        vhea.minBottomSideBearing = min(vhea.minBottomSideBearing, *(height - origin + box[1] for _, box in drawn))
        vhea.yMaxExtent = max(vhea.yMaxExtent, *(origin - box[1] for _, box in drawn))


def _extend_device_tables(font: Any, names: Sequence[str], advances: Sequence[int]) -> None:
    """Widths at given sizes (hdmx) and from which size on widths are linear (LTSH: at all, without instructions)."""
    em = font["head"].unitsPerEm
    if "hdmx" in font:
        for size, widths in font["hdmx"].hdmx.items():
            widths.update(
                {name: min(255, otRound(advance * size / em)) for name, advance in zip(names, advances, strict=True)}
            )
    if "LTSH" in font:
        font["LTSH"].yPels.update(dict.fromkeys(names, 1))


def _map(font: Any, additions: dict[int, str], notes: list[str]) -> None:
    """Maps code points in every Unicode subtable that can hold them; format 12 holds them all."""
    table = font["cmap"]
    everything = {**font.getBestCmap(), **additions}
    basic = {code: name for code, name in additions.items() if code < 0x10000}
    full = [sub for sub in table.tables if sub.format == 12 and sub.isUnicode()]
    for subtable in full:
        subtable.cmap.update(additions)
    if not full:
        subtable = CmapSubtable.newSubtable(12)
        subtable.platformID, subtable.platEncID, subtable.language = 3, 10, 0
        subtable.cmap = everything
        table.tables.append(subtable)
    for subtable in [sub for sub in table.tables if sub.format == 4 and sub.isUnicode()]:
        before = dict(subtable.cmap)
        subtable.cmap.update(basic)
        try:
            subtable.compile(font)
        except Exception:  # its length has 16 bits, and scattered characters need a segment each
            subtable.cmap = before
            notes.append("the 16-bit character map (format 4) is full; the new characters are only in format 12")
    os2 = font.get("OS/2")
    if os2 is not None:
        os2.usFirstCharIndex = min(0xFFFF, os2.usFirstCharIndex, *everything)
        os2.usLastCharIndex = min(0xFFFF, max(everything))
