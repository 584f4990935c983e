"""Glyphs drawn from font files, as items of work for preparation."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image

from tfglyph.datasets.fontface import Box, Extent, FontFace
from tfglyph.datasets.glyphs import split_keys
from tfglyph.datasets.opening import FaceKey
from tfglyph.datasets.preparing import Converted, grey_to_channels, problem, stack
from tfglyph.datasets.styles import Style, StyledFace
from tfglyph.errors import GlyphError

# What the first published font set did to its 64×64 glyphs, as fractions of the side.
_SHIFT = 1 / 64
_SQUEEZE = 3 / 64


@lru_cache(maxsize=32)
def face(key: FaceKey) -> FontFace:
    """The face, opened once in each process."""
    return FontFace(*key)


def draw_characters(
    item: tuple[FaceKey, Extent | None, Iterable[str], int | None], shape: tuple[int, int, int], box: Box
) -> Converted:
    """One item of work: (face, extent for the box ``fit`` or None, characters, label or None) → Converted."""
    key, extent, characters, label = item
    images, drawn, problems = [], [], []
    for character in characters:
        try:
            images.append(in_frame(face(key).render(character, min(shape[:2]), box, extent), shape))
            drawn.append(character)
        except GlyphError as error:
            problems.append(problem(key.path, error))
    labels = None if label is None else [label] * len(drawn)
    return Converted(stack(images, shape), drawn, labels, split_keys(drawn).tolist(), problems)


def draw_designs(
    item: tuple[FaceKey, Extent | None, Iterable[str], int, Style | None, bool], shape: tuple[int, int, int], box: Box
) -> Converted:
    """One item of work: (face, extent, characters, label, style or None, whether the font is held out) → Converted.

    Images of a font that is held out have the split key 0, which every held-out fraction above 0 takes.
    """
    key, extent, characters, label, style, held_out = item
    if style is None:
        converted = draw_characters((key, extent, characters, label), shape, box)
    else:
        converted = _draw_styled(key, style, characters, label, shape)
    if held_out:
        converted.keys = [0] * len(converted.keys)
    return converted


def _draw_styled(
    key: FaceKey, style: Style, characters: Iterable[str], label: int, shape: tuple[int, int, int]
) -> Converted:
    images, drawn, problems = [], [], []
    styled = StyledFace(face(key), style)
    for character in characters:
        try:
            images.append(in_frame(styled.render(character, min(shape[:2])), shape))
            drawn.append(character)
        except GlyphError as error:
            problems.append(problem(key.path, error))
    return Converted(stack(images, shape), drawn, [label] * len(drawn), split_keys(drawn).tolist(), problems)


def draw_samples(
    item: Iterable[tuple[FaceKey, Extent | None, str, int, list[int]]], shape: tuple[int, int, int], box: Box
) -> Converted:
    """One item of work: [(face, extent for the box ``fit``, character, label, seed)] → Converted, jittered."""
    images, characters, labels, problems = [], [], [], []
    for key, extent, character, label, seed in item:
        try:
            images.append(in_frame(_jittered(face(key), character, min(shape[:2]), box, extent, seed), shape))
        except GlyphError as error:
            problems.append(problem(key.path, error))
            continue
        characters.append(character)
        labels.append(label)
    return Converted(stack(images, shape), characters, labels, split_keys(characters).tolist(), problems)


def _jittered(
    font: FontFace, character: str, size: int, box: Box, extent: Extent | None, seed: list[int]
) -> np.ndarray:
    """uint8 ``[size, size]``: squeezed from each border by up to 3/64 of the side, shifted by up to 1/64."""
    random = np.random.default_rng(seed)
    factor = max(2, -(-256 // size))
    side = size * factor
    left, top, right, bottom = random.uniform(0, _SQUEEZE * side, 4)
    shift_x, shift_y = random.uniform(-_SHIFT * side, _SHIFT * side, 2)
    scale_x, scale_y = side / (side - left - right), side / (side - top - bottom)
    # Pillow's coefficients lead from a pixel of the result to the point of the drawing that it shows.
    coefficients = (scale_x, 0, -(left + shift_x) * scale_x, 0, scale_y, -(top + shift_y) * scale_y)
    drawing = font.draw(character, side, box, extent)
    jittered = drawing.transform(drawing.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(jittered.reduce(factor))  # (size, size)


def in_frame(glyph: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 ``[h, w, c]``: a square glyph ``[s, s]`` in the middle of a frame whose shorter side is s."""
    height, width, channels = shape
    side = len(glyph)
    frame = np.zeros((height, width), np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    frame[top : top + side, left : left + side] = glyph
    return grey_to_channels(frame, channels)  # (h, w, c)
