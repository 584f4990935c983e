"""Which shipped model composes better in TW-Kai: from descriptions (compose-cns) or from exemplars (compose-fonts).

    python benchmarks/compose_models.py
    python benchmarks/compose_models.py --exemplars logdir/train/RUN      # another model in the place of compose-fonts

Both draw the same characters, which neither was trained on, each as `compose` does without a font: the exemplars are
the package's own 32x32 pictures. The drawings are reduced to 32x32 pixels, and the right glyph has to be the nearest of
the 20,920 that the package has. Of characters that do not exist, each half has to be nearest to a half with the wanted
part. Prints a Markdown table.
"""

import argparse
import pathlib
import sys
from collections.abc import Callable, Sequence

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import tfglyph  # noqa: E402
from tfglyph.datasets import load as load_dataset  # noqa: E402
from tfglyph.evaluation import composition  # noqa: E402
from tfglyph.evaluation.font_composition import held_out_characters, ranks, reduced  # noqa: E402

HOLDOUT, HOLDOUT_OF_FONTS = 0.07, 0.05  # the second is a part of the first
GROUPS = ("held-out", "enclosures", "rarer parts")
UNSEEN = 64  # combinations that do not exist, of each operator


def smaller(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 (n, h, w, 1) -> uint8 (n, side, side, 1), by area."""
    height, width = images.shape[1:3]
    if height % side or width % side:
        raise SystemExit(f"compose_models: {height}x{width} pixels are no multiple of {side}x{side}")
    return reduced(images, side)[..., None]


def drawers(references: Sequence[str], side: int) -> dict[str, Callable[[list[str]], np.ndarray]]:
    """Who draws, and how: from n texts to uint8 (n, side, side, 1)."""

    def drawer(reference: str) -> Callable[[list[str]], np.ndarray]:
        model = tfglyph.load(reference)
        return lambda texts: smaller(model.compose(texts, seed=0), side)

    return {reference.removeprefix("pretrained:"): drawer(reference) for reference in references}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exemplars", default="pretrained:compose-fonts", help="the model that draws from exemplars")
    parser.add_argument("--count", type=int, default=200, help="characters of each group")
    arguments = parser.parse_args()
    glyphs = load_dataset("cns")
    real, numbers = np.asarray(glyphs.images), {each: row for row, each in enumerate(glyphs.known_characters())}
    groups = composition.groups(glyphs.split("train", HOLDOUT), glyphs.split("holdout", HOLDOUT))
    of_both = set(held_out_characters(HOLDOUT_OF_FONTS))
    draws = drawers(("pretrained:compose-cns", arguments.exemplars), real.shape[1])
    print("| characters | n | drawn by | first | among five |", "|---|---:|---|---:|---:|", sep="\n")
    for name in GROUPS:
        characters = [each for each in groups[name].characters if each in of_both][: arguments.count]
        right = np.array([numbers[each] for each in characters])
        for who, draw in draws.items():
            nearer = ranks(draw(characters)[..., 0], real[..., 0], right)
            print(
                f"| {name} | {len(right)} | {who} | {np.mean(nearer < 1):.3f} | {np.mean(nearer < 5):.3f} |", flush=True
            )
    print(
        "",
        "| do not exist | drawn by | first half right | second | real halves |",
        "|---|---|---:|---:|---:|",
        sep="\n",
    )
    for operator in "⿰⿱":
        combinations = composition.unseen_combinations(glyphs, UNSEEN, 0, operator)
        for who, draw in draws.items():
            drawn = draw([operator + "".join(parts) for parts in combinations])
            halves = composition.classify_halves(glyphs, operator, combinations, drawn)
            first, second = halves.generated.mean(0)
            truly = " / ".join(f"{share:.3f}" for share in halves.real.mean(0))
            print(f"| {operator} ({len(drawn)}) | {who} | {first:.3f} | {second:.3f} | {truly} |", flush=True)


if __name__ == "__main__":
    main()
