"""``data check``: reads every file of a directory as training would, and tells what is wrong."""

import os
from collections import Counter

from tfglyph.datasets import folder, fonts
from tfglyph.datasets.casia import convert as read_gnt
from tfglyph.datasets.casia import gnt_files, pieces
from tfglyph.datasets.fontface import faces
from tfglyph.datasets.idx import read_idx
from tfglyph.datasets.images import EXTENSIONS, ImageError, decode, read_bytes
from tfglyph.datasets.preparing import chunks, parallel_map, problem
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError

_FORMATS = {"image": EXTENSIONS, "gnt": (".gnt", ".zip"), "font": fonts.EXTENSIONS}
_IDX_MARKS = ("-idx1-", "-idx3-")


def check(place):
    """Reads everything in a place.

    Args:
        place: path of a file or a directory.

    Returns:
        A tuple of a Counter (good images, characters, fonts and IDX entries by kind, ``other`` files that are
        passed over) and a list of Problem.

    Raises:
        GlyphError: there is no such place.
    """
    if not os.path.exists(place):
        raise GlyphError(f"{place}: no such file or directory")
    problems = []
    paths = [place]
    if os.path.isdir(place):
        try:
            paths, problems = folder.image_files(place, ("",))
        except GlyphError:
            raise GlyphError(f"{place}: no file in it") from None
    good = Counter()
    for found, bad in parallel_map(check_files, chunks(paths), -(-len(paths) // 64), "checking"):
        good.update(found)
        problems.extend(bad)
    return good, problems


def check_files(paths):
    """One piece of work: paths → (Counter, list of Problem)."""
    good, problems = Counter(), []
    for path in paths:
        try:
            kind, number, bad = _check_file(path)
        except (GlyphError, ImageError, OSError) as error:
            problems.append(
                Problem(path, str(error).removeprefix(f"{path}: "))
                if isinstance(error, GlyphError)
                else problem(path, error)
            )
            continue
        good[kind] += number
        problems.extend(bad)
    return good, problems


def _check_file(path):
    """A tuple of the kind, how many good entries the file has, and the list of Problem in it."""
    name = os.path.basename(path).lower()
    if name.endswith(EXTENSIONS):
        _, notes = decode(read_bytes(path))
        return "images", 1, [Problem(path, note, used=True) for note in notes]
    if name.endswith(_FORMATS["gnt"]):
        files, problems = gnt_files(path)
        number = 0
        for item in pieces(files):
            made = read_gnt(item, (16, 16, 1))
            number += len(made.images)
            problems.extend(made.problems)
        return "handwritten characters", number, problems
    if name.endswith(_FORMATS["font"]):
        number = 0
        for font in faces(path):
            some = next((chr(code) for code in font.glyph_ids), None)
            if some is None:
                raise GlyphError(f"{path}: its character map is empty")
            font.render(some, 16)
            number += 1
        return "fonts", number, []
    if any(mark in name for mark in _IDX_MARKS):
        array, stated = read_idx(path)
        cut = [Problem(path, f"cut off: {len(array):,} of {stated:,} entries are there")]
        return "IDX entries", len(array), cut if len(array) < stated else []
    return "other files", 1, []
