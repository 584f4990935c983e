"""CNS with the rare characters: U+3400–U+4DBF of TW-Kai-98 and U+20000–U+2B81D of TW-Kai-Ext-B-98, beside those of
``cns``.

More than twice as many characters again, made of the same parts, for training models that compose characters from
descriptions. The later ones are drawn a little smaller and spaced differently, so the labels say which block a
character is from. Only characters that are in the decomposition table are in the set.
"""

import dataclasses
from functools import partial

import numpy as np

from tfglyph.composition.table import table
from tfglyph.datasets import cns
from tfglyph.datasets.charsets import keep_charset
from tfglyph.datasets.drawing import draw_characters
from tfglyph.datasets.fontface import FontFace
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.opening import FaceKey
from tfglyph.datasets.pack import pack
from tfglyph.datasets.preparing import Source, chunks, prepare, stamp
from tfglyph.errors import UsageError

EXT_FONT_FILE = "TW-Kai-Ext-B-98_1.ttf"
RARER = {
    "extension A": range(0x3400, 0x4DC0),
    "extension B": range(0x20000, 0x2A700),
    "extensions C and D": range(0x2A700, 0x2B81E),
}
UNSEEN = "𨠦"  # U+28826 is ⿰酉交, the usual example of a character that no model was trained on


def load(
    name: str, size: tuple[int, int], channels: int | None, datadir: str | None = None, charset: str = "all"
) -> Glyphs:
    """The characters of ``cns``, then the rare ones, in the order of their code points, drawn from the two fonts.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: None; there are no images to read.
        charset: which characters to keep; see ``charsets``.

    Returns:
        Glyphs with characters; labels number the blocks: ``CNS``, then the names of ``RARER``.

    Raises:
        UsageError: a directory is given.
        GlyphError: a font is missing.
    """
    if datadir is not None:
        raise UsageError(f"data set {name!r} is drawn from its fonts and takes no --datadir")
    missing = f"data set {name!r} needs the font"
    common = cns.find_font(missing=missing)
    rare = cns.find_font(EXT_FONT_FILE, missing)
    described = table().known
    blocks = [(common, list(pack()[0]))]
    for codes in RARER.values():
        font = rare if codes[0] > 0xFFFF else common
        face = FontFace(font)
        blocks.append((font, [c for c in map(chr, codes) if c in described and c in face and c != UNSEEN]))
    items = [
        (FaceKey(font), None, part, label)
        for label, (font, characters) in enumerate(blocks)
        for part in chunks(characters)
    ]
    shape = (*size, channels or 1)
    glyphs = prepare(
        Source(
            name=name,
            origin=f"{common}, {rare}",
            shape=shape,
            settings={"set": "cns-ext", "characters": ["".join(characters) for _, characters in blocks]},
            stamp=stamp([common, rare]),
            items=items,
            convert=partial(draw_characters, shape=shape, box="advance"),
            total=len(items),
            label_names=["CNS", *RARER],
        )
    )
    return keep_charset(dataclasses.replace(glyphs, keys=_shared_keys(glyphs)), charset)


def _shared_keys(glyphs: Glyphs) -> np.ndarray:
    """The split keys, where characters that are described alike share that of the first.

    Two code points of one shape are one character, which must not be in training under one of them and held out under
    the other.
    """
    descriptions = table().spelled
    first: dict[tuple[str, tuple[str, ...]], np.uint64] = {}
    keys = np.array(glyphs.keys)
    for row, character in enumerate(glyphs.known_characters()):
        if character in descriptions:
            keys[row] = first.setdefault(descriptions[character], keys[row])
    return keys
