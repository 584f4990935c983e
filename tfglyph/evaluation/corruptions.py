"""Ways to spoil glyphs: any distance worth its name must tell them from real ones, and the more the worse they are."""

import numpy as np


def blur(images, sigma):
    """Gaussian blur.

    Args:
        images: uint8 [n, h, w, c].
        sigma: float, pixels; 0 changes nothing.

    Returns:
        uint8 [n, h, w, c]; beyond the border is background.
    """
    if not sigma:
        return np.array(images)
    reach = int(np.ceil(4 * sigma))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    result = np.asarray(images, np.float32)
    for axis in (1, 2):
        margins = [(0, 0)] * 4
        margins[axis] = (reach, reach)
        padded, length = np.pad(result, margins), result.shape[axis]
        result = sum(
            weight * padded.take(range(shift, shift + length), axis=axis) for shift, weight in enumerate(weights)
        )
    return np.rint(result).clip(0, 255).astype(np.uint8)


def noise(images, sigma, seed=0):
    """Normal noise of standard deviation ``sigma`` (0 to 255) on every pixel, clipped to what a byte holds."""
    images = np.asarray(images)
    drawn = np.random.default_rng(seed).standard_normal(images.shape, np.float32) * sigma
    return np.rint(images + drawn).clip(0, 255).astype(np.uint8)


def average(images, weight=0.5, seed=0):
    """Each image mixed with another one of the set.

    Args:
        images: uint8 [n, h, w, c].
        weight: float in [0, 0.5], the other image's share.
        seed: int, decides who is mixed with whom.

    Returns:
        uint8 [n, h, w, c].
    """
    images = np.asarray(images)
    order = np.random.default_rng(seed).permutation(len(images))
    others = np.empty_like(order)
    others[order] = np.roll(order, 1)  # one cycle through all, so nobody is mixed with itself
    mixed = (1.0 - weight) * images.astype(np.float32) + weight * images[others].astype(np.float32)
    return np.rint(mixed).astype(np.uint8)


def upside_down(images, share=1.0):
    """The first ``share`` of the images with their rows in reverse order, as in water."""
    images = np.array(images)
    turned = round(share * len(images))
    images[:turned] = images[:turned, ::-1]
    return images
