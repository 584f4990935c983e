"""Pictures of glyphs as outlines: corners, straight stems, extreme points, no overlaps, few points.

from tfglyph.outlines import to_svg, trace

outline = trace(image)          # uint8 (h, w), ink 255 on 0; grey is how much of a pixel is covered
outline.draw(pen, scale, dx, dy)  # any fontTools pen
"""

from tfglyph.outlines.calibration import Calibration, calibrate, eased
from tfglyph.outlines.contours import FINE_SIDE
from tfglyph.outlines.pens import OutlinePen, check_outlines, without_overlaps
from tfglyph.outlines.raster import overlap, render
from tfglyph.outlines.svg import to_svg
from tfglyph.outlines.tracing import Outline, Tracing, trace

__all__ = [
    "FINE_SIDE",
    "Calibration",
    "Outline",
    "OutlinePen",
    "Tracing",
    "calibrate",
    "check_outlines",
    "eased",
    "overlap",
    "render",
    "to_svg",
    "trace",
    "without_overlaps",
]
