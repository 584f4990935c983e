"""Between fontTools' pens and outlines, and outlines without overlaps."""

from typing import Any

import numpy as np
from fontTools.pens.basePen import BasePen

from tfglyph.errors import GlyphError
from tfglyph.outlines.contours import signed_area
from tfglyph.outlines.tracing import Outline, area

INSTALL = "pip install 'tfglyph[fonts]'"
SKIA_SCALE = 16.0  # Skia computes in single precision and merges what is nearer than about a unit


class OutlinePen(BasePen):
    """A fontTools pen that collects an ``Outline``, y down: a point (x, y) goes to (dx + scale x, dy − scale y).

    Args:
        glyph_set: where components are found.
        scale: float.
        dx: float.
        dy: float.

    Attributes:
        points: int, points on and off the curve that were drawn.
    """

    def __init__(self, glyph_set: Any, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0):
        super().__init__(glyph_set)
        self._scale = np.array([scale, -scale])
        self._shift = np.array([dx, dy])
        self._contours: list[tuple[np.ndarray, ...]] = []
        self._segments: list[np.ndarray] = []
        self._first = self._last = np.zeros(2)
        self.points: int = 0

    def _point(self, point: tuple[float, float]) -> np.ndarray:
        return np.asarray(self._shift + self._scale * np.array(point, np.float64))

    def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._first = self._last = self._point(point)
        self._segments = []

    def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        end = self._point(point)
        self._segments.append(np.stack([self._last, end]))
        self._last = end
        self.points += 1

    def _curveToOne(self, one: Any, two: Any, end: Any) -> None:  # noqa: N802
        segment = np.stack([self._last, *map(self._point, (one, two, end))])
        self._segments.append(segment)
        self._last = segment[-1]
        self.points += 3

    def qCurveTo(self, *points: Any) -> None:  # noqa: N802
        counted = self.points + sum(point is not None for point in points)
        super().qCurveTo(*points)
        self.points = counted  # implied points are not stored in fonts

    def _closePath(self) -> None:  # noqa: N802
        if np.abs(self._last - self._first).max() > 1e-9 and self._segments:
            self._segments.append(np.stack([self._last, self._first]))
            self.points += 1
        if len(self._segments) > 1:
            self._contours.append(tuple(self._segments))
        self._segments = []

    _endPath = _closePath  # noqa: N815

    @property
    def outline(self) -> Outline:
        """What was drawn so far."""
        return Outline(tuple(self._contours))


def without_overlaps(outline: Outline, least_area: float = 0.5) -> Outline:
    """An outline whose contours cross neither each other nor themselves, by Skia's path operations.

    Corners that are put back where the pixels rounded them off can run into a stroke nearby. An outline without
    crossings comes back as it is.

    Args:
        outline: Outline.
        least_area: float, square units: smaller contours, which crossings leave behind, are left out.

    Raises:
        GlyphError: the package skia-pathops is not installed.
    """
    pathops = _pathops()
    path = pathops.Path()
    outline.draw(path.getPen(), SKIA_SCALE)
    try:
        path.simplify(fix_winding=True)
    except pathops.PathOpsError:
        return outline  # Skia gives up on some touching curves; non-zero filling draws them right all the same
    pen = OutlinePen(None, 1 / SKIA_SCALE)
    path.draw(pen)
    kept = [c for c in pen.outline.contours if abs(signed_area(np.stack([s[0] for s in c]))) >= least_area]
    united = Outline(tuple(kept))
    same = len(united.contours) == len(outline.contours) and abs(area(united) - area(outline)) < 0.1
    return outline if same else united


def check_outlines() -> None:
    """Raises GlyphError where outlines cannot be made, before anything is drawn."""
    _pathops()


def _pathops() -> Any:
    try:
        import pathops  # optional: the extra fonts
    except ImportError:
        raise GlyphError(f"outlines without overlaps need the package skia-pathops: {INSTALL}") from None
    return pathops
