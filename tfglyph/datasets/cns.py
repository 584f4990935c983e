"""CNS: the characters of U+4E00–U+9FFF in TW-Kai-98, the typeface of Taiwan's CNS11643 project.

The 20,920 characters ship with the package at 32×32; every other size is drawn from the font. The characters
are always those of the pack, whatever more a newer font has, so that one name means one set.
"""

import os
import re
import sys
from functools import partial

import numpy as np

from tfglyph.datasets.pack import pack
from tfglyph.errors import GlyphError, UsageError

FIRST, LAST = 0x4E00, 0x9FFF
FONT_FILE = "TW-Kai-98_1.ttf"
PACK_SIZE = 32
COUNT = 20_920  # the characters of U+4E00–U+9FFF in TW-Kai-98 version 103.1


def find_font(file=FONT_FILE, wanted_by="data set 'cns' has only 32x32 built in; other sizes need"):
    """The path of TW-Kai-98, or of another font of its family.

    Looked for, in this order: the file that ``TFGLYPH_CNS_FONT`` names, ``fonts/`` in the current directory
    and beside the package (where ``./get_data.sh`` puts it), and the directories for installed fonts.

    Args:
        file: str, the font's file name; the environment names only the first font.
        wanted_by: str, how the message begins where it is missing.

    Raises:
        GlyphError: it is nowhere.
    """
    named = os.environ.get("TFGLYPH_CNS_FONT")
    if named and file == FONT_FILE:
        if not os.path.isfile(named):
            raise GlyphError(f"TFGLYPH_CNS_FONT names {named}, which is no file")
        return named
    repository = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for directory in ("fonts", os.path.join(repository, "fonts")):
        path = os.path.join(directory, file)
        if os.path.isfile(path):
            return path
    for directory in installed_font_directories():
        for folder, _, files in os.walk(directory):
            if file in files:
                return os.path.join(folder, file)
    raise GlyphError(
        f"{wanted_by} the font {file}: run ./get_data.sh (or install the Debian package fonts-cns11643-kai)"
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


def load(name, size, channels, datadir=None, charset="all", ink="auto"):
    """The CNS characters: from the pack at 32×32, else from the font; or from images named by code point.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a directory of images ``U<decimal code point>.jpg`` or ``.png``, instead of pack and font.
        charset: which characters to keep; see ``charsets``.
        ink: polarity of the images in ``datadir``; see ``folder``.

    Returns:
        Glyphs with characters.
    """
    shape = (*size, channels or 1)
    if datadir is not None:
        glyphs = _from_images(name, shape, datadir, ink)
    elif tuple(size) == (PACK_SIZE, PACK_SIZE):
        glyphs = _from_pack(name, shape)
    else:
        glyphs = _from_font(name, shape)
    return keep_charset(glyphs, charset)


def _from_pack(name, shape):
    from tfglyph.datasets.glyphs import Glyphs, split_keys
    from tfglyph.files import digest

    characters, images = pack()
    images = np.repeat(images[..., None], shape[2], -1)  # (n, h, w, c)
    return Glyphs(
        name,
        images,
        list(characters),
        keys=split_keys(characters),
        fingerprint=digest(images, "".join(characters)),
    )


def _from_font(name, shape):
    from tfglyph.datasets.drawing import draw_characters
    from tfglyph.datasets.preparing import CHUNK, Later, Source, chunks, prepare, stamp

    font = find_font()

    def items():  # asked for only where the set is not in the cache: unpacking takes a while
        return ((font, 0, part, None) for part in chunks(pack()[0]))

    return prepare(
        Source(
            name=name,
            place=font,
            shape=shape,
            settings={"set": "cns"},
            stamp=stamp([font]),
            items=Later(items),
            convert=partial(draw_characters, shape=shape, box="advance"),
            total=-(-COUNT // CHUNK),
        )
    )


def _from_images(name, shape, datadir, ink):
    from tfglyph.datasets.folder import image_files, inverted, look_at
    from tfglyph.datasets.preparing import Source, chunks, prepare, stamp
    from tfglyph.datasets.report import Problem

    paths, problems = image_files(datadir)
    files = {}
    for path in paths:
        match = re.fullmatch(r"[Uu](\d{1,7})", os.path.splitext(os.path.basename(path))[0])
        code = int(match[1]) if match else None
        if code is None or code > sys.maxunicode or 0xD800 <= code < 0xE000:
            problems.append(Problem(path, "its name is not U<decimal code point>.jpg or .png"))
        elif chr(code) in files:
            problems.append(Problem(path, f"the character {chr(code)} is there already: {files[chr(code)]}"))
        else:
            files[chr(code)] = path
    if not files:
        raise GlyphError(f"{datadir}: no image in it is named U<decimal code point>.jpg or .png")
    light, _ = look_at(list(files.values()))
    invert = inverted(ink, light, 1)
    items = chunks([(path, character) for character, path in sorted(files.items())])
    return prepare(
        Source(
            name=name,
            place=datadir,
            shape=shape,
            settings={"set": "cns images", "invert": invert},
            stamp=stamp(files.values(), datadir),
            items=items,
            convert=partial(convert_named, shape=shape, invert=invert),
            total=len(items),
            problems=problems,
        )
    )


def convert_named(files, shape, invert, margin=0.0):
    """One piece of work: [(path, character)] → Converted."""
    from tfglyph.datasets.folder import convert
    from tfglyph.datasets.glyphs import split_keys

    # The label carries each file's place through the conversion, which leaves out what cannot be read.
    made = convert([(path, row) for row, (path, _) in enumerate(files)], shape, invert, True, margin)
    made.characters = [files[row][1] for row in made.labels]
    made.keys = split_keys(made.characters).tolist()
    made.labels = None
    return made


def keep_charset(glyphs, name):
    """``glyphs`` with only the characters of a charset, in the set's own order.

    Raises:
        UsageError: no such charset, or the set has none of its characters.
    """
    from tfglyph.datasets.charsets import charset

    if name == "all":
        return glyphs
    wanted = set(charset(name).characters)
    rows = [row for row, character in enumerate(glyphs.characters) if character in wanted]
    if not rows:
        raise UsageError(f"data set {glyphs.name!r} has none of the {len(wanted):,} characters of charset {name!r}")
    missing = wanted.difference(glyphs.characters)
    if missing:
        few = "".join(sorted(missing)[:20]) + "…" * (len(missing) > 20)
        print(
            f"charset {name}: {len(missing):,} of {len(wanted):,} characters are not in {glyphs.name}: {few}",
            file=sys.stderr,
        )
    return glyphs.take(rows, f"charset {''.join(sorted(wanted))}")
