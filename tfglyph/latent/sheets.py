"""Figures of a gradient ascent (``tfglyph.latent.enhance``): images before and after, and the score at each step."""

import numpy as np

from tfglyph.imaging.curves import curves
from tfglyph.imaging.grids import Panel, panel_figure
from tfglyph.latent.enhance import Enhanced
from tfglyph.latent.points import Points

COLUMNS = 8  # images in a row of a page


def before_and_after(title: str, points: Points, before: np.ndarray, after: np.ndarray, result: Enhanced) -> np.ndarray:
    """Images before and after an ascent, under each other, with the critic's scores.

    Args:
        title: str.
        points: tfglyph.latent.points.Points.
        before, after: uint8 (n, h, w, c).
        result: tfglyph.latent.enhance.Enhanced.

    Returns:
        uint8 (H, W, 3).
    """
    panels = []
    for start in range(0, len(points), COLUMNS):
        part = slice(start, start + COLUMNS)
        first, last = (scores[part] for scores in (result.scores[0], result.scores[-1]))
        names = [f"{name}: {score:.2f}" for name, score in zip(points.names[part], first, strict=True)]
        panels.append(Panel("before", before[part], names))
        panels.append(Panel("after", after[part], [f"{score:.2f}" for score in last]))
    return panel_figure(f"{title}: the critic's score", panels, points.glyph_images, image_height=128)


def score_curve(title: str, points: Points, result: Enhanced) -> np.ndarray:
    """The critic's score over the steps of an ascent: each image, and their mean in bold.

    Args:
        title: str.
        points: tfglyph.latent.points.Points.
        result: tfglyph.latent.enhance.Enhanced.

    Returns:
        uint8 (H, W, 3).
    """
    steps = np.arange(len(result.scores))
    series = {f"{number}": (steps, result.scores[:, number]) for number in range(len(points))}
    series["mean"] = (steps, result.scores.mean(axis=1))
    return curves(title, series, "step", "critic's score", highlight="mean")
