"""Reconstruction: how near a model's reconstructions are to the images that it encoded."""

import numpy as np
import tensorflow as tf

INK = 128  # bytes at least this bright count as ink
_BATCH = 512


def psnr(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each image.

    Args:
        images, reconstructions: uint8 [n, h, w, c].

    Returns:
        float64 (n,), dB: 10 log10(255^2 / mean squared error); 100 at most, where images are equal.
    """
    error = (np.asarray(images, np.float64) - np.asarray(reconstructions, np.float64)) ** 2
    return np.minimum(10.0 * np.log10(255.0**2 / np.maximum(error.mean(axis=(1, 2, 3)), 1e-30)), 100.0)


def ssim(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Structural similarity of each image (Wang et al. 2004), with TensorFlow's Gaussian window of 11 pixels, 1.5 wide.

    Args:
        images, reconstructions: uint8 [n, h, w, c]; smaller windows for images under 11 pixels.

    Returns:
        float64 (n,), 1 for equal images.
    """
    window = min(11, *np.shape(images)[1:3])
    parts = []
    for start in range(0, len(images), _BATCH):
        batch = slice(start, start + _BATCH)
        similarity = tf.image.ssim(
            tf.constant(images[batch]), tf.constant(reconstructions[batch]), 255, filter_size=window
        )
        parts.append(similarity.numpy())
    return np.concatenate(parts).astype(np.float64)


def ink_iou(images: np.ndarray, reconstructions: np.ndarray, ink: int = INK) -> np.ndarray:
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
