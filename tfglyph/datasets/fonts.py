"""Glyphs of any fonts: one image per (font, character), or shifted and squeezed samples of them."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tfglyph.datasets.charsets import charset as find_charset
from tfglyph.datasets.drawing import draw_characters, draw_samples, face
from tfglyph.datasets.fontface import BOXES, Box, FontFace, faces
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.installed_fonts import installed_font_directories
from tfglyph.datasets.preparing import CHUNK, LazyItems, Source, chunks, parallel_map, prepare, problem, stamp
from tfglyph.datasets.report import Problem, count, report
from tfglyph.errors import GlyphError, UsageError

EXTENSIONS = (".ttf", ".otf", ".ttc", ".otc")


def load(
    name: str,
    size: tuple[int, int],
    channels: int | None,
    datadir: str | None = None,
    fonts: Iterable[str] | None = None,
    charset: str = "gb2312-1",
    box: Box = "advance",
    samples: int = 0,
    sample_seed: int = 0,
) -> Glyphs:
    """Glyphs of fonts.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a directory of fonts, the same as ``fonts``.
        fonts: list of font files and directories of them; ``file.ttc#2`` means its third face alone.
        charset: which characters to draw.
        box: ``advance`` places glyphs as typeset, ``ink`` moves the middle of their ink to the middle.
        samples: int, 0 for every (font, character) once; else so many random ones, shifted and squeezed a little.
        sample_seed: int ≥ 0, decides the samples.

    Returns:
        Glyphs with characters; labels number the fonts.

    Raises:
        UsageError: no fonts are named, or an option is impossible.
        GlyphError: none of the fonts can be used or has any of the characters.
    """
    if box not in BOXES:
        raise UsageError(f"box {box!r} is none of {', '.join(BOXES)}")
    if samples < 0:
        raise UsageError(f"samples {samples} is negative")
    paths = [*(fonts or []), *([datadir] if datadir else [])]
    if not paths:
        directories = ", ".join(installed_font_directories())
        raise UsageError(
            f"data set 'fonts' needs --fonts FILE or DIR (installed fonts are in {directories or 'no known place'})"
        )
    characters = find_charset(charset).characters
    usable, problems = open_faces(paths)
    shape = (*size, channels or 1)
    settings = {
        "set": "fonts",
        "faces": [[os.path.basename(font.path), font.index] for font in usable],
        "characters": "".join(characters),
        "box": box,
        "samples": [samples, sample_seed] if samples else 0,
    }
    return prepare(
        Source(
            name=name,
            origin=", ".join(paths),
            shape=shape,
            settings=settings,
            stamp=stamp([font.path for font in usable]),
            items=LazyItems(lambda: _items(usable, characters, samples, sample_seed)),
            convert=partial(draw_samples if samples else draw_characters, shape=shape, box=box),
            total=-(-samples // CHUNK) if samples else -(-len(characters) // CHUNK) * len(usable),
            label_names=unique_names(usable),
            problems=problems,
        )
    )


def _items(usable: Sequence[FontFace], characters: Sequence[str], samples: int, seed: int) -> Iterable[Any]:
    """Items of work: for ``draw_samples``, or, where ``samples`` is 0, for ``draw_characters``."""
    drawable = coverage(usable, characters)
    if not any(drawable):
        raise GlyphError(f"none of the {len(usable)} fonts has any of the {len(characters):,} characters")
    if not samples:
        return [
            (font.path, font.index, part, label)
            for label, font in enumerate(usable)
            for part in chunks(drawable[label])
        ]
    pairs = [(label, character) for label, covered in enumerate(drawable) for character in covered]
    draws = []
    for number, row in enumerate(np.random.default_rng(seed).integers(len(pairs), size=samples)):
        label, character = pairs[row]
        draws.append((usable[label].path, usable[label].index, character, label, [seed, number]))
    return chunks(draws)


def open_faces(paths: Iterable[str]) -> tuple[list[FontFace], list[Problem]]:
    """Every face of the fonts in ``paths`` (files and directories), each file once.

    Returns:
        A tuple of a list of FontFace and the list of Problem with those that cannot be used.

    Raises:
        GlyphError: none of them has a font that can be used.
    """
    usable: list[FontFace] = []
    problems: list[Problem] = []
    seen = set()
    paths = list(paths)
    files = [file for path in paths for file in _font_files(path)]
    for path in files:
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            usable.extend(faces(path))
        except GlyphError as error:
            problems.append(problem(path, error))
    if not usable:
        report(problems, ", ".join(paths))
        raise GlyphError(f"{', '.join(paths)}: no font that can be used ({count(problems) or 'no font files'})")
    return usable, problems


def _font_files(path: str) -> list[str]:
    """A file itself, or the font files under a directory."""
    if not os.path.isdir(path):
        return [path]
    return sorted(
        os.path.join(folder, name)
        for folder, _, files in os.walk(path)
        for name in files
        if name.lower().endswith(EXTENSIONS)
    )


def unique_names(usable: Sequence[FontFace]) -> list[str]:
    """A name for each face; faces of the same name are told apart by their file."""
    names = [font.name for font in usable]
    return [
        name if names.count(name) == 1 else f"{name} ({os.path.basename(font.path)}#{font.index})"
        for name, font in zip(names, usable, strict=True)
    ]


def coverage(usable: Sequence[FontFace], characters: Iterable[str]) -> list[list[str]]:
    """For each face, the list of those of ``characters`` that it really draws; on all cores."""
    items = [(font.path, font.index) for font in usable]
    drawable = partial(_drawable, characters=characters)
    return list(parallel_map(drawable, items, len(items), "reading fonts", "font", most_in_process=1))


def _drawable(item: tuple[str, int], characters: Iterable[str]) -> list[str]:
    return face(*item).drawable(characters)
