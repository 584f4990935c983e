"""Ways to spoil glyphs: any distance worth its name must tell them from real ones, and the more the worse they are."""

import numpy as np
from scipy.ndimage import gaussian_filter


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur.

    Args:
        images: uint8 [n, h, w, c].
        sigma: float, pixels; 0 changes nothing.

    Returns:
        uint8 [n, h, w, c]; beyond the border is background.
    """
    if not sigma:
        return np.array(images)
    radius = int(np.ceil(4 * sigma))
    blurred = gaussian_filter(np.asarray(images, np.float64), sigma, mode="constant", radius=radius, axes=(1, 2))
    return np.rint(blurred).clip(0, 255).astype(np.uint8)


def noise(images: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Normal noise of standard deviation ``sigma`` (0 to 255) on every pixel, clipped to what a byte holds."""
    images = np.asarray(images)
    offsets = np.random.default_rng(seed).standard_normal(images.shape, np.float32) * sigma
    return np.rint(images + offsets).clip(0, 255).astype(np.uint8)


def average(images: np.ndarray, weight: float = 0.5, seed: int = 0) -> np.ndarray:
    """Each image mixed with another one of the set.

    Args:
        images: uint8 [n, h, w, c].
        weight: float in [0, 0.5], of the other image.
        seed: int, decides which images are mixed.

    Returns:
        uint8 [n, h, w, c].
    """
    images = np.asarray(images)
    order = np.random.default_rng(seed).permutation(len(images))
    others = np.empty_like(order)
    others[order] = np.roll(order, 1)  # one cycle through all, so no image is mixed with itself
    mixed = (1.0 - weight) * images.astype(np.float32) + weight * images[others].astype(np.float32)
    return np.rint(mixed).astype(np.uint8)


def upside_down(images: np.ndarray, fraction: float = 1.0) -> np.ndarray:
    """The first ``fraction`` of the images with their rows in reverse order, as in water."""
    images = np.array(images)
    count = round(fraction * len(images))
    images[:count] = images[:count, ::-1]
    return images
