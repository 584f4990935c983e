"""Text on images that never shows an empty box.

Each character is drawn with the first of: a glyph image that the caller gives, the Latin font that comes with
matplotlib, an installed font whose character map holds it. A character that none of them has is written as its code
point, ``U+9149``.
"""

import functools
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import PIL.Image
    import PIL.ImageFont
    from matplotlib.ft2font import FT2Font

GlyphImages = Mapping[str, np.ndarray]
"""From character to the uint8 image [h, w, c], ink 255 on 0, that stands for it in texts."""
Run = tuple["tuple[str, PIL.ImageFont.FreeTypeFont] | np.ndarray", float]
"""What is drawn in one go, (string, font) or a glyph image, and its width in pixels."""

# Parts of file names of fonts that hold Chinese, Japanese and Korean characters, the likeliest first.
CJK_FONTS = (
    "tw-kai",
    "notoserifcjk",
    "notosanscjk",
    "sourcehan",
    "uming",
    "ukai",
    "lxgw",
    "wqy",
    "fallback",
    "pingfang",
    "stheiti",
    "songti",
    "hiragino",
    "msjh",
    "msyh",
    "mingliu",
    "simsun",
    "simhei",
    "kaiu",
    "yugoth",
    "msgothic",
    "ipa",
    "takao",
    "unifont",
    "arialuni",
)


def text_size(text: str, size: int, glyphs: GlyphImages | None = None) -> float:
    """Width in pixels of ``text`` as ``draw_text`` draws it; see there."""
    return sum(width for _, width in _runs(text, size, glyphs or {}))


def draw_text(
    page: "PIL.Image.Image", position: tuple[float, float], text: str, size: int, glyphs: GlyphImages | None = None
) -> None:
    """Draws one line of text, black.

    Args:
        page: PIL image of mode RGB, drawn upon.
        position: (x, y), the left upper corner in pixels.
        text: str.
        size: int, height of a character in pixels.
        glyphs: ``GlyphImages``, or None.
    """
    from PIL import Image, ImageDraw  # slow: only where a text is drawn

    pen = ImageDraw.Draw(page)
    x, y = position
    for run, width in _runs(text, size, glyphs or {}):
        if isinstance(run, np.ndarray):
            ink = Image.fromarray(run.max(axis=-1)).resize((size, size), Image.Resampling.BICUBIC)
            page.paste((0, 0, 0), (round(x), round(y)), ink)
        else:
            string, font = run
            pen.text((x, y + size * 0.86), string, font=font, fill=(0, 0, 0), anchor="ls")
        x += width


def _runs(text: str, size: int, glyphs: GlyphImages) -> list[Run]:
    """Pieces of ``text`` that are drawn in one go."""
    runs: list[Run] = []
    pending = ""
    pending_font: PIL.ImageFont.FreeTypeFont | None = None

    def flush() -> None:
        if pending_font is not None and pending:
            runs.append(((pending, pending_font), pending_font.getlength(pending)))

    for character in text:
        if character in glyphs:
            flush()
            pending, pending_font = "", None
            runs.append((np.asarray(glyphs[character]), size * 1.04))
            continue
        path = font_for(character)
        piece = character if path else f"U+{ord(character):04X}"
        font = _open(*(path or latin_font()), size)
        if font is not pending_font:
            flush()
            pending, pending_font = "", font
        pending += piece
    flush()
    return runs


@functools.lru_cache(maxsize=4096)
def font_for(character: str) -> tuple[str, int] | None:
    """A font file whose character map holds ``character``.

    Returns:
        (path, index within the file), or None where none is installed.
    """
    for path, index in (latin_font(), *_installed_fonts()):
        font = _character_map(path)
        if font is not None and font.get_char_index(ord(character)):  # 0 is the glyph of what a font lacks
            return path, index
    return None


@functools.cache
def latin_font() -> tuple[str, int]:
    """(path, index) of DejaVu Sans, which comes with matplotlib."""
    import matplotlib  # slow: only where a text is drawn

    return str(pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 0


@functools.cache
def _installed_fonts() -> list[tuple[str, int]]:
    """(path, index) of the installed fonts, those with Chinese, Japanese or Korean names first."""
    from matplotlib import font_manager  # slow: it may build its cache of fonts

    def rank(path: str) -> tuple[int, bool, str]:
        name = pathlib.Path(path).name.lower().replace(" ", "")
        first = next((index for index, part in enumerate(CJK_FONTS) if part in name), len(CJK_FONTS))
        return first, "bold" in name, path

    return [(path, 0) for path in sorted(font_manager.findSystemFonts(), key=rank)]


@functools.lru_cache(maxsize=16)  # each keeps its file open
def _character_map(path: str) -> "FT2Font | None":
    """The first font of a file, to be asked for single characters: a set of all its code points takes a hundred times
    as long. None where the file cannot be read."""
    from matplotlib.ft2font import FT2Font  # slow: only where a text is drawn

    try:
        return FT2Font(path)
    except Exception:  # a broken or exotic font file is simply not used
        return None


@functools.lru_cache(maxsize=64)
def _open(path: str, index: int, size: int) -> "PIL.ImageFont.FreeTypeFont":
    from PIL import ImageFont  # slow: only where a text is drawn

    return ImageFont.truetype(path, size, index=index)
