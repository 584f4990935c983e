"""tfglyph.latent.interpolation: closed forms, edge cases, and paths of a model."""

import types

import numpy as np
import pytest

from tfglyph.errors import UsageError
from tfglyph.latent import interpolation, interpolation_rows, lerp, slerp, times


def walk(a, b, steps):
    return slerp(np.float32([a]), np.float32([b]), times(steps)).numpy()[0]


def test_times_include_both_ends():
    np.testing.assert_allclose(times(5).numpy(), [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(times(1).numpy(), [0])


def test_lerp_is_a_straight_line():
    actual = lerp(np.float32([[0, 4]]), np.float32([[2, 0]]), times(3)).numpy()
    np.testing.assert_allclose(actual, [[[0, 4], [1, 2], [2, 0]]])


def test_slerp_of_perpendicular_units_is_a_quarter_circle():
    angles = np.linspace(0, np.pi / 2, 7)
    np.testing.assert_allclose(walk([1, 0], [0, 1], 7), np.stack([np.cos(angles), np.sin(angles)], axis=1), atol=1e-6)


def test_slerp_keeps_the_length_of_equally_long_ends():
    a, b = np.random.default_rng(0).normal(size=(2, 6, 50)).astype(np.float32)
    b *= np.linalg.norm(a, axis=1, keepdims=True) / np.linalg.norm(b, axis=1, keepdims=True)
    actual = slerp(a, b, times(9)).numpy()
    np.testing.assert_allclose(
        np.linalg.norm(actual, axis=-1), np.linalg.norm(a, axis=1)[:, None].repeat(9, axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(actual[:, 0], a, atol=1e-6)
    np.testing.assert_allclose(actual[:, -1], b, atol=1e-6)


def test_slerp_of_parallel_and_zero_ends_is_a_straight_line():
    np.testing.assert_allclose(walk([1, 1], [3, 3], 3), [[1, 1], [2, 2], [3, 3]], atol=1e-6)
    np.testing.assert_allclose(walk([0, 0], [2, 0], 3), [[0, 0], [1, 0], [2, 0]])
    np.testing.assert_allclose(walk([0, 0], [0, 0], 3), np.zeros((3, 2)))


def test_slerp_of_opposite_ends_goes_round_and_never_through_zero():
    actual = walk([2, 0, 0], [-1, 0, 0], 5)
    np.testing.assert_allclose(actual[[0, 2, 4]], [[2, 0, 0], [0, 1.5, 0], [-1, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(actual, axis=1), [2, 1.75, 1.5, 1.25, 1], rtol=1e-6)


def test_slerp_near_opposite_ends_stays_finite():
    assert np.isfinite(walk([1, 0, 0], [-1, 1e-8, 0], 5)).all()


def test_rows_hold_the_real_images_then_their_reconstructions():
    class Halving:
        """Encodes to pixels, decodes to half their value."""

        architecture = types.SimpleNamespace(z_dim=4)

        def encode(self, images):
            return images.reshape(len(images), -1).astype(np.float32)

        def decode(self, latents):
            return np.round(latents / 2).astype(np.uint8).reshape(-1, 2, 2, 1)

    left, right = np.full((3, 2, 2, 1), 100, np.uint8), np.full((3, 2, 2, 1), 200, np.uint8)
    rows = interpolation_rows(Halving(), left, right, steps=10).reshape(3, 12, 4)
    assert rows[:, [0, 1, 10, 11], 0].tolist() == [[100, 50, 100, 200]] * 3
    assert (np.diff(rows[0, 1:11, 0].astype(int)) > 0).all()
    known = np.full((3, 4), 60, np.float32), np.full((3, 4), 80, np.float32)
    rows = interpolation_rows(Halving(), left, right, steps=10, latents=known).reshape(3, 12, 4)
    assert rows[:, [0, 1, 10, 11], 0].tolist() == [[100, 30, 40, 200]] * 3


# === Walks of a model ===

CODED = types.SimpleNamespace(architecture=types.SimpleNamespace(z_dim=2))  # two entries of z, the rest are codes


def test_codes_go_straight_while_z_turns():
    start, end = np.float32([[1, 0, 1, 0]]), np.float32([[0, 1, 0, 1]])
    actual = interpolation.walk(CODED, start, end, 3)[0]
    root = np.sqrt(0.5)
    np.testing.assert_allclose(actual, [[1, 0, 1, 0], [root, root, 0.5, 0.5], [0, 1, 0, 1]], atol=1e-6)
    straight = interpolation.walk(CODED, start, end, 3, "linear")[0]
    np.testing.assert_allclose(straight[1], [0.5, 0.5, 0.5, 0.5])
    with pytest.raises(UsageError, match="expected one of spherical, linear"):
        interpolation.walk(CODED, start, end, 3, "curly")


def test_slerp_is_symmetric():
    a, b = np.random.default_rng(1).normal(size=(2, 5, 20)).astype(np.float32)
    forth, back = slerp(a, b, times(7)).numpy(), slerp(b, a, times(7)).numpy()
    np.testing.assert_allclose(forth, back[:, ::-1], atol=1e-6)


def test_a_loop_passes_every_point_at_an_even_pace_and_closes():
    corners = np.float32([[1, 0], [0, 1], [-1, 0], [0, -1]])
    actual = interpolation.closed_walk(CODED, corners, 8)
    angles = np.arange(8) * np.pi / 4
    np.testing.assert_allclose(actual, np.stack([np.cos(angles), np.sin(angles)], 1), atol=1e-6)


def test_cells_blend_the_walk_with_their_own_noise():
    path, noise = np.float32([[2, 0], [0, 2]]), np.float32([[4, 4], [0, -2], [1, 1]])
    actual = interpolation.blended(path, noise)
    assert actual.shape == (3, 2, 2)
    np.testing.assert_allclose(actual[1], [[1, -1], [0, 0]])
    np.testing.assert_allclose(actual[0], [[3, 2], [2, 3]])


def test_resized_repeats_and_drops_pixels():
    image = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert interpolation.resized(image, (4, 2))[..., 0].tolist() == [[0, 1], [0, 1], [2, 3], [2, 3]]
