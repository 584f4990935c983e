"""PSNR, SSIM and overlap of ink against closed forms and a second implementation."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfglyph import datasets
from tfglyph.evaluation import corruptions, reconstruction


def test_psnr():
    images = np.zeros((3, 4, 4, 1), np.uint8)
    other = images.copy()
    other[0] += 255
    other[1] += 51  # a fifth of the range
    np.testing.assert_allclose(reconstruction.psnr(images, other), [0.0, 20 * np.log10(5), 100.0])


def test_ssim_is_the_formula_of_the_paper():
    images = np.asarray(datasets.load("cns", size=32).images[100:108])
    other = corruptions.blur(images, 0.8)
    expected = [ssim(x[..., 0] / 1.0, y[..., 0] / 1.0) for x, y in zip(images, other, strict=True)]
    np.testing.assert_allclose(reconstruction.ssim(images, other), expected, atol=1e-4)
    np.testing.assert_allclose(reconstruction.ssim(images, images), 1.0, atol=1e-6)


def ssim(x, y):
    """Wang et al. 2004, Eq. 13, where the window of 11 pixels is inside the image."""

    def mean(values):
        return gaussian_filter(values, 1.5, truncate=5 / 1.5)[5:-5, 5:-5]

    c_1, c_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    return (((2 * mx * my + c_1) * (2 * vxy + c_2)) / ((mx**2 + my**2 + c_1) * (vx + vy + c_2))).mean()


def test_ssim_of_small_images():
    image = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)).astype(np.uint8)
    np.testing.assert_allclose(reconstruction.ssim(image, image), 1.0, atol=1e-6)


def test_overlap_of_ink():
    left, right = np.zeros((2, 3, 2, 2, 1), np.uint8)
    left[0, :, 0], right[0, 0, :] = 128, 255  # one pixel of three in common
    left[1], right[1] = 127, 127  # no ink
    left[2] = 255
    np.testing.assert_allclose(reconstruction.ink_iou(left, right), [1 / 3, 1.0, 0.0])


@pytest.mark.parametrize("metric", [reconstruction.psnr, reconstruction.ssim, reconstruction.ink_iou])
def test_each_falls_with_blur(metric):
    images = np.asarray(datasets.load("cns", size=32).images[:64])
    values = [metric(images, corruptions.blur(images, sigma)).mean() for sigma in (0.0, 0.6, 1.2, 2.4)]
    assert values == sorted(values, reverse=True) and len(set(values)) == 4
