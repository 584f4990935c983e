"""Blur, noise, averages and glyphs upside down do what their names say."""

import numpy as np
import pytest

from tfglyph.evaluation import corruptions

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 12, 9, 1)).astype(np.uint8)


@pytest.mark.parametrize("sigma", [0.5, 1.2, 2.0])
def test_blur_is_a_sum_over_the_neighbourhood(sigma):
    reach = int(np.ceil(4 * sigma))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * ((offsets[:, None] / sigma) ** 2 + (offsets / sigma) ** 2))
    padded = np.pad(IMAGES.astype(float), [(0, 0), (reach, reach), (reach, reach), (0, 0)])
    height, width = IMAGES.shape[1:3]
    expected = sum(
        weight * padded[:, y : y + height, x : x + width] for (y, x), weight in np.ndenumerate(weights / weights.sum())
    )
    np.testing.assert_array_equal(corruptions.blur(IMAGES, sigma), np.rint(expected))
    np.testing.assert_array_equal(corruptions.blur(IMAGES, 0), IMAGES)


def test_noise_has_its_standard_deviation_and_depends_on_the_seed():
    grey = np.full((20, 32, 32, 1), 128, np.uint8)
    noisy = corruptions.noise(grey, 20.0, seed=1)
    assert noisy.std() == pytest.approx(20.0, rel=0.03)
    assert noisy.mean() == pytest.approx(128.0, abs=0.6)
    np.testing.assert_array_equal(noisy, corruptions.noise(grey, 20.0, seed=1))
    assert (noisy != corruptions.noise(grey, 20.0, seed=2)).any()


def test_averages_mix_every_image_with_another_one():
    images = (np.arange(6, dtype=np.uint8) * 40)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    mixed = corruptions.average(images, 0.25)[:, 0, 0, 0].astype(float)
    partners = (mixed - 0.75 * images[:, 0, 0, 0]) / 0.25
    assert sorted(partners) == [0, 40, 80, 120, 160, 200]
    assert (partners != images[:, 0, 0, 0]).all()


def test_upside_down_turns_a_fraction():
    turned = corruptions.upside_down(IMAGES, 0.5)
    np.testing.assert_array_equal(turned[:3], IMAGES[:3, ::-1])
    np.testing.assert_array_equal(turned[3:], IMAGES[3:])
