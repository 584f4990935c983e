"""Interpolation, arithmetic and search in latent space, on top of a model's ``encode`` and ``decode``.

Importing these modules does not import TensorFlow, so that a verb can refuse wrong input before it loads a model.
"""

from tfglyph.latent.arithmetic import SCALES, analogy, pixel_analogy
from tfglyph.latent.interpolation import interpolation_rows, lerp, slerp, times

__all__ = ["SCALES", "analogy", "interpolation_rows", "lerp", "pixel_analogy", "slerp", "times"]
