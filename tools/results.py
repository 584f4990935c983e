"""Tables and training curves of docs/research/results.md, from the measurements and logs beside the shipped weights.

python tools/results.py table vaegan-cns vae-cns
python tools/results.py curve compose-cns docs/images/results-compose-curve.png
python tools/results.py composition compose-cns
python tools/results.py sketches 酩霧國婉這瘋 docs/images/compose-sketches.png
"""

import json
import pathlib
from typing import Any

import click
import numpy as np
import tensorflow as tf

from tfglyph import datasets
from tfglyph.composition import tokenizer
from tfglyph.evaluation.report import markdown
from tfglyph.imaging.curves import curves
from tfglyph.imaging.grids import enlarge, save_png
from tfglyph.networks.sketches import Sketches
from tfglyph.pretrained import PREFIX, folder_of
from tfglyph.runs.rundir import read_stats


@click.group()
def main() -> None:
    """Tables and curves of shipped models."""


def read_result(path: pathlib.Path) -> dict[str, Any]:
    """The one model's result of a file that ``tfglyph evaluate`` wrote."""
    (result,) = json.loads(path.read_text(encoding="utf-8"))["models"]
    return result


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--only", default="", metavar="fid/ocr,legibility", help="Measurements whose names begin so.")
def table(names: tuple[str, ...], only: str) -> None:
    """One Markdown table of the measurements that lie beside the weights."""
    results, prefixes = [], tuple(only.split(","))
    for name in names:
        result = read_result(folder_of(PREFIX + name) / "metrics.json")
        measurements = [each for each in result["figures"] if each["name"].startswith(prefixes)]
        results.append(result | {"model": name, "figures": measurements})
    click.echo("\n".join(markdown(results)))


GROUPS = {
    "held-out": "held out; each part occurs in the same slot of eight or more other characters",
    "depth two": "the same, conditioned on the parts of the parts",
    "enclosures": "held out, with an enclosing part (⿴ ⿵ ⿶ ⿷ ⿸ ⿹ ⿺)",
    "rarer parts": "held out, with rarer parts",
    "trained": "trained on",
}


@main.command()
@click.argument("source")
def composition(source: str) -> None:
    """The composition of shipped weights, or of a metrics.json, a row for each group of characters."""
    path = pathlib.Path(source) if source.endswith(".json") else folder_of(PREFIX + source) / "metrics.json"
    by_name = {each["name"].removeprefix("composition/"): each for each in read_result(path)["figures"]}
    click.echo("| characters | n | top-1 | top-5 | top-1, blurred | top-5, blurred | read right | real |")
    click.echo("|---|" + "---:|" * 7)
    for group, title in GROUPS.items():
        if f"{group}/top-1" in by_name:
            names = [f"{group}/{name}" for name in ("top-1", "top-5", "top-1 blurred", "top-5 blurred", "read right")]
            cells = [_fraction(by_name.get(name, {}).get("value")) for name in names]
            cells.append(_fraction(by_name.get(f"{group}/read right", {}).get("real")))
            click.echo(f"| {title} | {by_name[f'{group}/top-1']['count']} | {' | '.join(cells)} |")


def _fraction(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".lstrip("0")


@main.command()
@click.argument("name")
@click.argument("path", type=click.Path())
@click.option("--prefix", default="loss/", show_default=True, help="Which numbers of the log.")
@click.option("--log", "logarithmic", is_flag=True, help="Their logarithm, base 10.")
def curve(name: str, path: str, prefix: str, logarithmic: bool) -> None:
    """A picture of a training log."""
    stats = read_stats(folder_of(PREFIX + name))
    series = {}
    for key in dict.fromkeys(key for row in stats for key in row if key.startswith(prefix)):
        rows = [(row["step"], row[key]) for row in stats if row.get(key) is not None]
        steps, values = map(np.array, zip(*rows, strict=True))
        series[key.removeprefix(prefix)] = (steps, np.log10(values) if logarithmic else values)
    label = prefix.rstrip("/") + (", log10" if logarithmic else "")
    click.echo(save_png(path, curves(name, series, "step", label)))


@main.command()
@click.argument("characters")
@click.argument("path", type=click.Path())
def sketches(characters: str, path: str) -> None:
    """The sketches that a composing model gets as input for training characters: a row each, the real glyph first."""
    glyphs, encoder = datasets.load("cns", size=32, split="train", holdout=0.07), tokenizer()
    known = glyphs.known_characters()
    layer = Sketches(4096, encoder.vocabulary, (32, 32, 1))
    layer.adapt(np.asarray(glyphs.images), encoder.encode_characters(known), encoder.encode_as_parts(known))
    rows_of = glyphs.rows_by_character()
    images = glyphs.images[[rows_of[character] for character in characters]]
    tokens = encoder.encode_characters(characters)
    ink = np.round(255 * layer(tf.constant(tokens), drawn=tf.constant(images)).numpy()).astype(np.uint8)
    cells = 255 - np.concatenate([images, ink], axis=-1)  # (n, h, w, 7), ink is black on paper
    cells = np.pad(cells, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=230)
    rows, height, width, columns = cells.shape
    page = cells.transpose(0, 1, 3, 2).reshape(rows * height, columns * width)
    click.echo(save_png(path, enlarge(page[None, ..., None], 3)[0]))


if __name__ == "__main__":
    main()
