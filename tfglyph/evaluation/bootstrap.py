"""Confidence intervals by the bootstrap (Efron 1979): the spread of a measurement over resampled images."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95


def mean_interval(values: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Percentile interval of a mean.

    Args:
        values: float or bool (n,), one for each image; n at least 1.
        seed: int.
        resamples: int.

    Returns:
        (low, high), 95 of 100 resampled means are between them.
    """
    values = np.asarray(values, np.float64)
    rng = np.random.default_rng([seed, len(values)])
    means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(resamples)])
    return interval(means)


def interval(estimates: np.ndarray) -> tuple[float, float]:
    """(low, high): the middle 95 of 100 estimates."""
    low, high = np.quantile(np.asarray(estimates, np.float64), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def recentred_interval(value: float, estimates: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """The middle 95 of 100 estimates, moved so that their mean is ``value``.

    For measurements that resampling biases: a resample repeats images, and a Fréchet distance takes the repetition for
    a difference. The interval tells how far the value varies with the images, not how far it is off for their number.

    Args:
        value: float, measured on all images.
        estimates: floats from resamples.

    Returns:
        (low, high).
    """
    estimates = np.asarray(estimates, np.float64)
    return interval(estimates - estimates.mean() + value)
