"""Fonts whose glyphs are put together from their parts, a small model that draws from exemplars, and its inputs."""

import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from tfglyph.composition import describe
from tfglyph.composition.places import Box, box_of
from tfglyph.exemplars.kinds import COLUMNS, Match

EM, ASCENDER, DESCENDER = 1000, 800, -200
TWELVE = "酪酩酷酉交校較鉸效醬雨木"
"""Three characters with 酉 at the left, three with 交 at the right, 效 and 醬 with these elsewhere, and four that are
not taken apart or asked for alone."""
INSET = 0.12  # of a part's box: neighbours overlap less than that

SMALL = {
    "name": "small",
    "mode": "DDPM",
    "hwc": [16, 16, 1],
    "denoiser": {"type": "patch-unet", "patch": 2, "output": [8, 16], "blocks": [1, 1], "attention": [0, 0]},
    "condition": {
        "drop": 0.05,
        "exemplars": {"per_part": 3, "third_part": 1, "style": 2, "output": [24, 16]},
    },
    "objective": {
        "path": "straight",
        "target": "velocity",
        "pure_noise": 0.15,
        "sampler": "heun",
        "sampling_steps": 2,
        "encoding_steps": 2,
    },
    "training": {"batch_size": 8},
}


def cells(part: str) -> list[tuple[int, int]]:
    """The look of a part: which of the 3 x 3 cells of its box are inked, at least three; (row, column) of each."""
    order = np.random.default_rng(zlib.crc32(part.encode())).permutation(9)
    return [divmod(int(cell), 3) for cell in order[: 3 + zlib.crc32(part.encode()) % 3]]


def parts_and_boxes(character: str) -> Iterator[tuple[str, Box]]:
    """The parts of the top level with their boxes; a character that is not taken apart is its own only part."""
    tree = describe(character)
    if tree.operator is None or character in "酉交":  # (as parts of others they look as they do alone)
        yield character, box_of(())
        return
    for number, part in enumerate(tree.parts):
        yield str(part.part), box_of(((tree.operator, number),))


def squares(character: str, weight: float) -> Iterator[Box]:
    """The inked (top, left, bottom, right) of a character, in [0, 1]."""
    for part, (top, left, bottom, right) in parts_and_boxes(character):
        height, width = (bottom - top) * (1 - 2 * INSET), (right - left) * (1 - 2 * INSET)
        top, left = top + (bottom - top) * INSET, left + (right - left) * INSET
        for row, column in cells(part):
            middle_y, middle_x = top + height * (row + 0.5) / 3, left + width * (column + 0.5) / 3
            half_y, half_x = height * weight / 6, width * weight / 6
            yield middle_y - half_y, middle_x - half_x, middle_y + half_y, middle_x + half_x


def write_parts_font(
    path: str | os.PathLike[str], characters: str = TWELVE, name: str = "Solid", weight: float = 1.0
) -> str:
    """A TrueType font in which a part looks alike wherever it stands: inked cells, ``weight`` of a cell wide.

    Returns:
        str, the path.
    """
    glyphs: dict[str, Any] = {".notdef": TTGlyphPen(None).glyph()}
    for character in characters:
        pen = TTGlyphPen(None)
        for top, left, bottom, right in squares(character, weight):
            corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
            points = [(round(EM * x), round(ASCENDER - EM * y)) for x, y in corners]
            pen.moveTo(points[0])
            for point in points[1:]:
                pen.lineTo(point)
            pen.closePath()
        glyphs[f"u{ord(character):X}"] = pen.glyph()
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord(character): f"u{ord(character):X}" for character in characters})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({glyph: (EM, getattr(shape, "xMin", 0)) for glyph, shape in glyphs.items()})
    builder.setupHorizontalHeader(ascent=ASCENDER, descent=DESCENDER)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "fullName": name})
    builder.setupOS2(sTypoAscender=ASCENDER, sTypoDescender=DESCENDER)
    builder.setupPost()
    builder.save(os.fspath(path))
    return os.fspath(path)


def random_sets(count: int, slots: int, shape: Sequence[int] = (16, 16, 1), seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs of noise: "exemplars" uint8 (count, slots, *shape) and "kinds" int32 (count, slots, COLUMNS)."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 256, (count, slots, COLUMNS)).astype(np.int32)
    kinds[..., 0] = random.integers(Match.IN_PLACE, len(Match), (count, slots))
    kinds[..., 1] = random.integers(0, 4, (count, slots))
    kinds[..., 3:5] //= 2  # a box's first edges come before its last
    kinds[..., 5:7] = 128 + kinds[..., 5:7] // 2
    return {"exemplars": random.integers(0, 256, (count, slots, *shape)).astype(np.uint8), "kinds": kinds}


def disturbed(model: Any) -> Any:
    """The model with weights that are nowhere zero, so that every input matters."""
    for number, network in enumerate(model.networks.values()):
        random = np.random.default_rng(number)
        for variable in network.trainable_variables:
            variable.assign_add(random.normal(0, 0.1, variable.shape).astype(np.float32))
    return model
