"""Kanji 48×48: a directory of loose images, or JIS X 0208 drawn from an installed Japanese font."""

from dataclasses import replace

from tfglyph.datasets import folder, fonts
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.installed_fonts import installed_font
from tfglyph.datasets.polarity import Ink
from tfglyph.errors import GlyphError

# Mincho first: the published set shows a Mincho.
_FONT_FILES = ("ipam.ttf", "ipaexm.ttf", "ipag.ttf", "ipaexg.ttf")


def load(
    name: str,
    size: tuple[int, int],
    channels: int | None,
    datadir: str | None = None,
    font: str | None = None,
    charset: str = "jisx0208",
    ink: Ink = "auto",
) -> Glyphs:
    """Kanji, white on black.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a directory of loose images in the layout of the Kaggle set kanjieast-asian-characters; they have no
            labels and no characters, and ``charset`` does not apply.
        font: without ``datadir``: the font file to draw from; ``None`` for an installed IPA Mincho or Gothic.
        charset: the characters to draw.
        ink: polarity of the images in ``datadir``; see ``folder``.

    Returns:
        Glyphs without labels.

    Raises:
        GlyphError: no images, or no font.
    """
    if datadir is not None:
        glyphs = folder.load(name, size, channels or 1, datadir, ink)
    else:
        glyphs = fonts.load(name, size, channels, fonts=[font or find_font()], charset=charset)
    return replace(glyphs, labels=None, label_names=None)


def find_font() -> str:
    """The path of an installed IPA Mincho, or else Gothic.

    Raises:
        GlyphError: there is none.
    """
    for file in _FONT_FILES:
        path = installed_font(file)
        if path is not None:
            return path
    raise GlyphError(
        "data set 'kanji' needs a Japanese font or images: install the Debian package fonts-ipafont-mincho,"
        " name one with --font FILE, or give --datadir DIR with the images"
    )
