"""Kanji 48×48: a directory of loose images, or JIS X 0208 drawn from an installed Japanese font."""

import os
from dataclasses import replace

from tfglyph.datasets import folder, fonts
from tfglyph.datasets.cns import installed_font_directories
from tfglyph.errors import GlyphError

# Mincho first: the published set shows a Mincho.
_FONT_FILES = ("ipam.ttf", "ipaexm.ttf", "ipag.ttf", "ipaexg.ttf")


def load(name, size, channels, datadir=None, font=None, charset="jisx0208", ink="auto"):
    """Kanji, white on black.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a directory of loose images in the layout of the Kaggle set kanjieast-asian-characters; they
            have no labels and no characters, and ``charset`` does not apply.
        font: without ``datadir``: the font file to draw from; ``None`` for an installed IPA Mincho or Gothic.
        charset: the characters to draw.
        ink: polarity of the images in ``datadir``; see ``folder``.

    Raises:
        GlyphError: no images, or no font.
    """
    if datadir is not None:
        return replace(folder.load(name, size, channels or 1, datadir, ink), labels=None, label_names=None)
    glyphs = fonts.load(name, size, channels, fonts=[font or find_font()], charset=charset)
    return replace(glyphs, labels=None, label_names=None)


def find_font():
    """The path of an installed IPA Mincho, or else Gothic."""
    found = {}
    for directory in installed_font_directories():
        for place, _, files in os.walk(directory):
            for name in set(files).intersection(_FONT_FILES):
                found.setdefault(name, os.path.join(place, name))
    for name in _FONT_FILES:
        if name in found:
            return found[name]
    raise GlyphError(
        "data set 'kanji' needs a Japanese font or images: install the Debian package fonts-ipafont-mincho,"
        " name one with --font FILE, or give --datadir DIR with the images"
    )
