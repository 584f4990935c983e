"""tfglyph.completion: from a plan to a font, with a stand-in that draws the true glyphs."""

import json
import pathlib

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from tests.helpers import fonts
from tests.helpers.drawers import TrueGlyphs
from tfglyph.completion import Cover, Options, Report, ask, complete, plan, previous_codes, read_redo, write_page
from tfglyph.completion.completing import store_of, work_folder
from tfglyph.completion.planning import cover, spelled_time
from tfglyph.completion.scoring import Judge, Score, agreement, edges, ink, weight
from tfglyph.composition import resolve
from tfglyph.errors import GlyphError, UsageError
from tfglyph.exemplars.part_index import part_index
from tfglyph.fontfiles import FontFile, open_font, provenance
from tfglyph.outlines import overlap, render

HAS = "一二三木林口日田語明"
LACKS = "森晶品"
KINDS = {
    "glyf": ("a.ttf", "a-completed.ttf"),
    "CFF ": ("a.otf", "a-completed.otf"),
    "CID": ("a.otf", "a-completed.otf"),
}


@pytest.fixture
def reference(tmp_path) -> FontFile:
    """A font that has everything."""
    return open_font(fonts.write(tmp_path / "whole.ttf", characters=HAS + LACKS))


def run(folder: pathlib.Path, drawer: TrueGlyphs, kind: str = "glyf", text: str = LACKS, **options) -> Report:
    name, output = KINDS[kind]
    path = folder / name
    if not path.exists():
        fonts.write(path, kind, characters=HAS)
    file = open_font(path)
    planned = plan(file, ask(file, text=text, more=options.pop("more", ()), codes=options.pop("codes", None)))
    return complete(planned, drawer, Options(str(path), folder / output, "Completed TH", **options))


# === The plan ===


def test_a_plan_counts_what_there_is_and_what_is_lacking(tmp_path):
    file = open_font(fonts.write(tmp_path / "a.ttf", characters=HAS, empty="森"))
    found = plan(file, ask(file, text="一森晶a語", more=["⿰木語", "⿰日月", "⿰木木"], missing=True))
    assert [wanted.text for wanted in found.to_draw] == ["森", "晶", "⿰木語"]
    assert found.to_draw[2].code == 0xE000
    assert found.asked.present == ["一", "語", "明", "林"]  # ⿰日月 is 明, ⿰木木 is 林
    assert found.asked.unknown == ["a"]
    lines = found.lines(2.0, 3)
    assert lines[0] == "Test Han: 10 Han characters, 12 glyphs"
    assert "names 1 Han characters that it does not draw" in lines[1]
    assert "asked for: 8; it has 4 of them" in lines[2]
    assert "⿰木語 U+E000" in "".join(lines)
    assert lines[-1] == "to draw: 3, 3 drawings of each; about 18 seconds on two cores"


def test_covers_by_hand():
    index = part_index()

    def of(characters: str, text: str) -> Cover:
        present = np.zeros(len(index.characters), bool)
        present[[index.rows[character] for character in characters]] = True
        return cover(index.subset(present), resolve(text))

    assert of("林時", "⿰日木") == Cover.SOME_IN_PLACE or of("村", "⿰木寸") == Cover.IN_PLACE
    assert of("村付", "⿰木寸") == Cover.IN_PLACE
    assert of("村", "⿰寸木") == Cover.ELSEWHERE
    assert of("一", "⿰木寸") == Cover.NOWHERE
    assert of("木", "乙") == Cover.UNDIVIDED


def test_what_the_font_has_nowhere_is_left_out_and_said(tmp_path):
    file = open_font(fonts.write(tmp_path / "a.ttf", characters="一二"))
    found = plan(file, ask(file, text="森"))
    assert found.to_draw == []
    assert any("with parts that the font has nowhere, which are left out: 森" in line for line in found.lines(1.0))
    with pytest.raises(UsageError, match="nothing to draw"):
        complete(found, TrueGlyphs(file), Options(str(tmp_path / "a.ttf"), tmp_path / "b.ttf", None))


def test_asking_for_nothing_and_for_too_much_is_one_line(tmp_path, monkeypatch):
    file = open_font(fonts.write(tmp_path / "a.ttf", characters=HAS))
    with pytest.raises(UsageError, match="which characters"):
        ask(file)
    monkeypatch.setattr("tfglyph.fontfiles.opening.MOST_GLYPHS", 12)
    with pytest.raises(GlyphError, match="3 glyphs do not fit: it has 11 of 65,535; ask for at most 1"):
        plan(file, ask(file, text=LACKS))


def test_durations_read_well():
    assert [spelled_time(s) for s in (0.2, 1, 40, 420, 9000)] == [
        "1 second",
        "1 second",
        "40 seconds",
        "7 minutes",
        "2.5 hours",
    ]


# === The font ===


@pytest.mark.parametrize("kind", KINDS)
def test_a_font_gets_back_what_it_lacks(tmp_path, reference, kind):
    report = run(tmp_path, TrueGlyphs(reference), kind)
    made = open_font(report.font)
    assert [glyph.text for glyph in report.glyphs] == list(LACKS)
    for glyph in report.glyphs:
        actual = made.outline(made.drawn[glyph.code])[0]
        expected = reference.outline(reference.drawn[glyph.code])[0]
        assert overlap(render(actual, 256, 256), render(expected, 256, 256)) > 0.97
    assert (report.verdict.problems, report.calibration.iou > 0.97) == ((), True)
    assert made.family == "Completed TH"
    assert (tmp_path / KINDS[kind][0]).exists()
    inside = provenance(made.font)
    assert inside is not None and inside["glyphs"]["U+68EE"]["exemplars"] == ["一", "木"]
    beside = json.loads(report.font.with_suffix(".json").read_text())
    assert [glyph["text"] for glyph in beside["glyphs"]] == list(LACKS)


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, reference, monkeypatch):
    monkeypatch.setattr("tfglyph.completion.completing.BATCH", 1)
    first = TrueGlyphs(reference, fail_after=2)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, first)
    assert not (tmp_path / "a-completed.ttf").exists()
    second = TrueGlyphs(reference)
    report = run(tmp_path, second)
    assert (first.drawn, second.drawn) == (list(LACKS[:2]), [LACKS[2]])
    straight = run(tmp_path, TrueGlyphs(reference))
    assert report.font.read_bytes() == straight.font.read_bytes()


def test_drawings_that_were_cut_off_are_drawn_again(tmp_path, reference):
    run(tmp_path, TrueGlyphs(reference))
    (path,) = work_folder(tmp_path / "a-completed.ttf").glob("*.npz")
    path.write_bytes(path.read_bytes()[:100])
    again = TrueGlyphs(reference)
    run(tmp_path, again)
    assert again.drawn == list(LACKS)


def test_drawings_of_another_font_or_model_are_not_taken(tmp_path, reference):
    run(tmp_path, TrueGlyphs(reference))
    other = TrueGlyphs(reference)
    other.name = "another model"
    run(tmp_path, other)
    assert other.drawn == list(LACKS)


def test_only_the_list_is_drawn_again_and_stays_so(tmp_path, reference):
    run(tmp_path, TrueGlyphs(reference, spoiled="晶"))
    again = TrueGlyphs(reference, spoiled="晶")
    report = run(tmp_path, again, seed=1, redo=("晶",))
    assert again.drawn == ["晶"]
    assert [glyph.seed for glyph in report.glyphs] == [0, 1, 0]
    later = TrueGlyphs(reference)
    assert [glyph.seed for glyph in run(tmp_path, later).glyphs] == [0, 1, 0] and later.drawn == []


def test_the_best_of_several_variants_is_taken(tmp_path, reference):
    report = run(tmp_path, TrueGlyphs(reference, spoiled="晶"), variants=3)
    by_text = {glyph.text: glyph for glyph in report.glyphs}
    assert by_text["晶"].variant == 2  # seed 0 is spoiled, and the others agree
    assert run(tmp_path, TrueGlyphs(reference), variants=3, pick=3).glyphs[0].variant == 3
    with pytest.raises(UsageError, match="--pick 4: there are variants 1 to 3"):
        run(tmp_path, TrueGlyphs(reference), variants=3, pick=4)


def test_drawings_are_enlarged_to_a_size_without_being_drawn_again(tmp_path, reference):
    usual = run(tmp_path, TrueGlyphs(reference)).font.read_bytes()
    again = TrueGlyphs(reference)
    report = run(tmp_path, again, size=512)
    assert again.drawn == [] and report.tracing.side == 512 and report.font.read_bytes() != usual
    assert run(tmp_path, again, size=256).font.read_bytes() == usual
    for size in (64, 127, 1025):
        with pytest.raises(UsageError, match=f"--size {size}: drawings of 64 pixels are enlarged to 128 to 1024"):
            run(tmp_path, again, size=size)


def test_new_characters_keep_their_code_points(tmp_path, reference):
    report = run(tmp_path, TrueGlyphs(reference), text="森", more=["⿰木語"])
    assert [(glyph.text, glyph.code) for glyph in report.glyphs] == [("森", 0x68EE), ("⿰木語", 0xE000)]
    codes = previous_codes(report.font)
    again = run(tmp_path, TrueGlyphs(reference), text="森", more=["⿰日語", "⿰木語"], codes=codes)
    assert [(g.text, g.code) for g in again.glyphs] == [("森", 0x68EE), ("⿰日語", 0xE001), ("⿰木語", 0xE000)]


def test_blank_drawings_are_left_out_and_said(tmp_path, reference):
    report = run(tmp_path, TrueGlyphs(reference, blank="晶"))
    assert report.blank == ["晶"] and [glyph.text for glyph in report.glyphs] == ["森", "品"]
    assert ord("晶") not in TTFont(report.font).getBestCmap()
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(GlyphError, match="all 3 drawings are blank"):
        run(other, TrueGlyphs(reference, blank=LACKS))


def test_a_store_that_cannot_be_written_is_one_line(tmp_path, reference):
    (tmp_path / "a-completed.drawings").write_text("in the way")
    with pytest.raises(GlyphError, match="cannot be written"):
        run(tmp_path, TrueGlyphs(reference))


def test_lists_of_what_to_redo(tmp_path):
    path = tmp_path / "redo.txt"
    path.write_text("晶\n# a remark\n⿰木語  looks odd\n\n晶\n", encoding="utf-8")
    assert read_redo(str(path)) == ["晶", "⿰木語"]
    path.write_text("# nothing\n")
    with pytest.raises(UsageError, match="it names nothing"):
        read_redo(str(path))
    with pytest.raises(UsageError, match="No such file"):
        read_redo(str(tmp_path / "none.txt"))


def test_stores_depend_on_the_font_its_place_and_the_variants(tmp_path, reference):
    path = fonts.write(tmp_path / "a.ttf")
    drawer = TrueGlyphs(reference)
    keys = {
        store_of(Options(spec, tmp_path / "b.ttf", None, variants), drawer).key
        for spec in (str(path), f"{path}#0")
        for variants in (1, 2)
    }
    assert len(keys) == 4


# === Scores ===


def test_scores_by_hand():
    half = np.zeros((8, 8), np.uint8)
    half[:4] = 255
    full = np.full((8, 8), 255, np.uint8)
    assert ink(half) == 0.5
    assert agreement(half, full[None]) == pytest.approx(2 * 32 / (32 + 64))
    assert agreement(half, half[None]) == 1
    assert weight(half, 0.5) == 1 and weight(half, 0.25) == pytest.approx(0.25) == weight(half, 1.0)
    assert Score(1.0, None, 0.5, 0.0).value == pytest.approx(0.5)
    assert Score().value == 0
    soft = half.astype(np.float64)
    soft[3:5] = 127
    assert edges(soft.astype(np.uint8), 1.0) < edges(half, 1.0) == 1


def test_one_variant_has_no_agreement_and_a_description_is_not_read():
    judge = Judge([], np.zeros((0, 8, 8), np.uint8))
    picture = np.zeros((1, 1, 8, 8), np.uint8)
    picture[..., :4, :] = 255
    ((score,),) = judge.score(["⿰木語"], picture, [0.5])
    assert (score.agreement, score.reading, score.weight, score.edges) == (None, None, 1.0, None)


# === The page ===


def test_the_page_shows_every_glyph_the_doubtful_first(tmp_path, reference):
    report = run(tmp_path, TrueGlyphs(reference, spoiled="品"), more=["⿰木語"])
    text = write_page(report).read_text(encoding="utf-8")
    places = {glyph.text: text.index(f'value="{glyph.text}"') for glyph in report.glyphs}
    assert min(places, key=lambda name: places[name]) == min(report.glyphs, key=lambda glyph: glyph.score.value).text
    assert "data:font/woff2;base64," in text and "{{" not in text and "http" not in text.split("<script>")[0]
    assert "4 glyphs added" in text and "U+E000" in text
