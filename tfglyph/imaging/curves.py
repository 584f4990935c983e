"""Line plots as images."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike


def curves(
    title: str,
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    x_label: str,
    y_label: str,
    highlight: str | None = None,
    size: tuple[int, int] = (720, 420),
) -> np.ndarray:
    """A plot of one or several lines.

    Args:
        title: str.
        series: dict from name to (x, y), lists or arrays of one length; NaN leaves a gap.
        x_label, y_label: str.
        highlight: str or None, the name of the line that is drawn over faint others; then the legend has no others.
        size: (width, height) in pixels.

    Returns:
        uint8 (height, width, 3).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow: half a second that most verbs need not wait
    from matplotlib.figure import Figure  # slow: as above

    figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, (x, y) in series.items():
        if highlight is None:
            axes.plot(x, y, linewidth=1.2, label=name)
        elif name == highlight:
            axes.plot(x, y, linewidth=2.4, color="black", label=name, zorder=3)
        else:
            axes.plot(x, y, linewidth=0.8, alpha=0.5)
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.3)
    if len(series) > 1:
        axes.legend(fontsize="small")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
