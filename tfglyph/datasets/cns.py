"""CNS: the characters of U+4E00–U+9FFF in TW-Kai-98, the typeface of Taiwan's CNS11643 project.

The 20,920 characters ship with the package at 32×32; every other size is drawn from the font. The characters are
always those of the pack, whatever more a newer font has, so that one name means one set.
"""

import os
from functools import cache

from tfglyph.errors import GlyphError

FIRST, LAST = 0x4E00, 0x9FFF
PACK = os.path.join(os.path.dirname(__file__), "data", "cns-32.xz")
FONT_FILE = "TW-Kai-98_1.ttf"
PACK_SIZE = 32


@cache
def pack():
    """The embedded characters and pictures: list of 20,920 str and uint8 ``[20920, 32, 32]``."""
    from tfglyph.datasets.pack import read_pack

    characters, images = read_pack(PACK)
    images.flags.writeable = False
    return characters, images


def find_font():
    """The path of TW-Kai-98.

    Looked for, in this order: the file that ``TFGLYPH_CNS_FONT`` names, ``fonts/`` in the current directory and
    beside the package (where ``./get_data.sh`` puts it), and the directories for installed fonts.

    Raises:
        GlyphError: it is nowhere.
    """
    named = os.environ.get("TFGLYPH_CNS_FONT")
    if named:
        if not os.path.isfile(named):
            raise GlyphError(f"TFGLYPH_CNS_FONT names {named}, which is no file")
        return named
    repository = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for directory in ("fonts", os.path.join(repository, "fonts")):
        path = os.path.join(directory, FONT_FILE)
        if os.path.isfile(path):
            return path
    for directory in installed_font_directories():
        for folder, _, files in os.walk(directory):
            if FONT_FILE in files:
                return os.path.join(folder, FONT_FILE)
    raise GlyphError(
        f"data set 'cns' has only 32x32 built in; other sizes need the font {FONT_FILE}: run ./get_data.sh"
        " (or install the Debian package fonts-cns11643-kai)"
    )


def installed_font_directories():
    """The directories where systems keep fonts, those that exist."""
    data_home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    places = [
        os.path.join(data_home, "fonts"),
        os.path.expanduser("~/.fonts"),
        "/usr/local/share/fonts",
        "/usr/share/fonts",
        os.path.expanduser("~/Library/Fonts"),
        "/Library/Fonts",
        "C:\\Windows\\Fonts",
    ]
    return [place for place in places if os.path.isdir(place)]
