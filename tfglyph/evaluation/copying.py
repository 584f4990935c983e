"""Copying: are samples nearer to training glyphs than real glyphs that were not trained on are?"""

import dataclasses
import math

import numpy as np

from tfglyph.evaluation.neighbours import nearest
from tfglyph.evaluation.pixels import pixel_vectors

QUANTILE = 0.01  # of real glyphs' distances; what is nearer than that is called a copy


def rms_vectors(images: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w, c] -> float32 (n, h * w * c) whose distances are root mean squares over pixels, from 0 to 1."""
    return pixel_vectors(images) / np.float32(math.sqrt(np.prod(np.shape(images)[1:])))


@dataclasses.dataclass(frozen=True)
class Copying:
    """Distances to the nearest training glyph.

    Attributes:
        sample_distances: float32 (n,), of samples.
        nearest_rows: int64 (n,), which training glyph that is.
        real_distances: float32 (m,), of real glyphs that were not trained on.
        threshold: float, the distance under which one real glyph in a hundred is.
    """

    sample_distances: np.ndarray
    nearest_rows: np.ndarray
    real_distances: np.ndarray
    threshold: float

    @property
    def copies(self) -> np.ndarray:
        """bool (n,): samples nearer to a training glyph than 99 of 100 real ones are."""
        return self.sample_distances < self.threshold

    @property
    def real_copies(self) -> np.ndarray:
        """bool (m,): the same of the real ones, about one in a hundred by construction."""
        return self.real_distances < self.threshold


def measure(
    samples: np.ndarray, training: np.ndarray, held_out: np.ndarray | None = None, max_compared: int = 5000
) -> Copying:
    """Distances of samples and of real glyphs to the nearest training glyph.

    Args:
        samples: float (n, d), pixels or features.
        training: float (k, d), of the training glyphs.
        held_out: float (m, d), of real glyphs that were not trained on; None: training glyphs to their nearest other
            one, at most ``max_compared`` of them, evenly over the set.
        max_compared: int.

    Returns:
        Copying.
    """
    distances, nearest_rows = nearest(samples, training)
    if held_out is not None:
        real_distances, _ = nearest(held_out, training)
    else:
        rows = np.unique(np.linspace(0, len(training) - 1, min(max_compared, len(training))).astype(int))
        real_distances = nearest_other(training, rows)
    return Copying(distances, nearest_rows, real_distances, float(np.quantile(real_distances, QUANTILE)))


def nearest_other(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Distance of some ``rows`` (m,) of vectors (n, d) to their nearest other vector: float32 (m,)."""
    return nearest(vectors[rows], vectors, leave_out=rows)[0]
