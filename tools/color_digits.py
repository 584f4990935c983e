#!/usr/bin/env python
"""Writes MNIST's handwritten digits as a folder of colour pictures of 64×64 pixels, for an InfoGAN.

    python tools/color_digits.py digits
    python train.py --architecture infogan-digits.json --dataset folder --datadir digits

The file is ``infogan-1x10-2`` with a higher rate for its generator: docs/research/results.md says how and why.

Each digit has a hue of its own, on black. The pictures lie in one folder for each of the ten digits, so that what a
network finds by itself can be compared with them; its training does not see them.
"""

import colorsys
import os

import click
import numpy as np
from PIL import Image

from tfglyph import datasets
from tfglyph.errors import GlyphError
from tfglyph.progress import progress

SIDE = 64  # pixels


@click.command()
@click.argument("output")
@click.option("--count", type=click.IntRange(1), default=60000, show_default=True)
@click.option("--datadir", help="Where MNIST's IDX files lie, if not to be downloaded.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def main(output: str, count: int, datadir: str | None, seed: int) -> None:
    """Writes colour pictures of handwritten digits to OUTPUT."""
    try:
        glyphs = datasets.load("mnist", SIDE, datadir=datadir)
    except GlyphError as error:
        raise click.ClickException(str(error)) from None
    assert glyphs.labels is not None and glyphs.label_names is not None  # MNIST has both
    names = [glyphs.label_names[label] for label in glyphs.labels[:count]]
    hues = np.random.default_rng(seed).random(len(names))
    for name in set(names):
        os.makedirs(os.path.join(output, name), exist_ok=True)
    for number, name in enumerate(progress(names, "pictures", unit="picture")):
        ink = glyphs.images[number].astype(np.float32)  # [64, 64, 1], 255 where there is ink
        picture = Image.fromarray(np.rint(ink * colorsys.hsv_to_rgb(hues[number], 1.0, 1.0)).astype(np.uint8))
        picture.save(os.path.join(output, name, f"{number:05d}.png"))
    click.echo(f"{len(names):,} pictures: {output}")


if __name__ == "__main__":
    main()
