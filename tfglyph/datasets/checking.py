"""``data check``: reads every file of a directory as training would, and reports what is wrong."""

import os
from collections import Counter
from collections.abc import Iterable

import numpy as np

from tfglyph.datasets.casia import characters_elsewhere, gnt_files, work_items
from tfglyph.datasets.casia import convert as convert_gnt
from tfglyph.datasets.file_listing import FONTS, HANDWRITING, IMAGES, list_files
from tfglyph.datasets.folder import ONE_COLOUR, classes, look_at
from tfglyph.datasets.fontface import faces
from tfglyph.datasets.idx import is_idx_name, read_idx
from tfglyph.datasets.images import ImageError, decode, read_bytes
from tfglyph.datasets.polarity import is_blank
from tfglyph.datasets.preparing import chunks, parallel_map, problem
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError
from tfglyph.files import printable


def check(path: str) -> tuple[Counter[str], list[Problem]]:
    """Reads a file, or everything in a directory.

    Args:
        path: path of a file or a directory.

    Returns:
        A tuple of a Counter (good images, characters, fonts and IDX entries by kind, ``other files`` that are passed
        over) and a list of Problem.

    Raises:
        GlyphError: there is no such path.
    """
    if not os.path.exists(path):
        raise GlyphError(f"{printable(path)}: no such file or directory")
    paths = [path]
    problems: list[Problem] = []
    if os.path.isdir(path):
        listing = list_files(path, ("",))
        if not listing.paths:
            raise GlyphError(f"{printable(path)}: no file in it")
        paths, problems = listing.paths, listing.problems
        read = list_files(path, (*IMAGES, *FONTS, *HANDWRITING))
        problems += [item for item in read.passed_over(path) if item.reason.startswith("not read")]
        if listing.hidden:
            problems.append(Problem(path, f"passed over: {listing.hidden:,} hidden", used=True))
        problems += _together([file for file in paths if file.lower().endswith(IMAGES)], path)
    good: Counter[str] = Counter()
    items = chunks(paths)
    for counts, bad in parallel_map(check_files, items, len(items), "checking"):
        good.update(counts)
        problems.extend(bad)
    return good, problems


def _together(images: list[str], directory: str) -> list[Problem]:
    """What only all images of a directory show: doubt about what is ink, names of characters on another level."""
    if not images:
        return []
    look = look_at(images)
    problems = [] if look.coloured else look.problems(directory, "auto")
    hint = characters_elsewhere(images, directory, classes(images, directory)[1])
    return problems + ([Problem(directory, f"as casia: {hint}", used=True)] if hint else [])


def check_files(paths: Iterable[str]) -> tuple[Counter[str], list[Problem]]:
    """One item of work: paths → (Counter, list of Problem)."""
    good: Counter[str] = Counter()
    problems = []
    for path in paths:
        try:
            kind, number, bad = _check_file(path)
        except (GlyphError, ImageError, OSError) as error:
            problems.append(problem(path, error))
            continue
        good[kind] += number
        problems.extend(bad)
    return good, problems


def _check_file(path: str) -> tuple[str, int, list[Problem]]:
    """A tuple of the kind, how many good entries the file has, and the list of Problem in it."""
    name = os.path.basename(path).lower()
    if name.endswith(IMAGES):
        image, notes = decode(read_bytes(path))
        if is_blank(np.asarray(image)):
            notes.append(ONE_COLOUR)
        return "images", 1, [Problem(path, note, used=True) for note in notes]
    if name.endswith(HANDWRITING):
        files, problems = gnt_files(path)
        number = 0
        for item in work_items(files):
            converted = convert_gnt(item, (16, 16, 1))
            number += len(converted.images)
            problems.extend(converted.problems)
        return "handwritten characters", number, problems
    if name.endswith(FONTS):
        number = 0
        for font in faces(path):
            some = next((chr(code) for code in font.glyph_ids), None)
            if some is None:
                raise GlyphError(f"{path}: its character map is empty")
            font.render(some, 16)
            number += 1
        return "fonts", number, []
    if is_idx_name(name):
        array, stated = read_idx(path)
        cut = [Problem(path, f"cut off: {len(array):,} of {stated:,} entries are there")]
        return "IDX entries", len(array), cut if len(array) < stated else []
    return "other files", 1, []
