"""The Complete tab's own functions."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import tfglyph
from tests.helpers import fonts
from tests.helpers.diffusion import TINY
from tests.helpers.drawers import TrueGlyphs
from tfglyph.completion import Drawings
from tfglyph.errors import GlyphError, UsageError
from tfglyph.exemplars.sources import GlyphSource
from tfglyph.fontfiles import open_font
from tfglyph.studio import uploads
from tfglyph.studio.state import Studio
from tfglyph.studio.tabs import complete

HAS, LACKS = "一二三木林口日田語明", "森晶品"


class Here:
    """A guard that guards nothing: fonts of our own making are read in this process at once."""

    def __init__(self, *_: float): ...

    def __enter__(self) -> "Here":
        return self

    def __exit__(self, *_: object) -> None: ...

    def call(self, function: Callable[..., Any], *args: Any, seconds: float = 0.0) -> Any:
        return function(*args)


class Drawer:
    """Draws what it is given of the font, turned, in place of a model."""

    name, size = "turned", 64

    def __init__(self, model: object, source: GlyphSource):
        self._source = source

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Drawings:
        after = [self._source.characters[len(text)] for text in texts]
        images = [self._source.glyph(character, (64, 64, 1))[..., 0].T for character in after]
        return Drawings(np.stack(images), [(character,) for character in after])


@pytest.fixture
def studio(tmp_path, monkeypatch) -> Studio:
    drawer = TrueGlyphs(open_font(fonts.write(tmp_path / "whole.ttf", characters=HAS + LACKS)))
    monkeypatch.setattr(complete, "ModelDrawer", lambda model, source: drawer)
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
    made = complete.completed(studio, None, path, "森晶一\n⿰木語", 1, 0, False)
    assert [glyph.text for glyph in made.report.glyphs] == ["森", "晶", "⿰木語"]
    assert made.report.font.parent == tmp_path / "out" and made.lines[-1] == "3 glyphs added to Completed TH"
    assert (
        made.pictures.shape == (3, complete.SHOWN, complete.SHOWN) and made.pictures.max((1, 2)).tolist() == [255] * 3
    )
    assert "3 glyphs added" in made.page.read_text(encoding="utf-8")


def test_only_the_child_reads_the_font(tmp_path, studio, monkeypatch):
    path = str(fonts.write(tmp_path / "a.ttf", characters=HAS))
    for name in ("tfglyph.fontfiles.opening.TTFont", "tfglyph.datasets.fontface.ImageFont.FreeTypeFont"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("this process reads the font"))
    for name in ("tfglyph.completion.page.TTFont", "tfglyph.fontfiles.checking.TTFont"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("this process reads the font"))
    monkeypatch.setattr(complete, "ModelDrawer", Drawer)
    made = complete.completed(studio, None, path, LACKS, 1, 0, False)
    assert [glyph.text for glyph in made.report.glyphs] == list(LACKS)


def test_a_bomb_is_one_line_within_the_limit(tmp_path, studio, monkeypatch):
    monkeypatch.setattr(uploads, "SECONDS", 1.5)
    path = str(fonts.write_component_bomb(tmp_path / "a.ttf"))
    start = time.monotonic()
    with pytest.raises(GlyphError, match=r"^a\.ttf: not a usable font \(reading it takes more than 1\.5 seconds\)$"):
        complete.completed(studio, None, path, LACKS, 1, 0, False)
    assert time.monotonic() - start < 120


def test_what_cannot_be_is_one_line(tmp_path, studio, monkeypatch):
    monkeypatch.setattr(uploads, "Guard", Here)
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
