"""CNS with the rare characters: U+3400–U+4DBF of TW-Kai-98 and U+20000–U+2B81D of TW-Kai-Ext-B-98, beside those of
``cns``.

More than twice as many characters again, made of the same parts: what a model that composes learns from. The later
ones are drawn a little smaller and otherwise spaced, so labels tell where a character comes from. Only characters of
which the decomposition table tells are in it.
"""

import dataclasses
from functools import partial

from tfglyph.composition.table import table
from tfglyph.datasets import cns
from tfglyph.datasets.pack import pack

EXT_FONT_FILE = "TW-Kai-Ext-B-98_1.ttf"
RARER = {
    "extension A": range(0x3400, 0x4DC0),
    "extension B": range(0x20000, 0x2A700),
    "extensions C and D": range(0x2A700, 0x2B81E),
}
UNSEEN = "𨠦"  # U+28826 is ⿰酉交, which everybody asks for as what no model has seen


def load(name, size, channels, datadir=None, charset="all"):
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
    from tfglyph.datasets.drawing import draw_characters
    from tfglyph.datasets.fontface import FontFace
    from tfglyph.datasets.preparing import Later, Source, chunks, prepare, stamp
    from tfglyph.errors import UsageError

    if datadir is not None:
        raise UsageError(f"data set {name!r} is drawn from its fonts and takes no --datadir")
    common = cns.find_font(wanted_by=f"data set {name!r} needs")
    rare = cns.find_font(EXT_FONT_FILE, wanted_by=f"data set {name!r} needs")
    known = table().known
    blocks = [(common, list(pack()[0]))]
    for codes in RARER.values():
        font = rare if codes[0] > 0xFFFF else common
        face = FontFace(font)
        blocks.append((font, [c for c in map(chr, codes) if c in known and c in face and c != UNSEEN]))
    items = [(font, 0, part, label) for label, (font, found) in enumerate(blocks) for part in chunks(found)]
    glyphs = prepare(
        Source(
            name=name,
            place=f"{common}, {rare}",
            shape=(*size, channels or 1),
            settings={"set": "cns-ext", "characters": ["".join(found) for _, found in blocks]},
            stamp=stamp([common, rare]),
            items=Later(lambda: items),
            convert=partial(draw_characters, shape=(*size, channels or 1), box="advance"),
            total=len(items),
            label_names=["CNS", *RARER],
        )
    )
    return cns.keep_charset(dataclasses.replace(glyphs, keys=_shared_keys(glyphs)), charset)


def _shared_keys(glyphs):
    """The split keys, where characters that are described alike share that of the first.

    Two code points for one shape are one character, of which no part of the data may tell the other.
    """
    spelled, first, keys = table().spelled, {}, glyphs.keys.copy()
    for row, character in enumerate(glyphs.characters):
        if character in spelled:
            keys[row] = first.setdefault(spelled[character], keys[row])
    return keys
