"""How to trace for one font, learned from outlines that it has.

Some of the font's own glyphs are rendered at the size of the drawings and traced again. What comes nearest to the true
outlines, with about as many points, is how the font's new glyphs are traced; and how near it came is the most that can
be expected of them.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tfglyph.outlines.contours import FINE_SIDE
from tfglyph.outlines.raster import mean, overlap, render
from tfglyph.outlines.tracing import Outline, Tracing, trace

COMPARED_AT = 256  # pixels at which outlines are compared
TOLERANCES = (0.08, 0.12, 0.2)  # pixels of 64
SHARPNESS = (1.3, 2.0, 3.0)
STRAIGHT_SHARE = 0.15  # of the length of the contours: fonts with less have no straight stems
EASED = (1.5, 2.0, 3.0)  # times the tolerance that is right for renderings
ENOUGH = 1.25  # times the points of the font's own glyphs: what is asked for is often more complex than they are
MOST_LOST = 0.01  # overlap with the drawings that fewer points may cost
POINTS_WEIGHT = 0.01  # IoU that a glyph with e times too many or too few points is worth less


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What a font's own outlines say.

    Attributes:
        tracing: Tracing for pictures of this font.
        iou: float, mean IoU at 256 pixels of own glyphs, rendered and traced, with their true outlines.
        points: float, mean number of points of those tracings.
        own_points: float, mean number of points of the font's own outlines.
        straight: float, share of the length of its contours that is exactly horizontal or vertical.
        glyphs: int, how many were looked at.
    """

    tracing: Tracing
    iou: float
    points: float
    own_points: float
    straight: float
    glyphs: int


def straight_share(outlines: Sequence[Outline]) -> float:
    """The share of the length of contours that is exactly horizontal or vertical, from 0 to 1."""
    straight = total = 0.0
    for outline in outlines:
        for contour in outline.contours:
            for segment in contour:
                length = float(np.hypot(*np.diff(segment, axis=0).T).sum())
                total += length
                if len(segment) == 2 and np.abs(segment[1] - segment[0]).min() < 1e-6 * max(length, 1e-12):
                    straight += length
    return straight / total if total else 0.0


def calibrate(outlines: Sequence[Outline], own_points: Sequence[int], size: int, side: int = FINE_SIDE) -> Calibration:
    """The tracing that gives a font's own glyphs back best.

    Args:
        outlines: some of the font's own, in em squares: both coordinates from 0 to 1, y down.
        own_points: how many points the font has for each.
        size: int, pixels along a side of the pictures that will be traced.
        side: int, see Tracing.

    Returns:
        Calibration; with the defaults of Tracing where no outline is given.
    """
    scaled = [_scaled(outline, size) for outline in outlines]
    straight = straight_share(scaled)
    start = Tracing(
        tolerance=0.12 * size / 64, straight=straight >= STRAIGHT_SHARE, square_ends=straight >= 0.3, side=side
    )
    if not outlines:
        return Calibration(start, 0.0, 0.0, 0.0, straight, 0)
    pictures = [render(outline, size) for outline in scaled]
    truths = [render(outline, COMPARED_AT, COMPARED_AT / size) for outline in scaled]
    own = mean(own_points)

    def measured(tracing: Tracing) -> Calibration:
        traced = [trace(picture, tracing) for picture in pictures]
        ious = (
            overlap(render(outline, COMPARED_AT, COMPARED_AT / size), truth)
            for outline, truth in zip(traced, truths, strict=True)
        )
        points = mean(outline.points for outline in traced)
        return Calibration(tracing, mean(ious), points, own, straight, len(traced))

    def worth(found: Calibration) -> float:
        return found.iou - POINTS_WEIGHT * abs(np.log(max(found.points, 1) / max(own, 1)))

    best = max((measured(dataclasses.replace(start, sharpness=value)) for value in SHARPNESS), key=worth)
    others = (value * size / 64 for value in TOLERANCES if value != 0.12)
    return max(best, *(measured(dataclasses.replace(best.tracing, tolerance=value)) for value in others), key=worth)


def eased(calibration: Calibration, images: Sequence[np.ndarray]) -> Tracing:
    """The tracing for drawings whose edges are less steady than those of renderings.

    What is chosen on renderings follows every tremble of a drawn edge, and takes many points for it. So where drawings
    come out with far more points than the font's own glyphs, the tolerance grows until they do not, or until outlines
    begin to leave the drawings.

    Args:
        calibration: Calibration of the font.
        images: some of the drawings, uint8 (h, w).

    Returns:
        Tracing: the calibration's, or with a larger tolerance.
    """
    chosen = calibration.tracing
    enough = ENOUGH * max(calibration.points, calibration.own_points)
    if not len(images) or not enough:
        return chosen

    def traced(tracing: Tracing) -> tuple[float, float]:
        outlines = [trace(image, tracing) for image in images]
        overlaps = (overlap(render(o, len(image)), image) for o, image in zip(outlines, images, strict=True))
        return mean(outline.points for outline in outlines), mean(overlaps)

    points, nearest = traced(chosen)
    for factor in EASED:
        if points <= enough:
            break
        tried = dataclasses.replace(chosen, tolerance=calibration.tracing.tolerance * factor)
        fewer, near = traced(tried)
        if near < nearest - MOST_LOST:
            break
        chosen, points = tried, fewer
    return chosen


def _scaled(outline: Outline, factor: float) -> Outline:
    return Outline(tuple(tuple(segment * factor for segment in contour) for contour in outline.contours))
