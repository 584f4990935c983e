"""The Compose tab's own functions."""

import numpy as np
import pytest

import tfglyph
from tests.helpers import fonts
from tests.helpers.composing import TINY
from tests.helpers.exemplars import SMALL, write_parts_font
from tfglyph.errors import GlyphError, UsageError
from tfglyph.models.composing import compose as draw
from tfglyph.studio import uploads
from tfglyph.studio.tabs import compose

pytestmark = pytest.mark.usefixtures("eagerly")


def test_the_tree_grows_while_somebody_types():
    assert compose.tree_of("") == ""
    assert compose.tree_of("⿰") == "⿰: position 2: ends here; expected the part 'left' of ⿰"
    assert compose.tree_of("⿰酉各").splitlines()[0] == "酪 ⿰"
    assert "expected the part 'right'" in compose.tree_of("酪\n⿰酉")


def test_lines_become_images():
    model = tfglyph.build(TINY)
    assert compose.fits(model) and not compose.fits(tfglyph.build("vae-small"))
    requests, images = compose.compose(model, "⿰酉交\n\n酪\n", 2, 5, {"guidance": 1.5, "steps": 1})
    assert [request.text for request in requests] == ["⿰酉交", "酪"] and images.shape == (2, 2, 16, 16, 1)
    for typed, message in (("", "type a description"), ("⿰酉", "ends here"), ("酪\n" * 40, "more than 64 images")):
        with pytest.raises(UsageError, match=message):
            compose.compose(model, typed, 2, 0, {})


def test_a_dropped_font_is_drawn_in_and_a_bomb_ends_only_its_child(tmp_path, monkeypatch):
    model = tfglyph.build(SMALL)
    path = write_parts_font(tmp_path / "solid.ttf")
    expected = draw(model, ["⿰酉交", "酪"], 2, 5, path)
    bomb = str(fonts.write_subroutine_bomb(tmp_path / "bomb.otf", endless=False))
    for name in ("tfglyph.fontfiles.opening.TTFont", "tfglyph.datasets.fontface.opened"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("this process reads the font"))
    monkeypatch.setattr(
        "tfglyph.datasets.fontface.ImageFont.FreeTypeFont", lambda *_, **__: pytest.fail("this process reads the font")
    )
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "SECONDS", 1.5)
        line = r"^bomb\.otf: not a usable font \(reading it takes more than 1\.5 seconds\)$"
        with pytest.raises(GlyphError, match=line), compose.exemplars_of(bomb) as source:
            compose.compose(model, "⿰木語", 1, 0, {}, source)
    with compose.exemplars_of(path) as source:
        _, images = compose.compose(model, "⿰酉交\n酪", 2, 5, {}, source)
    np.testing.assert_array_equal(images, expected)
    with compose.exemplars_of(None) as source:
        assert source is None
