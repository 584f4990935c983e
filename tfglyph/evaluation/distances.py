"""Distances between two sets of images, as sets of feature vectors: Fréchet (FID) and kernel distance (KID).

Neither looks at single images. Both are near 0 for two halves of one set, and grow with any difference in what the
features see.
"""

from collections.abc import Sequence

import numpy as np

from tfglyph.evaluation.bootstrap import interval, recentred_interval

FID_RESAMPLES = 20
MAX_RESAMPLED_FEATURES = 512  # beyond that an eigendecomposition takes too long to repeat
KID_BLOCK = 500  # images in one of the blocks whose estimates give the interval
KID_RESAMPLES = 1000


def statistics(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean float64 (d,), covariance float64 (d, d)) of features (n, d); n at least 2."""
    features = np.asarray(features, np.float64)
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def frechet(
    mean_1: np.ndarray | Sequence[float],
    covariance_1: np.ndarray,
    mean_2: np.ndarray | Sequence[float],
    covariance_2: np.ndarray,
) -> float:
    """Fréchet distance of two normal distributions (Dowson and Landau 1982; as FID: Heusel et al. 2017, Eq. 6).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The trace of the root is that of (C1^(1/2) C2 C1^(1/2))^(1/2), which is
    symmetric, so no complex numbers appear and singular covariances need no offset.

    Args:
        mean_1, mean_2: float (d,).
        covariance_1, covariance_2: float (d, d), symmetric, without negative eigenvalues.

    Returns:
        float, at least 0.
    """
    root = _root(np.asarray(covariance_1, np.float64))
    eigenvalues = np.linalg.eigvalsh(root @ np.asarray(covariance_2, np.float64) @ root)
    trace_of_root = np.sqrt(np.maximum(eigenvalues, 0.0)).sum()
    difference = np.asarray(mean_1, np.float64) - np.asarray(mean_2, np.float64)
    traces = np.trace(covariance_1) + np.trace(covariance_2)
    return max(float(difference @ difference + traces - 2.0 * trace_of_root), 0.0)


def _root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T


def frechet_distance(features_1: np.ndarray, features_2: np.ndarray) -> float:
    """Fréchet distance of two sets of features, float (n, d) and (m, d)."""
    return frechet(*statistics(features_1), *statistics(features_2))


def frechet_interval(
    features_1: np.ndarray, features_2: np.ndarray, value: float, seed: int = 0, resamples: int = FID_RESAMPLES
) -> tuple[float, float] | None:
    """How far the Fréchet distance varies with the images, at this number of them.

    Args:
        features_1, features_2: float (n, d), (m, d).
        value: float, their distance.
        seed: int.
        resamples: int.

    Returns:
        (low, high) around ``value``, or None where there are more than 512 features.
    """
    if features_1.shape[1] > MAX_RESAMPLED_FEATURES:
        return None
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(resamples):
        resample_1 = features_1[rng.integers(0, len(features_1), len(features_1))]
        resample_2 = features_2[rng.integers(0, len(features_2), len(features_2))]
        estimates.append(frechet_distance(resample_1, resample_2))
    low, high = recentred_interval(value, estimates)
    return max(low, 0.0), high


def kernel_distance(features_1: np.ndarray, features_2: np.ndarray) -> float:
    """Squared maximum mean discrepancy with the cubic kernel, unbiased (KID: Bińkowski et al. 2018, Eq. 4).

    k(x, y) = (x . y / d + 1)^3; the sums over pairs leave out x = x, so the expectation for two samples of one
    distribution is 0, and values below 0 occur.

    Args:
        features_1, features_2: float (n, d), (m, d); n and m at least 2.

    Returns:
        float.
    """
    n, m = len(features_1), len(features_2)
    within_1 = _kernel_sum(features_1, features_1, without_diagonal=True) / (n * (n - 1))
    within_2 = _kernel_sum(features_2, features_2, without_diagonal=True) / (m * (m - 1))
    return float(within_1 + within_2 - 2.0 * _kernel_sum(features_1, features_2) / (n * m))


def _kernel_sum(left: np.ndarray, right: np.ndarray, without_diagonal: bool = False, rows: int = 1024) -> float:
    """The sum of k over all pairs, a block of rows at a time."""
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    total = 0.0
    for start in range(0, len(left), rows):
        total += ((left[start : start + rows] @ right.T / left.shape[1] + 1.0) ** 3).sum()
    if without_diagonal:
        total -= (((left * right).sum(axis=1) / left.shape[1] + 1.0) ** 3).sum()
    return total


def kernel_interval(
    features_1: np.ndarray, features_2: np.ndarray, value: float, seed: int = 0, block: int = KID_BLOCK
) -> tuple[float, float] | None:
    """How far the kernel distance varies with the images.

    Disjoint blocks of images give unbiased estimates that do not depend on each other; the interval is the bootstrap's
    for their mean.

    Args:
        features_1, features_2: float (n, d), (m, d).
        value: float, their distance.
        seed: int.
        block: int, images in a block.

    Returns:
        (low, high) around ``value``, or None where there are not three blocks.
    """
    count = min(len(features_1), len(features_2)) // block
    if count < 3:
        return None
    rng = np.random.default_rng(seed)
    order_1, order_2 = rng.permutation(len(features_1)), rng.permutation(len(features_2))
    blocks = [slice(start * block, (start + 1) * block) for start in range(count)]
    estimates = np.array([kernel_distance(features_1[order_1[part]], features_2[order_2[part]]) for part in blocks])
    means = estimates[rng.integers(0, count, (KID_RESAMPLES, count))].mean(axis=1)
    low, high = interval(means)
    return low - estimates.mean() + value, high - estimates.mean() + value
