"""tfglyph.latent.enhance: every score rises, nothing leaves its subspace or its trust region."""

import types

import numpy as np
import pytest

import tfglyph
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.errors import UsageError
from tfglyph.latent import enhance

COUNT = 20


@pytest.fixture(scope="module")
def ascent():
    model = tfglyph.build(SMALL_VAEGAN | {"z_dim": 24}, seed=1)
    latents = model.latents(range(COUNT))
    return model, latents, enhance.enhance(model, latents, steps=25, rate=0.05, dimensions=5, radius=1.5, seed=2)


def test_every_images_score_rises_and_never_falls_on_the_way(ascent):
    _, _, result = ascent
    assert (np.diff(result.scores, axis=0) >= 0).all()
    assert (result.scores[-1] > result.scores[0]).all()


def test_the_last_scores_are_those_of_the_latents_that_come_back(ascent):
    model, latents, result = ascent
    for points, scores in ((latents, result.scores[0]), (result.latents, result.scores[-1])):
        np.testing.assert_allclose(model.critic_score(model.generate(points)).numpy(), scores, atol=1e-5)


def test_offsets_stay_in_their_subspaces_and_in_the_trust_region(ascent):
    _, latents, result = ascent
    offset = result.latents.astype(np.float64) - latents
    inside = np.einsum("nkd,nke,ne->nd", result.bases, result.bases, offset)
    assert np.linalg.norm(offset - inside, axis=1).max() < 1e-5
    assert 0.01 < np.linalg.norm(offset, axis=1).max() <= 1.5 + 1e-5
    np.testing.assert_allclose(
        np.einsum("nkd,njd->nkj", result.bases, result.bases), np.tile(np.eye(5), (COUNT, 1, 1)), atol=1e-12
    )


def test_an_image_does_not_depend_on_the_others(ascent):
    _, _, result = ascent
    np.testing.assert_array_equal(enhance.subspaces(2, 3, 5, 24), result.bases[:3])


class Hill:
    """Scores -|z - maximum|^2, plus twice a code that must not move."""

    name, networks = "hill", {"discriminator": None}
    is_loaded = False
    architecture = types.SimpleNamespace(z_dim=3, mode="GAN")

    def __init__(self, height=1.0):
        self.height = height

    def generate(self, latents):
        return latents

    def critic_score(self, images):
        x, y, z, code = images[:, 0], images[:, 1], images[:, 2], images[:, 3]
        return self.height * (2 * code - (x - 1) ** 2 - (y - 2) ** 2 - (z - 2) ** 2)


@pytest.mark.parametrize("height", [1e-9, 1.0, 1e9])
def test_it_finds_the_maximum_within_the_trust_region_and_the_nearest_point_of_its_border_otherwise(height):
    start = np.float32([[0, 0, 0, 1], [1, 2, 1, -1]])
    result = enhance.enhance(Hill(height), start, steps=80, rate=0.1, dimensions=9, radius=2.0)
    assert (result.scores[-1] > result.scores[0]).all()
    np.testing.assert_allclose(result.latents[0], [2 / 3, 4 / 3, 4 / 3, 1], atol=1e-3)  # 2 of the 3 units to go
    np.testing.assert_allclose(result.latents[1], [1, 2, 2, -1], atol=1e-3)


def test_ascent_ends_at_a_maximum():
    result = enhance.enhance(Hill(), np.float32([[1, 2, 2, 0]]), steps=50)
    assert len(result.scores) < 50


def test_models_without_a_critic_say_so():
    model = types.SimpleNamespace(name="v", networks={}, architecture=types.SimpleNamespace(mode="VAE"))
    with pytest.raises(UsageError, match="a VAE model has no critic"):
        enhance.enhance(model, np.zeros((1, 3)))
