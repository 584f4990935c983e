"""Directories of loose images: any set of pictures, one class per subdirectory if there are any."""

import os
from functools import partial

from tfglyph.datasets.glyphs import split_key
from tfglyph.datasets.images import (
    EXTENSIONS,
    ImageError,
    border_is_light,
    decode,
    fit,
    has_colour,
    read_bytes,
)
from tfglyph.datasets.preparing import Converted, Source, chunks, prepare, problem, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError

INKS = ("auto", "black", "white")
_SAMPLES = 64  # images that are looked at to find the polarity and the number of channels


def load(name, size, channels, datadir, ink="auto"):
    """The images under a directory; identical files count once.

    Args:
        name: str, the data set's name.
        size: (h, w).
        channels: 1, 3 or None: 3 if any of the first images has colour.
        datadir: path of the directory.
        ink: ``black`` (dark on light: inverted), ``white`` (kept), ``auto``: found from the images' edges;
            colour images are kept.

    Returns:
        Glyphs; labels and label names from the first level of subdirectories, where there are several and no
        image lies beside them.

    Raises:
        GlyphError: no such directory, no image, or no image that can be read.
    """
    paths, problems = image_files(datadir)
    light, coloured = look_at(paths)
    channels = channels or (3 if coloured else 1)
    invert = inverted(ink, light, channels)
    labels, label_names = classes(paths, datadir)
    items = [list(zip(part, tags, strict=True)) for part, tags in zip(chunks(paths), chunks(labels), strict=True)]
    return prepare(
        Source(
            name=name,
            place=datadir,
            shape=(*size, channels),
            settings={"set": name, "invert": invert},
            stamp=stamp(paths, datadir),
            items=items,
            convert=partial(convert, shape=(*size, channels), invert=invert, labelled=label_names is not None),
            total=len(items),
            label_names=label_names,
            unique=True,
            problems=problems,
        )
    )


def convert(files, shape, invert, labelled, margin=0.0):
    """One piece of work: files [(path, label)] → Converted."""
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


def image_files(directory, extensions=EXTENSIONS):
    """All files with an image's extension under a directory, sorted by their path.

    Symbolic links are followed, but never round in a circle. Hidden files and directories are passed over.

    Returns:
        A tuple of the paths and a list of Problem (links that cannot be followed, directories that cannot be
        read).

    Raises:
        GlyphError: no such directory, or no such file in it.
    """
    if directory is None:
        raise UsageError("this data set needs --datadir DIR, a directory of images")
    if not os.path.isdir(directory):
        raise GlyphError(f"{directory}: " + ("not a directory" if os.path.exists(directory) else "no such directory"))
    paths, problems = [], []
    visited = set()

    def unreadable(error):
        problems.append(Problem(error.filename, error.strerror))

    for folder, folders, files in os.walk(directory, followlinks=True, onerror=unreadable):
        try:
            status = os.stat(folder)
        except OSError as error:
            problems.append(Problem(folder, error.strerror))
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


def look_at(paths):
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
        verdict = border_is_light(image)
        light += verdict is True
        dark += verdict is False
        coloured = coloured or has_colour(image)
    return light > dark, coloured


def inverted(ink, light, channels):
    """Whether to turn dark into light, so that ink becomes 255."""
    if ink not in INKS:
        raise UsageError(f"ink {ink!r} is none of {', '.join(INKS)}")
    return ink == "black" or (ink == "auto" and light and channels == 1)


def classes(paths, directory):
    """Labels from the first level of subdirectories.

    Returns:
        A tuple of a list of int (0 where there are no classes) and the sorted list of names, or ``None``.
    """
    relative = [os.path.relpath(path, directory).split(os.sep) for path in paths]
    names = sorted({parts[0] for parts in relative if len(parts) > 1})
    if len(names) < 2 or any(len(parts) == 1 for parts in relative):
        return [0] * len(paths), None
    number = {name: index for index, name in enumerate(names)}
    return [number[parts[0]] for parts in relative], names
