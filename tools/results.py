"""Tables and training curves of docs/results.md, from the figures and logs beside the shipped weights.

    python tools/results.py table vaegan-cns vae-cns
    python tools/results.py curve ddpm-cns docs/images/results-ddpm-curve.png
"""

import json

import click
import numpy as np

from tfglyph.evaluation.report import markdown
from tfglyph.figures import save_png
from tfglyph.plots import curves
from tfglyph.shipped import FOLDER
from tfglyph.training.rundir import read_stats


@click.group()
def main():
    """Tables and curves of shipped models."""


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--only", default="", metavar="fid/ocr,legibility", help="Figures whose names begin so.")
def table(names, only):
    """One Markdown table of the figures that lie beside the weights."""
    results, prefixes = [], tuple(only.split(","))
    for name in names:
        (found,) = json.loads((FOLDER / name / "metrics.json").read_text(encoding="utf-8"))["models"]
        figures = [figure for figure in found["figures"] if figure["name"].startswith(prefixes)]
        results.append(found | {"model": name, "figures": figures})
    click.echo("\n".join(markdown(results)))


@main.command()
@click.argument("name")
@click.argument("path", type=click.Path())
@click.option("--prefix", default="loss/", show_default=True, help="Which numbers of the log.")
@click.option("--log", "logarithmic", is_flag=True, help="Their logarithm, base 10.")
def curve(name, path, prefix, logarithmic):
    """A picture of a training log."""
    stats = read_stats(FOLDER / name)
    series = {}
    for key in dict.fromkeys(key for row in stats for key in row if key.startswith(prefix)):
        rows = [(row["step"], row[key]) for row in stats if row.get(key) is not None]
        steps, values = map(np.array, zip(*rows, strict=True))
        series[key.removeprefix(prefix)] = (steps, np.log10(values) if logarithmic else values)
    label = prefix.rstrip("/") + (", log10" if logarithmic else "")
    click.echo(save_png(path, curves(name, series, "step", label)))


if __name__ == "__main__":
    main()
