"""Outlines as pictures: how much of each pixel they cover."""

from collections.abc import Iterable

import numpy as np

from tfglyph.outlines.tracing import Outline


def render(outline: Outline, size: int, scale: float = 1.0) -> np.ndarray:
    """The coverage of a square of pixels by an outline, non-zero winding, by the Anti-Grain Geometry in matplotlib.

    Args:
        outline: Outline.
        size: int, side of the picture in pixels.
        scale: float, pixels of the picture for a unit of the outline.

    Returns:
        uint8 (size, size), ink 255 on 0.
    """
    # slow: a third of a second, and tracing alone does not need it
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    renderer = RendererAgg(size, size, 72)
    if outline.contours:
        vertices, codes = [], []
        for contour in outline.contours:
            vertices.append(contour[0][0])
            codes.append(Path.MOVETO)
            for segment in contour:
                vertices += list(segment[1:])
                codes += [Path.LINETO] if len(segment) == 2 else [Path.CURVE4] * 3
            vertices.append(contour[0][0])
            codes.append(Path.CLOSEPOLY)
        context = renderer.new_gc()
        context.set_linewidth(0)
        context.set_snap(False)  # or rectangles jump to whole pixels
        flip = Affine2D().scale(scale, -scale).translate(0, size)  # matplotlib's y runs up
        renderer.draw_path(context, Path(np.array(vertices), codes), flip, rgbFace=(0.0, 0.0, 0.0, 1.0))
    return np.array(renderer.buffer_rgba())[..., 3]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two uint8 pictures of one shape, grey counting in part; 1 where both are empty."""
    union = float(np.maximum(one, other).sum())
    return float(np.minimum(one, other).sum()) / union if union else 1.0


def mean(values: Iterable[float]) -> float:
    """The mean of some numbers, 0 of none."""
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
