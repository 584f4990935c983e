"""The Complete tab's own functions."""

import pytest

import tfglyph
from tests.helpers import fonts
from tests.helpers.diffusion import TINY
from tests.helpers.drawers import TrueGlyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import open_font
from tfglyph.studio.state import Studio
from tfglyph.studio.tabs import complete

HAS, LACKS = "一二三木林口日田語明", "森晶品"


@pytest.fixture
def studio(tmp_path, monkeypatch) -> Studio:
    drawer = TrueGlyphs(open_font(fonts.write(tmp_path / "whole.ttf", characters=HAS + LACKS)))
    monkeypatch.setattr(complete, "ModelDrawer", lambda model, source: drawer)
    monkeypatch.setattr(complete, "check_safely", lambda spec, seconds: None)
    monkeypatch.setattr("tfglyph.completion.completing.OWN_GLYPHS", 3)
    (tmp_path / "out").mkdir()
    return Studio([], tmp_path / "out")


def test_it_needs_a_model_that_draws_from_exemplars():
    assert not complete.fits(tfglyph.build(TINY))
    section = {"per_part": 2, "style": 2, "output": [8]}
    assert complete.fits(tfglyph.build({**TINY, "condition": {"exemplars": section}}))


def test_lines_are_characters_or_descriptions():
    assert complete.wishes("森晶\n⿰酉交\n\n品") == ("森晶品", ["⿰酉交"])
    with pytest.raises(UsageError, match="type characters"):
        complete.wishes(" \n")


def test_a_dropped_font_is_completed(tmp_path, studio):
    path = str(fonts.write(tmp_path / "a.ttf", characters=HAS))
    report, lines = complete.completed(studio, None, path, "森晶一\n⿰木語", 1, 0, False)
    assert [glyph.text for glyph in report.glyphs] == ["森", "晶", "⿰木語"]
    assert report.font.parent == tmp_path / "out" and lines[-1] == "3 glyphs added to Completed TH"


def test_what_cannot_be_is_one_line(tmp_path, studio, monkeypatch):
    path = str(fonts.write(tmp_path / "a.ttf", characters=HAS, fs_type=2))
    for given, typed, message in (
        (None, "森", "drop a font first"),
        (path, "", "type characters"),
        (path, "森", "embedding bits forbid"),
    ):
        with pytest.raises(GlyphError, match=message):
            complete.completed(studio, None, given, typed, 1, 0, False)
    monkeypatch.setattr(complete, "MOST", 2)
    with pytest.raises(UsageError, match="3 glyphs; at most 2 at once"):
        complete.completed(studio, None, path, LACKS, 1, 0, True)
    monkeypatch.setattr(complete, "LARGEST", 100)
    with pytest.raises(UsageError, match="MiB; at most"):
        complete.completed(studio, None, path, LACKS, 1, 0, True)
