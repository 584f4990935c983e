"""The Interpolate tab's own functions."""

import numpy as np
import pytest

from tests.helpers.diffusion import TINY
from tfglyph.errors import UsageError
from tfglyph.models import build
from tfglyph.studio.state import LoadedModel, Studio
from tfglyph.studio.tabs.interpolate import Segment, are_seeds, between, row_of, still

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture(scope="module")
def loaded():
    return LoadedModel("noise", build(TINY, seed=1))


def test_a_walk_takes_the_options_of_the_sampler(loaded, tmp_path):
    options = {"sampler": "ddim", "steps": 2}
    points, images = between(loaded, "3", " 4 ", "spherical", 5, **options)
    assert points.seeds == (3, 4) and images.shape == (5, 8, 8, 1)
    assert row_of(points, images).shape == (12 * 8, 52 * 8, 1)  # of (8 + 2 + 2) x (5 * 10 + 2) pixels
    path = Segment(points.latents, "spherical", options)
    studio = Studio([], tmp_path)
    assert still(studio, loaded.model, None, 0.5) is None
    np.testing.assert_array_equal(
        between(loaded, "3", "4", "spherical", 2, **options)[1][0],
        loaded.model.decode(points.latents[:1], **options)[0],
    )
    assert still(studio, loaded.model, path, 0.5) == str(tmp_path / "000000.png")


def test_ends_are_seeds_or_characters(loaded):
    assert are_seeds(["0", " 2147483647 "]) and not are_seeds(["0", "2147483648"]) and not are_seeds(["酪", "0"])
    with pytest.raises(UsageError, match="found 'abc', expected two seeds"):
        between(loaded, "abc", "0", "linear", 2)
