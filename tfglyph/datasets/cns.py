"""CNS: the characters of U+4E00–U+9FFF in TW-Kai-98, the typeface of Taiwan's CNS11643 project.

The 20,920 characters ship with the package at 32×32; every other size is drawn from the font. The characters are always
those of the pack, whatever more a newer font has, so that one name means one set.
"""

import os
import re
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from tfglyph.datasets.charsets import keep_charset
from tfglyph.datasets.drawing import draw_characters
from tfglyph.datasets.folder import convert_characters, image_files, look_at
from tfglyph.datasets.glyphs import Glyphs, split_keys
from tfglyph.datasets.installed_fonts import installed_font
from tfglyph.datasets.opening import FaceKey
from tfglyph.datasets.pack import pack
from tfglyph.datasets.polarity import Ink, must_invert
from tfglyph.datasets.preparing import CHUNK, LazyItems, Source, chunks, prepare, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError
from tfglyph.files import digest, printable

FIRST, LAST = 0x4E00, 0x9FFF
FONT_FILE = "TW-Kai-98_1.ttf"
PACK_SIZE = 32
COUNT = 20_920  # the characters of U+4E00–U+9FFF in TW-Kai-98 version 103.1


def find_font(
    file: str = FONT_FILE, missing: str = "data set 'cns' has only 32x32 built in; other sizes need the font"
) -> str:
    """The path of TW-Kai-98, or of another font of its family.

    Looked for, in this order: the file that ``TFGLYPH_CNS_FONT`` names, ``fonts/`` in the current directory and beside
    the package (where ``./get_data.sh`` puts it), and the directories for installed fonts.

    Args:
        file: str, the font's file name; the environment names only the first font.
        missing: str, how the error message begins.

    Raises:
        GlyphError: there is no such font.
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
    installed = installed_font(file)
    if installed is None:
        raise GlyphError(f"{missing} {file}: run ./get_data.sh (or install the Debian package fonts-cns11643-kai)")
    return installed


def load(
    name: str,
    size: tuple[int, int],
    channels: int | None,
    datadir: str | None = None,
    charset: str = "all",
    ink: Ink = "auto",
) -> Glyphs:
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


def _from_pack(name: str, shape: tuple[int, int, int]) -> Glyphs:
    characters, images = pack()
    images = np.repeat(images[..., None], shape[2], -1)  # (n, h, w, c)
    return Glyphs(
        name,
        images,
        list(characters),
        keys=split_keys(characters),
        fingerprint=digest(images, "".join(characters)),
    )


def _from_font(name: str, shape: tuple[int, int, int]) -> Glyphs:
    font = find_font()

    def items() -> Iterator[Any]:  # unpacking takes a while
        return ((FaceKey(font), None, part, None) for part in chunks(pack()[0]))

    return prepare(
        Source(
            name=name,
            origin=font,
            shape=shape,
            settings={"set": "cns"},
            stamp=stamp([font]),
            items=LazyItems(items),
            convert=partial(draw_characters, shape=shape, box="advance"),
            total=-(-COUNT // CHUNK),
        )
    )


def _from_images(name: str, shape: tuple[int, int, int], datadir: str, ink: Ink) -> Glyphs:
    paths, problems = image_files(datadir)
    files: dict[str, str] = {}
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
        raise GlyphError(f"{printable(datadir)}: no image in it is named U<decimal code point>.jpg or .png")
    look = look_at(list(files.values()))
    problems += look.problems(datadir, ink)
    invert = must_invert(ink, look.polarity.invert, 1)
    items = chunks([(path, character) for character, path in sorted(files.items())])
    return prepare(
        Source(
            name=name,
            origin=printable(datadir),
            shape=shape,
            settings={"set": "cns images", "invert": invert},
            stamp=stamp(files.values(), datadir),
            items=items,
            convert=partial(convert_characters, shape=shape, invert=invert),
            total=len(items),
            problems=problems,
        )
    )
