"""tfglyph.latent.directions: SeFa and GANSpace against closed forms."""

import numpy as np
import pytest

import tfglyph
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.errors import UsageError
from tfglyph.latent import directions

RANDOM = np.random.default_rng(0)


def same_up_to_sign(actual, expected, atol=1e-6):
    np.testing.assert_allclose(np.abs(np.sum(actual * expected, axis=1)), 1.0, atol=atol)


def test_sefa_gives_the_singular_vectors_of_a_linear_generator():
    left, right = (np.linalg.qr(RANDOM.standard_normal((size, 5)))[0] for size in (5, 12))
    strengths = np.array([9.0, 5, 3, 2, 1])
    kernel = left @ np.diag(strengths) @ right.T  # z W: the left singular vectors are directions of z
    actual, values = directions.sefa(kernel, 3)
    np.testing.assert_allclose(values, strengths[:3])
    same_up_to_sign(actual, left.T[:3])
    # Nothing moves the output further than the first, by brute force.
    vectors = RANDOM.standard_normal((2000, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.linalg.norm(vectors @ kernel, axis=1).max() <= np.linalg.norm(actual[0] @ kernel) + 1e-12
    assert (actual[np.arange(3), np.abs(actual).argmax(1)] > 0).all()


def test_ganspace_of_a_linear_response_is_sefa():
    kernel = RANDOM.standard_normal((6, 10)) * np.array([5, 4, 3, 2, 1.5, 1])[:, None]
    latents = RANDOM.standard_normal((200, 6))
    latents = np.linalg.qr(latents - latents.mean(0))[0] * np.sqrt(199)  # white, exactly
    actual, stds = directions.ganspace(latents, latents @ kernel, 4)
    expected, strengths = directions.sefa(kernel, 4)
    same_up_to_sign(actual, expected, atol=1e-5)
    np.testing.assert_allclose(stds, strengths, rtol=1e-4)


def test_principal_directions_are_the_covariances_eigenvectors():
    latents = RANDOM.standard_normal((500, 4)) * [1, 3, 2, 0.5] + 7
    actual, stds = directions.principal_directions(latents, 2)
    values, vectors = np.linalg.eigh(np.cov(latents.T))
    same_up_to_sign(actual, vectors.T[::-1][:2])
    np.testing.assert_allclose(stds**2, values[::-1][:2])


@pytest.fixture(scope="module")
def model():
    return tfglyph.build(SMALL_VAEGAN)


def test_a_models_first_layer_and_first_activations_are_found(model):
    kernel = directions.first_kernel(model)
    np.testing.assert_array_equal(kernel, model.networks["generator"].get_layer("linear").kernel)
    latents = model.latents(range(5))
    activations = directions.early_activations(model, latents)
    assert activations.shape == (5, 32) and activations.min() == 0.0  # after the first ReLU
    for method in ("sefa", "ganspace", "latents"):
        actual, strengths = directions.model_directions(model, method, 4, samples=40, images=model.sample(30))
        assert actual.shape == (4, 6)
        np.testing.assert_allclose(np.linalg.norm(actual, axis=1), 1.0)
        assert (np.diff(strengths) <= 0).all()


def test_of_wide_layers_every_kth_feature_is_taken(model, monkeypatch):
    monkeypatch.setattr(directions, "MAX_FEATURES", 10)
    assert directions.early_activations(model, model.latents([0])).shape == (1, 8)


def test_models_without_a_generator_say_so(model):
    class Diffusion:
        name, networks, architecture = "d", {"denoiser": None}, model.architecture

    with pytest.raises(UsageError, match="no generator whose first layer is linear"):
        directions.first_kernel(Diffusion())
