"""CASIA-HWDB: handwritten characters from ``.gnt`` files, zip archives, or a directory per character."""

import contextlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO, cast

import numpy as np
from PIL import Image

from tfglyph.composition.text import read, read_names
from tfglyph.datasets import folder
from tfglyph.datasets.charsets import keep_charset
from tfglyph.datasets.file_listing import HANDWRITING
from tfglyph.datasets.glyphs import Glyphs, split_keys
from tfglyph.datasets.gnt import TagError, read_records, record_ranges
from tfglyph.datasets.images import fit
from tfglyph.datasets.polarity import Ink, must_invert
from tfglyph.datasets.preparing import Converted, Source, chunks, prepare, problem, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError, warn
from tfglyph.files import printable

MARGIN = 1 / 16  # of the side, left free around a character on each side
BYTES_IN_MEMORY = 1 << 26  # of a file, at once

File = tuple[str, str | None]
"""The path of a ``.gnt`` file or a zip archive, and the archive's member."""
Item = tuple[str, str | None, int, int | None]
"""An item of work: a ``File``, the byte where it begins and the one where it ends."""


def load(
    name: str,
    size: tuple[int, int],
    channels: int | None,
    datadir: str | None = None,
    charset: str = "all",
    ink: Ink = "auto",
) -> Glyphs:
    """Handwritten characters, each fitted into a square with its aspect kept and a margin of 1/16.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None (1).
        datadir: a ``.gnt`` file, a zip archive of such files, a directory of either, or a directory with one
            subdirectory of images per character (named by the character, its code point or any label).
        charset: which characters to keep; see ``charsets``.
        ink: polarity of loose images; see ``folder``. That of ``.gnt`` files is part of the format.

    Returns:
        Glyphs with characters; labels number the characters in the order of their code points.

    Raises:
        UsageError: no ``datadir``, or a charset for images of unknown characters.
        GlyphError: there is nothing there that can be read.
    """
    if datadir is None:
        raise UsageError("data set 'casia' needs --datadir: a .gnt file, a .zip of them, or a directory")
    shape = (*size, channels or 1)
    files, problems = gnt_files(datadir)
    glyphs = _from_gnt(name, shape, datadir, files, problems) if files else _from_images(name, shape, datadir, ink)
    if glyphs.characters is None:
        if charset != "all":
            raise UsageError(
                f"{printable(datadir)}: its subdirectories are not named by character: --charset cannot apply"
            )
        return glyphs
    glyphs = keep_charset(glyphs, charset)
    characters = glyphs.known_characters()
    label_names = sorted(set(characters))
    numbers = {character: number for number, character in enumerate(label_names)}
    labels = np.array([numbers[character] for character in characters], np.int32)
    return replace(glyphs, labels=labels, label_names=label_names)


# === .gnt files ===


def gnt_files(path: str) -> tuple[list[File], list[Problem]]:
    """The ``.gnt`` files of a file, an archive or a directory.

    Returns:
        A tuple of a list of (path, member of the zip archive or None), sorted, and a list of Problem.

    Raises:
        GlyphError: there is no such path.
    """
    if not os.path.exists(path):
        raise GlyphError(f"{printable(path)}: no such file or directory")
    paths = [path]
    problems: list[Problem] = []
    if os.path.isdir(path):
        try:
            paths, problems = folder.image_files(path, HANDWRITING)
        except GlyphError:
            return [], []
    files: list[File] = []
    for file in paths:
        if not file.lower().endswith(".zip"):
            files.append((file, None))
            continue
        try:
            with zipfile.ZipFile(file) as archive:
                members = sorted(member for member in archive.namelist() if member.lower().endswith(".gnt"))
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            problems.append(problem(file, error))
            continue
        if not members:
            problems.append(Problem(file, "no .gnt file in this archive"))
        files.extend((file, member) for member in members)
    if problems and not files:
        raise GlyphError("; ".join(f"{item.path}: {item.reason}" for item in problems[:3]))
    return files, problems


def _from_gnt(
    name: str, shape: tuple[int, int, int], datadir: str, files: Sequence[File], problems: list[Problem]
) -> Glyphs:
    return prepare(
        Source(
            name=name,
            origin=printable(datadir),
            shape=shape,
            settings={"set": "casia", "margin": MARGIN},
            stamp=stamp(sorted({path for path, _ in files}), datadir if os.path.isdir(datadir) else None),
            items=work_items(files),
            convert=partial(convert, shape=shape),
            total=sum(1 if member else -(-_size(path) // BYTES_IN_MEMORY) or 1 for path, member in files),
            problems=problems,
            unit="file",
        )
    )


def work_items(files: Iterable[File]) -> Iterator[Item]:
    """Yields the items of work (path, member, start, stop) of [(path, member)]; large files are several."""
    for path, member in files:
        ranges: list[tuple[int, int | None]] = [(0, None)]
        if member is None and _size(path) > BYTES_IN_MEMORY:
            with contextlib.suppress(OSError):  # whoever opens it again says why
                ranges = list(record_ranges(path, BYTES_IN_MEMORY))
        yield from ((path, member, start, stop) for start, stop in ranges)


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # it vanished: whoever opens it says so


def convert(item: Item, shape: tuple[int, int, int]) -> Converted:
    """One item of work: (path, member, start, stop) → Converted. What stands before damage is used."""
    path, member, start, stop = item
    name = f"{printable(path)}:{printable(member)}" if member else printable(path)
    images, characters, problems = [], [], []
    try:
        with _opened(path, member) as file:
            if start:
                file.seek(start)
            for _, character, picture in read_records(file, name, start, stop):
                if isinstance(character, TagError):
                    problems.append(problem(name, character))
                    continue
                images.append(fit(Image.fromarray(picture), shape, invert=True, margin=MARGIN))
                characters.append(character)
        if not images and not problems:
            problems.append(Problem(name, "empty file (no record)"))
    except (GlyphError, OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        problems.append(problem(name, error))
    return Converted(stack(images, shape), characters, None, split_keys(characters).tolist(), problems)


@contextlib.contextmanager
def _opened(path: str, member: str | None) -> Iterator[BinaryIO]:
    """A file, or the member of a zip archive, opened for reading; both are closed at the end."""
    if member is None:
        with open(path, "rb") as file:
            yield file
    else:
        with zipfile.ZipFile(path) as archive, archive.open(member) as content:
            yield cast(BinaryIO, content)


# === Directories of images ===


def _from_images(name: str, shape: tuple[int, int, int], datadir: str, ink: Ink) -> Glyphs:
    paths, problems = folder.image_files(datadir)
    labels, names = folder.classes(paths, datadir)
    characters = as_characters(read_names(names, printable(datadir))) if names else None
    if characters is None:
        hint = characters_elsewhere(paths, datadir, names)
        if hint:
            warn(f"{printable(datadir)}: {hint}")
        return folder.load(name, shape[:2], shape[2], datadir, ink)
    look = folder.look_at(paths)
    problems += look.problems(datadir, ink)
    invert = must_invert(ink, look.polarity.invert, 1)
    items = chunks([(path, characters[label]) for path, label in zip(paths, labels, strict=True)])
    return prepare(
        Source(
            name=name,
            origin=printable(datadir),
            shape=shape,
            settings={"set": "casia images", "invert": invert, "margin": MARGIN},
            stamp=stamp(paths, datadir),
            items=items,
            convert=partial(folder.convert_characters, shape=shape, invert=invert, margin=MARGIN),
            total=len(items),
            problems=problems,
        )
    )


def characters_elsewhere(paths: Sequence[str], datadir: str, names: Sequence[str] | None) -> str | None:
    """A line on why images have no characters, where some or all of them could: None where nothing hints at any."""
    if names is not None:
        named = [name for name in names if as_characters([read(name).text])]
        if 2 * len(named) > len(names):
            few = ", ".join(printable(name) for name in names if name not in set(named))[:80]
            return (
                f"{len(named):,} of {len(names):,} subdirectories are named by character, but not {few}: the images"
                " have no characters; move those away"
            )
    places = sorted({os.path.split(os.path.dirname(path)) for path in paths})
    above = sorted({parent for parent, _ in places if parent})
    below = [name for _, name in places]
    if above != [datadir.rstrip(os.sep)] and as_characters([read(name).text for name in below]):
        return (
            "its subdirectories are not named by character, but those further down are: the images have no characters;"
            f" name one level further down, such as --datadir {printable(above[0])}"
        )
    return None


def as_characters(names: Sequence[str]) -> list[str] | None:
    """The characters that directory names stand for, or ``None`` where they are not all of one kind.

    A name is a character itself, or its code point: ``U+4E00``, decimal (``19968``) or hexadecimal (``4e00``). Numbers
    count as code points only where every one of them is an ideograph, so that class numbers stay labels.
    """
    if all(len(name) == 1 and not name.isdigit() for name in names):
        return list(names)
    for pattern, base in ((r"[Uu]\+?([0-9A-Fa-f]{4,6})", 16), (r"(\d{5,6})", 10), (r"([0-9A-Fa-f]{4,5})", 16)):
        matches = [match for match in (re.fullmatch(pattern, name) for name in names) if match]
        if len(matches) == len(names):
            codes = [int(match[1], base) for match in matches]
            if all(0x3400 <= code <= 0x9FFF or 0x20000 <= code <= 0x3FFFF for code in codes):
                return [chr(code) for code in codes]
    return None
