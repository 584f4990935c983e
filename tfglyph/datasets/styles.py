"""Made-up styles of a font: the same outlines wider or narrower, slanted, bolder or lighter, with rounded corners.

A model that draws in any font has to see many designs; forty are few. A style changes all glyphs of a font alike, on
their outlines, so that what comes out is as crisp as the font's own glyphs.
"""

import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from tfglyph.datasets.fontface import FontFace
from tfglyph.errors import GlyphError
from tfglyph.files import printable

PROBES = "永國書東和語海無愛間日木田中大明天水火人"
PROBE_SIZE = 256  # pixels, at which strokes are measured
LONGEST_RUN = 0.3  # of the em: longer runs of ink lie along a stroke, not across it
LEAST_STROKE = 0.011  # of the em: no stroke gets thinner
SHARPNESS = 8.0  # how much the edge is steepened after the blur that rounds corners


@dataclass(frozen=True)
class Style:
    """How the outlines of a font are changed.

    Attributes:
        bold_x, bold_y: float, ems that are added to the width of vertical and of horizontal strokes.
        scale_x, scale_y: float.
        slant: float, the tangent of the angle to the right.
        shift_x, shift_y: float, ems, to the right and up.
        rounding: float, ems, standard deviation of the blur that rounds corners; 0: none.
    """

    bold_x: float = 0.0
    bold_y: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    slant: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    rounding: float = 0.0


def draw_style(seed: list[int], strokes: tuple[float, float]) -> Style:
    """A random style.

    Args:
        seed: list of int, decides it.
        strokes: (float, float), the widths of the font's vertical and horizontal strokes in ems: a bold font is not
            made much bolder, and no stroke vanishes.

    Returns:
        Style.
    """
    random = np.random.default_rng(seed)
    weight, contrast = random.uniform(-0.35, 0.6), random.uniform(-0.2, 0.2)
    bold = []
    for width, change in zip(strokes, (weight + contrast, weight - contrast), strict=True):
        most = max(0.13 - width, 0.15 * width)  # ems: more fills the counters of dense characters
        bold.append(float(np.clip(change * width, min(LEAST_STROKE - width, 0.0), most)))
    scale_x, scale_y = np.exp(random.uniform(-0.16, 0.05, 2))
    slanted, rounded = random.random(2) < (0.5, 0.4)
    slant, rounding = random.uniform(-0.16, 0.16), random.uniform(0.004, 0.012)
    shift_x, shift_y = random.uniform(-0.02, 0.02, 2)
    return Style(
        bold[0],
        bold[1],
        float(scale_x),
        float(scale_y),
        float(slant) if slanted else 0.0,
        float(shift_x),
        float(shift_y),
        float(rounding) if rounded and min(strokes) > 0.03 else 0.0,
    )


class StyledFace:
    """A face in a style.

    Args:
        font: FontFace.
        style: Style, or None for the strokes alone.

    Raises:
        GlyphError: FreeType cannot open it, or the package freetype-py is missing.
    """

    def __init__(self, font: FontFace, style: Style | None = None):
        self.font, self.style = font, style or Style()
        try:
            import freetype  # optional: only whoever makes up styles needs it
        except ImportError:
            raise GlyphError("styles need the package freetype-py: pip install 'tfglyph[fonts]'") from None
        self._freetype: Any = freetype
        try:
            with open(font.path, "rb") as file:
                self._face = freetype.Face(file, font.index)
            if font.variation:
                place = dict(font.variation)
                self._face.set_var_design_coords([place.get(axis.tag, axis.default) for axis in font.axes])
        except (OSError, freetype.FT_Exception) as error:
            raise GlyphError(f"{printable(font.path)}: not a usable font ({error})") from None

    @cached_property
    def strokes(self) -> tuple[float, float]:
        """The usual widths of vertical and of horizontal strokes, in ems; 0.07 each where nothing can be measured."""
        runs: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for character in PROBES:
            if character not in self.font:
                continue
            ink = self.font.render(character, PROBE_SIZE) > 127
            for number, picture in enumerate((ink, ink.T)):
                lengths = _run_lengths(picture)
                runs[number].append(lengths[lengths < LONGEST_RUN * PROBE_SIZE])
        widths = [np.concatenate(lengths) if lengths else np.zeros(0) for lengths in runs]
        vertical, horizontal = (float(np.percentile(each, 40)) / PROBE_SIZE if len(each) else 0.07 for each in widths)
        return vertical, horizontal

    def render(self, character: str, size: int) -> np.ndarray:
        """The glyph in the style, typeset in a square of ``size`` pixels.

        Args:
            character: str, one character.
            size: int, pixels.

        Returns:
            uint8 [size, size], ink 255 on 0; what sticks out of the square is lost.

        Raises:
            GlyphError: the glyph cannot be drawn.
        """
        factor = max(2, -(-256 // size))
        picture = self._draw(character, size * factor)
        if self.style.rounding:
            blurred = picture.filter(ImageFilter.GaussianBlur(self.style.rounding * size * factor))
            picture = blurred.point(_steepened())
        return np.asarray(picture.reduce(factor))  # (size, size)

    def _draw(self, character: str, pixels: int) -> Image.Image:
        freetype, style, face = self._freetype, self.style, self._face
        try:
            face.set_pixel_sizes(0, pixels)
            flags = freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP
            face.load_glyph(self.font.glyph_ids[ord(character)], flags)
            slot = face.glyph
            em = 64 * pixels  # FreeType's units: 64ths of a pixel
            bold = round(style.bold_x * em), round(style.bold_y * em)
            reference = ctypes.byref(slot.outline._FT_Outline)
            if any(bold):
                freetype.FT_Outline_EmboldenXY(reference, *bold)
                freetype.FT_Outline_Translate(reference, -bold[0] // 2, -bold[1] // 2)
            # The middle of the em square to the origin, the style, and back to the middle of the square.
            middle_x = slot.linearHoriAdvance / 65536 * 64 / 2
            middle_y = self.font.ascender / self.font.em * em - em / 2
            freetype.FT_Outline_Translate(reference, -round(middle_x), -round(middle_y))
            matrix = [style.scale_x, style.slant * style.scale_y, 0.0, style.scale_y]
            freetype.FT_Outline_Transform(
                reference, ctypes.byref(freetype.FT_Matrix(*(round(entry * 65536) for entry in matrix)))
            )
            freetype.FT_Outline_Translate(
                reference, round(em / 2 + style.shift_x * em), round(em / 2 + style.shift_y * em)
            )
            slot.render(freetype.FT_RENDER_MODE_NORMAL)
        except (KeyError, freetype.FT_Exception) as error:
            raise GlyphError(f"{printable(self.font.path)}: cannot draw U+{ord(character):04X} ({error})") from None
        bitmap = slot.bitmap
        picture = Image.new("L", (pixels, pixels), 0)
        if bitmap.width and bitmap.rows:
            # (``bitmap.buffer`` makes a list of Python numbers of it, which takes longer than all the rest.)
            buffer = np.ctypeslib.as_array(bitmap._FT_Bitmap.buffer, (bitmap.rows * bitmap.pitch,))
            rows = buffer.reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width].copy()
            picture.paste(Image.fromarray(rows), (slot.bitmap_left, pixels - slot.bitmap_top))
        return picture


def _run_lengths(ink: np.ndarray) -> np.ndarray:
    """Lengths of the runs of True in the rows of a bool array [h, w]."""
    padded = np.pad(ink, ((0, 0), (1, 1))).astype(np.int8)
    changes = np.diff(padded, axis=1).reshape(-1)
    return np.flatnonzero(changes == -1) - np.flatnonzero(changes == 1)


def _steepened() -> list[int]:
    """A lookup table that makes the blurred edge as narrow again as an edge is."""
    levels = (np.arange(256) - 127.5) * SHARPNESS + 127.5
    return np.clip(np.round(levels), 0, 255).astype(int).tolist()
