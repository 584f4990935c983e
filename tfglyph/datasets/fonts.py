"""Glyphs of any fonts: one image per (font, character), or shifted and squeezed samples of them."""

import os
from functools import partial

import numpy as np

from tfglyph.datasets.charsets import charset as find_charset
from tfglyph.datasets.cns import installed_font_directories
from tfglyph.datasets.drawing import draw_characters, draw_samples, face
from tfglyph.datasets.fontface import BOXES, faces
from tfglyph.datasets.preparing import CHUNK, Later, Source, chunks, parallel_map, prepare, stamp
from tfglyph.datasets.report import Problem, count, report
from tfglyph.errors import GlyphError, UsageError

EXTENSIONS = (".ttf", ".otf", ".ttc", ".otc")


def load(
    name,
    size,
    channels,
    datadir=None,
    fonts=None,
    charset="gb2312-1",
    box="advance",
    samples=0,
    sample_seed=0,
):
    """Glyphs of fonts.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a directory of fonts, the same as ``fonts``.
        fonts: list of font files and directories of them; ``file.ttc#2`` means its third face alone.
        charset: which characters to draw.
        box: ``advance`` places glyphs as typeset, ``ink`` moves the middle of their ink to the middle.
        samples: int, 0 for every (font, character) once; else so many random ones, shifted and squeezed a
            little.
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
    places = list(fonts or []) + ([datadir] if datadir else [])
    if not places:
        known = ", ".join(installed_font_directories())
        raise UsageError(
            f"data set 'fonts' needs --fonts FILE or DIR (installed fonts are in {known or 'no known place'})"
        )
    characters = find_charset(charset).characters
    usable, problems = open_faces(places)
    label_names = unique_names(usable)
    shape = (*size, channels or 1)
    settings = {
        "set": "fonts",
        "faces": [[os.path.basename(font.path), font.index] for font in usable],
        "characters": "".join(characters),
        "box": box,
        "samples": [samples, sample_seed] if samples else 0,
    }
    source = Source(
        name=name,
        place=", ".join(places),
        shape=shape,
        settings=settings,
        stamp=stamp([font.path for font in usable]),
        items=Later(lambda: _work(usable, characters, samples, sample_seed)),
        convert=partial(draw_samples if samples else draw_characters, shape=shape, box=box),
        total=-(-samples // CHUNK) if samples else -(-len(characters) // CHUNK) * len(usable),
        label_names=label_names,
        problems=problems,
    )
    return prepare(source)


def _work(usable, characters, samples, seed):
    found = coverage(usable, characters)
    if not any(found):
        raise GlyphError(f"none of the {len(usable)} fonts has any of the {len(characters):,} characters")
    if not samples:
        parts = [
            (font.path, font.index, part, label) for label, font in enumerate(usable) for part in chunks(found[label])
        ]
        return parts
    pairs = [(label, character) for label, drawable in enumerate(found) for character in drawable]
    chosen = np.random.default_rng(seed).integers(len(pairs), size=samples)
    drawn = []
    for number, row in enumerate(chosen):
        label, character = pairs[row]
        drawn.append((usable[label].path, usable[label].index, character, label, [seed, number]))
    return chunks(drawn)


def open_faces(places):
    """Every face of the fonts in ``places`` (files and directories), each file once.

    Returns:
        A tuple of a list of FontFace and the list of Problem with those that cannot be used.

    Raises:
        GlyphError: no place has a font that can be used.
    """
    usable, problems, seen = [], [], set()
    for place in places:
        for path in _font_files(place):
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            try:
                usable.extend(faces(path))
            except GlyphError as error:
                problems.append(Problem(path, str(error).removeprefix(f"{path}: ")))
    if not usable:
        report(problems, ", ".join(places))
        raise GlyphError(f"{', '.join(places)}: no font that can be used ({count(problems) or 'no font files'})")
    return usable, problems


def _font_files(place):
    if not os.path.isdir(place):
        return [place]
    found = [
        os.path.join(folder, name)
        for folder, _, files in os.walk(place)
        for name in files
        if name.lower().endswith(EXTENSIONS)
    ]
    return sorted(found)


def unique_names(usable):
    """A name for each face; faces of the same name are told apart by their file."""
    names = [font.name for font in usable]
    return [
        name if names.count(name) == 1 else f"{name} ({os.path.basename(font.path)}#{font.index})"
        for name, font in zip(names, usable, strict=True)
    ]


def coverage(usable, characters):
    """For each face, the list of those of ``characters`` that it really draws; on all cores."""
    items = [(font.path, font.index) for font in usable]
    found = parallel_map(partial(_drawable, characters=characters), items, len(items), "reading fonts", "font", few=1)
    return list(found)


def _drawable(item, characters):
    return face(*item).drawable(characters)
