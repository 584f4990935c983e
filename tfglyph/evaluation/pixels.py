"""Images of any data set in the forms that metrics look at: grey, grey at a given size, vectors of pixels."""

import numpy as np
from PIL import Image

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def grey(images: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w, c] -> uint8 (n, h, w); colours by their luminance, an alpha channel is dropped."""
    images = np.asarray(images)
    if images.shape[-1] == 1:
        return images[..., 0]
    return np.rint(images[..., :3].astype(np.float32) @ LUMINANCE).astype(np.uint8)


def grey_at(images: np.ndarray, side: int) -> np.ndarray:
    """Images as one size of square.

    Args:
        images: uint8 [n, h, w, c].
        side: int, pixels.

    Returns:
        uint8 (n, side, side); another size is resampled with Lanczos' filter, which averages when it shrinks.
    """
    planes = grey(images)
    if planes.shape[1:] == (side, side):
        return planes
    resized = [Image.fromarray(plane).resize((side, side), Image.Resampling.LANCZOS) for plane in planes]
    return np.stack([np.asarray(image) for image in resized]) if resized else np.zeros((0, side, side), np.uint8)


def pixel_vectors(images: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w, c] -> float32 (n, h * w * c) in [0, 1]."""
    return np.asarray(images, np.float32).reshape(len(images), -1) / np.float32(255.0)
