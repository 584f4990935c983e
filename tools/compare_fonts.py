"""Which fonts draw the same Han characters: likeness of every two families in a list, the most alike first.

    python tools/compare_fonts.py fonts/fonts.tsv

For each face of medium weight, common characters are drawn, scaled to the box around their ink, blurred and reduced to
20×20 pixels, so that neither place nor size nor a little more weight counts. The likeness of two faces is the median of
the correlations of their characters. Two weights of one design reach 0.9 to 1.0, and so do two designs that share their
outlines; designs of one style that were drawn apart stay below 0.93.
"""

import argparse

import numpy as np
from PIL import Image, ImageFilter

from tfglyph.datasets.fontface import FontFace
from tfglyph.datasets.open_fonts import ListedFace, read_list
from tfglyph.errors import GlyphError
from tfglyph.progress import progress

# As Chinese and Japanese fonts of all regions have them, drawn alike.
CHARACTERS = (
    "永木海酒道水火山川日月人口手心天大小中上下左右先生年本文字子女男目耳足力田石竹米糸虫青白金雨音草花空正出入休見早村町林"
    "森校名犬車王玉千百五六七八九十前作何使住信保原友受古台同品味和商回困固地坂型城場士夏夕外多夜央好妹始委守安定客室宮家"
)
SIZE = 64
MEDIUM = ("regular", "medium", "400")


def medium_faces(faces: list[ListedFace]) -> list[ListedFace]:
    """One face for each family, style and package, of medium weight where there is one."""
    chosen: dict[tuple[str, str, str], ListedFace] = {}
    for face in faces:
        key = (face.family, face.style, face.package)
        if key not in chosen or (face.weight in MEDIUM and chosen[key].weight not in MEDIUM):
            chosen[key] = face
    return list(chosen.values())


def shapes(face: ListedFace) -> np.ndarray:
    """float ``[characters, 400]``: each of length 1 and mean 0, NaN for a character that the font lacks."""
    path, _, index = face.file.rpartition("#")
    font = FontFace(path, int(index))
    drawn = set(font.drawable(CHARACTERS))
    rows = np.full((len(CHARACTERS), 400), np.nan)
    for row, character in enumerate(CHARACTERS):
        if character not in drawn:
            continue
        picture = font.draw(character, SIZE, "ink")
        box = picture.getbbox() or (0, 0, SIZE, SIZE)
        side = max(box[2] - box[0], box[3] - box[1])
        square = Image.new("L", (side, side))
        square.paste(picture.crop(box), ((side - box[2] + box[0]) // 2, (side - box[3] + box[1]) // 2))
        soft = square.resize((40, 40), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1.2))
        values = np.asarray(soft.resize((20, 20), Image.Resampling.BOX), float).ravel()
        values -= values.mean()
        rows[row] = values / max(float(np.linalg.norm(values)), 1e-9)
    return rows


def main() -> None:
    """Prints the most alike pairs of different families."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", help="a fonts.tsv of data fetch-fonts, or its folder")
    parser.add_argument("--count", type=int, default=30, help="how many pairs to print")
    options = parser.parse_args()
    try:
        faces = medium_faces(read_list(options.list))
        drawn = [shapes(face) for face in progress(faces, "drawing", len(faces), unit="face")]
    except GlyphError as error:
        raise SystemExit(f"compare_fonts: {error}") from None
    pairs = []
    for row, first in enumerate(faces):
        for column, second in enumerate(faces[:row]):
            if first.family != second.family:
                alike = (drawn[row] * drawn[column]).sum(axis=1)
                if np.isfinite(alike).sum() >= 20:
                    pairs.append((float(np.nanmedian(alike)), first, second))
    for likeness, first, second in sorted(pairs, key=lambda pair: -pair[0])[: options.count]:
        print(f"{likeness:.3f}  {first.family} ({first.name})  {second.family} ({second.name})")


if __name__ == "__main__":
    main()
