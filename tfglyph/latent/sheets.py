"""Labelled pages of what the tools of this package find."""

import numpy as np

from tfglyph.imaging.curves import curves
from tfglyph.imaging.grids import Panel, panel_figure

ACROSS = 8  # images in a row of a page


def before_and_after(title, points, before, after, result):
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
    for start in range(0, len(points), ACROSS):
        part = slice(start, start + ACROSS)
        first, last = (scores[part] for scores in (result.scores[0], result.scores[-1]))
        names = [f"{name}: {score:.2f}" for name, score in zip(points.names[part], first, strict=True)]
        panels.append(Panel("before", before[part], names))
        panels.append(Panel("after", after[part], [f"{score:.2f}" for score in last]))
    return panel_figure(f"{title}: the critic's score", panels, points.faces, image_height=128)


def score_curve(title, points, result):
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
