"""Glyph pictures as SVG files whose curves follow the edge of the ink."""

import numpy as np
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen

from tfglyph.outlines.tracing import Tracing, trace


def to_svg(image: np.ndarray, tracing: Tracing | None = None) -> str:
    """The outlines of a glyph as an SVG document.

    Args:
        image: uint8 (h, w) or (h, w, 1), ink 255 on black.
        tracing: Tracing or None for its defaults.

    Returns:
        str: an SVG document, black on a transparent background, with a viewBox of the image's own size.
    """
    height, width = image.shape[:2]
    pen = SVGPathPen(None, ntos=lambda value: f"{value:.2f}".rstrip("0").rstrip("."))
    trace(image, tracing).draw(TransformPen(pen, (1, 0, 0, -1, 0, 0)))  # SVG's y runs down
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<path fill="#000000" d="{pen.getCommands()}"/></svg>\n'
    )
