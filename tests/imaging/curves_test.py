"""tfglyph.imaging.curves: curves are where their numbers are."""

import numpy as np

from tfglyph.imaging.curves import curves


def dark_rows(page):
    """Rows of the page that hold thick black, by column halves: (left, right) means."""
    black = (page < 40).all(axis=-1)
    inside = black[60:340, 90:690]  # without axes and title
    left, right = (np.nonzero(half.sum(axis=1) > 20)[0] for half in (inside[:, 100:250], inside[:, 350:500]))
    return left.mean(), right.mean()


def test_the_highlighted_line_steps_up_where_its_numbers_do():
    x = np.arange(100)
    series = {"0": (x, np.zeros(100)), "mean": (x, np.where(x < 50, 0.25, 0.75)), "1": (x, np.ones(100))}
    page = curves("title", series, "step", "score", highlight="mean")
    assert page.shape == (420, 720, 3) and page.dtype == np.uint8
    left, right = dark_rows(page)
    assert left - right > 100  # pixels count from the top
    flat = curves("title", series | {"mean": (x, np.full(100, 0.5))}, "step", "score", highlight="mean")
    left, right = dark_rows(flat)
    assert abs(left - right) < 2


def test_gaps_and_single_points_are_no_error():
    assert curves("t", {"a": ([1, 2, 3], [1.0, float("nan"), 2.0]), "b": ([1], [0.0])}, "x", "y").any()
