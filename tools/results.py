"""FrozenTables and training curves of docs/results.md, from the figures and logs beside the shipped weights.

python tools/results.py table vaegan-cns vae-cns
python tools/results.py curve compose-cns docs/images/results-compose-curve.png
python tools/results.py composition compose-cns
python tools/results.py sketches 酩霧國婉這瘋 docs/images/compose-sketches.png
"""

import json
import pathlib

import click
import numpy as np

from tfglyph.evaluation.report import markdown
from tfglyph.imaging.curves import curves
from tfglyph.imaging.grids import save_png
from tfglyph.pretrained import PREFIX, folder_of
from tfglyph.runs.rundir import read_stats


@click.group()
def main():
    """FrozenTables and curves of shipped models."""


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--only", default="", metavar="fid/ocr,legibility", help="Figures whose names begin so.")
def table(names, only):
    """One Markdown table of the figures that lie beside the weights."""
    results, prefixes = [], tuple(only.split(","))
    for name in names:
        (found,) = json.loads((folder_of(PREFIX + name) / "metrics.json").read_text(encoding="utf-8"))["models"]
        figures = [figure for figure in found["figures"] if figure["name"].startswith(prefixes)]
        results.append(found | {"model": name, "figures": figures})
    click.echo("\n".join(markdown(results)))


GROUPS = {
    "held-out": "held out; each part stands at its place in eight or more other characters",
    "depth two": "the same, told by the parts of the parts",
    "enclosures": "held out, with an enclosing part (⿴ ⿵ ⿶ ⿷ ⿸ ⿹ ⿺)",
    "rarer parts": "held out, with rarer parts",
    "trained": "trained on",
}


@main.command()
@click.argument("place")
def composition(place):
    """The composition figures of shipped weights, or of a metrics.json, a row for each group of characters."""
    path = folder_of(PREFIX + place) / "metrics.json" if not place.endswith(".json") else pathlib.Path(place)
    (found,) = json.loads(path.read_text(encoding="utf-8"))["models"]
    figures = {figure["name"].removeprefix("composition/"): figure for figure in found["figures"]}
    click.echo("| characters | n | first | among five | first, blurred | among five, blurred | read right | real |")
    click.echo("|---|" + "---:|" * 7)
    for group, title in GROUPS.items():
        if f"{group}/top-1" in figures:
            shares = [f"{group}/{name}" for name in ("top-1", "top-5", "top-1 blurred", "top-5 blurred", "read right")]
            row = [_share(figures.get(name, {}).get("value")) for name in shares]
            real = _share(figures.get(f"{group}/read right", {}).get("real"))
            click.echo(f"| {title} | {figures[f'{group}/top-1']['count']} | {' | '.join([*row, real])} |")


def _share(value):
    return "" if value is None else f"{value:.3f}".lstrip("0")


@main.command()
@click.argument("name")
@click.argument("path", type=click.Path())
@click.option("--prefix", default="loss/", show_default=True, help="Which numbers of the log.")
@click.option("--log", "logarithmic", is_flag=True, help="Their logarithm, base 10.")
def curve(name, path, prefix, logarithmic):
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
def sketches(characters, path):
    """What a composing model with sketches is shown of training characters: a row each, the real glyph first."""
    import tensorflow as tf

    import tfglyph
    from tfglyph.composition import tokenizer
    from tfglyph.imaging.grids import enlarge
    from tfglyph.networks.sketches import Sketches

    glyphs, words = tfglyph.datasets.load("cns", size=32, split="train", holdout=0.07), tokenizer()
    layer = Sketches(4096, words.vocabulary, (32, 32, 1))
    layer.adapt(glyphs.images, words.encode_characters(glyphs.characters), words.encode_as_parts(glyphs.characters))
    images = glyphs.images[[glyphs.index(character) for character in characters]]
    tokens = words.encode_characters(characters)
    shown = np.round(255 * layer(tf.constant(tokens), drawn=tf.constant(images)).numpy()).astype(np.uint8)
    cells = 255 - np.concatenate([images, shown], axis=-1)  # (n, h, w, 7), ink is black on paper
    cells = np.pad(cells, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=230)
    rows, height, width, columns = cells.shape
    page = cells.transpose(0, 1, 3, 2).reshape(rows * height, columns * width)
    click.echo(save_png(path, enlarge(page[None, ..., None], 3)[0]))


if __name__ == "__main__":
    main()
