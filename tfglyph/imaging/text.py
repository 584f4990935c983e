"""Text on images that never shows an empty box.

Each character is drawn with the first of: a glyph image that the caller gives, the Latin font that comes with
matplotlib, a font of this machine whose character map holds it. A character that none of them has stands
there as its code point, ``U+9149``.
"""

import functools
import pathlib

import numpy as np

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


def text_size(text, size, glyphs=None):
    """Width in pixels of ``text`` as ``draw_text`` draws it; see there."""
    return sum(width for _, width in _runs(text, size, glyphs or {}))


def draw_text(page, position, text, size, glyphs=None):
    """Draws one line of text, black.

    Args:
        page: PIL image of mode RGB, drawn upon.
        position: (x, y), the left upper corner in pixels.
        text: str.
        size: int, height of a character in pixels.
        glyphs: dict from character to uint8 image [h, w, c], ink 255 on 0, or None.
    """
    from PIL import Image, ImageDraw

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


def _runs(text, size, glyphs):
    """Pieces of ``text`` that are drawn in one go: ((string, font) or glyph image, width in pixels)."""
    runs, pending, pending_font = [], "", None

    def flush():
        if pending:
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
def font_for(character):
    """A font file whose character map holds ``character``.

    Returns:
        (path, index within the file), or None where this machine has none.
    """
    for path, index in (latin_font(), *_machine_fonts()):
        if ord(character) in _covered(path, index):
            return path, index
    return None


@functools.cache
def latin_font():
    """(path, index) of DejaVu Sans, which comes with matplotlib."""
    import matplotlib

    return str(pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 0


@functools.cache
def _machine_fonts():
    """(path, index) of this machine's fonts, those with Chinese, Japanese or Korean names first."""
    from matplotlib import font_manager

    def rank(path):
        name = pathlib.Path(path).name.lower().replace(" ", "")
        return (
            next((place for place, part in enumerate(CJK_FONTS) if part in name), len(CJK_FONTS)),
            "bold" in name,
            path,
        )

    return [(path, 0) for path in sorted(font_manager.findSystemFonts(), key=rank)]


@functools.lru_cache(maxsize=64)
def _covered(path, index):
    """The code points in a font's character map; none where the file cannot be read."""
    from fontTools.ttLib import TTFont

    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except Exception:  # a broken or exotic font file is simply not used
        return frozenset()


@functools.lru_cache(maxsize=64)
def _open(path, index, size):
    from PIL import ImageFont

    return ImageFont.truetype(path, size, index=index)
