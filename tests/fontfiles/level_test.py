"""Fonts whose metrics put the em square too high or too low: their ideographs are whole all the same."""

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from tests.helpers.exemplars import write_parts_font
from tfglyph.datasets.fontface import faces, level
from tfglyph.exemplars.sources import FontSource
from tfglyph.fontfiles import open_font
from tfglyph.fontfiles.guarded import Guard, GuardedFace


@pytest.mark.parametrize(
    ("top", "extents", "expected"),
    [
        (0.8, [], 0.8),
        (0.8, [(-0.1, 0.7)] * 3, 0.8),
        (0.8, [(-0.21, 0.81)] * 3, 0.8),  # a hair is no reason
        (0.8, [(-0.3, 0.6)] * 3, 0.65),  # too low: as much free above as below
        (0.8, [(-0.1, 0.9)] * 3, 0.9),
        (0.8, [(-0.1, 0.7)] * 99 + [(-2.0, 3.0)], 0.8),  # one odd glyph
    ],
)
def test_where_the_square_belongs(top, extents, expected):
    assert level(top, extents) == pytest.approx(expected)


@pytest.fixture(scope="module", params=[-200, 150])
def fonts(request, tmp_path_factory):
    """A font, and the same with metrics that are off by so many thousandths of an em."""
    folder = tmp_path_factory.mktemp("fonts")
    right, wrong = write_parts_font(folder / "right.ttf"), str(folder / "wrong.ttf")
    with TTFont(right) as font:
        font["hhea"].ascent += request.param
        font["hhea"].descent += request.param
        font["OS/2"].sTypoAscender += request.param
        font["OS/2"].sTypoDescender += request.param
        font.save(wrong)
    return right, wrong


def test_exemplars_and_outlines_are_where_they_would_be(fonts):
    right, wrong = (FontSource(faces(path)[0]) for path in fonts)
    for character in "酪雨":
        one, other = (source.glyph(character, (64, 64, 1)).astype(float) for source in (right, wrong))
        assert one.max() == 255 and np.abs(one - other).mean() < 4
    cut = faces(fonts[1])[0].render("雨", 64)  # as a data set of fonts draws it
    assert np.abs(cut - right.glyph("雨", (64, 64, 1))[..., 0].astype(float)).mean() > 10
    files = [open_font(path) for path in fonts]
    assert files[1].ascender == pytest.approx(files[0].ascender, abs=3)
    for one, other in zip(*(file.outline(file.drawn[ord("酪")])[0].contours for file in files), strict=True):
        np.testing.assert_allclose(np.concatenate(one), np.concatenate(other), atol=2e-3)


def test_a_child_draws_the_same(fonts):
    with Guard() as guard:
        face, own = GuardedFace(guard, fonts[1]), faces(fonts[1])[0]
        for ascender in (None, 700.0):
            one, other = (FontSource(each, "酪雨", ascender).glyph("雨", (32, 32, 1)) for each in (face, own))
            np.testing.assert_array_equal(one, other)
