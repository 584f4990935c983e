"""tfglyph.completion.model_drawer: an untrained model draws a font's characters, always the same."""

import numpy as np
import pytest

from tests.helpers import fonts
from tests.helpers.diffusion import TINY
from tfglyph.completion.model_drawer import ModelDrawer, source_of
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import open_font
from tfglyph.models import build

SECTION = {"per_part": 2, "style": 2, "output": [8]}


def test_a_model_draws_after_the_font(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf", characters="一二三木林口日田語明相村"))
    file = open_font(spec)
    model = build({**TINY, "condition": {"exemplars": SECTION}})
    drawer = ModelDrawer(model, source_of(spec, file))
    first = drawer.draw(["晶", "杏", "晶"], [0, 0, 1])
    assert first.images.shape == (3, drawer.size, drawer.size) and first.images.dtype == np.uint8
    assert all(set(used) <= set("一二三木林口日田語明相村") and used for used in first.exemplars)
    again = drawer.draw(["杏"], [0])
    assert np.abs(again.images[0].astype(int) - first.images[1]).max() <= 1


def test_the_source_has_what_the_font_draws(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf", characters="一二a", empty="三"))
    source = source_of(spec, open_font(spec))
    assert source.characters == ["一", "二"]
    assert source.glyph("一", (32, 32, 1)).max() == 255
    assert not source.glyph("木", (32, 48, 1)).any()  # it cannot draw that


def test_a_font_that_shows_no_parts_is_one_line(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf", characters="\U000323ae"))
    with pytest.raises(GlyphError, match=r"a\.ttf: draws no Chinese characters"):
        source_of(spec, open_font(spec))


def test_models_without_exemplars_are_refused(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf"))
    with pytest.raises(UsageError, match=r"without condition\.exemplars"):
        ModelDrawer(build(TINY), source_of(spec, open_font(spec)))
