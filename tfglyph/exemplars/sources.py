"""Where exemplars come from: a font file, or the pictures of TW-Kai that the package brings."""

import contextlib
import os
import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

import numpy as np
from PIL import Image

from tfglyph.datasets.drawing import in_frame
from tfglyph.datasets.fontface import FontFace, faces
from tfglyph.datasets.pack import pack
from tfglyph.errors import GlyphError, UsageError, warn
from tfglyph.exemplars.part_index import part_index
from tfglyph.files import PathLike, cached_arrays, printable

VERSION = 1
FEW = 100  # characters: with fewer the style is a guess
OWN_FONT = "TW-Kai (the package's own pictures)"
_opening = threading.Lock()


class GlyphSource(Protocol):
    """A font, as far as exemplars need it.

    Attributes:
        name: str.
        characters: list of str, the characters of the decomposition table that it draws.
    """

    name: str
    characters: list[str]

    def glyph(self, character: str, shape: tuple[int, int, int]) -> np.ndarray:
        """The glyph: uint8 (h, w, c) of ``shape``, ink 255 on 0."""


class FontSource:
    """A face of a font file.

    Args:
        font: FontFace.
        characters: str, those that it draws, where that is known; None: it is found out.
        ascender: float, font units from the baseline to the top of the pictures; None: where its ideographs are whole.

    Raises:
        GlyphError: it draws no Chinese characters.
    """

    def __init__(self, font: FontFace, characters: Iterable[str] | None = None, ascender: float | None = None):
        self.font, self.name = font.levelled(ascender), font.name
        known = part_index().rows
        self.characters: list[str] = _drawn(font) if characters is None else [c for c in characters if c in known]
        if not self.characters:
            raise GlyphError(f"{printable(font.path)}: draws no Chinese characters, so there are no exemplars in it")
        if len(self.characters) < FEW:
            warn(f"{printable(font.path)}: draws {len(self.characters)} Chinese characters only; its style is guessed")

    def glyph(self, character: str, shape: tuple[int, int, int]) -> np.ndarray:
        """The glyph: uint8 (h, w, c) of ``shape``, ink 255 on 0; empty where it is damaged, which does no harm."""
        return drawn_glyph(self.font, character, shape)


class PackSource:
    """The 20,920 pictures of TW-Kai at 32x32 that come with the package, enlarged."""

    name = OWN_FONT

    def __init__(self) -> None:
        known, self._images = pack()
        self._rows = {character: row for row, character in enumerate(known)}
        self.characters: list[str] = [character for character in known if character in part_index().rows]

    def glyph(self, character: str, shape: tuple[int, int, int]) -> np.ndarray:
        """The glyph: uint8 (h, w, c) of ``shape``, ink 255 on 0."""
        side = min(shape[:2])
        picture = Image.fromarray(self._images[self._rows[character]])
        return in_frame(np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC)), shape)


def drawn_glyph(font: FontFace, character: str, shape: tuple[int, int, int]) -> np.ndarray:
    """A glyph of a face: uint8 (h, w, c) of ``shape``, ink 255 on 0; empty where it is damaged."""
    try:
        return in_frame(font.render(character, min(shape[:2])), shape)
    except GlyphError:
        return np.zeros(shape, np.uint8)


def open_source(font: PathLike | None) -> GlyphSource:
    """The source of exemplars that a person names.

    Args:
        font: path of a font file (``FILE#2`` for a face of a collection, ``FILE#wght=700`` for a place in a variable
            font); None for the package's own pictures of TW-Kai.

    Returns:
        GlyphSource.

    Raises:
        GlyphError: not a font, or one without Chinese characters.
        UsageError: several faces, or none of the named kind.
    """
    if font is None:
        with _opening:
            return _pack_source()
    found = faces(font)
    if len(found) > 1:
        names = ", ".join(f"#{face.index} {face.name}" for face in found[:8])
        raise UsageError(f"{printable(font)}: has {len(found)} faces; name one of them, such as FILE#0: {names}")
    return FontSource(found[0])


def open_ahead() -> None:
    """Begins to do what ``open_source(None)`` needs, in a thread of its own: decompressing and sorting, mostly.

    While TensorFlow is imported, say, which takes longer. ``open_source(None)`` waits for what is under way.
    """

    def read() -> None:
        with contextlib.suppress(GlyphError):  # it will be raised again where somebody listens
            open_source(None)

    threading.Thread(target=read, daemon=True).start()


@lru_cache(maxsize=1)
def _pack_source() -> PackSource:
    return PackSource()


def _drawn(font: FontFace) -> list[str]:
    """The characters of the decomposition table that a face really draws; looked at once, then from the cache."""
    known = part_index().rows
    mapped: Iterable[str] = (chr(code) for code in sorted(font.glyph_ids))
    asked = [character for character in mapped if character in known and ord(character) >= 0x2E80]
    if not asked:
        return []
    status = os.stat(font.path)
    depends_on: list[str | bytes | np.ndarray] = [
        str(VERSION),
        repr([os.path.basename(os.fsencode(font.path)), status.st_size, status.st_mtime_ns, *font.key[1:]]),
        "".join(asked),
    ]
    stored = cached_arrays("font", depends_on, lambda: {"drawn": np.array(["".join(font.drawable(asked))])})
    return list("".join(stored["drawn"]))
