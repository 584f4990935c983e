"""``tfglyph complete`` as a person types it, with a model too small to draw well."""

import json
import pathlib

import click
import pytest
from fontTools.ttLib import TTFont

from tests.helpers import fonts
from tests.helpers.drawers import TrueGlyphs
from tfglyph.cli import main
from tfglyph.cli.complete import _beside
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import check_safely, open_font

HAS, LACKS = "一二三木林口日田語明", "森晶品"


@pytest.fixture(autouse=True)
def few_own_glyphs(monkeypatch):
    monkeypatch.setattr("tfglyph.completion.completing.OWN_GLYPHS", 3)


@pytest.fixture
def unguarded(monkeypatch):
    """Fonts of our own making are read in this process at once: seconds."""
    monkeypatch.setattr("tfglyph.fontfiles.check_safely", lambda spec: None)


def complete(*words: str) -> None:
    main.main(["complete", *words], standalone_mode=False)


@pytest.fixture
def drawn(tmp_path, monkeypatch, unguarded) -> TrueGlyphs:
    """Replaces the model by a stand-in that draws the true glyphs."""
    drawer = TrueGlyphs(open_font(fonts.write(tmp_path / "whole.ttf", characters=HAS + LACKS)))
    monkeypatch.setattr("tfglyph.completion.model_drawer.ModelDrawer", lambda model, source: drawer)
    monkeypatch.setattr("tfglyph.load", lambda reference, precision: None)
    return drawer


def test_from_a_font_to_a_font_a_page_and_a_record(tmp_path, drawn, capsys):
    path = fonts.write(tmp_path / "My.ttf", characters=HAS)
    before = path.read_bytes()
    complete(str(path), "--text", "森晶品一", "--checkpoint", "any")
    said = capsys.readouterr().out
    assert "asked for: 4; it has 1 of them" in said and "3 glyphs added" in said and "no problems" in said
    assert path.read_bytes() == before
    made = TTFont(tmp_path / "My-completed.ttf")
    assert set(map(ord, LACKS)) <= made.getBestCmap().keys()
    assert made["name"].getBestFamilyName() == "Completed TH"
    assert "森" in (tmp_path / "My-completed.html").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "My-completed.json").read_text())["glyphs"]) == 3


def test_a_list_alone_draws_only_those_again(tmp_path, drawn, capsys):
    path = fonts.write(tmp_path / "My.ttf", characters=HAS)
    complete(str(path), "--text", LACKS, "--checkpoint", "any")
    redo = tmp_path / "redo.txt"
    redo.write_text("晶\n", encoding="utf-8")
    drawn.drawn.clear()
    complete(str(path), "--redo", str(redo), "--seed", "1", "--checkpoint", "any")
    assert drawn.drawn == ["晶"]
    record = json.loads((tmp_path / "My-completed.json").read_text())
    assert {glyph["text"]: glyph["seed"] for glyph in record["glyphs"]} == {"森": 0, "晶": 1, "品": 0}


def test_a_dry_run_needs_no_model_and_writes_nothing(tmp_path, unguarded, capsys):
    path = fonts.write(tmp_path / "My.ttf", characters=HAS)
    complete(str(path), "--text", LACKS, "--dry-run")
    assert "to draw: 3; about" in capsys.readouterr().out
    assert [entry.name for entry in tmp_path.iterdir()] == ["My.ttf"]


def test_what_freetype_refuses_is_told_before_a_model_is_loaded(tmp_path, drawn, monkeypatch):
    path = str(fonts.write(tmp_path / "My.ttf", characters=HAS))
    monkeypatch.setattr("tfglyph.load", lambda reference, precision: pytest.fail("a model was loaded"))
    monkeypatch.setattr("tfglyph.datasets.fontface.ImageFont.FreeTypeFont", _refuse)
    with pytest.raises(GlyphError, match=r"My\.ttf: not a usable font"):
        complete(path, "--text", "森", "--checkpoint", "any")
    with pytest.raises(GlyphError, match=r"My\.ttf: not a usable font"):
        main.main(["compose", "森", "--font", path, "--checkpoint", "any"], standalone_mode=False)


def _refuse(*_: object, **__: object) -> None:
    raise OSError("unknown file format")


def test_ctrl_c_says_where_it_goes_on(tmp_path, drawn, monkeypatch, capsys):
    monkeypatch.setattr("tfglyph.completion.completing.BATCH", 1)
    path = fonts.write(tmp_path / "My.ttf", characters=HAS)
    drawn._fail_after = 2
    with pytest.raises(click.Abort):
        complete(str(path), "--text", LACKS, "--checkpoint", "any")
    assert "My-completed.drawings; the same command goes on" in capsys.readouterr().err
    drawn._fail_after = None
    drawn.drawn.clear()
    complete(str(path), "--text", LACKS, "--checkpoint", "any")
    assert drawn.drawn == [LACKS[2]]


def test_names(tmp_path, drawn):
    path = fonts.write(tmp_path / "My.ttf", characters=HAS, licence='Reserved Font Name "Test"')
    names = {}
    for words in ((), ("--keep-name",), ("--name", "Something Else")):
        complete(str(path), "--text", "森", "--checkpoint", "any", *words)
        names[words] = TTFont(tmp_path / "My-completed.ttf")["name"].getBestFamilyName()
    assert list(names.values()) == ["Completed TH", "Test Han", "Something Else"]
    with pytest.raises(GlyphError, match="'Test' is a Reserved Font Name"):
        complete(str(path), "--text", "森", "--name", "Test Two", "--dry-run")
    with pytest.raises(UsageError, match="one of them"):
        complete(str(path), "--text", "森", "--name", "A", "--keep-name")


def test_every_refusal_is_one_line_and_comes_before_drawing(tmp_path, unguarded):
    path = str(fonts.write(tmp_path / "My.ttf", characters=HAS))
    restricted = str(fonts.write(tmp_path / "r.ttf", characters=HAS, fs_type=2))
    latin = str(fonts.write(tmp_path / "l.ttf", characters="abc"))
    text = tmp_path / "t.ttf"
    text.write_text("not a font")
    complete(restricted, "--text", "森", "--dry-run", "--i-have-the-right")
    for words, error, message in (
        ((path,), UsageError, "which characters"),
        ((path, "--charset", "big6"), UsageError, "did you mean|neither a text file"),
        ((path, "--text", HAS), UsageError, "it has all that was asked for"),
        ((path, "--text", "abc"), UsageError, "nothing of what it lacks can be drawn"),
        ((path, "--text", "鱷"), UsageError, "nothing of what it lacks can be drawn"),
        ((path, "--text", "森", "--output", path), UsageError, "the original itself"),
        ((path, "--text", "森", "--output", "x.otf"), UsageError, "should end in .ttf"),
        ((path, "--text", "森", "--pick", "worst"), UsageError, "expected best, or a number"),
        ((path, "--descriptions", str(tmp_path / "no.txt")), UsageError, "cannot be read"),
        ((path, "--redo", str(tmp_path / "no.txt")), UsageError, "No such file"),
        ((restricted, "--text", "森"), GlyphError, "--i-have-the-right"),
        ((latin, "--text", "森"), GlyphError, "draws no Han character"),
        ((str(text), "--text", "森"), GlyphError, "not a font"),
        ((str(tmp_path / "no.ttf"), "--text", "森"), UsageError, "no such file"),
    ):
        with pytest.raises(error, match=message) as caught:
            complete(*words, "--dry-run")
        assert "\n" not in str(caught.value), words
    assert not list(tmp_path.glob("*completed*"))


def test_a_font_that_is_read_too_long_or_too_greedily_is_refused(tmp_path, monkeypatch):
    path = str(fonts.write(tmp_path / "My.ttf", characters=HAS))
    monkeypatch.setattr("tfglyph.fontfiles.probe.RUN", "while True: pass")
    with pytest.raises(GlyphError, match=r"reading it takes more than 0\.5 seconds"):
        check_safely(path, 0.5)
    monkeypatch.setattr(
        "tfglyph.fontfiles.probe.RUN", "from tfglyph.fontfiles import probe; probe.limit_process(); bytearray(1 << 36)"
    )
    with pytest.raises(GlyphError, match="reading it fails, or takes more than 3 GiB"):
        complete(path, "--text", "森", "--dry-run")


def test_a_child_process_says_what_this_one_would(tmp_path):
    check_safely(fonts.write(tmp_path / "My.ttf", characters=HAS))
    with pytest.raises(GlyphError, match="draws no Han character"):
        check_safely(fonts.write(tmp_path / "l.ttf", characters="abc"))
    with pytest.raises(UsageError, match="no such file"):
        check_safely(tmp_path / "no.ttf")


def test_places_are_part_of_the_output_s_name():
    assert _beside("fonts/My.ttc#2", ".ttf") == pathlib.Path("fonts/My-2-completed.ttf")
    assert _beside("My.ttf#wght=700", ".ttf") == pathlib.Path("My-wght-700-completed.ttf")
    assert _beside("My.woff2", ".woff2") == pathlib.Path("My-completed.woff2")
