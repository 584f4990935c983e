"""Glyphs of any fonts: one image per (font, character), or shifted and squeezed samples of them."""

import os
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tfglyph.datasets.charsets import charset as find_charset
from tfglyph.datasets.drawing import draw_designs, draw_samples, face
from tfglyph.datasets.file_listing import FONTS, list_files
from tfglyph.datasets.fontface import BOXES, PICTURE, UNDRAWABLE, Box, Drawn, Extent, FontFace, faces
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.installed_fonts import installed_font_directories
from tfglyph.datasets.opening import FaceKey
from tfglyph.datasets.preparing import CHUNK, LazyItems, Source, chunks, parallel_map, prepare, problem, stamp
from tfglyph.datasets.report import Problem, count, report
from tfglyph.datasets.styles import StyledFace, draw_style
from tfglyph.errors import GlyphError, UsageError, in_short
from tfglyph.files import printable

STYLES_VERSION = 1


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
    styles: int = 0,
    style_seed: int = 0,
    style_characters: int = 3000,
    hold_out: Iterable[str] | None = None,
) -> Glyphs:
    """Glyphs of fonts.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a directory of fonts, the same as ``fonts``.
        fonts: list of font files and directories of them; ``file.ttc#2`` means its third face alone,
            ``file.ttf#wght=700`` a place in a variable font, ``file.ttf#Bold`` a named instance.
        charset: which characters to draw.
        box: ``advance`` places glyphs as typeset, ``ink`` moves the middle of their ink to the middle, ``fit`` draws
            each font as typeset, just so small that the frame cuts nothing off.
        samples: int, 0 for every (font, character) once; else so many random ones, shifted and squeezed a little.
        sample_seed: int ≥ 0, decides the samples.
        styles: int, made-up styles of each font beside the font itself: bolder, narrower, slanted, rounded, …; each is
            a font of its own, with a label of its own.
        style_seed: int ≥ 0, decides the styles and their characters.
        style_characters: int, how many characters each made-up style has at most.
        hold_out: list of str, families that belong to the ``holdout`` split with all of their characters (as long as
            anything is held out): every font whose name or file name contains one of these, in any case.

    Returns:
        Glyphs with characters; labels number the fonts.

    Raises:
        UsageError: no fonts are named, or an option is impossible.
        GlyphError: none of the fonts can be used or has any of the characters.
    """
    if box not in BOXES:
        raise UsageError(f"box {box!r} is none of {', '.join(BOXES)}")
    for option, value in (("samples", samples), ("styles", styles)):
        if value < 0:
            raise UsageError(f"{option} {value} is negative")
    if samples and styles:
        raise UsageError("samples and styles exclude each other: styles are of every character once")
    paths = [*(fonts or []), *([datadir] if datadir else [])]
    if not paths:
        directories = ", ".join(installed_font_directories())
        raise UsageError(
            f"data set 'fonts' needs --fonts FILE or DIR (installed fonts are in {directories or 'no known place'})"
        )
    characters = find_charset(charset).characters
    usable, problems = open_faces(paths)
    held_out = _held_out(usable, [hold_out] if isinstance(hold_out, str) else list(hold_out or []))
    shape = (*size, channels or 1)
    settings: dict[str, Any] = {
        "set": "fonts",
        "faces": [_identity(font) for font in usable],
        "characters": "".join(characters),
        "box": box,
        "samples": [samples, sample_seed] if samples else 0,
    }
    if styles:
        settings["styles"] = [STYLES_VERSION, styles, style_seed, style_characters]
    if any(held_out):
        settings["held out"] = held_out
    designs = Designs(held_out, styles, style_seed, style_characters)
    names = unique_names(usable)
    per_font = -(-len(characters) // CHUNK) + styles * -(-min(style_characters, len(characters)) // CHUNK)
    return prepare(
        Source(
            name=name,
            origin=in_short(map(printable, paths)),
            shape=shape,
            settings=settings,
            stamp=stamp([font.path for font in usable]),
            items=LazyItems(lambda: _items(usable, characters, box, samples, sample_seed, problems, designs)),
            convert=partial(draw_samples if samples else draw_designs, shape=shape, box=box),
            total=-(-samples // CHUNK) if samples else per_font * len(usable),
            label_names=names + [f"{name} ~{number}" for number in range(1, styles + 1) for name in names],
            problems=problems,
        )
    )


def _identity(font: FontFace) -> list[Any]:
    """What tells a face from the others of a set, as plain JSON."""
    name = printable(os.path.basename(font.path))
    return [name, font.index, *([dict(font.variation)] if font.variation else [])]


def _items(
    usable: Sequence[FontFace],
    characters: Sequence[str],
    box: Box,
    samples: int,
    seed: int,
    problems: list[Problem],
    designs: "Designs",
) -> Iterable[Any]:
    """Items of work: for ``draw_samples``, or, where ``samples`` is 0, for ``draw_designs``.

    What the frame cuts off, and what a font has but cannot draw, goes to ``problems``.
    """
    drawn = draw_tests(usable, characters, box)
    for font, result in zip(usable, drawn, strict=True):
        problems.extend(drawing_problems(font, result, box))
    if not any(result.characters for result in drawn):
        report(problems, ", ".join(printable(font.path) for font in usable))
        raise GlyphError(f"none of the {len(usable)} fonts has any of the {len(characters):,} characters")
    extents = [result.extent if box == "fit" else None for result in drawn]
    if not samples:
        fonts = [(font, extents[label], drawn[label].characters) for label, font in enumerate(usable)]
        return designs.items(fonts)
    pairs = [(label, character) for label, result in enumerate(drawn) for character in result.characters]
    draws = []
    for number, row in enumerate(np.random.default_rng(seed).integers(len(pairs), size=samples)):
        label, character = pairs[row]
        draws.append((usable[label].key, extents[label], character, label, [seed, number]))
    return chunks(draws)


@dataclass(frozen=True)
class Designs:
    """Fonts and their made-up styles, as items of work.

    Attributes:
        held_out: list of bool, for each font whether all of it is held out; such fonts get no styles.
        styles: int, of each other font.
        seed: int.
        most_characters: int, of a style.
    """

    held_out: list[bool]
    styles: int = 0
    seed: int = 0
    most_characters: int = 0

    def items(self, fonts: Sequence[tuple[FontFace, Extent | None, Sequence[str]]]) -> list[Any]:
        """For each font (FontFace, Extent or None, the characters that it draws) its items for ``draw_designs``."""
        items: list[Any] = []
        for number in range(self.styles + 1):
            for row, (font, extent, characters) in enumerate(fonts):
                label, style = number * len(fonts) + row, None
                if number and self.held_out[row]:
                    continue
                if number:
                    seed = [self.seed, number, zlib.crc32(font.name.encode())]
                    style = draw_style(seed, StyledFace(font).strokes)
                    order = np.random.default_rng([*seed, 1]).permutation(len(characters))
                    characters = [characters[place] for place in sorted(order[: self.most_characters])]
                items += [(font.key, extent, part, label, style, self.held_out[row]) for part in chunks(characters)]
        return items


def _held_out(usable: Sequence[FontFace], families: Sequence[str]) -> list[bool]:
    """For each font whether it belongs to one of the families; raises UsageError for one that no font belongs to."""
    names = [f"{font.name}\0{os.path.basename(font.path)}".casefold() for font in usable]
    for family in families:
        if not any(family.casefold() in name for name in names):
            raise UsageError(f"hold_out {family!r}: none of the {len(usable)} fonts has this in its name")
    return [any(family.casefold() in name for family in families) for name in names]


def open_faces(paths: Iterable[str]) -> tuple[list[FontFace], list[Problem]]:
    """Every face of the fonts in ``paths`` (files and directories), each file once.

    Returns:
        A tuple of a list of FontFace and the list of Problem with those that cannot be used.

    Raises:
        GlyphError: none of them has a font that can be used.
    """
    usable: list[FontFace] = []
    problems: list[Problem] = []
    seen: set[FaceKey] = set()
    paths = list(paths)
    files: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            listing = list_files(path, FONTS)
            files += listing.paths
            problems += listing.problems + listing.passed_over(path)
        else:
            files.append(path)
    for path in files:
        try:
            found = faces(path)
        except UsageError:
            raise
        except GlyphError as error:
            problems.append(problem(path, error))
            continue
        for font in found:
            key = FaceKey(os.path.realpath(font.path), *font.key[1:])
            if key in seen:
                continue
            seen.add(key)
            usable.append(font)
            if font.defaulted_axes:
                problems.append(Problem(path, _axes_note(font), used=True))
    if not usable:
        named = ", ".join(map(printable, paths))
        report(problems, named)
        raise GlyphError(f"{named}: no font that can be used ({count(problems) or 'no font files'})")
    return usable, problems


def _axes_note(font: FontFace) -> str:
    axes = ", ".join(map(str, font.defaulted_axes))
    example = font.defaulted_axes[0]
    value = example.maximum if example.default < example.maximum else example.minimum
    return f"variable font at its default: {axes}; choose with FILE#{example.tag}={value:g}"


def unique_names(usable: Sequence[FontFace]) -> list[str]:
    """A name for each face, no two alike; those of one name are told apart by as much of their path as it takes."""
    names = [font.name for font in usable]
    for parts in range(1, max((font.path.count(os.sep) + 2 for font in usable), default=1)):
        alike = {name for name, number in Counter(names).items() if number > 1}
        if not alike:
            break
        names = [
            f"{font.name} ({_end_of_spec(font, parts)})" if name in alike else name
            for name, font in zip(names, usable, strict=True)
        ]
    return names


def _end_of_spec(font: FontFace, parts: int) -> str:
    """The last ``parts`` parts of a face's path, and which face of the file it is."""
    return printable(os.sep.join(font.spec.split(os.sep)[-parts:]))


def coverage(usable: Sequence[FontFace], characters: Iterable[str]) -> list[list[str]]:
    """For each face, the list of those of ``characters`` that it really draws; on all cores."""
    return [drawn.characters for drawn in draw_tests(usable, characters)]


def draw_tests(usable: Sequence[FontFace], characters: Iterable[str], box: Box = "advance") -> list[Drawn]:
    """For each face, what it draws of ``characters``, and what the frame of ``box`` cuts off; on all cores."""
    items = [font.key for font in usable]
    test = partial(_drawn, characters=characters, box=box)
    return list(parallel_map(test, items, len(items), "reading fonts", "font", most_in_process=1))


def _drawn(key: FaceKey, characters: Iterable[str], box: Box) -> Drawn:
    return face(key).drawn(characters, box)


def drawing_problems(font: FontFace, drawn: Drawn, box: Box) -> list[Problem]:
    """What a person should know of a face: ink that the frame cuts off, and pictures that are no outlines."""
    problems = []
    name = font.spec
    kept = {character: lost for character, lost in drawn.cut.items() if character in set(drawn.characters)}
    lost = [character for character in drawn.cut if character not in kept]
    if lost:
        problems.append(
            Problem(name, f"{_listed(lost)}: more than half of the ink is outside the frame; --box fit holds it all")
        )
    if kept:
        worst = max(kept, key=lambda character: kept[character])
        reason = (
            f"the frame cuts off ink of {_listed(list(kept))}, up to {kept[worst]:.0%} ({worst}); --box fit holds it"
        )
        problems.append(Problem(name, reason, used=True))
    for why, words in _WHY_NOT.items():
        characters = [character for character, reason in drawn.reasons.items() if reason == why]
        if characters:
            problems.append(Problem(name, f"{_listed(characters)}: {words.format(tables=', '.join(font.pictures))}"))
    return problems


_WHY_NOT = {
    PICTURE: "only as a picture ({tables}), which is not read: glyphs are drawn from outlines",
    UNDRAWABLE: "in the font, but damaged",
}


def _listed(characters: Sequence[str]) -> str:
    """``3 characters (abc)``; long lists are cut off."""
    few = "".join(characters[:20]) + "…" * (len(characters) > 20)
    return f"{len(characters):,} character{'s' * (len(characters) != 1)} ({few})"
