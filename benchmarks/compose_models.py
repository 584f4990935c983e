"""Which shipped model composes better in TW-Kai: from descriptions (compose-cns) or from exemplars (compose-fonts).

    python benchmarks/compose_models.py                                   # exemplars from the package's 32x32 pictures
    python benchmarks/compose_models.py --font TW-Kai-98_1.ttf            # and from the font itself

Both draw the same characters, which neither was trained on, each as `compose` does. The drawings are reduced to 32x32
pixels, and the right glyph has to be the nearest of the 20,920 that the package has. Prints a Markdown table.
"""

import argparse
import pathlib
import sys
from collections.abc import Iterator

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import tfglyph  # noqa: E402
from tfglyph.composition import describe  # noqa: E402
from tfglyph.datasets import load as load_dataset  # noqa: E402
from tfglyph.evaluation import composition  # noqa: E402
from tfglyph.evaluation.font_composition import held_out_characters, ranks  # noqa: E402
from tfglyph.exemplars.retrieval import Retrieval  # noqa: E402
from tfglyph.exemplars.sources import open_source  # noqa: E402

OF_DESCRIPTIONS, OF_EXEMPLARS = "compose-cns", "compose-fonts"
HOLDOUTS = {OF_DESCRIPTIONS: 0.07, OF_EXEMPLARS: 0.05}
GROUPS = ("held-out", "enclosures", "rarer parts")


def smaller(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 (n, h, w, 1) -> uint8 (n, side, side), by area."""
    count, height, width, _ = images.shape
    if height % side or width % side:
        raise SystemExit(f"compose_models: {height}x{width} pixels are no multiple of {side}x{side}")
    blocks = images[..., 0].reshape(count, side, height // side, side, width // side)
    return np.round(blocks.mean((2, 4))).astype(np.uint8)


def drawings(
    group: composition.Group, rows: np.ndarray, fonts: list[str], real: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """(who drew, uint8 (n, side, side)) of the characters ``rows`` of a group; ``real`` are all glyphs."""
    pairs = np.stack([np.zeros(len(rows), np.int64), np.arange(len(rows))], 1)
    of_descriptions = tfglyph.load(f"pretrained:{OF_DESCRIPTIONS}")
    drawn = of_descriptions.sample_pairs(pairs, tokens=group.tokens[rows])
    yield OF_DESCRIPTIONS, smaller(drawn, real.shape[1])
    of_exemplars = tfglyph.load(f"pretrained:{OF_EXEMPLARS}")
    characters = [group.characters[row] for row in rows]
    for font in (None, *fonts):
        source = open_source(font)
        retrieval = Retrieval(source, of_exemplars.architecture.exemplars, of_exemplars.architecture.hwc)
        found = retrieval.find([describe(character) for character in characters])
        drawn = of_exemplars.sample_pairs(pairs, exemplars=found.exemplars, kinds=found.kinds)
        yield f"{OF_EXEMPLARS}, exemplars of {font or 'the package'}", smaller(drawn, real.shape[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--font", action="append", default=[], help="exemplars of a font file as well")
    parser.add_argument("--count", type=int, default=200, help="characters of each group")
    arguments = parser.parse_args()
    glyphs = load_dataset("cns")
    training, held_out = (glyphs.split(part, HOLDOUTS[OF_DESCRIPTIONS]) for part in ("train", "holdout"))
    real, numbers = np.asarray(glyphs.images)[..., 0], {c: row for row, c in enumerate(glyphs.known_characters())}
    of_both = set(held_out_characters(HOLDOUTS[OF_EXEMPLARS]))
    found = composition.groups(training, held_out)
    print("| characters | n | drawn by | first | among five |", "|---|---:|---|---:|---:|", sep="\n")
    for name in GROUPS:
        group = found[name]
        rows = np.array([row for row, each in enumerate(group.characters) if each in of_both][: arguments.count])
        right = np.array([numbers[group.characters[row]] for row in rows])
        for who, drawn in drawings(group, rows, arguments.font, real):
            nearer = ranks(drawn, real, right)
            print(
                f"| {name} | {len(rows)} | {who} | {np.mean(nearer < 1):.3f} | {np.mean(nearer < 5):.3f} |", flush=True
            )


if __name__ == "__main__":
    main()
