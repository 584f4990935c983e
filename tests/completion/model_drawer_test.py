"""tfglyph.completion.model_drawer: an untrained model draws a font's characters, always the same."""

import numpy as np
import pytest

from tests.helpers import fonts
from tests.helpers.diffusion import TINY
from tfglyph.completion.model_drawer import FileSource, ModelDrawer
from tfglyph.errors import UsageError
from tfglyph.fontfiles import open_font
from tfglyph.models import build

SECTION = {"slots": 6, "per_part": 2, "style": 2, "output": [8], "heads": [1]}


def test_a_model_draws_after_the_font(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf", characters="一二三木林口日田語明相村"))
    file = open_font(spec)
    model = build({**TINY, "condition": {"exemplars": SECTION}})
    drawer = ModelDrawer(model, spec, file)
    first = drawer.draw(["晶", "杏", "晶"], [0, 0, 1])
    assert first.images.shape == (3, drawer.size, drawer.size) and first.images.dtype == np.uint8
    assert all(set(used) <= set("一二三木林口日田語明相村") and used for used in first.exemplars)
    again = drawer.draw(["杏"], [0])
    assert np.abs(again.images[0].astype(int) - first.images[1]).max() <= 1


def test_the_source_has_what_the_font_draws(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf", characters="一二a", empty="三"))
    source = FileSource(spec, open_font(spec))
    assert source.characters == ["一", "二"]
    assert source.glyph("一", (32, 32, 1)).max() == 255


def test_models_without_exemplars_are_refused(tmp_path):
    spec = str(fonts.write(tmp_path / "a.ttf"))
    with pytest.raises(UsageError, match=r"without condition\.exemplars"):
        ModelDrawer(build(TINY), spec, open_font(spec))
