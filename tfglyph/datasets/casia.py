"""CASIA-HWDB: handwritten characters from ``.gnt`` files, zip archives, or a directory per character."""

import os
import re
import zipfile
import zlib
from dataclasses import replace
from functools import partial

import numpy as np

from tfglyph.datasets import folder
from tfglyph.datasets.cns import keep_charset
from tfglyph.datasets.glyphs import split_keys
from tfglyph.datasets.gnt import TagError, parts, read_records
from tfglyph.datasets.images import fit
from tfglyph.datasets.preparing import Converted, Source, prepare, problem, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError

MARGIN = 1 / 16  # of the side, left free around a character on each side
PIECE = 1 << 26  # bytes of a file that are in memory at once


def load(name, size, channels, datadir=None, charset="all", ink="auto"):
    """Handwritten characters, each fitted into a square with its aspect kept and a margin of 1/16.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a ``.gnt`` file, a zip archive of such files, a directory of either, or a directory with one
            subdirectory of images per character (named by the character, its code point or any label).
        charset: which characters to keep; see ``charsets``.
        ink: polarity of loose images; see ``folder``. ``.gnt`` files say it themselves.

    Returns:
        Glyphs with characters; labels number the characters in the order of their code points.
    """
    if datadir is None:
        raise UsageError("data set 'casia' needs --datadir: a .gnt file, a .zip of them, or a directory")
    shape = (*size, channels or 1)
    files, problems = gnt_files(datadir)
    glyphs = _from_gnt(name, shape, datadir, files, problems) if files else _from_images(name, shape, datadir, ink)
    if glyphs.characters is None:
        if charset != "all":
            raise UsageError(f"{datadir}: its subdirectories are not named by character: --charset cannot apply")
        return glyphs
    glyphs = keep_charset(glyphs, charset)
    names = sorted(set(glyphs.characters))
    number = {character: index for index, character in enumerate(names)}
    labels = np.array([number[character] for character in glyphs.characters], np.int32)
    return replace(glyphs, labels=labels, label_names=names)


def gnt_files(place):
    """The ``.gnt`` files in a place.

    Returns:
        A tuple of a list of (path, member of the zip archive or None), sorted, and a list of Problem.

    Raises:
        GlyphError: no such place.
    """
    if not os.path.exists(place):
        raise GlyphError(f"{place}: no such file or directory")
    if os.path.isdir(place):
        try:
            paths, problems = folder.image_files(place, (".gnt", ".zip"))
        except GlyphError:
            return [], []
    else:
        paths, problems = [place], []
    files = []
    for path in paths:
        if not path.lower().endswith(".zip"):
            files.append((path, None))
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                members = sorted(member for member in archive.namelist() if member.lower().endswith(".gnt"))
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            problems.append(problem(path, error))
            continue
        if not members:
            problems.append(Problem(path, "no .gnt file in this archive"))
        files.extend((path, member) for member in members)
    if problems and not files:
        raise GlyphError("; ".join(f"{item.path}: {item.reason}" for item in problems[:3]))
    return files, problems


def _from_gnt(name, shape, place, files, problems):
    return prepare(
        Source(
            name=name,
            place=place,
            shape=shape,
            settings={"set": "casia", "margin": MARGIN},
            stamp=stamp(sorted({path for path, _ in files}), place if os.path.isdir(place) else None),
            items=pieces(files),
            convert=partial(convert, shape=shape),
            total=sum(1 if member else -(-_size(path) // PIECE) or 1 for path, member in files),
            problems=problems,
            unit="file",
        )
    )


def pieces(files):
    """Yields pieces of work (path, member, start, stop) of [(path, member)]; large files are several."""
    for path, member in files:
        if member is not None or _size(path) <= PIECE:
            yield path, member, 0, None
            continue
        try:
            bounds = list(parts(path, PIECE))
        except OSError:
            bounds = [(0, None)]  # whoever opens it again says why
        yield from ((path, None, start, stop) for start, stop in bounds)


def _size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # it vanished: whoever opens it says so


def convert(item, shape):
    """One piece of work: (path, member, start, stop) → Converted. What stands before damage is used."""
    from PIL import Image

    path, member, start, stop = item
    name = f"{path}:{member}" if member else path
    images, characters, problems = [], [], []
    try:
        with _opened(path, member) as file:
            if start:
                file.seek(start)
            for _, character, picture in read_records(file, name, start, stop):
                if isinstance(character, TagError):
                    problems.append(_located(name, character))
                    continue
                images.append(fit(Image.fromarray(picture), shape, invert=True, margin=MARGIN))
                characters.append(character)
        if not images and not problems:
            problems.append(Problem(name, "empty file (no record)"))
    except GlyphError as error:
        problems.append(_located(name, error))
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        problems.append(problem(name, error))
    return Converted(stack(images, shape), characters, None, split_keys(characters).tolist(), problems)


def _located(name, error):
    return Problem(name, str(error).removeprefix(f"{name}: "))


class _opened:  # noqa: N801, used like open()
    """A file, or the member of a zip archive, opened for reading; both are closed at the end."""

    def __init__(self, path, member):
        self.path, self.member = path, member

    def __enter__(self):
        if self.member is None:
            self.files = [open(self.path, "rb")]
        else:
            archive = zipfile.ZipFile(self.path)
            self.files = [archive, archive.open(self.member)]
        return self.files[-1]

    def __exit__(self, *exception):
        for file in reversed(self.files):
            file.close()


def _from_images(name, shape, place, ink):
    paths, problems = folder.image_files(place)
    light, _ = folder.look_at(paths)
    labels, names = folder.classes(paths, place)
    characters = as_characters(names) if names else None
    if characters is None:
        return folder.load(name, shape[:2], shape[2], place, ink)
    invert = folder.inverted(ink, light, 1)
    from tfglyph.datasets.cns import convert_named
    from tfglyph.datasets.preparing import chunks

    items = chunks([(path, characters[label]) for path, label in zip(paths, labels, strict=True)])
    return prepare(
        Source(
            name=name,
            place=place,
            shape=shape,
            settings={"set": "casia images", "invert": invert, "margin": MARGIN},
            stamp=stamp(paths, place),
            items=items,
            convert=partial(convert_named, shape=shape, invert=invert, margin=MARGIN),
            total=len(items),
            problems=problems,
        )
    )


def as_characters(names):
    """The characters that directory names stand for, or ``None`` where they are not all of one kind.

    A name is a character itself, or its code point: ``U+4E00``, decimal (``19968``) or hexadecimal
    (``4e00``). Numbers count as code points only where every one of them is an ideograph, so that class
    numbers stay labels.
    """
    if all(len(name) == 1 and not name.isdigit() for name in names):
        return list(names)
    for pattern, base, digits in (
        (r"[Uu]\+?([0-9A-Fa-f]{4,6})", 16, 1),
        (r"\d{5,6}", 10, 0),
        (r"[0-9A-Fa-f]{4,5}", 16, 0),
    ):
        matches = [re.fullmatch(pattern, name) for name in names]
        if all(matches):
            codes = [int(match[digits], base) for match in matches]
            if all(0x3400 <= code <= 0x9FFF or 0x20000 <= code <= 0x3FFFF for code in codes):
                return [chr(code) for code in codes]
    return None
