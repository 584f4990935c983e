"""What a model that draws from exemplars is watched by: which glyphs, from what, and figures of known drawings."""

import types

import numpy as np
import pytest

from tests.helpers.exemplars import SMALL, write_parts_font
from tfglyph import datasets
from tfglyph.architecture import check
from tfglyph.datasets.glyphs import split_key
from tfglyph.errors import UsageError
from tfglyph.evaluation.held_out_drawings import HeldOutDrawings

CHARACTERS = "酪酩酷酉交校較鉸效醬雨木鉻胳格路洛絡略各佼狡咬皎絞蛟跤茖客落露林森霖琳"
HOLDOUT = 0.3
SECTION = check(SMALL, "small").exemplars


@pytest.fixture(scope="module")
def fonts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "charset.txt").write_text(CHARACTERS, encoding="utf-8")
    paths = [
        write_parts_font(folder / f"{name}.ttf", CHARACTERS, name, weight)
        for name, weight in (("Alpha", 1.0), ("Beta", 0.7), ("Gamma", 0.4))
    ]
    return paths, str(folder / "charset.txt")


def drawings(fonts, count=128, hold_out=None, holdout=HOLDOUT):
    paths, charset = fonts
    glyphs = datasets.load("fonts", size=16, fonts=paths, charset=charset, hold_out=hold_out)
    return HeldOutDrawings(glyphs, SECTION, holdout, count)


def model_that_draws(images):
    return types.SimpleNamespace(seed=0, sample_pairs=lambda pairs, exemplars, kinds: images)


@pytest.mark.parametrize(("hold_out", "names"), [(["Gamma"], {"Gamma"}), (None, {"Alpha", "Beta", "Gamma"})])
def test_held_out_characters_of_families_that_are_held_out(fonts, hold_out, names):
    found = drawings(fonts, hold_out=hold_out)
    shown = [found.glyphs.characters[row] for row in found.rows]
    expected = {character for character in CHARACTERS if split_key(character) < HOLDOUT * 2**64}
    assert set(shown) == expected and 3 < len(expected) < 20
    assert {found.glyphs.label_names[label] for label in found.glyphs.labels[found.rows]} == names
    assert len(shown) == len(expected) * len(names)
    real = np.asarray(found.glyphs.images[found.rows])
    assert not (found.inputs["exemplars"] == real[:, None]).all((2, 3, 4)).any()  # never the glyph itself
    assert (found.inputs["kinds"][..., 0] > 0).any(1).mean() > 0.8


def test_always_the_same(fonts):
    one, other = drawings(fonts, 5), drawings(fonts, 5)
    assert len(one.rows) == 5
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.inputs["exemplars"], other.inputs["exemplars"])


def test_the_figures_of_known_drawings(fonts):
    found = drawings(fonts, hold_out=["Gamma"])
    real = np.asarray(found.glyphs.images[found.rows])
    assert found.measure(model_that_draws(real)) == {"l1": 0.0, "first": 1.0}
    wrong = np.roll(real, 1, 0)
    figures = found.measure(model_that_draws(wrong))
    assert figures["first"] == 0
    assert figures["l1"] == pytest.approx(np.abs(wrong / 255 - real / 255).mean())


def test_nothing_held_out_is_one_line(fonts):
    with pytest.raises(UsageError, match="no Chinese character of its fonts is held out"):
        drawings(fonts, holdout=1e-9)
