"""One face of a font file: which characters it has, and how they look.

A glyph is drawn several times larger than asked and reduced by area, so that every size shows the same
outline with smooth edges, whatever hinting or embedded bitmaps the font brings for small sizes.
"""

import contextlib
import copy
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfglyph.datasets.opening import (
    OUTLINES,
    PICTURES,
    Axis,
    FaceKey,
    Instance,
    axes_of,
    full_name,
    instances_of,
    opened,
    parse_spec,
    places,
    spell_variation,
    table,
    why_not,
)
from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, printable

Box = Literal["advance", "ink", "fit"]
BOXES: tuple[str, ...] = get_args(Box)
EMPTY, PICTURE, MISSING, UNDRAWABLE, LACKING = "empty", "picture", "missing", "undrawable", "lacking"
"""Why a face does not draw a character: no ink; only a colour or bitmap picture; the "missing glyph" box; damage; not
in its character map."""
_LARGE = 256  # pixels: the least height at which a glyph is drawn before it is reduced
_PROBE = 64  # pixels: the em at which glyphs are looked at
_NO_CHARACTER = "\U0010ffff"  # a noncharacter: no font may map it
_PLACEHOLDER_USES = 4  # characters that share one picture: an honest font draws at most a few variants alike
_PLAUSIBLE = (0.4, 1.4)  # ems from the baseline to the top of the em square: 0.8 to 0.9 in honest fonts
_USUAL_ASCENDER = 0.88  # ems, of nearly every font of ideographs
_LEVEL_GLYPHS = 48  # ideographs whose height in the line is looked at
_STICKS_OUT = 0.02  # ems that ink may stick out of the em square: more is cut off
_LEAST_CUT = 0.005  # of a glyph's ink: less is the rounding of a pixel's edge
_MOST_CUT = 0.5  # of a glyph's ink: a glyph that loses more to the frame is not that glyph

Extent = tuple[float, float, float, float]
"""Left, top, right and bottom of ink, in ems from the upper left corner of the em square."""


@dataclass(frozen=True)
class Drawn:
    """What a face draws of some characters.

    Attributes:
        characters: list of str, those that it really draws, in order.
        reasons: dict from each other character to why not: ``EMPTY``, ``PICTURE``, ``MISSING``, ``UNDRAWABLE`` or
            ``LACKING``.
        cut: dict from character to the fraction of its ink that the frame cuts off, where it cuts any.
        extent: Extent of the em square and of all ink.
    """

    characters: list[str]
    reasons: dict[str, str]
    cut: dict[str, float]
    extent: Extent = (0.0, 0.0, 1.0, 1.0)


def top_of_em(font: Any, em: int) -> float:
    """Font units from the baseline to the top of the em square, the box in which ideographs are set.

    A line height of nonsense (none at all, or many ems above the baseline) is passed over for the next.
    """
    line, typographic = table(font, "hhea"), table(font, "OS/2")
    lines = []
    if typographic is not None:
        typo = typographic.sTypoAscender, typographic.sTypoDescender
        if typo[0] - typo[1] == em:
            lines.append(typo)
    if line is not None:
        lines.append((line.ascent, line.descent))
    if typographic is not None:
        lines += [typo, (typographic.usWinAscent, -typographic.usWinDescent)]
    for ascender, descender in lines:
        top: float = ascender - (ascender - descender - em) / 2  # the em square is in the middle of the line
        if ascender > descender and _PLAUSIBLE[0] * em <= top <= _PLAUSIBLE[1] * em:
            return top
    return _USUAL_ASCENDER * em


def some_extents(
    codes: Sequence[int], extent: Callable[[int], tuple[float, float] | None]
) -> list[tuple[float, float]]:
    """How high some ideographs of a font lie, for ``level``: a few of ``codes``, evenly spread.

    Args:
        codes: sequence of int, code points in order.
        extent: function from a code point to the lowest and the highest ink; None: it has none. A glyph that is damaged
            (GlyphError) is passed over; the others will do.
    """
    extents = []
    for place in np.linspace(0, len(codes) - 1, min(len(codes), _LEVEL_GLYPHS)).astype(int).tolist():
        with contextlib.suppress(GlyphError):
            extents.append(extent(codes[place]))
    return [each for each in extents if each is not None]


def level(top: float, extents: Sequence[tuple[float, float]]) -> float:
    """Where the top of the square belongs that holds a font's ideographs, if the font's metrics put it too high or low.

    Some fonts set their ideographs so low in the line, or so high, that a square in the middle of the line cuts them
    off. Then the square is moved, for all glyphs alike, so that as much is free above the ink as below.

    Args:
        top: float, ems from the baseline to the top of the em square, see ``top_of_em``.
        extents: for some ideographs, ems from the baseline to the lowest and to the highest ink.

    Returns:
        float, ems from the baseline to the top.
    """
    if not extents:
        return top
    low, high = (float(np.percentile(ends, q)) for ends, q in zip(zip(*extents, strict=True), (5, 95), strict=True))
    if low >= top - 1 - _STICKS_OUT and high <= top + _STICKS_OUT:
        return top
    return (low + high + 1) / 2


class FontFace:
    """A face in a TTF, OTF, TTC or WOFF file.

    Args:
        path: path of the file.
        index: int, which face of a collection.
        variation: dict from axis to value, or its items: the place in a variable font; axes that are not named are at
            their default.

    Attributes:
        path: str.
        index: int.
        variation: tuple of (axis, value), as asked for.
        name: str, the font's full name, and what was chosen in a variable font.
        em: int, font units per em.
        ascender: float, font units from the baseline to the top of the em square.
        glyph_ids: dict from code point to the number of its glyph, which is not 0.
        axes: list of Axis; empty for a font that does not vary.
        instances: list of Instance.
        pictures: list of str, the tables with bitmaps or colour pictures that it has.

    Raises:
        GlyphError: the file is no font, is damaged, has no character map, or has no outlines.
    """

    def __init__(self, path: PathLike, index: int = 0, variation: Any = ()):
        self.path: str = os.fspath(path)
        self.index: int = index
        self.variation: tuple[tuple[str, float], ...] = tuple(dict(variation).items())
        with opened(self.path, index) as font:
            self._read_tables(font)
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}  # by their size in pixels
        self._freetype(_PROBE)  # what FreeType refuses is better known now

    def _read_tables(self, font: Any) -> None:
        self.pictures: list[str] = [tag.strip() for tag in PICTURES if tag in font]
        if not any(tag in font for tag in OUTLINES):
            kinds = " and ".join(f"{PICTURES[tag]} (table {tag.strip()})" for tag in PICTURES if tag in font)
            raise GlyphError(
                f"{printable(self.path)}: not a usable font (it has no outlines"
                f"{f', only {kinds}, which cannot be drawn at any size' if kinds else ''})"
            )
        characters = font.getBestCmap()
        if not characters:
            raise ValueError("it has no Unicode character map")
        ids = {name: number for number, name in enumerate(font.getGlyphOrder())}
        # Glyph 0 is by definition the picture of "no such glyph".
        self.glyph_ids: dict[int, int] = {code: ids[name] for code, name in characters.items() if ids.get(name, 0)}
        self.em: int = font["head"].unitsPerEm
        if not 16 <= self.em <= 16384:
            raise ValueError(f"{self.em} units per em")
        self.axes: list[Axis] = axes_of(font)
        self.instances: list[Instance] = instances_of(font)
        self.name: str = full_name(font, self.path) + self._chosen()
        self.ascender: float = top_of_em(font, self.em)

    def _chosen(self) -> str:
        """What is added to the name: the instance or the axes that were chosen."""
        place = dict(self.variation)
        named = [instance.name for instance in self.instances if instance.place == place]
        return f" {named[0] if named else spell_variation(self.variation)}" if place else ""

    @property
    def key(self) -> FaceKey:
        """FaceKey that opens this face again: ``FontFace(*key)``."""
        return FaceKey(self.path, self.index, self.variation)

    @property
    def spec(self) -> str:
        """What a person writes for this face: ``file.ttc#2,wght=700``."""
        return f"{self.path}#{self.index}" + (f",{spell_variation(self.variation)}" if self.variation else "")

    @property
    def defaulted_axes(self) -> list[Axis]:
        """The axes that were not chosen and that change anything."""
        chosen = dict(self.variation)
        return [axis for axis in self.axes if axis.tag not in chosen and axis.minimum < axis.maximum]

    def __contains__(self, character: str) -> bool:
        return len(character) == 1 and ord(character) in self.glyph_ids

    def _freetype(self, pixels: int) -> ImageFont.FreeTypeFont:
        if pixels not in self._fonts:
            # Not ImageFont.truetype, which takes an installed font of the same file name where it cannot read this
            # one; and bytes, as names on disk need not be UTF-8.
            path = self.path if os.name == "nt" else os.fsencode(self.path)
            try:
                font = ImageFont.FreeTypeFont(path, pixels, index=self.index, layout_engine=ImageFont.Layout.BASIC)
                if self.variation:
                    place = dict(self.variation)
                    font.set_variation_by_axes([place.get(axis.tag, axis.default) for axis in self.axes])
            except (OSError, ValueError, NotImplementedError) as error:
                raise GlyphError(f"{printable(self.path)}: {why_not(error)}") from None
            self._fonts[pixels] = font
        return self._fonts[pixels]

    @cached_property
    def level_ascender(self) -> float:
        """Font units from the baseline to the top of the square that holds its ideographs, see ``level``."""

        def extent(code: int) -> tuple[float, float] | None:
            _, top, _, bottom = self._bounds(chr(code), _LARGE)
            return (-bottom / _LARGE, -top / _LARGE) if bottom > top else None

        codes = [code for code in sorted(self.glyph_ids) if 0x4E00 <= code < 0xA000]
        extents = some_extents(codes, extent)
        return level(self.ascender / self.em, extents) * self.em

    def levelled(self, ascender: float | None = None) -> "FontFace":
        """The same face with the top of its em square elsewhere: at ``ascender``, or where ``level`` puts it."""
        moved = copy.copy(self)
        moved.ascender = self.level_ascender if ascender is None else ascender
        return moved

    def draw(self, character: str, pixels: int, box: Box = "advance", extent: Extent | None = None) -> Image.Image:
        """The glyph in a square of ``pixels``, as FreeType draws it.

        Args:
            character: str, one character.
            pixels: int, side of the em square and of the picture.
            box: ``advance`` places the glyph as typeset; ``ink`` moves the middle of its ink to the middle; ``fit``
                places it as typeset in a square that holds ``extent``.
            extent: Extent, for ``fit``: that of all characters that are drawn, see ``Drawn``.

        Returns:
            A Pillow image of mode L, ink 255 on 0.

        Raises:
            GlyphError: this glyph cannot be drawn.
        """
        if character not in self and character != _NO_CHARACTER:
            raise GlyphError(f"{printable(self.path)}: it lacks {_code_points(character)}")
        if box == "ink":
            return self._centred(character, pixels)
        if box == "fit" and extent is not None and extent != (0.0, 0.0, 1.0, 1.0):
            return self._fitted(character, pixels, extent)
        return self._text(character, pixels, pixels)

    def _centred(self, character: str, pixels: int) -> Image.Image:
        """The drawing with the middle of its ink in the middle; what sticks out of the square is lost."""
        left, top, right, bottom = self._ink(character)
        ems = max(2, 2 * math.ceil(0.5 + max(-left, -top, right - 1, bottom - 1)))  # 2 for nearly every glyph
        wide = self._text(character, pixels, ems * pixels)
        ink = wide.getbbox() or (0, 0, ems * pixels, ems * pixels)
        x, y = round((ink[0] + ink[2] - pixels) / 2), round((ink[1] + ink[3] - pixels) / 2)
        return wide.transform((pixels, pixels), Image.Transform.EXTENT, (x, y, x + pixels, y + pixels))

    def _fitted(self, character: str, pixels: int, extent: Extent) -> Image.Image:
        """The drawing as typeset, in a square whose middle is that of ``extent`` and which holds all of it."""
        left, top, right, bottom = extent
        side = max(right - left, bottom - top)
        em = max(int(pixels / side), 1)
        around = 2 * max(-left, -top, right - 1, bottom - 1, 0.0) + 1.0  # ems: a picture that holds all the ink
        wide = self._text(character, em, max(round(around * em) + 2, pixels))
        corner = (wide.size[0] - em) / 2  # of the em square
        x = round(corner + em * (left + right) / 2 - pixels / 2)
        y = round(corner + em * (top + bottom) / 2 - pixels / 2)
        return wide.transform((pixels, pixels), Image.Transform.EXTENT, (x, y, x + pixels, y + pixels))

    def _text(self, character: str, pixels: int, side: int) -> Image.Image:
        """A picture of ``side`` pixels, in its middle the glyph as typeset in a square of ``pixels``."""
        self._bounds(character, pixels)
        picture = Image.new("L", (side, side), 0)
        font = self._freetype(pixels)
        try:
            x, y = self._origin(character, pixels, side)
            ImageDraw.Draw(picture).text((x, y), character, font=font, fill=255, anchor="ls")
        except (OSError, ValueError, MemoryError) as error:
            raise self._undrawable(character, error) from None
        return picture

    def _bounds(self, character: str, pixels: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a glyph's ink in pixels from its origin."""
        try:
            bounds = self._freetype(pixels).getbbox(character, anchor="ls")
        except (OSError, ValueError, MemoryError) as error:
            raise self._undrawable(character, error) from None
        if max(map(abs, bounds)) > 8 * pixels:
            raise self._undrawable(character, ValueError("its outline is far larger than the em square"))
        return bounds

    def _undrawable(self, character: str, error: Exception) -> GlyphError:
        return GlyphError(f"{printable(self.path)}: cannot draw {_code_points(character)} ({error})")

    def _origin(self, character: str, pixels: int, side: int) -> tuple[int, int]:
        """Where the glyph's origin goes, so that its em square is in the middle of a picture."""
        x = (side - self._freetype(pixels).getlength(character)) / 2
        y = (side - pixels) / 2 + self.ascender * pixels / self.em
        return round(x), round(y)

    def render(self, character: str, size: int, box: Box = "advance", extent: Extent | None = None) -> np.ndarray:
        """The glyph at ``size``, reduced by area from a drawing of at least 256 pixels.

        Returns:
            uint8 ``[size, size]``, ink 255 on 0.
        """
        factor = max(2, -(-_LARGE // size))
        return np.asarray(self.draw(character, size * factor, box, extent).reduce(factor))  # (size, size)

    @cached_property
    def _notdef(self) -> bytes:
        """The picture of "no such glyph": what the face draws for a noncharacter."""
        return self.draw(_NO_CHARACTER, _PROBE, "ink").tobytes()

    def drawable(self, characters: Iterable[str]) -> list[str]:
        """Those of ``characters`` for which this face has a picture of its own, in the same order.

        Left out are characters that the character map lacks, that show no ink, and that show the face's "missing glyph"
        box: its glyph 0, or one picture standing for many characters.
        """
        return self.drawn(characters).characters

    def drawn(self, characters: Iterable[str], box: Box = "advance") -> Drawn:
        """What this face draws of ``characters``, why not the others, and what the frame of ``box`` cuts off.

        Args:
            characters: iterable of str, one character each.
            box: as in ``draw``; nothing is cut with ``fit``.

        Returns:
            Drawn. A character that would lose more than half of its ink is not among those drawn.
        """
        characters = list(characters)
        reasons = {character: LACKING for character in characters if character not in self}
        pictures: dict[str, bytes] = {}
        cut: dict[str, float] = {}
        extents: dict[str, Extent] = {}
        for character in dict.fromkeys(characters):
            if character in reasons:
                continue
            try:
                picture = self.draw(character, _PROBE, "ink")
                extents[character] = self._ink(character)
            except GlyphError:
                reasons[character] = UNDRAWABLE
                continue
            if not picture.getbbox():
                reasons[character] = PICTURE if self.pictures and not character.isspace() else EMPTY
            elif picture.tobytes() == self._notdef:
                reasons[character] = MISSING
            else:
                pictures[character] = picture.tobytes()
        uses = Counter(pictures.values())
        for character, picture_bytes in pictures.items():
            if uses[picture_bytes] >= _PLACEHOLDER_USES:
                reasons[character] = MISSING
        kept = [character for character in characters if character not in reasons]
        if box != "fit":
            for character in dict.fromkeys(kept):
                lost = self._cut(character, extents[character], box)
                if lost > _LEAST_CUT:
                    cut[character] = lost
            kept = [character for character in kept if cut.get(character, 0.0) <= _MOST_CUT]
        corners = [(0.0, 0.0, 1.0, 1.0), *(extents[character] for character in kept)]
        left, top, right, bottom = zip(*corners, strict=True)
        return Drawn(kept, reasons, cut, (min(left), min(top), max(right), max(bottom)))

    def _ink(self, character: str) -> Extent:
        """Extent of a glyph's ink where it is typeset, to a pixel of the probe."""
        left, top, right, bottom = self._bounds(character, _PROBE)
        x, y = self._origin(character, _PROBE, _PROBE)
        return ((x + left) / _PROBE, (y + top) / _PROBE, (x + right) / _PROBE, (y + bottom) / _PROBE)

    def _cut(self, character: str, extent: Extent, box: Box) -> float:
        """The fraction of a glyph's ink that a frame of the em's size does not show."""
        left, top, right, bottom = extent
        if box == "ink":
            if max(right - left, bottom - top) <= 1:
                return 0.0
        elif left >= 0 and top >= 0 and right <= 1 and bottom <= 1:
            return 0.0
        around = 2 * max(-left, -top, right - 1, bottom - 1, 0.0) + 1.0
        whole = np.asarray(self._text(character, _PROBE, round(around * _PROBE) + 2), np.float64)
        shown = np.asarray(self.draw(character, _PROBE, box), np.float64)
        return max(0.0, 1.0 - float(shown.sum()) / max(float(whole.sum()), 1.0))


def _code_points(text: str) -> str:
    return " ".join(f"U+{ord(letter):04X}" for letter in text) or "an empty text"


def faces(path: PathLike) -> list[FontFace]:
    """The faces that a person names.

    Args:
        path: a TTF, OTF, TTC or WOFF file, perhaps with a selection: ``file.ttc#2`` means its third face alone,
            ``file.ttf#wght=700`` a place in a variable font, ``file.ttf#Bold`` one of its named instances,
            ``file.ttf#*`` all of them.

    Returns:
        list of FontFace.

    Raises:
        GlyphError: as FontFace does; also a collection without faces.
        UsageError: the selection is none, or the font does not have it.
    """
    spec = parse_spec(path)
    count = _face_count(spec.path)
    found = []
    for index in range(count) if spec.index is None else [spec.index]:
        face = FontFace(spec.path, index)
        for place in places(spec, face.axes, face.instances):
            found.append(FontFace(spec.path, index, place) if place else face)
    return found


def _face_count(path: str) -> int:
    if os.path.exists(path) and not os.path.isfile(path):
        raise GlyphError(f"{printable(path)}: not a regular file")
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError as error:
        raise GlyphError(f"{printable(path)}: {error.strerror}") from None
    if head[:4] != b"ttcf":
        return 1
    count = int.from_bytes(head[8:12], "big")
    if not 1 <= count <= 256 or len(head) < 12:
        raise GlyphError(f"{printable(path)}: not a usable font (a collection of {count} faces)")
    return count
