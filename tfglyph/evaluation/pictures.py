"""Pictures of what the measurements mean: the best and the worst cases of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfglyph.datasets.glyphs import Glyphs, Rows
from tfglyph.evaluation.arithmetic import ArithmeticRanks
from tfglyph.evaluation.codes import CodedSamples
from tfglyph.evaluation.copying import Copying
from tfglyph.evaluation.legibility import Readings
from tfglyph.evaluation.pixels import pixel_vectors
from tfglyph.evaluation.tuples import PartTuple
from tfglyph.imaging.grids import GAP_COLOUR, Panel, panel_figure, table_figure

SHOWN = 10  # columns
CASES = 8  # rows
NEAREST_SHOWN = 5
MAX_CATEGORIES = 10  # rows of one code
PAIR_HEIGHT = 130  # pixels of two images above each other


def legibility(images: np.ndarray, readings: Readings) -> np.ndarray:
    """Samples that the recognizer is surest of, and least sure of, with what it reads.

    Args:
        images: uint8 [n, h, w, c].
        readings: Readings of them.

    Returns:
        uint8 [H, W, 3].
    """
    order = np.argsort(-readings.confidences, kind="stable")
    panels = []
    for title, rows in (("surest", order[:SHOWN]), ("median", _middle(order)), ("least sure", order[-SHOWN:])):
        labels = [f"{readings.texts[row][:3] or '–'} {readings.confidences[row]:.2f}" for row in rows]
        panels.append(Panel(title, images[rows], labels))
    return panel_figure("Samples as the recognizer reads them", panels)


def _middle(order: np.ndarray) -> np.ndarray:
    start = max((len(order) - SHOWN) // 2, 0)
    return order[start : start + SHOWN]


def reconstructions(cases: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """The best, the middle and the worst reconstructions of each split.

    Args:
        cases: dict from split to (images uint8 [n, h, w, c], reconstructions of them, float (n,) scores).

    Returns:
        uint8 [H, W, 3].
    """
    panels = []
    for split, (images, reconstructed, scores) in cases.items():
        order = np.argsort(-scores, kind="stable")
        for rank, rows in (("best", order[:SHOWN]), ("median", _middle(order)), ("worst", order[-SHOWN:])):
            pairs = stacked(images[rows], reconstructed[rows])
            labels = [f"{scores[row]:.2f}" for row in rows]
            panels.append(Panel(f"{split}, {rank}: real above, drawn below", pairs, labels))
    return panel_figure("Reconstructions by the overlap of their ink", panels, image_height=PAIR_HEIGHT)


def stacked(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Pairs of images as one image each, with a grey line between: uint8 [n, h, w, c] twice -> (n, 2 h + 1, w, c)."""
    line = np.full((len(above), 1, *above.shape[2:]), GAP_COLOUR, np.uint8)
    return np.concatenate([above, line, below], axis=1)


def arithmetic(
    glyphs: Glyphs,
    tuples: Sequence[PartTuple],
    rows: np.ndarray,
    result: ArithmeticRanks,
    composed: np.ndarray | None = None,
) -> np.ndarray:
    """The best and the worst cases of A - B + C by the rank of D for the decoded image.

    Args:
        glyphs: Glyphs, the whole data set.
        tuples: list of t PartTuple.
        rows: int (t, 4), the rows of A, B, C and D.
        result: ArithmeticRanks of a model.
        composed: uint8 (t, h, w, c), what the descriptions of A, B and C give, or None.

    Returns:
        uint8 [H, W, 3].
    """
    images, decoded = np.asarray(glyphs.images), result.drawn[result.best_drawn]
    ranks = result.ranks[result.best_drawn]
    pixels, decoded_pixels = pixel_vectors(images), pixel_vectors(decoded)
    order = np.lexsort((((pixels[rows[:, 3]] - decoded_pixels) ** 2).sum(axis=1), ranks))
    shown = np.unique(np.concatenate([np.arange(len(order))[:CASES], np.arange(len(order))[-CASES:]]))
    faces: dict[str, np.ndarray] = {}
    lines: list[tuple[str, list[np.ndarray]]] = []
    for case in order[shown]:
        entry, of_entry = tuples[case], rows[case]
        distances = ((pixels - decoded_pixels[case]) ** 2).sum(axis=1)
        distances[of_entry[:3]] = np.inf
        nearest = np.argsort(distances, kind="stable")[:NEAREST_SHOWN]
        faces |= dict(zip(entry.characters, images[of_entry], strict=True))
        label = f"{entry.a} − {entry.b} + {entry.c} = {entry.d}   D is no. {ranks[case] + 1:,}"
        groups = [images[of_entry[:3]], decoded[case][None], images[of_entry[3:]], images[nearest]]
        lines.append((label, groups if composed is None else [*groups, composed[case][None]]))
    headers = [
        ("real", "ABC"),
        ("drawn", ["A−B+C"]),
        ("real", "D"),
        ("nearest to the drawn one", [str(number) for number in range(1, NEAREST_SHOWN + 1)]),
    ]
    if composed is not None:
        headers.append(("told the parts", ["composed"]))
    return table_figure("Arithmetic: the best and the worst cases", headers, lines, faces)


def copying(samples: np.ndarray, training: np.ndarray | Rows, result: Copying) -> np.ndarray:
    """The samples nearest to a training glyph, with it.

    Args:
        samples: uint8 [n, h, w, c].
        training: uint8 [k, h, w, c].
        result: Copying.

    Returns:
        uint8 [H, W, 3].
    """
    order = np.argsort(result.sample_distances, kind="stable")
    panels = []
    for title, rows in (("nearest", order[:SHOWN]), ("median", _middle(order))):
        pairs = stacked(samples[rows], np.stack([training[row] for row in result.nearest_rows[rows]]))
        label = f"{title}: samples above, their nearest training glyphs below"
        panels.append(Panel(label, pairs, [f"{result.sample_distances[row]:.3f}" for row in rows]))
    title = f"Distance to training glyphs; 1 of 100 real ones is under {result.threshold:.3f}"
    return panel_figure(title, panels, image_height=PAIR_HEIGHT)


def codes(samples: CodedSamples) -> np.ndarray:
    """Samples sorted by each code: a row for each category, and one from end to end for each continuous code.

    Args:
        samples: CodedSamples.

    Returns:
        uint8 [H, W, 3].
    """
    panels = []
    for index in range(samples.categories.shape[1]):
        categories = samples.categories[:, index]
        for category in range(min(categories.max() + 1, MAX_CATEGORIES)):
            rows = np.flatnonzero(categories == category)[:SHOWN]
            if len(rows):
                panels.append(Panel(f"categorical {index + 1}: {category}", samples.images[rows]))
    for index in range(samples.continuous.shape[1]):
        values = samples.continuous[:, index]
        order = np.argsort(values, kind="stable")
        rows = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).astype(int))]
        panels.append(Panel(f"continuous {index + 1}", samples.images[rows], [f"{values[row]:+.2f}" for row in rows]))
    return panel_figure("Samples sorted by their codes", panels, image_height=48)


def sweep(points: Sequence[Mapping[str, Any]], title: str) -> np.ndarray:
    """Quality against time, one line for each sampler and strength of guidance.

    Args:
        points: list of dicts with ``sampler``, ``steps``, perhaps ``guidance`` and ``temperature``,
            ``images_per_second`` and ``figures``, a dict from a measurement's name to its value.
        title: str.

    Returns:
        uint8 [H, W, 3].
    """
    from matplotlib import ticker  # slow: half a second that only sweeps need wait
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow: as above
    from matplotlib.figure import Figure  # slow: as above

    def line_of(point: Mapping[str, Any]) -> str:
        further = [f"{name} {point[name]:g}" for name in ("guidance", "temperature") if name in point]
        return ", ".join([point["sampler"], *further])

    names = list(points[0]["figures"])
    figure = Figure(figsize=(5 * len(names), 4), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    for axis, name in zip(axes, names, strict=True):
        for line in dict.fromkeys(map(line_of, points)):
            on_line = [point for point in points if line_of(point) == line]
            seconds = [1.0 / point["images_per_second"] for point in on_line]
            values = [point["figures"][name] for point in on_line]
            axis.plot(seconds, values, marker="o", label=line)
            for point, x, y in zip(on_line, seconds, values, strict=True):
                axis.annotate(point["steps"], (x, y), textcoords="offset points", xytext=(4, 4), fontsize=8)
        axis.set(xlabel="seconds for an image (the numbers are steps)", ylabel=name, xscale="log")
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.suptitle(title)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
