"""Whether a written font works where fonts are used: browsers, text shaping, rasterization.

The three judges are those behind most screens: the OpenType Sanitizer, which Chromium and Firefox ask before they load
a font; HarfBuzz, which finds and places glyphs; and FreeType, which draws them.
"""

import dataclasses
import importlib.util
import io
from collections.abc import Sequence
from typing import Any

from fontTools.ttLib import TTFont
from PIL import ImageFont

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike
from tfglyph.fontfiles.opening import FontFile


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the judges say of a font.

    Attributes:
        problems: tuple of str; empty where all is well.
        judges: tuple of str: who was asked.
        absent: tuple of str: who is not installed.
    """

    problems: tuple[str, ...]
    judges: tuple[str, ...]
    absent: tuple[str, ...]


def check_font(path: PathLike, source: FontFile, codes: Sequence[int]) -> Verdict:
    """Asks the sanitizer, HarfBuzz and FreeType.

    Args:
        path: the completed font.
        source: the font that it was made from: what the sanitizer says of that already is not held against it.
        codes: the code points that were added; each must have a glyph, the width of the table, and ink.

    Returns:
        Verdict.
    """
    problems, judges, absent = [], ["FreeType"], []
    data = _plain(path)
    if importlib.util.find_spec("ots") is None:
        absent.append("OpenType Sanitizer")
    else:
        judges.append("OpenType Sanitizer")
        before = set(_sanitizer(source.path)) if not source.member and "fvar" not in source.font else set()
        problems += [f"OpenType Sanitizer: {line}" for line in _sanitizer(path) if line not in before]
    if importlib.util.find_spec("uharfbuzz") is None:
        absent.append("HarfBuzz")
    else:
        judges.append("HarfBuzz")
        problems += _harfbuzz(data, codes)
    problems += _freetype(data, codes)
    return Verdict(tuple(problems), tuple(judges), tuple(absent))


def _plain(path: PathLike) -> bytes:
    """The bytes of a font without compression, which is what shapers and rasterizers read."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] not in (b"wOFF", b"wOF2"):
        return data
    font = TTFont(io.BytesIO(data), recalcBBoxes=False, recalcTimestamp=False)
    font.flavor = None
    plain = io.BytesIO()
    font.save(plain)
    return plain.getvalue()


def _sanitizer(path: PathLike) -> list[str]:
    """What the OpenType Sanitizer objects to; nothing where it lets the font pass."""
    import ots  # optional: the extra fonts

    done = ots.sanitize(str(path), capture_output=True)
    if not done.returncode:
        return []
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    return [line.strip() for line in lines if line.startswith("ERROR")] or ["it refuses the font"]


def _harfbuzz(data: bytes, codes: Sequence[int]) -> list[str]:
    import uharfbuzz  # optional: the extra fonts

    face = uharfbuzz.Face(data)
    font = uharfbuzz.Font(face)
    problems = []
    for code in codes:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(chr(code))
        buffer.guess_segment_properties()
        uharfbuzz.shape(font, buffer)
        if [info.codepoint for info in buffer.glyph_infos] == [0] or not buffer.glyph_positions[0].x_advance:
            problems.append(f"HarfBuzz finds no glyph for U+{code:04X}")
    return problems


def _freetype(data: bytes, codes: Sequence[int]) -> list[str]:
    try:
        font: Any = ImageFont.truetype(io.BytesIO(data), 64, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise GlyphError(f"FreeType cannot open the completed font ({error})") from None
    problems = []
    for code in codes:
        try:
            blank = font.getmask(chr(code)).getbbox() is None
        except OSError as error:
            problems.append(f"FreeType cannot draw U+{code:04X} ({error})")
            continue
        if blank:
            problems.append(f"FreeType draws nothing for U+{code:04X}")
    return problems
