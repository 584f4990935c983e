"""tfglyph.fontfiles: new glyphs go into every kind of font, and everything else stays as it was."""

import os
import pathlib
import re

import numpy as np
import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont, newTable

from tests.helpers import fonts
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import (
    NewGlyph,
    check_font,
    check_name,
    check_output,
    insert,
    open_font,
    other_family,
    provenance,
    rename,
    save_font,
    store_provenance,
)
from tfglyph.fontfiles.naming import reserved_names
from tfglyph.outlines import Outline

KINDS = {"glyf": "a.ttf", "CFF ": "a.otf", "CID": "b.otf", "CFF2": "c.otf"}


def square(left: float, top: float, right: float, bottom: float) -> Outline:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return Outline((tuple(np.stack([a, b]) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)),))


NEW = [NewGlyph(0x6587, square(0.1, 0.2, 0.9, 0.3)), NewGlyph(0x20089, square(0.3, 0.1, 0.4, 0.95))]


def completed(path: pathlib.Path, new: list[NewGlyph] = NEW, output: pathlib.Path | None = None) -> TTFont:
    file = open_font(path)
    insert(file, new)
    suffix = ".ttf" if file.table == "glyf" else ".otf"
    return TTFont(save_font(file.font, output or path.with_name("completed" + suffix)), lazy=True)


def drawing(font: TTFont, name: str) -> list:
    pen = RecordingPen()
    font.getGlyphSet()[name].draw(pen)
    return pen.value


@pytest.mark.parametrize("kind", KINDS)
def test_new_glyphs_are_there_and_old_ones_are_the_same(tmp_path, kind):
    path = fonts.write(tmp_path / KINDS[kind], kind)
    original = path.read_bytes()
    before, after = TTFont(path, lazy=True), completed(path)
    assert path.read_bytes() == original
    old, new = before.getGlyphOrder(), after.getGlyphOrder()
    assert len(new) == len(old) + 2
    for number, name in enumerate(old):
        assert drawing(after, new[number]) == drawing(before, name)
        assert after["hmtx"].metrics[new[number]] == before["hmtx"].metrics[name]
    characters = after.getBestCmap()
    for code, left, bottom, right, top in ((0x6587, 100, 580, 900, 680), (0x20089, 300, -70, 400, 780)):
        name = characters[code]
        points = {point for _, values in drawing(after, name) for point in values}
        assert points == {(left, bottom), (left, top), (right, top), (right, bottom)}
        assert after["hmtx"].metrics[name] == (1000, left)
        assert after["vmtx"].metrics[name] == (1000, 880 - top)
    assert {sub.format for sub in after["cmap"].tables} == {4, 12}
    if kind == "CID":
        top_dictionary = after["CFF "].cff.topDictIndex[0]
        assert top_dictionary.ROS == ("Adobe", "Identity", 0) and top_dictionary.CIDCount == len(new)
        assert [top_dictionary.FDSelect[number] for number in (0, 1, len(new) - 1)] == [0, 1, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_sanitizer_harfbuzz_and_freetype_accept_the_result(tmp_path, kind):
    pytest.importorskip("ots")
    pytest.importorskip("uharfbuzz")
    path = fonts.write(tmp_path / KINDS[kind], kind)
    source = open_font(path)
    output = tmp_path / ("out.ttf" if kind == "glyf" else "out.otf")
    completed(path, output=output)
    verdict = check_font(output, source, [0x6587, 0x20089])
    assert (verdict.problems, len(verdict.judges)) == ((), 3)
    assert len(check_font(path, source, [0x6587]).problems) == 1  # the original does not have it


@pytest.mark.parametrize("kind", ["glyf", "CFF "])
def test_tables_that_have_nothing_to_do_with_it_keep_their_bytes(tmp_path, kind):
    path = fonts.write(tmp_path / KINDS[kind], kind)
    made = TTFont(path)
    for tag in ("GSUB", "meta", "fpgm"):
        made[tag] = newTable(tag) if tag not in ("GSUB", "meta") else made.get(tag) or newTable("zzzz")
        made[tag].data = bytes(range(16))
        made[tag].compile = lambda font, data=made[tag].data: data
    made.save(path)
    before, after = TTFont(path, lazy=True), completed(path)
    for tag in ("GSUB", "meta", "fpgm"):
        assert after.reader[tag] == before.reader[tag]
    if kind == "glyf":
        assert after.reader["glyf"].startswith(before.reader["glyf"])


def test_one_font_of_a_collection_is_taken(tmp_path):
    path = fonts.write_collection(tmp_path / "two.ttc", fonts.font(characters="一二"), fonts.font(characters="木林森"))
    assert set(map(chr, open_font(path).drawn)) == set("一二")
    second = open_font(f"{path}#1")
    assert set(map(chr, second.drawn)) == set("木林森")
    insert(second, NEW)
    assert len(TTFont(save_font(second.font, tmp_path / "one.ttf")).getGlyphOrder()) == 6
    with pytest.raises(UsageError, match="it has 2 fonts, numbered from 0"):
        open_font(f"{path}#2")


def test_woff2_goes_in_and_out(tmp_path):
    pytest.importorskip("brotli")
    path = fonts.write(tmp_path / "a.woff2")
    file = open_font(path)
    assert file.notes == ["it is compressed as WOFF2"]
    insert(file, NEW)
    assert save_font(file.font, tmp_path / "b.woff2").read_bytes()[:4] == b"wOF2"
    plain = save_font(file.font, tmp_path / "b.ttf")
    assert plain.read_bytes()[:4] == b"\0\1\0\0"
    assert 0x6587 in TTFont(tmp_path / "b.woff2").getBestCmap()


def test_character_maps_lie(tmp_path):
    path = fonts.write(tmp_path / "a.ttf", empty="文字")
    file = open_font(path)
    assert 0x6587 in file.mapped and 0x6587 not in file.drawn
    assert "names 2 Han characters that it does not draw" in file.notes[0]
    after = completed(path)
    assert after.getBestCmap()[0x6587] == "uni6587.drawn1"
    made = fonts.font()
    for subtable in made["cmap"].tables:
        subtable.cmap.update({code: "uni4E00" for code in range(0x5000, 0x5010)})
    made.save(path)
    assert not {0x4E00, 0x5000} & open_font(path).drawn.keys()


def test_proportional_fonts_give_a_glyph_the_room_it_needs(tmp_path):
    path = fonts.write(tmp_path / "a.ttf", advances=(500, 600, 700, 800))
    assert open_font(path).setting.proportional
    after = completed(
        path, [NewGlyph(0x6587, square(0.05, 0.2, 0.95, 0.3)), NewGlyph(0x6588, square(0.4, 0.2, 0.6, 0.3))]
    )
    metrics = after["hmtx"].metrics
    assert metrics["uni6587"] == (980, 40)
    assert metrics["uni6588"] == (600, 200)


def test_a_variable_font_is_completed_at_one_place_of_its_axes(tmp_path):
    from fontTools.fontBuilder import FontBuilder
    from fontTools.ttLib.tables.TupleVariation import TupleVariation

    made = fonts.font(vertical=False)
    builder = FontBuilder(font=made)
    builder.setupFvar([("wght", 100, 100, 900, "Weight")], [{"location": {"wght": 900}, "stylename": "Black"}])
    deltas = [(50, 0)] * (len(made["glyf"]["uni4E00"].coordinates) + 4)
    builder.setupGvar({"uni4E00": [TupleVariation({"wght": (0, 1, 1)}, deltas)]})
    path = tmp_path / "v.ttf"
    made.save(path)
    assert "it is completed at wght=100" in open_font(path).notes[0]
    left = {place: open_font(f"{path}{place}").font["glyf"]["uni4E00"].xMin for place in ("", "#Black", "#wght=500")}
    assert left == {"": 100, "#Black": 150, "#wght=500": 125}
    for place, message in (("Blck", "no instance 'Blck'"), ("wght=1000", "outside the axis"), ("*", "found #*")):
        with pytest.raises(UsageError, match=re.escape(message)):
            open_font(f"{path}#{place}")
    file = open_font(f"{path}#Black")
    insert(file, NEW)
    assert "fvar" not in TTFont(save_font(file.font, tmp_path / "s.ttf"))


def test_vertical_and_device_tables_grow_with_the_font(tmp_path):
    made = fonts.font()
    made["LTSH"] = table = newTable("LTSH")
    table.version, table.yPels = 0, dict.fromkeys(made.getGlyphOrder(), 30)
    made["mort"] = newTable("mort")
    made["mort"].data = b"\0" * 8
    made["mort"].compile = lambda font: b"\0" * 8
    path = tmp_path / "a.ttf"
    made.save(path)
    file = open_font(path)
    assert insert(file, NEW) == ["left out, as they count glyphs: the tables mort"]
    after = TTFont(save_font(file.font, tmp_path / "b.ttf"))
    assert after["LTSH"].yPels["uni6587"] == 1 and after["LTSH"].yPels["uni4E00"] == 30
    assert after["head"].yMin == -70 and after["hhea"].minRightSideBearing <= 100


# === Names and provenance ===


def test_a_completed_font_takes_another_name(tmp_path):
    path = fonts.write(tmp_path / "a.ttf", licence='with Reserved Font Name "Test Han".')
    file = open_font(path)
    assert reserved_names(file.font) == ["Test Han"]
    assert other_family("Motoya L Cedar") == "Completed MLC" and other_family("M PLUS 2") == "Completed MP2"
    check_name(file.font, other_family("Test Han"), "a.ttf")
    with pytest.raises(GlyphError, match="'Test Han' is a Reserved Font Name"):
        check_name(file.font, "My test HAN", "a.ttf")
    insert(file, NEW)
    rename(file.font, "Completed TH", 2)
    names = TTFont(save_font(file.font, tmp_path / "b.ttf"))["name"]
    assert [names.getDebugName(number) for number in (1, 4, 6)] == [
        "Completed TH",
        "Completed TH",
        "CompletedTH-Regular",
    ]
    assert "completed by tfglyph" in names.getDebugName(5) and "2 glyphs added" in names.getDebugName(10)
    assert names.getDebugName(13) == 'with Reserved Font Name "Test Han".'


def test_the_name_can_be_kept(tmp_path):
    file = open_font(fonts.write(tmp_path / "a.otf", "CFF "))
    rename(file.font, None, 2)
    assert file.font["name"].getDebugName(1) == "Test Han"


def test_a_font_says_how_it_came_to_be(tmp_path):
    file = open_font(fonts.write(tmp_path / "a.ttf"))
    assert provenance(file.font) is None
    record = {"glyphs": {"U+6587": {"exemplars": ["一", "二"]}}}
    store_provenance(file.font, record)
    assert provenance(TTFont(save_font(file.font, tmp_path / "b.ttf"))) == record


# === Bad input ===


def with_tables(path: pathlib.Path, *tags: str, without: tuple[str, ...] = ()) -> pathlib.Path:
    made = fonts.font()
    for tag in tags:
        made[tag] = newTable("zzzz")
        made[tag].data = b"\0" * 8
    for tag in without:
        del made[tag]
    made.save(path)
    return path


def test_what_is_no_font_or_cannot_be_completed_is_one_line(tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("not a font")
    path = fonts.write(tmp_path / "cut.ttf")
    path.write_bytes(path.read_bytes()[:400])
    for file, error, message in (
        (tmp_path / "none.ttf", UsageError, "no such file"),
        (tmp_path, UsageError, "not a file, expected a font"),
        (text, GlyphError, "not a font: expected TTF, OTF, TTC, WOFF or WOFF2"),
        (path, GlyphError, "not a usable font"),
        (with_tables(tmp_path / "b.ttf", "EBDT", without=("glyf", "loca")), GlyphError, r"a bitmap font \(EBDT\)"),
        (with_tables(tmp_path / "c.ttf", "CBDT"), GlyphError, "a colour font of pictures"),
        (with_tables(tmp_path / "d.ttf", without=("name",)), GlyphError, "it lacks the tables name"),
        (fonts.write(tmp_path / "e.ttf", characters="abc"), GlyphError, "draws no Han character"),
    ):
        with pytest.raises(error, match=message) as caught:
            open_font(file)
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="it is no variable font"):
        open_font(f"{fonts.write(tmp_path / 'f.ttf')}#wght=400")


def test_embedding_bits_are_told(tmp_path):
    for bits, words in ((0, None), (8, None), (2, "Restricted License"), (0x200, "Bitmap embedding only")):
        restricted = open_font(fonts.write(tmp_path / "a.ttf", fs_type=bits)).restricted
        assert restricted is None if words is None else words in restricted


def test_a_full_font_is_refused(tmp_path, monkeypatch):
    file = open_font(fonts.write(tmp_path / "a.ttf"))
    monkeypatch.setattr("tfglyph.fontfiles.opening.MOST_GLYPHS", 12)
    with pytest.raises(GlyphError, match="2 glyphs do not fit: it has 11 of 65,535; ask for at most 1"):
        insert(file, NEW)


def test_outputs_that_cannot_be_are_refused_before_anything_is_drawn(tmp_path):
    path = fonts.write(tmp_path / "a.ttf")
    for output, error, message in (
        (path, UsageError, "the original itself"),
        (tmp_path / "b.otf", UsageError, r"TrueType outlines; --output should end in \.ttf"),
        (tmp_path / "b.svg", UsageError, r"ends in \.svg, expected one of"),
    ):
        with pytest.raises(error, match=message):
            check_output(output, path, "glyf")
    check_output(tmp_path / "new" / "b.woff2", path, "glyf")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    path = fonts.write(tmp_path / "a.ttf")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(GlyphError, match="cannot be written: no permission"):
        check_output(folder / "b.ttf", path, "glyf")
