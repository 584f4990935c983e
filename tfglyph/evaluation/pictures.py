"""Pictures of what the figures mean: the best and the worst cases of a model."""

import numpy as np

from tfglyph.imaging.grids import GAP_COLOUR, Panel, panel_figure, table_figure

SHOWN = 10  # columns
CASES = 8  # rows
NEAREST_SHOWN = 5
MOST_CATEGORIES = 10  # rows of one code
PAIR_HEIGHT = 130  # pixels of two images above each other


def legibility(images, readings):
    """Samples that the recognizer is surest of, and least sure of, with what it reads.

    Args:
        images: uint8 [n, h, w, c].
        readings: legibility.Readings of them.

    Returns:
        uint8 [H, W, 3].
    """
    order = np.argsort(-readings.confidences, kind="stable")
    panels = []
    for title, rows in (("surest", order[:SHOWN]), ("median", _middle(order)), ("least sure", order[-SHOWN:])):
        labels = [f"{readings.texts[row][:3] or '–'} {readings.confidences[row]:.2f}" for row in rows]
        panels.append(Panel(title, images[rows], labels))
    return panel_figure("Samples as the recognizer reads them", panels)


def _middle(order):
    start = max((len(order) - SHOWN) // 2, 0)
    return order[start : start + SHOWN]


def reconstructions(shown):
    """The best, the middle and the worst reconstructions of each part.

    Args:
        shown: dict from part to (images uint8 [n, h, w, c], reconstructions of them, float (n,) scores).

    Returns:
        uint8 [H, W, 3].
    """
    panels = []
    for part, (images, drawn, values) in shown.items():
        order = np.argsort(-values, kind="stable")
        for place, rows in (("best", order[:SHOWN]), ("median", _middle(order)), ("worst", order[-SHOWN:])):
            pairs = stacked(images[rows], drawn[rows])
            labels = [f"{values[row]:.2f}" for row in rows]
            panels.append(Panel(f"{part}, {place}: real above, drawn below", pairs, labels))
    return panel_figure("Reconstructions by the overlap of their ink", panels, image_height=PAIR_HEIGHT)


def stacked(above, below):
    """Pairs of images as one image each, with a grey line between: uint8 [n, h, w, c] twice -> (n, 2 h + 1, w, c)."""
    line = np.full((len(above), 1, *above.shape[2:]), GAP_COLOUR, np.uint8)
    return np.concatenate([above, line, below], axis=1)


def arithmetic(glyphs, tuples, rows, found):
    """The best and the worst cases of A - B + C by the rank of D for the drawn image.

    Args:
        glyphs: Glyphs, the whole data set.
        tuples: list of t PartTuple.
        rows: int (t, 4), the rows of A, B, C and D.
        found: arithmetic.Arithmetic.

    Returns:
        uint8 [H, W, 3].
    """
    from tfglyph.evaluation.arithmetic import flat

    places = found.places["decoded"]
    targets, drawn = flat(glyphs.images[rows[:, 3]]), flat(found.drawn)
    order = np.lexsort((((targets - drawn) ** 2).sum(axis=1), places))
    chosen = np.unique(np.concatenate([np.arange(len(order))[:CASES], np.arange(len(order))[-CASES:]]))
    pixels, faces, lines = flat(glyphs.images), {}, []
    for case in order[chosen]:
        entry, own = tuples[case], rows[case]
        distances = ((pixels - drawn[case]) ** 2).sum(axis=1)
        distances[own[:3]] = np.inf
        nearest = np.argsort(distances, kind="stable")[:NEAREST_SHOWN]
        faces |= dict(zip(entry.characters, glyphs.images[own], strict=True))
        label = f"{entry.a} − {entry.b} + {entry.c} = {entry.d}   D is no. {places[case] + 1:,}"
        groups = [glyphs.images[own[:3]], found.drawn[case][None], glyphs.images[own[3:]], glyphs.images[nearest]]
        lines.append((label, groups))
    headers = [
        ("real", "ABC"),
        ("drawn", ["A−B+C"]),
        ("real", "D"),
        ("nearest to the drawn one", [str(place + 1) for place in range(NEAREST_SHOWN)]),
    ]
    return table_figure("Arithmetic: the best and the worst cases", headers, lines, faces)


def copying(samples, training, found):
    """The samples nearest to a training glyph, with it.

    Args:
        samples: uint8 [n, h, w, c].
        training: uint8 [k, h, w, c].
        found: copying.Copying.

    Returns:
        uint8 [H, W, 3].
    """
    order = np.argsort(found.samples, kind="stable")
    panels = []
    for title, rows in (("nearest", order[:SHOWN]), ("median", _middle(order))):
        pairs = stacked(samples[rows], np.stack([training[row] for row in found.rows[rows]]))
        label = f"{title}: samples above, their nearest training glyphs below"
        panels.append(Panel(label, pairs, [f"{found.samples[row]:.3f}" for row in rows]))
    title = f"Distance to training glyphs; 1 of 100 real ones is under {found.threshold:.3f}"
    return panel_figure(title, panels, image_height=PAIR_HEIGHT)


def codes(drawn):
    """Samples sorted by each code: a row for each category, and one from end to end for each continuous code.

    Args:
        drawn: codes.Drawn.

    Returns:
        uint8 [H, W, 3].
    """
    panels = []
    for place in range(drawn.categories.shape[1]):
        for category in range(min(drawn.categories[:, place].max() + 1, MOST_CATEGORIES)):
            rows = np.flatnonzero(drawn.categories[:, place] == category)[:SHOWN]
            if len(rows):
                panels.append(Panel(f"categorical {place + 1}: {category}", drawn.images[rows]))
    for place in range(drawn.continuous.shape[1]):
        values = drawn.continuous[:, place]
        order = np.argsort(values, kind="stable")
        rows = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).astype(int))]
        panels.append(Panel(f"continuous {place + 1}", drawn.images[rows], [f"{values[row]:+.2f}" for row in rows]))
    return panel_figure("Samples sorted by their codes", panels, image_height=48)


def sweep(points, title):
    """Quality against time, one line for each sampler and strength of guidance.

    Args:
        points: list of dicts with ``sampler``, ``steps``, perhaps ``guidance`` and ``temperature``,
            ``images_per_second`` and ``figures``, a dict from a figure's name to its value.
        title: str.

    Returns:
        uint8 [H, W, 3].
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    def line(point):
        further = [f"{name} {point[name]:g}" for name in ("guidance", "temperature") if name in point]
        return ", ".join([point["sampler"], *further])

    names = list(points[0]["figures"])
    drawing, axes = pyplot.subplots(1, len(names), figsize=(5 * len(names), 4), squeeze=False, layout="constrained")
    for axis, name in zip(axes[0], names, strict=True):
        for sampler in dict.fromkeys(map(line, points)):
            own = [point for point in points if line(point) == sampler]
            seconds = [1.0 / point["images_per_second"] for point in own]
            values = [point["figures"][name] for point in own]
            axis.plot(seconds, values, marker="o", label=sampler)
            for point, x, y in zip(own, seconds, values, strict=True):
                axis.annotate(point["steps"], (x, y), textcoords="offset points", xytext=(4, 4), fontsize=8)
        axis.set(xlabel="seconds for an image (the numbers are steps)", ylabel=name, xscale="log")
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.grid(alpha=0.3)
    axes[0][0].legend()
    drawing.suptitle(title)
    drawing.canvas.draw()
    image = np.asarray(drawing.canvas.buffer_rgba())[..., :3].copy()
    pyplot.close(drawing)
    return image
