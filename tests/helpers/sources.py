"""Small fonts and images for the tests of data sets."""

import io
import os
import struct
import zlib
from typing import Any

import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.TupleVariation import TupleVariation
from PIL import Image

NUMERALS = "一二三四五六七八"
EM = 1000
ASCENDER, DESCENDER = 800, -200


def block(left: int, bottom: int, right: int, top: int) -> Any:
    """A glyph that is one filled rectangle, in font units."""
    pen = TTGlyphPen(None)
    pen.moveTo((left, bottom))
    pen.lineTo((left, top))
    pen.lineTo((right, top))
    pen.lineTo((right, bottom))
    pen.closePath()
    return pen.glyph()


def write_font(
    path: str | os.PathLike[str],
    characters: str = NUMERALS,
    name: str = "Blocks",
    boxes: str = "",
    blanks: str = "",
    mapped_to_missing: str = "",
) -> str:
    """A TrueType font of 1000 units per em, whose k-th glyph is a block from (100, 0) to (200 + 60k, 500).

    Args:
        path: where to.
        characters: str, drawn as blocks.
        name: str, the font's name.
        boxes: str, characters that all show one and the same picture, a placeholder.
        blanks: str, characters without ink.
        mapped_to_missing: str, characters that the character map sends to glyph 0.

    Returns:
        str, the path.
    """
    glyphs = {
        ".notdef": block(50, -150, 950, 750),
        "placeholder": block(300, 100, 700, 500),
        "blank": TTGlyphPen(None).glyph(),
    }
    codes = {ord(c): "placeholder" for c in boxes} | {ord(c): "blank" for c in blanks}
    codes |= {ord(c): ".notdef" for c in mapped_to_missing}
    for number, character in enumerate(characters):
        glyphs[f"block{number}"] = block(100, 0, 200 + 60 * number, 500)
        codes[ord(character)] = f"block{number}"
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(codes)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({glyph: (EM, 100) for glyph in glyphs})
    builder.setupHorizontalHeader(ascent=ASCENDER, descent=DESCENDER)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "fullName": name})
    builder.setupOS2(sTypoAscender=ASCENDER, sTypoDescender=DESCENDER)
    builder.setupPost()
    builder.save(str(path))
    return str(path)


def encoded(array: np.ndarray, file_format: str, **options: Any) -> bytes:
    """The bytes of a uint8 array as an image file."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, file_format, **options)
    return buffer.getvalue()


def glyph_like(random: np.random.Generator, count: int, side: int = 12) -> np.ndarray:
    """uint8 ``[count, side, side]``: a white block somewhere on black, all different, edges black."""
    images = np.zeros((count, side, side), np.uint8)
    for image in images:
        top, left = random.integers(2, side // 2, 2)
        image[top : side - 2, left : side - 2] = random.integers(128, 256, (side - 2 - top, side - 2 - left))
    return images


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """A copy of some bytes with damage: bytes changed, cut off, cut out, doubled or swapped in."""
    damaged = bytearray(content)
    for _ in range(int(random.integers(1, 6))):
        if not damaged:
            break
        position = int(random.integers(len(damaged)))
        kind = int(random.integers(6))
        if kind == 0:
            damaged[position] ^= 1 << int(random.integers(8))
        elif kind == 1:
            damaged[position] = int(random.integers(256))
        elif kind == 2:
            del damaged[position:]
        elif kind == 3:
            del damaged[position : position + int(random.integers(1, 9))]
        elif kind == 4:
            damaged[position:position] = random.integers(0, 256, int(random.integers(1, 9))).astype(np.uint8).tobytes()
        else:
            damaged[position : position + 4] = b"\xff\xff\xff\xff"
    return bytes(damaged)


def png_bomb() -> bytes:
    """A PNG of 30,000×30,000 pixels in a few kilobytes: its header alone, followed by a little of it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 30_001 * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def write_variable_font(path: str | os.PathLike[str], characters: str = NUMERALS, name: str = "Varied") -> str:
    """A font whose glyphs are the blocks of ``write_font``, 100 units wide at wght 100, 900 at wght 900.

    A second axis, wdth, from 50 to 100 (by default), moves nothing. Named instances: Thin, Regular (400), Black.

    Returns:
        str, the path.
    """
    write_font(path, characters, name)
    font = TTFont(path)
    for glyph in font.getGlyphOrder():
        if glyph.startswith("block"):
            font["glyf"][glyph] = block(50, 0, 150, 500)
    builder = FontBuilder(font=font)
    instances = [
        {"stylename": word, "location": {"wght": weight, "wdth": 100}}
        for word, weight in (("Thin", 100), ("Regular", 400), ("Black", 900))
    ]
    builder.setupFvar([("wght", 100, 100, 900, "Weight"), ("wdth", 50, 100, 100, "Width")], instances)
    moved = [None, None, (800, 0), (800, 0), *[(0, 0)] * 4]  # right corners, then the four phantom points
    moved[0] = moved[1] = (0, 0)
    variations = {
        glyph: [TupleVariation({"wght": (0.0, 1.0, 1.0)}, moved)]
        for glyph in font.getGlyphOrder()
        if glyph.startswith("block")
    }
    builder.setupGvar(variations)
    font.save(path)
    return str(path)
