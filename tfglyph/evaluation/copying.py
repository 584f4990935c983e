"""Copying: are samples nearer to training glyphs than real glyphs that were not trained on are?"""

import dataclasses
import math

import numpy as np

from tfglyph.evaluation.arithmetic import flat
from tfglyph.evaluation.neighbours import nearest

QUANTILE = 0.01  # of real glyphs' distances; what is nearer than that is called a copy


def by_pixels(images):
    """uint8 [n, h, w, c] -> float32 (n, h * w * c) whose distances are root mean squares over pixels, from 0 to 1."""
    return flat(images) / np.float32(math.sqrt(np.prod(np.shape(images)[1:])))


@dataclasses.dataclass(frozen=True)
class Copying:
    """Distances to the nearest training glyph.

    Attributes:
        samples: float32 (n,), of samples.
        rows: int64 (n,), which training glyph that is.
        real: float32 (m,), of real glyphs that were not trained on.
        threshold: float, the distance under which one real glyph in a hundred is.
    """

    samples: np.ndarray
    rows: np.ndarray
    real: np.ndarray
    threshold: float

    @property
    def copies(self):
        """bool (n,): samples nearer to a training glyph than 99 of 100 real ones are."""
        return self.samples < self.threshold

    @property
    def real_copies(self):
        """bool (m,): the same of the real ones, about one in a hundred by construction."""
        return self.real < self.threshold


def measure(samples, training, held_out=None, most=5000):
    """Distances of samples and of real glyphs to the nearest training glyph.

    Args:
        samples: float (n, d), pixels or features.
        training: float (k, d), of the training glyphs.
        held_out: float (m, d), of real glyphs that were not trained on; None: training glyphs to their nearest other
            one, at most ``most`` of them, evenly over the set.
        most: int.

    Returns:
        Copying.
    """
    distances, rows = nearest(samples, training)
    if held_out is not None:
        real, _ = nearest(held_out, training)
    else:
        places = np.unique(np.linspace(0, len(training) - 1, min(most, len(training))).astype(int))
        real = nearest_other(training, places)
    return Copying(distances, rows, real, float(np.quantile(real, QUANTILE)))


def nearest_other(vectors, places):
    """Distance of the vectors (n, d) at ``places`` (m,) to their nearest other vector: float32 (m,)."""
    return nearest(vectors[places], vectors, leave_out=places)[0]
