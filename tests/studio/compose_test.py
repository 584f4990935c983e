"""The Compose tab's own functions."""

import pytest

import tfglyph
from tests.helpers.composing import TINY
from tfglyph.errors import UsageError
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
