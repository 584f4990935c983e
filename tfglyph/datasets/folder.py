"""Directories of loose images: any set of pictures, one class per subdirectory if there are any."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tfglyph.datasets.file_listing import IMAGES, list_files
from tfglyph.datasets.glyphs import Glyphs, split_key, split_keys
from tfglyph.datasets.images import ImageError, decode, fit, has_colour, read_bytes
from tfglyph.datasets.polarity import Ink, Polarity, ink_is_dark, is_blank, must_invert, polarity_of
from tfglyph.datasets.preparing import Converted, Source, chunks, prepare, problem, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import printable

ONE_COLOUR = "of one colour: there is nothing in it"
_SAMPLES = 64  # images that are looked at to find the polarity and the number of channels


def load(name: str, size: tuple[int, int], channels: int | None, datadir: str | None, ink: Ink = "auto") -> Glyphs:
    """The images under a directory; identical files count once.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None: 3 if any of the first images has colour.
        datadir: path of the directory.
        ink: ``black`` (dark on light: inverted), ``white`` (kept), ``auto``: found from the images (see
            ``tfglyph.datasets.polarity``); colour images are kept.

    Returns:
        Glyphs; labels and label names from the first level of subdirectories, where there are several and no image lies
        beside them.

    Raises:
        UsageError: no directory is given, or another ``ink``.
        GlyphError: no such directory, no image, or no image that can be read.
    """
    if datadir is None:
        raise UsageError(f"data set {name!r} needs --datadir DIR, a directory of images")
    paths, problems = image_files(datadir)
    look = look_at(paths)
    channels = channels or (3 if look.coloured else 1)
    invert = must_invert(ink, look.polarity.invert, channels)
    if channels == 1:
        problems += look.problems(datadir, ink)
    labels, label_names = classes(paths, datadir)
    items = chunks(list(zip(paths, labels, strict=True)))
    shape = (*size, channels)
    return prepare(
        Source(
            name=name,
            origin=printable(datadir),
            shape=shape,
            settings={"set": name, "invert": invert} | order_setting(label_names),
            stamp=stamp(paths, datadir),
            items=items,
            convert=partial(convert, shape=shape, invert=invert, labelled=label_names is not None),
            total=len(items),
            label_names=label_names,
            unique=True,
            problems=problems,
        )
    )


def convert(
    files: Iterable[tuple[str, int]], shape: tuple[int, int, int], invert: bool, labelled: bool, margin: float = 0.0
) -> Converted:
    """One item of work: files [(path, label)] → Converted."""
    images, labels, keys, problems = [], [], [], []
    for path, label in files:
        try:
            content = read_bytes(path)
            image, notes = decode(content)
        except (ImageError, OSError) as error:
            problems.append(problem(path, error))
            continue
        problems.extend(Problem(path, note, used=True) for note in notes)
        if is_blank(np.asarray(image)):
            problems.append(Problem(path, ONE_COLOUR, used=True))
        images.append(fit(image, shape, invert, margin))
        labels.append(label)
        keys.append(split_key(content))
    return Converted(stack(images, shape), None, labels if labelled else None, keys, problems)


def convert_characters(
    files: Sequence[tuple[str, str]], shape: tuple[int, int, int], invert: bool, margin: float = 0.0
) -> Converted:
    """One item of work for images of known characters: files [(path, character)] → Converted."""
    # The label carries each file's row through the conversion, which leaves out what cannot be read.
    converted = convert([(path, row) for row, (path, _) in enumerate(files)], shape, invert, True, margin)
    characters = [files[row][1] for row in converted.labels or []]
    return Converted(converted.images, characters, None, split_keys(characters).tolist(), converted.problems)


def image_files(directory: str, endings: tuple[str, ...] = IMAGES) -> tuple[list[str], list[Problem]]:
    """All files with an image's ending under a directory, sorted by their path; see ``list_files``.

    Returns:
        A tuple of the paths and a list of Problem (what is passed over, links that cannot be followed, directories
        that cannot be read).

    Raises:
        GlyphError: no such directory, or no such file in it.
    """
    listing = list_files(directory, endings)
    passed_over = listing.passed_over(directory)
    if not listing.paths:
        there = "; ".join(item.reason for item in passed_over)
        raise GlyphError(
            f"{printable(directory)}: no file in it ends in {', '.join(endings)}" + (f" ({there})" if there else "")
        )
    return listing.paths, listing.problems + passed_over


@dataclass(frozen=True)
class Look:
    """What some of the images of a set say about all of them.

    Attributes:
        polarity: Polarity.
        coloured: bool, whether any has colour.
    """

    polarity: Polarity
    coloured: bool

    def problems(self, source: str, ink: Ink) -> list[Problem]:
        """Doubt about what is ink, as a line, where the person did not say it."""
        doubt = self.polarity.doubt() if ink == "auto" else None
        return [Problem(source, doubt, used=True)] if doubt else []


def look_at(paths: Sequence[str]) -> Look:
    """``Look`` at some of the files of a set."""
    verdicts: list[bool | None] = []
    coloured = False
    step = max(1, len(paths) // _SAMPLES)
    for path in paths[::step]:
        try:
            image, _ = decode(read_bytes(path))
        except (ImageError, OSError):
            continue  # reported when it is converted
        verdicts.append(ink_is_dark(image))
        coloured = coloured or has_colour(image)
    return Look(polarity_of(verdicts), coloured)


def classes(paths: Sequence[str], directory: str) -> tuple[list[int], list[str] | None]:
    """Labels from the first level of subdirectories.

    Returns:
        A tuple of a list of int (0 where there are no classes) and the list of names, numbers in them by their value
        (2 before 10), or ``None``.
    """
    relative = [os.path.relpath(path, directory).split(os.sep) for path in paths]
    names = sorted({parts[0] for parts in relative if len(parts) > 1}, key=_by_number)
    if len(names) < 2 or any(len(parts) == 1 for parts in relative):
        return [0] * len(paths), None
    numbers = {name: number for number, name in enumerate(names)}
    return [numbers[parts[0]] for parts in relative], names


def _by_number(name: str) -> list[tuple[int, int, str]]:
    """What names are sorted by: the digits in them by their value."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts if part]


def order_setting(names: Sequence[str] | None) -> dict[str, str]:
    """What tells a set in the cache that its classes are in another order than that of version 0.1.0."""
    return {"order": "by number"} if names is not None and list(names) != sorted(names) else {}
