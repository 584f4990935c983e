"""What a font promises and what it draws."""

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

from tests.helpers.sources import write_font
from tfglyph.datasets.drawn_ideographs import drawn_ideographs, is_ideograph


def test_only_han_characters_with_an_outline_of_their_own_count(tmp_path):
    path = write_font(
        tmp_path / "holes.ttf", "一二三Aあ㐀𠀀", boxes="十百千万", blanks="零〇", mapped_to_missing="億兆"
    )
    with TTFont(path) as font:
        assert "".join(map(chr, drawn_ideographs(font))) == "㐀一三二𠀀"


def test_three_variants_of_one_shape_are_honest(tmp_path):
    with TTFont(write_font(tmp_path / "variants.ttf", "一", boxes="戶户戸")) as font:
        assert len(drawn_ideographs(font)) == 4


def test_cubic_outlines(tmp_path):
    names = [".notdef", "one", "two", "empty"]
    strings = {}
    for number, name in enumerate(names):
        pen = T2CharStringPen(1000, None)
        if name != "empty":
            pen.moveTo((0, 0))
            pen.lineTo((100 * (number + 1), 0))
            pen.lineTo((100, 500))
            pen.closePath()
        strings[name] = pen.getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord("一"): "one", ord("二"): "two", ord("三"): "empty", ord("四"): ".notdef"})
    builder.setupCFF("Cubic", {}, strings, {})
    builder.setupHorizontalMetrics({name: (1000, 0) for name in names})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Cubic"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "cubic.otf")
    with TTFont(tmp_path / "cubic.otf") as font:
        assert "".join(map(chr, drawn_ideographs(font))) == "一二"


def test_blocks():
    assert all(is_ideograph(ord(c)) for c in "㐀䶿一鿿𠀀𲎯")
    assert not any(is_ideograph(ord(c)) for c in "Aあ⿰⼀\uf900〇")
