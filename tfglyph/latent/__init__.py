"""Walks and sums in latent space: pure functions over ``encode`` and ``decode``."""

from tfglyph.latent.arithmetic import SCALES, analogy, pixel_analogy
from tfglyph.latent.interpolation import interpolation_rows, lerp, slerp, times

__all__ = ["SCALES", "analogy", "interpolation_rows", "lerp", "pixel_analogy", "slerp", "times"]
