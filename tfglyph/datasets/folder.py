"""Directories of loose images: any set of pictures, one class per subdirectory if there are any."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Literal, get_args

from tfglyph.datasets.glyphs import Glyphs, split_key, split_keys
from tfglyph.datasets.images import EXTENSIONS, ImageError, border_is_light, decode, fit, has_colour, read_bytes
from tfglyph.datasets.preparing import Converted, Source, chunks, prepare, problem, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError

Ink = Literal["auto", "black", "white"]
INKS: tuple[str, ...] = get_args(Ink)
_SAMPLES = 64  # images that are looked at to find the polarity and the number of channels


def load(name: str, size: tuple[int, int], channels: int | None, datadir: str | None, ink: Ink = "auto") -> Glyphs:
    """The images under a directory; identical files count once.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None: 3 if any of the first images has colour.
        datadir: path of the directory.
        ink: ``black`` (dark on light: inverted), ``white`` (kept), ``auto``: found from the images' edges; colour
            images are kept.

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
    light, coloured = sample_light_and_colour(paths)
    channels = channels or (3 if coloured else 1)
    invert = must_invert(ink, light, channels)
    labels, label_names = classes(paths, datadir)
    items = chunks(list(zip(paths, labels, strict=True)))
    shape = (*size, channels)
    return prepare(
        Source(
            name=name,
            origin=datadir,
            shape=shape,
            settings={"set": name, "invert": invert},
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


def image_files(directory: str, extensions: tuple[str, ...] = EXTENSIONS) -> tuple[list[str], list[Problem]]:
    """All files with an image's extension under a directory, sorted by their path.

    Symbolic links are followed, but never round in a circle. Hidden files and directories are passed over.

    Returns:
        A tuple of the paths and a list of Problem (links that cannot be followed, directories that cannot be read).

    Raises:
        GlyphError: no such directory, or no such file in it.
    """
    if not os.path.isdir(directory):
        raise GlyphError(f"{directory}: " + ("not a directory" if os.path.exists(directory) else "no such directory"))
    paths: list[str] = []
    problems: list[Problem] = []
    visited = set()

    def unreadable(error: OSError) -> None:
        problems.append(problem(error.filename, error))

    for folder, folders, files in os.walk(directory, followlinks=True, onerror=unreadable):
        try:
            status = os.stat(folder)
        except OSError as error:
            problems.append(problem(folder, error))
            continue
        if (status.st_dev, status.st_ino) in visited:
            problems.append(Problem(folder, "symbolic link to a directory that is read already"))
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.startswith(".") or not name.lower().endswith(extensions):
                continue
            if os.path.exists(path) and not os.path.isfile(path):
                problems.append(Problem(path, "not a regular file"))  # reading a pipe would wait for ever
            else:
                paths.append(path)
    paths.sort()
    if not paths:
        raise GlyphError(f"{directory}: no file in it ends in {', '.join(extensions)}")
    return paths, problems


def sample_light_and_colour(paths: Sequence[str]) -> tuple[bool, bool]:
    """Whether images are light at their edges and whether any has colour, from some of the files.

    Returns:
        A tuple of a bool (most edges are nearly white) and a bool.
    """
    light = dark = 0
    coloured = False
    step = max(1, len(paths) // _SAMPLES)
    for path in paths[::step]:
        try:
            image, _ = decode(read_bytes(path))
        except (ImageError, OSError):
            continue  # reported when it is converted
        is_light = border_is_light(image)
        light += is_light is True
        dark += is_light is False
        coloured = coloured or has_colour(image)
    return light > dark, coloured


def must_invert(ink: Ink, light: bool, channels: int) -> bool:
    """Whether to turn dark into light, so that ink becomes 255.

    Args:
        ink: ``auto``, ``black`` or ``white``.
        light: bool, whether the images are light at their edges.
        channels: int; images in colour are never inverted by ``auto``.

    Raises:
        UsageError: another ink.
    """
    if ink not in INKS:
        raise UsageError(f"ink {ink!r} is none of {', '.join(INKS)}")
    return ink == "black" or (ink == "auto" and light and channels == 1)


def classes(paths: Sequence[str], directory: str) -> tuple[list[int], list[str] | None]:
    """Labels from the first level of subdirectories.

    Returns:
        A tuple of a list of int (0 where there are no classes) and the sorted list of names, or ``None``.
    """
    relative = [os.path.relpath(path, directory).split(os.sep) for path in paths]
    names = sorted({parts[0] for parts in relative if len(parts) > 1})
    if len(names) < 2 or any(len(parts) == 1 for parts in relative):
        return [0] * len(paths), None
    numbers = {name: number for number, name in enumerate(names)}
    return [numbers[parts[0]] for parts in relative], names
