#!/usr/bin/env python
"""Writes handwriting-like characters as CASIA-HWDB .gnt files, for trying things out without the real ones.

    python tools/make_gnt.py --fonts /usr/share/fonts/truetype/lxgw-wenkai --output data/hwdb-like
    python train.py --dataset casia --datadir data/hwdb-like

Each file is one writer, as in the real set: a font, a slant, a size and a pen of its own; every character is distorted
differently. The real set is free for research, by its makers' leave, and reads the same way.
"""

import argparse
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from tfglyph.datasets.charsets import charset
from tfglyph.datasets.fontface import FontFace
from tfglyph.datasets.fonts import coverage, open_faces
from tfglyph.datasets.gnt import write_gnt
from tfglyph.progress import progress

SIDE = 128  # pixels of the drawing that is distorted
CELLS = 4  # the drawing is distorted as a grid of this many cells each way


@dataclass
class Writer:
    """What the characters of one writer have in common.

    Attributes:
        slant: float, horizontal shear.
        pen: int, pixels by which strokes are widened, odd; 1 for not at all.
        size: float, pixels.
        ink: float in [0, 1], darkness.
    """

    slant: float
    pen: int
    size: float
    ink: float


def distorted(glyph: Image.Image, random: np.random.Generator, amount: float) -> Image.Image:
    """A copy of a picture whose grid points have moved by up to ``amount`` of the side."""
    corners = np.stack(np.meshgrid(*[np.linspace(0, SIDE, CELLS + 1)] * 2, indexing="ij"), -1)  # (y, x)
    sources = corners + random.uniform(-amount, amount, corners.shape) * SIDE
    cells = []
    for row in range(CELLS):
        for column in range(CELLS):
            box = (*corners[row, column, ::-1].astype(int), *corners[row + 1, column + 1, ::-1].astype(int))
            around = ((row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1))
            cells.append((box, tuple(float(value) for corner in around for value in sources[corner][::-1])))
    return glyph.transform(glyph.size, Image.Transform.MESH, cells, Image.Resampling.BILINEAR)


def handwritten(face: FontFace, character: str, random: np.random.Generator, writer: Writer) -> np.ndarray:
    """uint8 ``[h, w]``: one character by one writer, cut to its ink, 255 for the background."""
    glyph = face.draw(character, SIDE, "ink")
    slant = writer.slant + random.normal(0, 0.03)
    turn = random.normal(0, 0.05)
    half = SIDE / 2
    x, y = 1.15 * (1 + random.normal(0, 0.05)), 1.15 * (1 + random.normal(0, 0.05))
    matrix = (x, slant + turn, half - half * (x + slant + turn), -turn, y, half - half * (y - turn))
    glyph = glyph.transform(glyph.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    glyph = distorted(glyph, random, 0.035)
    if writer.pen != 1:
        glyph = glyph.filter(ImageFilter.MaxFilter(writer.pen))
    glyph = glyph.filter(ImageFilter.GaussianBlur(0.8))
    glyph = glyph.crop(glyph.getbbox())
    scale = writer.size * random.uniform(0.9, 1.1) / SIDE
    glyph = glyph.resize([max(4, round(side * scale)) for side in glyph.size], Image.Resampling.BOX)
    return (255 - np.asarray(glyph) * writer.ink).astype(np.uint8)  # (h, w)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fonts", nargs="+", required=True, help="font files or directories of them")
    parser.add_argument("--charset", default="gb2312-1", help="which characters (default: %(default)s)")
    parser.add_argument("--writers", type=int, default=10, help="how many files (default: %(default)s)")
    parser.add_argument("--characters", type=int, help="of each writer, at random (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", required=True, help="the directory to write to")
    options = parser.parse_args()
    usable, _ = open_faces(options.fonts)
    drawable = coverage(usable, charset(options.charset).characters)
    os.makedirs(options.output, exist_ok=True)
    for number in progress(range(options.writers), "writing", unit="file"):
        random = np.random.default_rng([options.seed, number])
        index = number % len(usable)
        writer = Writer(
            slant=random.normal(0, 0.12),
            pen=int(random.choice([1, 3, 3, 5])),
            size=random.uniform(60, 110),
            ink=random.uniform(0.6, 1.0),
        )
        characters = random.permutation(drawable[index])[: options.characters].tolist()
        records = ((character, handwritten(usable[index], character, random, writer)) for character in characters)
        write_gnt(os.path.join(options.output, f"{number:03}.gnt"), records)
    print(f"{options.output}: {options.writers} files")


if __name__ == "__main__":
    main()
