"""Small fonts, made on the spot: TrueType, PostScript by name and by number (CID), CFF2, collections."""

import itertools
import pathlib
import struct
from collections.abc import Sequence
from typing import Any

from fontTools.cffLib import FDArrayIndex, FDSelect, FontDict
from fontTools.cffLib.CFFToCFF2 import convertCFFToCFF2
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable

EM, ASCENDER, DESCENDER = 1000, 880, -120
CHARACTERS = "一二三木林森口日田語"


def _draw(pen: Any, code: int, clockwise: bool) -> None:
    """Bars whose places are the bits of a code point: every character looks different."""
    boxes = [(100, 0, 160, 700)] + [(200 + 60 * bit, 100, 240 + 60 * bit, 600) for bit in range(10) if code >> bit & 1]
    for left, bottom, right, top in boxes:
        points = [(left, bottom), (left, top), (right, top), (right, bottom)]
        pen.moveTo(points[0])
        for point in points[1:] if clockwise else points[:0:-1]:
            pen.lineTo(point)
        pen.closePath()


def font(
    table: str = "glyf",
    characters: str = CHARACTERS,
    empty: str = "",
    family: str = "Test Han",
    licence: str = "",
    fs_type: int = 0,
    vertical: bool = True,
    advances: Sequence[int] = (EM,),
) -> TTFont:
    """A font of bars.

    Args:
        table: "glyf", "CFF ", "CID" (CFF by number) or "CFF2".
        characters: what it draws.
        empty: what its character map names without drawing it.
        family: str.
        licence: the text of name 13.
        fs_type: embedding bits.
        vertical: whether it has vertical metrics.
        advances: widths of the characters, in turn.
    """
    codes = [ord(character) for character in characters + empty]
    names = [".notdef", *(f"uni{code:04X}" if code < 0x10000 else f"u{code:X}" for code in codes)]
    builder = FontBuilder(EM, isTTF=table == "glyf")
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(codes, names[1:], strict=True)))
    widths = dict(zip(names, [EM, *(advances[i % len(advances)] for i in range(len(codes)))], strict=True))
    glyphs = {}
    for name, code in zip(names, [0x2FF, *codes], strict=True):
        pen = TTGlyphPen(None) if table == "glyf" else T2CharStringPen(widths[name], None)
        if not code or chr(code) not in empty:
            _draw(pen, code, table == "glyf")
        glyphs[name] = pen.glyph() if table == "glyf" else pen.getCharString()
    if table == "glyf":
        builder.setupGlyf(glyphs)
        sides = {name: glyph.xMin if glyph.numberOfContours else 0 for name, glyph in glyphs.items()}
    else:
        builder.setupCFF("TestHan-Regular", {"FullName": family, "FamilyName": family}, glyphs, {})
        sides = dict.fromkeys(names, 100)
    builder.setupHorizontalMetrics({name: (widths[name], sides[name]) for name in names})
    builder.setupHorizontalHeader(ascent=ASCENDER, descent=DESCENDER)
    if vertical:
        builder.setupVerticalMetrics(dict.fromkeys(names, (EM, ASCENDER - 700)))
        builder.setupVerticalHeader(ascent=EM // 2, descent=-EM // 2)
    strings = {"familyName": family, "styleName": "Regular", "uniqueFontIdentifier": family, "fullName": family}
    strings |= {"psName": "TestHan-Regular", "version": "Version 1.0"} | (
        {"licenseDescription": licence} if licence else {}
    )
    builder.setupNameTable(strings)
    builder.setupOS2(sTypoAscender=ASCENDER, sTypoDescender=DESCENDER, usWinAscent=ASCENDER, fsType=fs_type)
    builder.setupPost(keepGlyphNames=table in ("glyf", "CFF2"))
    if table == "CID":
        _by_number(builder.font)
    elif table == "CFF2":
        convertCFFToCFF2(builder.font)
    return builder.font


def _by_number(made: TTFont) -> None:
    """Turns a name-keyed CFF font into a CID-keyed one with two font dictionaries, the second for ideographs."""
    cff = made["CFF "].cff
    top = cff.topDictIndex[0]
    old = made.getGlyphOrder()
    new = [".notdef", *(f"cid{number:05d}" for number in range(1, len(old)))]
    strings = {name: top.CharStrings[before] for before, name in zip(old, new, strict=True)}
    private = top.Private
    top.ROS, top.CIDCount = ("Adobe", "Japan1", 7), len(old)
    top.FDArray = FDArrayIndex()
    top.FDArray.strings = None
    for _ in range(2):
        dictionary = FontDict()
        dictionary.setCFF2(False)
        dictionary.Private = private
        dictionary.FontName = "TestHan"
        top.FDArray.append(dictionary)
    top.FDSelect = FDSelect()
    top.FDSelect.format = 3
    top.FDSelect.gidArray = [0] + [1] * (len(old) - 1)
    for key in ("Private", "Encoding"):
        if hasattr(top, key):
            delattr(top, key)
        top.rawDict.pop(key, None)
    top.charset = new
    top.CharStrings.charStrings = strings
    top.CharStrings.fdArray, top.CharStrings.fdSelect = top.FDArray, top.FDSelect
    renamed = dict(zip(old, new, strict=True))
    for subtable in made["cmap"].tables:
        subtable.cmap = {code: renamed[name] for code, name in subtable.cmap.items()}
    for tag in ("hmtx", "vmtx"):
        if tag in made:
            made[tag].metrics = {renamed[name]: value for name, value in made[tag].metrics.items()}
    made.setGlyphOrder(new)


def write(path: pathlib.Path, table: str = "glyf", **options: Any) -> pathlib.Path:
    """``font`` as a file."""
    made = font(table, **options)
    if path.suffix in (".woff", ".woff2"):
        made.flavor = path.suffix[1:]
    made.save(path)
    return path


def write_collection(path: pathlib.Path, *fonts: TTFont) -> pathlib.Path:
    """Several fonts as one collection."""
    collection = TTCollection()
    collection.fonts = list(fonts)
    collection.save(path)
    return path


# === Fonts that are made to exhaust whoever reads them ===


def write_subroutine_bomb(path: pathlib.Path, endless: bool) -> pathlib.Path:
    """A CFF font whose 木 calls subroutines that call each other: without end, or 30⁹ times."""
    made = font("CFF ")
    made.recalcBBoxes = False  # which would draw it
    cff = made["CFF "].cff
    strings = cff.topDictIndex[0].CharStrings
    cff.GlobalSubrs.append(T2CharString(program=[-107, "callgsubr"] if endless else [1, 1, "rlineto", "return"]))
    for level in range(1, 1 if endless else 10):
        calls = [word for _ in range(30) for word in (level - 1 - 107, "callgsubr")]
        cff.GlobalSubrs.append(T2CharString(program=[*calls, "return"]))
    last = len(cff.GlobalSubrs) - 1
    program = [100, 100, "rmoveto", last - 107, "callgsubr", "endchar"]
    strings[f"uni{ord('木'):04X}"] = T2CharString(
        program=program, private=cff.topDictIndex[0].Private, globalSubrs=cff.GlobalSubrs
    )
    made.save(path)
    return path


def write_component_bomb(path: pathlib.Path, levels: int = 40) -> pathlib.Path:
    """A TrueType font whose 一 is twice a glyph that is twice a glyph … that is 語."""
    made = font("glyf", "".join(chr(0xE000 + n) for n in range(levels)) + CHARACTERS)
    made.recalcBBoxes = False
    names = [f"uni{ord('語'):04X}", *(f"uni{0xE000 + n:04X}" for n in range(levels - 1))]
    for before, name in itertools.pairwise([*names, f"uni{ord('一'):04X}"]):
        pen = TTGlyphPen(dict.fromkeys(made.getGlyphOrder()))
        for shift in (0, 10):
            pen.addComponent(before, (1, 0, 0, 1, shift, 0))
        glyph = pen.glyph()
        glyph.xMin = glyph.yMin = 0
        glyph.xMax = glyph.yMax = EM
        made["glyf"].glyphs[name] = glyph
    made.save(path)
    return path


def write_claims(path: pathlib.Path) -> pathlib.Path:
    """A font whose character map says that it maps four thousand million characters."""
    made = font()
    group = struct.pack(">III", 0, 0xFFFFFFFF, 1)
    table = struct.pack(">HHIII", 12, 0, 16 + len(group), 0, 1) + group
    made["cmap"] = DefaultTable("cmap")
    made["cmap"].data = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table
    made.save(path)
    return path
