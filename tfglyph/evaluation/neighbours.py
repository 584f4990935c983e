"""Nearest neighbours among feature vectors: precision, recall, density and coverage, and what they are made of."""

import dataclasses
from collections.abc import Iterator

import numpy as np

NEAREST = 5
_BLOCK = 1024  # rows that are compared at once


def squared_distances(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of squared Euclidean distances, which together are (n, m).

    Args:
        left, right: float (n, d), (m, d).

    Yields:
        (slice of rows of ``left``, float32 (rows, m)), at least 0.
    """
    left, right = np.asarray(left, np.float32), np.asarray(right, np.float32)
    centre = right.mean(axis=0)  # a shift changes no distance, and small numbers lose fewer digits
    left, right = left - centre, right - centre
    squares = np.einsum("md,md->m", right, right)
    for start in range(0, len(left), _BLOCK):
        part = left[start : start + _BLOCK]
        block = np.einsum("nd,nd->n", part, part)[:, None] + squares - 2.0 * (part @ right.T)
        yield slice(start, start + len(part)), np.maximum(block, 0.0)


def nearest(
    queries: np.ndarray, points: np.ndarray, leave_out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest point of each query.

    Args:
        queries, points: float (n, d), (m, d).
        leave_out: int (n,), a point for each query that may not answer it (itself); None: all may.

    Returns:
        (distances float32 (n,), rows int64 (n,)).
    """
    distances, rows = np.empty(len(queries), np.float32), np.empty(len(queries), np.int64)
    for part, block in squared_distances(queries, points):
        if leave_out is not None:
            block[np.arange(len(block)), leave_out[part]] = np.inf
        rows[part] = block.argmin(axis=1)
        exact = np.asarray(queries[part], np.float32) - np.asarray(points, np.float32)[rows[part]]
        distances[part] = np.sqrt((exact**2).sum(axis=1))
    return distances, rows


def radii(points: np.ndarray, k: int = NEAREST) -> np.ndarray:
    """Squared distance of each point (n, d) to its k-th nearest other one: float32 (n,)."""
    squared = np.empty(len(points), np.float32)
    for part, block in squared_distances(points, points):
        block[np.arange(len(block)), np.arange(part.start, part.stop)] = 0.0
        squared[part] = np.partition(block, k, axis=1)[:, k]
    return squared


@dataclasses.dataclass(frozen=True)
class PRDC:
    """Precision, recall, density and coverage image by image: each measurement is the mean of one of these.

    Attributes:
        precision: bool (m,), whether generated image j lies in the neighbourhood of any real one.
        recall: bool (n,), whether real image i lies in the neighbourhood of any generated one.
        density: float (m,), in how many neighbourhoods of real images generated image j lies, divided by k.
        coverage: bool (n,), whether the neighbourhood of real image i holds a generated one.
    """

    precision: np.ndarray
    recall: np.ndarray
    density: np.ndarray
    coverage: np.ndarray


def prdc(real: np.ndarray, generated: np.ndarray, k: int = NEAREST) -> PRDC:
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020, Eqs. 3 and 4).

    Args:
        real, generated: float (n, d), (m, d), features; more than k of each.
        k: int, a neighbourhood reaches to the k-th nearest other image of its own set.

    Returns:
        PRDC.
    """
    real_radii, generated_radii = radii(real, k), radii(generated, k)
    precision, density = np.zeros(len(generated), bool), np.zeros(len(generated))
    recall, coverage = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for part, block in squared_distances(real, generated):
        inside = block <= real_radii[part, None]  # (rows, m)
        precision |= inside.any(axis=0)
        density += inside.sum(axis=0) / k
        coverage[part] = inside.any(axis=1)
        recall[part] = (block <= generated_radii).any(axis=1)
    return PRDC(precision, recall, density, coverage)
