"""One face of a font file: which characters it has, and how they look.

A glyph is drawn several times larger than asked and reduced by area, so that every size shows the same
outline with smooth edges, whatever hinting or embedded bitmaps the font brings for small sizes.
"""

import os
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike

Box = Literal["advance", "ink"]
BOXES: tuple[str, ...] = get_args(Box)
_LARGE = 256  # pixels: the least height at which a glyph is drawn before it is reduced
_NO_CHARACTER = "\U0010ffff"  # a noncharacter: no font may map it
_PLACEHOLDER_USES = 4  # characters that share one picture: an honest font draws at most a few variants alike


class FontFace:
    """A face in a TTF, OTF or TTC file.

    Args:
        path: path of the file.
        index: int, which face of a collection.

    Attributes:
        path: str.
        index: int.
        name: str, the font's full name.
        em: int, font units per em.
        ascender: float, font units from the baseline to the top of the em square.
        glyph_ids: dict from code point to the number of its glyph, which is not 0.

    Raises:
        GlyphError: the file is no font, is damaged, or has no character map.
    """

    def __init__(self, path: PathLike, index: int = 0):
        self.path: str = os.fspath(path)
        self.index: int = index
        try:
            self._read_tables()
        except FileNotFoundError:
            raise GlyphError(f"{self.path}: no such file") from None
        except PermissionError:
            raise GlyphError(f"{self.path}: no permission to read it") from None
        except Exception as error:  # fontTools meets damage with nearly every exception there is
            raise GlyphError(f"{self.path}: not a usable font ({type(error).__name__}: {error})") from None
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}  # by their size in pixels

    def _read_tables(self) -> None:
        with TTFont(self.path, fontNumber=self.index, lazy=True) as font:
            characters = font.getBestCmap()
            if not characters:
                raise ValueError("it has no Unicode character map")
            ids = {name: number for number, name in enumerate(font.getGlyphOrder())}
            # Glyph 0 is by definition the picture of "no such glyph".
            self.glyph_ids: dict[int, int] = {code: ids[name] for code, name in characters.items() if ids.get(name, 0)}
            self.em: int = font["head"].unitsPerEm
            if not 16 <= self.em <= 16384:
                raise ValueError(f"{self.em} units per em")
            names = font["name"]
            self.name: str = names.getDebugName(4) or names.getDebugName(1) or os.path.basename(self.path)
            self.ascender: float = self._ascender(font)

    def _ascender(self, font: Any) -> float:
        """Font units from the baseline to the top of the em square, the box in which ideographs are set."""
        line, typographic = font["hhea"], font.get("OS/2")
        ascender, descender = line.ascent, line.descent
        if typographic is not None and typographic.sTypoAscender - typographic.sTypoDescender == self.em:
            ascender, descender = typographic.sTypoAscender, typographic.sTypoDescender
        return ascender - (ascender - descender - self.em) / 2  # the em square sits in the middle of the line

    def __contains__(self, character: str) -> bool:
        return ord(character) in self.glyph_ids

    def _freetype(self, pixels: int) -> ImageFont.FreeTypeFont:
        if pixels not in self._fonts:
            try:
                self._fonts[pixels] = ImageFont.truetype(
                    self.path, pixels, index=self.index, layout_engine=ImageFont.Layout.BASIC
                )
            except OSError as error:
                raise GlyphError(f"{self.path}: not a usable font ({error})") from None
        return self._fonts[pixels]

    def draw(self, character: str, pixels: int, box: Box = "advance") -> Image.Image:
        """The glyph in a square of ``pixels``, as FreeType draws it.

        Args:
            character: str, one character.
            pixels: int, side of the em square and of the picture.
            box: ``advance`` places the glyph as typeset; ``ink`` moves the middle of its ink to the middle.

        Returns:
            A Pillow image of mode L, ink 255 on 0.

        Raises:
            GlyphError: this glyph cannot be drawn.
        """
        if character not in self and character != _NO_CHARACTER:
            raise GlyphError(f"{self.path}: it lacks U+{ord(character):04X}")
        if box == "ink":
            return self._centred(character, pixels)
        return self._text(character, pixels, pixels)

    def _centred(self, character: str, pixels: int) -> Image.Image:
        """The drawing with the middle of its ink in the middle; what sticks out of the square is lost."""
        wide = self._text(character, pixels, 2 * pixels)
        ink = wide.getbbox() or (0, 0, 2 * pixels, 2 * pixels)
        left, top = round((ink[0] + ink[2] - pixels) / 2), round((ink[1] + ink[3] - pixels) / 2)
        return wide.transform((pixels, pixels), Image.Transform.EXTENT, (left, top, left + pixels, top + pixels))

    def _text(self, character: str, pixels: int, side: int) -> Image.Image:
        """A picture of ``side`` pixels, in its middle the glyph as typeset in a square of ``pixels``."""
        font = self._freetype(pixels)
        picture = Image.new("L", (side, side), 0)
        try:
            if max(map(abs, font.getbbox(character, anchor="ls"))) > 8 * pixels:
                raise ValueError("its outline is far larger than the em square")
            x = (side - font.getlength(character)) / 2
            y = (side - pixels) / 2 + self.ascender * pixels / self.em
            ImageDraw.Draw(picture).text((round(x), round(y)), character, font=font, fill=255, anchor="ls")
        except (OSError, ValueError, MemoryError) as error:
            raise GlyphError(f"{self.path}: cannot draw U+{ord(character):04X} ({error})") from None
        return picture

    def render(self, character: str, size: int, box: Box = "advance") -> np.ndarray:
        """The glyph at ``size``, reduced by area from a drawing of at least 256 pixels.

        Returns:
            uint8 ``[size, size]``, ink 255 on 0.
        """
        factor = max(2, -(-_LARGE // size))
        return np.asarray(self.draw(character, size * factor, box).reduce(factor))  # (size, size)

    @cached_property
    def _notdef(self) -> bytes:
        """The picture of "no such glyph": what the face draws for a noncharacter."""
        return self.draw(_NO_CHARACTER, 64, "ink").tobytes()

    def drawable(self, characters: Iterable[str]) -> list[str]:
        """Those of ``characters`` for which this face has a picture of its own, in the same order.

        Left out are characters that the character map lacks, that show no ink, and that show the face's "missing glyph"
        box: its glyph 0, or one picture standing for many characters.
        """
        present = [character for character in characters if character in self]
        pictures: dict[str, bytes] = {}
        for character in present:
            try:
                picture = self.draw(character, 64, "ink")
            except GlyphError:
                continue
            if picture.getbbox() and picture.tobytes() != self._notdef:
                pictures[character] = picture.tobytes()
        uses = Counter(pictures.values())
        return [c for c in present if c in pictures and uses[pictures[c]] < _PLACEHOLDER_USES]


def faces(path: PathLike) -> list[FontFace]:
    """The faces in one font file.

    Args:
        path: a TTF, OTF or TTC file; ``file.ttc#2`` means its third face alone.

    Returns:
        list of FontFace.

    Raises:
        GlyphError: as FontFace does; also a collection without faces.
    """
    path = os.fspath(path)
    file, mark, number = path.rpartition("#")
    if mark and number.isdigit() and not os.path.exists(path):
        return [FontFace(file, int(number))]
    return [FontFace(path, index) for index in range(_face_count(path))]


def _face_count(path: str) -> int:
    if os.path.exists(path) and not os.path.isfile(path):
        raise GlyphError(f"{path}: not a regular file")
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError as error:
        raise GlyphError(f"{path}: {error.strerror}") from None
    if head[:4] != b"ttcf":
        return 1
    count = int.from_bytes(head[8:12], "big")
    if not 1 <= count <= 256 or len(head) < 12:
        raise GlyphError(f"{path}: not a usable font (a collection of {count} faces)")
    return count
