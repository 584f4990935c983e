"""Least-squares cubic Béziers through many runs of points at once.

Schneider 1990, "An Algorithm for Automatically Fitting Digitized Curves" (Graphics Gems): end points and end tangents
are given, the lengths along the tangents are solved for, and the parameters of the points are moved by Newton's method.
At a corner the tangent is only a guess, so that the control point there is free. All runs are solved together as
arrays, which makes a glyph a matter of milliseconds.
"""

import numpy as np

SAMPLES = 24  # points by which a run is represented
STIFF = 1e3  # stiffness from which on a tangent is kept exactly
LOOSE = 1e-3  # stiffness of a tangent at a corner, which is no more than a guess
ALONG = 0.02  # weight of distances along the curve, beside 1 across it
ROUNDS = 4  # alternations between solving and moving the parameters


def evaluate(cubics: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points on cubics: float (b, 4, 2) at parameters (b, m), to (b, m, 2)."""
    t = t[..., None]
    a, b, c, d = (cubics[:, None, index] for index in range(4))  # each (b, 1, 2)
    s = 1 - t
    result: np.ndarray = s**3 * a + 3 * s**2 * t * b + 3 * s * t**2 * c + t**3 * d
    return result


def derivative(cubics: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The derivative by t of cubics float (b, 4, 2) at parameters (b, m): (b, m, 2)."""
    hodograph = 3 * np.diff(cubics, axis=1)  # (b, 3, 2)
    a, b, c = (hodograph[:, None, index] for index in range(3))
    t = t[..., None]
    s = 1 - t
    result: np.ndarray = s**2 * a + 2 * s * t * b + t**2 * c
    return result


def _solve(
    points: np.ndarray,
    t: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    stiffness: np.ndarray,
    cubics: np.ndarray | None = None,
) -> np.ndarray:
    """The cubics nearest to points (b, m, 2) at parameters (b, m), through the first and last of them.

    Minimizes the squared distances over both inner control points, plus ``stiffness`` (b, 2) times the squared
    distance of each from the line of its tangent. With ``cubics`` (b, 4, 2), a solution nearby, distances across these
    count and those along them hardly do, which converges in a few rounds where plain distances take dozens (tangent
    distance minimization, Wang, Pottmann and Liu 2006, https://doi.org/10.1145/1138450.1138453).
    """
    count = points.shape[1]
    start, end = points[:, 0], points[:, -1]
    s = 1 - t
    b1, b2 = 3 * s**2 * t, 3 * s * t**2
    fixed = (s**3 + b1)[..., None] * start[:, None] + (t**3 + b2)[..., None] * end[:, None]
    rest = points - fixed  # (b, m, 2): what the inner control points have to explain
    eye = np.eye(2)
    if cubics is None:
        weights = np.broadcast_to(eye, (*t.shape, 2, 2))
    else:
        across = derivative(cubics, t)[..., ::-1] * np.array([-1.0, 1.0])
        across = across / np.maximum(np.hypot(across[..., 0], across[..., 1]), 1e-9)[..., None]
        weights = across[..., :, None] * across[..., None, :] + ALONG * eye  # (b, m, 2, 2)
    normals = np.stack([first, last], axis=1)[..., ::-1] * np.array([-1.0, 1.0])  # (b, 2, 2)
    matrix = np.zeros((len(points), 4, 4))
    for row, basis in enumerate((b1, b2)):
        for column, other in enumerate((b1, b2)):
            block = np.einsum("bm,bmij->bij", basis * other, weights)
            matrix[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = block
        normal = normals[:, row]
        matrix[:, 2 * row : 2 * row + 2, 2 * row : 2 * row + 2] += (
            count * stiffness[:, row, None, None] * normal[:, :, None] * normal[:, None, :] + 1e-9 * eye
        )
    weighted = np.einsum("bmij,bmj->bmi", weights, rest)
    right = np.concatenate([np.einsum("bm,bmc->bc", basis, weighted) for basis in (b1, b2)], axis=1)  # (b, 4)
    solution = np.linalg.solve(matrix, right[..., None])[..., 0]
    inner = solution.reshape(-1, 2, 2)  # (b, 2, 2): offsets from the start and from the end
    tangents = np.stack([first, last], axis=1)
    along = np.sum(inner * tangents, axis=-1)  # (b, 2)
    chord = np.hypot(*(end - start).T)[:, None]
    length = np.sum(np.hypot(*np.moveaxis(np.diff(points, axis=1), -1, 0)), axis=1)[:, None]
    # Lengths that are negative, tiny or beyond the run would make loops: then a third of the way, as for an arc.
    bad = ((along < 0.02 * chord) | (along > length)).any(axis=1)
    inner = np.where(bad[:, None, None], length[..., None] / 3 * tangents, inner)
    stiff = (stiffness >= STIFF)[..., None]
    exact = np.sum(inner * tangents, axis=-1, keepdims=True) * tangents
    inner = np.where(stiff, exact, inner)
    return np.stack([start, start + inner[:, 0], end + inner[:, 1], end], axis=1)


def _improved(cubics: np.ndarray, points: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Parameters (b, m) moved towards the nearest point of the cubic by one step of Newton's method."""
    offset = evaluate(cubics, t) - points
    second = 6 * np.diff(cubics, n=2, axis=1)  # (b, 2, 2)
    u = t[..., None]
    speed = derivative(cubics, t)
    bend = (1 - u) * second[:, None, 0] + u * second[:, None, 1]
    slope = np.sum(speed * speed + offset * bend, axis=-1)
    step = np.sum(offset * speed, axis=-1) / np.where(slope > 1e-9, slope, np.inf)
    moved: np.ndarray = np.clip(t - step, 0.0, 1.0)
    moved[:, 0], moved[:, -1] = 0.0, 1.0
    return np.maximum.accumulate(moved, axis=1)


def even_samples(points: np.ndarray, count: int = SAMPLES) -> np.ndarray:
    """An open run of points (n, 2) as ``count`` of them, evenly along it, ends included: (count, 2)."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    even = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(even, along, points[:, 0]), np.interp(even, along, points[:, 1])], axis=1)


def fit(
    points: np.ndarray, first: np.ndarray, last: np.ndarray, stiffness: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One cubic through each run.

    Args:
        points: float (b, m, 2), b runs of m points evenly along them; the cubics begin and end in their ends.
        first: float (b, 2), unit tangents at the beginning, in the direction of the run.
        last: float (b, 2), unit tangents at the end, pointing back into the run.
        stiffness: float (b, 2), how strictly each tangent is kept: ``STIFF`` or ``LOOSE``.

    Returns:
        Tuple of cubics float (b, 4, 2); the largest distance of a point from its cubic, float (b,); and which point
        that is, int (b,).
    """
    t = np.broadcast_to(np.linspace(0.0, 1.0, points.shape[1]), points.shape[:2]).copy()
    cubics = _solve(points, t, first, last, stiffness)
    for _ in range(ROUNDS):
        t = _improved(cubics, points, t)
        cubics = _solve(points, t, first, last, stiffness, cubics)
    t = _improved(cubics, points, t)
    distances = np.hypot(*np.moveaxis(evaluate(cubics, t) - points, -1, 0))  # (b, m)
    return cubics, distances.max(axis=1), distances.argmax(axis=1)


def split(cubic: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """A cubic (4, 2) cut in two at ``t`` (de Casteljau); the shape stays."""
    a, b, c, d = cubic
    ab, bc, cd = a + t * (b - a), b + t * (c - b), c + t * (d - c)
    abc, bcd = ab + t * (bc - ab), bc + t * (cd - bc)
    middle = abc + t * (bcd - abc)
    return np.stack([a, ab, abc, middle]), np.stack([middle, bcd, cd, d])
