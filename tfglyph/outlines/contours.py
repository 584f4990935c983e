"""From grey coverage to dense contours: where the edge of the ink runs, to a fraction of a pixel.

Nothing is thresholded: a pixel that is covered by a third says that the edge runs through it, and where. The picture
is interpolated by cubic splines and followed at half coverage, which measures nearer to the true outline than marching
squares on the pixels themselves (docs/explanation/outlines.md has the figures).
"""

import functools

import contourpy
import numpy as np

FINE_SIDE = 256  # samples along a side on which contours are followed, at least, unless told otherwise
STEP = 0.25  # pixels between the points of a contour
FEWEST_POINTS = 12
FROM_GRID = 0.95  # cosine between an edge and the grid from which on its place needs correction


def find_contours(image: np.ndarray, least_area: float = 0.5, side: int = FINE_SIDE) -> list[np.ndarray]:
    """Closed contours of half coverage, evenly sampled.

    Args:
        image: uint8 (h, w) or (h, w, 1), ink 255 on 0: how much of each pixel the glyph covers.
        least_area: float, square pixels: smaller contours are specks and left out.
        side: int, to how many pixels along its shorter side the picture is enlarged, at least, before contours are
            followed; each pixel becomes a whole number of them, two or more.

    Returns:
        list of float64 (n, 2), x to the right and y down, in pixels from the upper left corner of the picture; the
        last point is joined to the first. Ink is always on the same side: outer contours and holes turn opposite ways.
    """
    coverage = np.pad(np.asarray(image, np.float64).reshape(image.shape[:2]) / 255.0, 2)  # (h + 4, w + 4)
    factor = max(2, -(-side // min(image.shape[:2])))
    (rows, down), (columns, across) = (_interpolation(length, factor) for length in coverage.shape)
    fine = down @ coverage @ across.T  # (factor (h + 4), factor (w + 4))
    lines = contourpy.contour_generator(columns - 2, rows - 2, fine, name="serial").lines(0.5)
    closed = [np.asarray(line[:-1], np.float64) for line in lines if len(line) > 3]
    return [_unbiased(resampled(line)) for line in closed if abs(signed_area(line)) >= least_area]


@functools.cache
def _bias() -> tuple[np.ndarray, np.ndarray]:
    """Where interpolated pixels reach half coverage beside a straight edge along the grid.

    Returns:
        Tuple of places float (65,), where between two borders of pixels half coverage is reached, from 0 to 1; and how
        far that is beyond the edge, (65,).
    """
    places, interpolation = _interpolation(17, 64)
    edges = np.arange(65) / 64
    reached = []
    for edge in edges:
        coverage = np.concatenate([np.zeros(8), [1 - edge], np.ones(8)])  # the edge runs through the ninth pixel
        values = interpolation @ coverage
        beyond = int(np.flatnonzero((values >= 0.5) & (places > 7))[0])
        share = (0.5 - values[beyond - 1]) / (values[beyond] - values[beyond - 1])
        reached.append(places[beyond - 1] + share * (places[beyond] - places[beyond - 1]) - 8)
    return np.array(reached), np.array(reached) - edges


def _unbiased(points: np.ndarray) -> np.ndarray:
    """A contour (n, 2) moved to where the edge is.

    Half coverage of interpolated pixels lies up to a twelfth of a pixel beside an edge that runs along the grid,
    depending on where between two pixels it runs; at edges that run across the grid this cancels out.
    """
    along = np.roll(points, -3, 0) - np.roll(points, 3, 0)
    steep = np.abs(along) / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)[:, None]  # (n, 2)
    across_grid = steep[:, ::-1]  # how far the normal points along each axis
    weight = np.clip((across_grid - FROM_GRID) / (1 - FROM_GRID), 0, 1)
    places, bias = _bias()
    moved: np.ndarray = points - weight * np.interp(points % 1.0, places, bias, period=1.0)
    return moved


@functools.lru_cache(maxsize=16)
def _interpolation(length: int, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Cubic interpolation of ``length`` pixels at ``factor`` places in each: (places (m,), matrix (m, length)).

    A pixel's value belongs to its middle; before the first and after the last middle the value is constant.
    """
    import scipy.interpolate  # slow: it takes longer to import than all else that reading a font needs

    places = (np.arange(length * factor) + 0.5) / factor
    spline = scipy.interpolate.make_interp_spline(np.arange(length) + 0.5, np.eye(length), k=3)
    return places, spline(np.clip(places, 0.5, length - 0.5))


def signed_area(points: np.ndarray) -> float:
    """The area inside a closed polygon (n, 2) by the shoelace formula; its sign is the sense in which it turns."""
    x, y = points.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def resampled(points: np.ndarray) -> np.ndarray:
    """A closed polygon (n, 2) with points at even distances of about ``STEP`` along it, starting where it started."""
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(FEWEST_POINTS, round(along[-1] / STEP))
    even = np.arange(count) * (along[-1] / count)
    return np.stack([np.interp(even, along, closed[:, 0]), np.interp(even, along, closed[:, 1])], axis=1)
