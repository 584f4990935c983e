"""Character arithmetic: a * (A - B + C), in latent space and in pixels."""

import numpy as np

SCALES = (0.25, 0.5, 1.0, 2.0, 3.0)
"""The coefficients a of the figures, from left to right."""


def analogy(a, b, c, scale=1.0):
    """``scale * (a - b + c)``: what is to c as a is to b.

    Args:
        a, b, c: float latents [..., d] of one shape; NumPy arrays or tensors.
        scale: float, the coefficient, or anything that broadcasts against [..., d].

    Returns:
        Latents [..., d] of the same kind.
    """
    return scale * (a - b + c)


def pixel_analogy(a, b, c):
    """A - B + C in the input domain, clipped to what a byte holds.

    The coefficients add up to one, so the result is the same picture whether bytes, [0, 1] or [-1, 1] are
    added.

    Args:
        a, b, c: uint8 images [..., h, w, c] of one shape.

    Returns:
        uint8 images of that shape.
    """
    a, b, c = (np.asarray(image, np.int16) for image in (a, b, c))
    return np.clip(a - b + c, 0, 255).astype(np.uint8)
