"""Results for people: a table on the terminal, a table in Markdown for several models."""

import unicodedata

ARROWS = {"lower": "↓", "higher": "↑", "": ""}


def number(value):
    """A number in four or so digits."""
    if value is None:
        return ""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= 1e5:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"


def heading(result):
    """str: which model, which data, how many images, which seed."""
    data = result["data"]
    return (
        f"{_title(result)}; {data['name']}, {data['images']:,} images; {result['samples']:,} samples, seed"
        f" {result['seed']}"
    )


def table(result):
    """Lines of a table for one model: name, value, interval, the same for real glyphs, number of images.

    Args:
        result: dict of a model as ``evaluate`` gives it.
    """
    rows = [("", "value", "95 % interval", "real", "from", "")]
    for figure in result["figures"]:
        low, high = number(figure["low"]), number(figure["high"])
        between = f"{low} – {high}" if low else ""
        rows.append(
            (
                figure["name"],
                number(figure["value"]),
                between,
                number(figure["real"]),
                f"{figure['count']:,}",
                ARROWS[figure["better"]],
            )
        )
    yield from _aligned(rows)
    yield "↓ lower is better, ↑ higher is better; real: the same figure of real glyphs"


def _aligned(rows):
    """Lines of rows of texts: the first column to the left, the others to the right."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0] + " " * (widths[0] - _width(row[0]))]
        cells += [" " * (width - _width(cell)) + cell for width, cell in zip(widths[1:], row[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def sweep_table(result, as_markdown=False):
    """Lines of a table of a sweep: a row for each point.

    Args:
        result: dict as ``sweeping.run_sweep`` gives it.
        as_markdown: bool.
    """
    names = list(result["points"][0]["figures"])
    axes = [name for name in ("sampler", "steps", "guidance", "temperature") if name in result["points"][0]]
    rows = [(*axes, "images per second", *names)]
    for point in result["points"]:
        values = (number(point["figures"][name]) for name in names)
        rows.append((*(f"{point[name]}" for name in axes), number(point["images_per_second"]), *values))
    yield f"{heading(result)}; {result['hardware']}"
    if not as_markdown:
        yield from _aligned(rows)
        return
    yield ""
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|---|" + "---:|" * (len(rows[0]) - 1)
    for row in rows[1:]:
        yield "| " + " | ".join(row) + " |"


def _width(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def markdown(results):
    """Lines of a Markdown table: a row for each figure, a column for each model, and what real glyphs have.

    Args:
        results: list of dicts as ``evaluate`` gives them.
    """
    names = list(dict.fromkeys(figure["name"] for result in results for figure in result["figures"]))
    found = [{figure["name"]: figure for figure in result["figures"]} for result in results]
    yield "| figure | " + " | ".join(_title(result) for result in results) + " | real |"
    yield "|---|" + "---:|" * (len(results) + 1)
    for name in names:
        known = [figures[name] for figures in found if name in figures]
        cells = [_cell(figures.get(name)) for figures in found]
        yield f"| {name} {ARROWS[known[0]['better']]} | " + " | ".join(cells) + f" | {number(known[0]['real'])} |"


def _title(result):
    step = f", step {result['step']:,}" if result["step"] is not None else ""
    return f"{result['model']} ({result['mode']}{step})".replace("|", "\\|")


def _cell(figure):
    if figure is None:
        return "–"
    low, high = number(figure["low"]), number(figure["high"])
    return number(figure["value"]) + (f" ({low} – {high})" if low else "")
