"""Which Han characters a font really draws, told from its outlines without drawing them.

A character map promises more than a font has: whole blocks point to empty glyphs, or to a box or a dot that stands for
all that is missing.
"""

from collections import Counter
from typing import Any

from fontTools.pens.boundsPen import ControlBoundsPen
from fontTools.ttLib import TTFont

_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0x20000, 0x323B0))
_SURELY_DRAWS = 16  # bytes of a CFF program: an empty one states a width and ends, and following the others takes long
_PLACEHOLDER_USES = 4  # characters that share one outline: an honest font draws at most a few variants alike


def is_ideograph(code: int) -> bool:
    """Whether a code point is a unified Han character."""
    return any(code in block for block in _BLOCKS)


def drawn_ideographs(font: TTFont) -> list[int]:
    """The code points of Han characters for which a font has an outline of their own.

    Args:
        font: fontTools' TTFont, with TrueType or CFF outlines.

    Returns:
        list of int, ascending. Left out are empty glyphs, glyph 0, and outlines that stand for four characters or more.
    """
    characters = {code: name for code, name in (font.getBestCmap() or {}).items() if is_ideograph(code)}
    missing = font.getGlyphOrder()[0]
    outlines = _outlines(font, {name for name in characters.values() if name != missing})
    uses = Counter(outlines[name] for name in characters.values() if name in outlines)
    return sorted(
        code for code, name in characters.items() if name in outlines and uses[outlines[name]] < _PLACEHOLDER_USES
    )


def _outlines(font: TTFont, names: set[str]) -> dict[str, bytes]:
    """The bytes of the outlines that are not empty: equal outlines have equal bytes."""
    if "glyf" in font:
        return _truetype_outlines(font, names)
    if "CFF " in font:
        strings = font["CFF "].cff.topDictIndex[0].CharStrings
    elif "CFF2" in font:
        strings = font["CFF2"].cff.topDictIndex[0].CharStrings
    else:
        return {}  # bitmaps only
    drawings = font.getGlyphSet()
    outlines = {}
    for name in names:
        code = bytes(strings[name].bytecode)  # drawing it replaces the bytes by a program
        if len(code) >= _SURELY_DRAWS or _draws(drawings[name]):
            outlines[name] = code
    return outlines


def _truetype_outlines(font: TTFont, names: set[str]) -> dict[str, bytes]:
    table = font["glyf"]
    outlines = {}
    for name in names:
        glyph: Any = table.glyphs[name]
        data = glyph.data if hasattr(glyph, "data") else glyph.compile(table, recalcBBoxes=False)
        # The header of a glyph is its number of contours and the box around it; -1 contours refer to other glyphs.
        if len(data) > 10 and data[:2] != b"\0\0":
            outlines[name] = bytes(data)
    return outlines


def _draws(glyph: Any) -> bool:
    pen = ControlBoundsPen(None, ignoreSinglePoints=True)
    glyph.draw(pen)
    return pen.bounds is not None
