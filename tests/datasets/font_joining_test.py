"""Fonts out of slices: every outline and width of the whole is the one of its slice."""

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.misc import eexec
from fontTools.pens.areaPen import AreaPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from tests.helpers.sources import block, write_font
from tfglyph.datasets.font_joining import join_slices
from tfglyph.datasets.fontface import FontFace
from tfglyph.errors import GlyphError


def outline(path, character):
    """The outline of a character and its advance width."""
    with TTFont(path) as font:
        drawings, name = font.getGlyphSet(), font.getBestCmap()[ord(character)]
        pen = DecomposingRecordingPen(drawings)
        drawings[name].draw(pen)
        return pen.value, drawings[name].width


def test_the_whole_has_the_outlines_of_all_slices(tmp_path):
    large = write_font(tmp_path / "a.ttf", "一二三四五六七八", name="Large")
    small = write_font(tmp_path / "b.ttf", "八九十", name="Small")
    assert join_slices([small, large], tmp_path / "whole.ttf") == 10
    for character in "一二三四五六七八":  # 八 is in both: the larger slice counts
        assert outline(tmp_path / "whole.ttf", character) == outline(large, character)
    for character in "九十":
        assert outline(tmp_path / "whole.ttf", character) == outline(small, character)
    face = FontFace(tmp_path / "whole.ttf")
    assert (face.name, face.em, face.ascender) == ("Large", 1000, FontFace(large).ascender)
    assert face.drawable("一十百") == ["一", "十"]


def test_web_fonts_are_slices_too(tmp_path):
    slices = []
    for number, characters in enumerate(["一二三", "四五"]):
        with TTFont(write_font(tmp_path / "plain.ttf", characters)) as font:
            font.flavor = "woff2"
            font.save(tmp_path / f"{number}.woff2")
        slices.append(tmp_path / f"{number}.woff2")
    assert join_slices(slices, tmp_path / "whole.ttf") == 5
    assert outline(tmp_path / "whole.ttf", "五") == outline(tmp_path / "1.woff2", "五")


def test_a_glyph_made_of_others_becomes_one_of_its_own(tmp_path):
    pen = TTGlyphPen({"bar": None})
    pen.addComponent("bar", (1, 0, 0, 1, 0, 0))
    pen.addComponent("bar", (1, 0, 0, 1, 0, 400))
    glyphs = {".notdef": block(0, 0, 9, 9), "bar": block(100, 0, 900, 100), "two": pen.glyph()}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord("二"): "two", ord("ニ"): "two"})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (1000, 0) for name in glyphs})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Parts"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "parts.ttf")
    join_slices([tmp_path / "parts.ttf"], tmp_path / "whole.ttf")
    assert outline(tmp_path / "whole.ttf", "二") == outline(tmp_path / "parts.ttf", "二")
    with TTFont(tmp_path / "whole.ttf") as font:
        assert font["maxp"].numGlyphs == 2  # the two characters share their glyph, and "bar" alone is no character
        assert not font["glyf"][font.getBestCmap()[ord("二")]].isComposite()


def ring(pen):
    """A disc with a hole, of cubic curves, in font units."""
    for radius, sign in ((400, 1), (200, -1)):
        bend = radius * 0.5523 * sign
        x, y, r = 500, 300, radius
        pen.moveTo((x + r, y))
        pen.curveTo((x + r, y + bend), (x + r * 0.5523, y + r * sign), (x, y + r * sign))
        pen.curveTo((x - r * 0.5523, y + r * sign), (x - r, y + bend), (x - r, y))
        pen.curveTo((x - r, y - bend), (x - r * 0.5523, y - r * sign), (x, y - r * sign))
        pen.curveTo((x + r * 0.5523, y - r * sign), (x + r, y - bend), (x + r, y))
        pen.closePath()


def test_cubic_curves_keep_their_picture(tmp_path):
    pen = T2CharStringPen(1000, None)
    ring(pen)
    missing = T2CharStringPen(1000, None)
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "ring"])
    builder.setupCharacterMap({ord("回"): "ring"})
    builder.setupCFF("Ring", {}, {".notdef": missing.getCharString(), "ring": pen.getCharString()}, {})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "ring": (1000, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Ring"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    builder.save(tmp_path / "ring.otf")
    join_slices([tmp_path / "ring.otf"], tmp_path / "whole.ttf")
    pictures = [FontFace(tmp_path / name).render("回", 64) / 255 for name in ("ring.otf", "whole.ttf")]
    # FreeType moves the edges of cubic outlines to whole pixels of the large drawing, a quarter of one here.
    np.testing.assert_allclose(pictures[1], pictures[0], atol=0.26)
    area = AreaPen()
    with TTFont(tmp_path / "whole.ttf") as font:
        font.getGlyphSet()[font.getBestCmap()[ord("回")]].draw(area)
    assert area.value < 0  # TrueType draws outer contours clockwise, and cubic outlines the other way round
    inked = pictures[1].sum() / 64**2  # of the em square, its middle is empty
    assert inked == pytest.approx(np.pi * (0.4**2 - 0.2**2), rel=0.02) and pictures[1][32, 32] == 0


def write_type1(path, glyphs):
    """A Type 1 font: a rectangle (left, bottom, right, top) for each glyph name, 1000 wide."""

    def number(value):
        return bytes([255]) + value.to_bytes(4, "big", signed=True)

    programs = {}
    for name, (left, bottom, right, top) in glyphs.items():
        width, height = right - left, top - bottom
        steps = number(left) + number(1000) + bytes([13])  # left, width, hsbw
        steps += number(0) + number(bottom) + bytes([21])  # rmoveto
        steps += number(height) + bytes([7]) + number(width) + bytes([6]) + number(-height) + bytes([7, 9, 14])
        programs[name] = eexec.encrypt(b"\0\0\0\0" + steps, 4330)[0]
    private = b"\0\0\0\0dup /Private 8 dict dup begin /lenIV 4 def /Subrs 0 array def\n"
    private += b"/RD {string currentfile exch readstring pop} executeonly def /ND {noaccess def} executeonly def\n"
    private += b"2 index /CharStrings %d dict dup begin\n" % len(programs)
    for name, program in programs.items():
        private += b"/%s %d RD " % (name.encode(), len(program)) + program + b" ND\n"
    private += b"end end readonly put noaccess put dup /FontName get exch definefont pop mark currentfile closefile\n"
    clear = (
        b"%!PS-AdobeFont-1.0: Slice\n11 dict begin /FontName /Slice def /FontMatrix [0.001 0 0 0.001 0 0] def\n"
        b"/PaintType 0 def /FontType 1 def /FontBBox {0 0 0 0} def /Encoding StandardEncoding def\n"
        b"currentdict end currentfile eexec\n"
    )
    hidden, tail = eexec.encrypt(private, 55665)[0], b"0" * 512 + b"\ncleartomark\n"
    parts = [(1, clear), (2, hidden), (1, tail)]
    content = b"".join(bytes([128, kind]) + len(part).to_bytes(4, "little") + part for kind, part in parts)
    path.write_bytes(content + bytes([128, 3]))
    return path


def test_type1_slices_name_their_glyphs_by_characters(tmp_path):
    nothing = (0, 0, 1, 1)
    first = write_type1(tmp_path / "k1.pfb", {".notdef": nothing, "uni4E00": (100, 300, 900, 400)})
    second = write_type1(tmp_path / "k2.pfb", {".notdef": nothing, "uni56DE": (50, -100, 950, 800)})
    assert join_slices([first, second], tmp_path / "whole.ttf", family="Whole") == 2
    face = FontFace(tmp_path / "whole.ttf")
    assert (face.name, face.em) == ("Whole", 1000)
    # The ink reaches from -100 to 800, so the em square, which holds it in its middle, from -150 to 850.
    assert face.ascender == 850
    picture = face.render("回", 100)
    assert np.argwhere(picture > 128).min(axis=0).tolist() == [5, 5]
    assert np.argwhere(picture > 128).max(axis=0).tolist() == [94, 94]


def test_what_cannot_be_joined(tmp_path):
    good = write_font(tmp_path / "good.ttf")
    with pytest.raises(GlyphError, match=r"whole.ttf: there are no slices to join"):
        join_slices([], tmp_path / "whole.ttf")
    (tmp_path / "bad.woff2").write_bytes(b"wOF2 and then nothing")
    with pytest.raises(GlyphError, match=r"bad.woff2: not a usable font"):
        join_slices([good, tmp_path / "bad.woff2"], tmp_path / "whole.ttf")
    (tmp_path / "bad.pfb").write_bytes(b"\x80\x01 no lengths")
    with pytest.raises(GlyphError, match=r"bad.pfb: not a usable font"):
        join_slices([tmp_path / "bad.pfb"], tmp_path / "whole.ttf")
    with TTFont(good) as font:
        font["head"].unitsPerEm = 2048
        font.save(tmp_path / "em.ttf")
    with pytest.raises(GlyphError, match=r"(em|good).ttf: (2048|1000) units per em, but .* has (2048|1000)"):
        join_slices([good, tmp_path / "em.ttf"], tmp_path / "whole.ttf")
    assert not (tmp_path / "whole.ttf").exists()
