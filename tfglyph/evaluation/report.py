"""Results for people: a table on the terminal, a table in Markdown for several models."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ARROWS = {"lower": "↓", "higher": "↑", "": ""}

Result = Mapping[str, Any]
"""One model's result, as ``evaluate`` or ``run_sweep`` gives it and the JSON file holds it."""


def number(value: float | None) -> str:
    """A number in four or so digits."""
    if value is None:
        return ""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= 1e5:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"


def heading(result: Result) -> str:
    """Which model, which data, how many images, which seed."""
    data = result["data"]
    return (
        f"{_title(result)}; {data['name']}, {data['images']:,} images; {result['samples']:,} samples, seed"
        f" {result['seed']}"
    )


def table(result: Result) -> Iterator[str]:
    """Lines of a table for one model: name, value, interval, the same for real glyphs, number of images.

    Args:
        result: dict of a model as ``evaluate`` gives it.
    """
    rows = [("", "value", "95 % interval", "real", "from", "")]
    for measurement in result["figures"]:
        low, high = number(measurement["low"]), number(measurement["high"])
        rows.append(
            (
                measurement["name"],
                number(measurement["value"]),
                f"{low} – {high}" if low else "",
                number(measurement["real"]),
                f"{measurement['count']:,}",
                ARROWS[measurement["better"]],
            )
        )
    yield from _aligned(rows)
    yield "↓ lower is better, ↑ higher is better; real: the same measurement of real glyphs"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of rows of texts: the first column to the left, the others to the right."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0] + " " * (widths[0] - _width(row[0]))]
        cells += [" " * (width - _width(cell)) + cell for width, cell in zip(widths[1:], row[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def sweep_table(result: Result, as_markdown: bool = False) -> Iterator[str]:
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


def _width(text: str) -> int:
    """Columns of a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def markdown(results: Sequence[Result]) -> Iterator[str]:
    """Lines of a Markdown table: a row for each measurement, a column for each model, and what real glyphs have.

    Args:
        results: list of dicts as ``evaluate`` gives them.
    """
    by_model = [{measurement["name"]: measurement for measurement in result["figures"]} for result in results]
    names = list(dict.fromkeys(name for measurements in by_model for name in measurements))
    yield "| metric | " + " | ".join(_title(result) for result in results) + " | real |"
    yield "|---|" + "---:|" * (len(results) + 1)
    for name in names:
        first = next(measurements[name] for measurements in by_model if name in measurements)
        cells = [_cell(measurements.get(name)) for measurements in by_model]
        yield f"| {name} {ARROWS[first['better']]} | " + " | ".join(cells) + f" | {number(first['real'])} |"


def _title(result: Result) -> str:
    step = f", step {result['step']:,}" if result["step"] is not None else ""
    return f"{result['model']} ({result['mode']}{step})".replace("|", "\\|")


def _cell(measurement: Mapping[str, Any] | None) -> str:
    if measurement is None:
        return "–"
    low, high = number(measurement["low"]), number(measurement["high"])
    return number(measurement["value"]) + (f" ({low} – {high})" if low else "")
