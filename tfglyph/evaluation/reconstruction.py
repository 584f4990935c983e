"""Reconstruction: how well a model draws again what it was shown."""

import numpy as np

INK = 128  # bytes at least this bright count as ink


def psnr(images, reconstructions):
    """Peak signal-to-noise ratio of each image.

    Args:
        images, reconstructions: uint8 [n, h, w, c].

    Returns:
        float64 (n,), dB: 10 log10(255^2 / mean squared error); 100 at most, where images are equal.
    """
    error = (np.asarray(images, np.float64) - np.asarray(reconstructions, np.float64)) ** 2
    return np.minimum(10.0 * np.log10(255.0**2 / np.maximum(error.mean(axis=(1, 2, 3)), 1e-30)), 100.0)


def ssim(images, reconstructions):
    """Structural similarity of each image (Wang et al. 2004), with TensorFlow's Gaussian window of 11 pixels, 1.5 wide.

    Args:
        images, reconstructions: uint8 [n, h, w, c]; smaller windows for images under 11 pixels.

    Returns:
        float64 (n,), 1 for equal images.
    """
    import tensorflow as tf

    window = min(11, *np.shape(images)[1:3])
    parts = [
        tf.image.ssim(
            tf.constant(images[start : start + 512]),
            tf.constant(reconstructions[start : start + 512]),
            255,
            filter_size=window,
        ).numpy()
        for start in range(0, len(images), 512)
    ]
    return np.concatenate(parts).astype(np.float64)


def ink_iou(images, reconstructions, ink=INK):
    """Intersection over union of the ink of each image.

    Args:
        images, reconstructions: uint8 [n, h, w, c], ink 255 on 0.
        ink: int, bytes at least this bright are ink.

    Returns:
        float64 (n,) in [0, 1]; 1 where neither has any ink.
    """
    left, right = np.asarray(images) >= ink, np.asarray(reconstructions) >= ink
    union = (left | right).sum(axis=(1, 2, 3))
    return np.where(union, (left & right).sum(axis=(1, 2, 3)) / np.maximum(union, 1), 1.0)
