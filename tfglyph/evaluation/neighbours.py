"""Nearest neighbours among feature vectors: precision, recall, density and coverage, and what they are made of."""

import dataclasses

import numpy as np

NEAREST = 5
_ROWS = 1024


def squared_distances(left, right):
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
    for start in range(0, len(left), _ROWS):
        part = left[start : start + _ROWS]
        block = np.einsum("nd,nd->n", part, part)[:, None] + squares - 2.0 * (part @ right.T)
        yield slice(start, start + len(part)), np.maximum(block, 0.0)


def nearest(queries, points, leave_out=None):
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


def radii(points, k=NEAREST):
    """Squared distance of each point (n, d) to its k-th nearest other one: float32 (n,)."""
    found = np.empty(len(points), np.float32)
    for part, block in squared_distances(points, points):
        block[np.arange(len(block)), np.arange(part.start, part.stop)] = 0.0
        found[part] = np.partition(block, k, axis=1)[:, k]
    return found


@dataclasses.dataclass(frozen=True)
class Neighbourhood:
    """Who lies in whose neighbourhood; each figure is the mean of one of these.

    Attributes:
        precise: bool (m,), whether generated image j lies in the neighbourhood of any real one.
        recalled: bool (n,), whether real image i lies in the neighbourhood of any generated one.
        dense: float (m,), in how many neighbourhoods of real images generated image j lies, divided by k.
        covered: bool (n,), whether the neighbourhood of real image i holds a generated one.
    """

    precise: np.ndarray
    recalled: np.ndarray
    dense: np.ndarray
    covered: np.ndarray


def neighbourhood(real, generated, k=NEAREST):
    """Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020, Eqs. 3 and 4).

    Args:
        real, generated: float (n, d), (m, d), features; more than k of each.
        k: int, a neighbourhood reaches to the k-th nearest other image of its own set.

    Returns:
        Neighbourhood.
    """
    real_radii, generated_radii = radii(real, k), radii(generated, k)
    precise, dense = np.zeros(len(generated), bool), np.zeros(len(generated))
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for part, block in squared_distances(real, generated):
        inside = block <= real_radii[part, None]  # (rows, m)
        precise |= inside.any(axis=0)
        dense += inside.sum(axis=0) / k
        covered[part] = inside.any(axis=1)
        recalled[part] = (block <= generated_radii).any(axis=1)
    return Neighbourhood(precise, recalled, dense, covered)
