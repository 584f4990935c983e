"""Preparation: from sources on disk to a cached set, once, on all cores."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from tfglyph.datasets import cache
from tfglyph.datasets.report import Problem, count, report
from tfglyph.errors import GlyphError
from tfglyph.files import cache_directory, digest
from tfglyph.progress import progress

CHUNK = 64  # images in one piece of work
_FEW = 16  # pieces of work that are not worth starting processes for


@dataclass
class Converted:
    """What one piece of work became.

    Attributes:
        images: uint8 ``[k, h, w, c]``.
        characters: list of k str or None.
        labels: list of k int or None.
        keys: list of k int, the split keys.
        problems: list of Problem.
    """

    images: np.ndarray
    characters: list | None
    labels: list | None
    keys: list
    problems: list = field(default_factory=list)


@dataclass
class Source:
    """Everything that preparation needs to know about a set.

    Attributes:
        name: str.
        place: str, what is read, for messages.
        shape: (h, w, c) of the images to make.
        settings: dict, plain JSON: every option that changes an image, a character, a label or the order.
        stamp: str, changes when the source files do.
        items: iterable of pieces of work, in order.
        convert: a function at module level (it travels to other processes): item → Converted.
        total: int, the number of items.
        label_names: list of str or None.
        unique: bool, whether images with the same split key are one image (keys are then hashes of the
            content).
        problems: list of Problem, found before reading.
        unit: str, what one item is called in the progress bar.
    """

    name: str
    place: str
    shape: tuple
    settings: dict
    stamp: str
    items: Iterable
    convert: Callable
    total: int
    label_names: list | None = None
    unique: bool = False
    problems: list = field(default_factory=list)
    unit: str = "chunk"

    @property
    def directory(self):
        """Where the prepared set is, or will be."""
        key = digest(repr(cache.VERSION), repr(sorted(self.settings.items())), repr(self.shape), self.stamp)
        size = "x".join(map(str, self.shape))
        name = "".join(letter if letter.isalnum() else "-" for letter in self.name)
        return os.path.join(cache_directory(), f"{name}-{size}-{key}")


def prepare(source):
    """The prepared set of a source: from the cache, or made now and cached.

    Returns:
        Glyphs with memory-mapped images.

    Raises:
        GlyphError: there is nothing good in the source, or the cache cannot be written.
    """
    ready = cache.read(source.directory, source.name)
    if ready is None:
        with cache.locked(source.directory):
            ready = cache.read(source.directory, source.name)  # perhaps somebody else made it while we waited
            if ready is None:
                return _make(source)
    glyphs, problems = ready
    if problems:
        print(f"{source.place}: {count(problems)} when it was prepared", file=sys.stderr)
    return glyphs


def _make(source):
    problems = list(source.problems)
    seen, copies = set(), 0
    with cache.Writer(source.directory, source.shape) as writer:
        for made in parallel_map(source.convert, source.items, source.total, f"preparing {source.name}", source.unit):
            problems.extend(made.problems)
            if source.unique:
                copies += len(made.images)
                made = _first_of_each(made, seen)
                copies -= len(made.images)
            if len(made.images):
                writer.add(made.images, made.characters, made.labels, made.keys)
        report(problems, source.place)
        if copies:
            print(f"{source.place}: {copies:,} copies of other files left out", file=sys.stderr)
        if not writer.rows:
            raise GlyphError(f"{source.place}: nothing usable in it ({count(problems) or 'no images'})")
        writer.finish(source.label_names, problems)
    ready = cache.read(source.directory, source.name)
    if ready is None:
        raise GlyphError(f"{source.directory}: cannot be read back; is the disk full or another program changing it?")
    return ready[0]


def _first_of_each(made, seen):
    """``made`` without the images whose key is in ``seen``, which takes up the new ones."""
    rows = []
    for row, key in enumerate(made.keys):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return Converted(
        made.images[rows],
        made.characters and [made.characters[row] for row in rows],
        made.labels and [made.labels[row] for row in rows],
        [made.keys[row] for row in rows],
    )


class Later:
    """An iterable that is made when somebody goes through it: a set in the cache needs none of its work.

    Args:
        make: a function without arguments that returns an iterable.
    """

    def __init__(self, make):
        self.make = make

    def __iter__(self):
        return iter(self.make())


def parallel_map(function, items, total, description, unit="chunk", few=_FEW):
    """Yields ``function(item)`` for each item, in order, on all cores, with a progress bar.

    Args:
        function: at module level or a ``functools.partial`` of one.
        items: iterable.
        total: int, how many items there are.
        description: str, what the bar says.
        unit: str, what one item is called.
        few: int, up to how many items are done in this process, without starting others.

    Raises:
        GlyphError: a worker process died (usually for want of memory).
    """
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if total <= few or jobs == 1:
        yield from progress(map(function, items), description, total=total, unit=unit)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    workers = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="3*n_jobs", max_nbytes=None)
    results = workers(delayed(function)(item) for item in items)
    try:
        yield from progress(results, description, total=total, unit=unit)
    except TerminatedWorkerError as error:
        raise GlyphError(f"{description}: a worker process died, perhaps for want of memory") from error
    finally:
        results.close()


def chunks(values, size=CHUNK):
    """``values`` (a sequence) in lists of at most ``size``."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def stamp(paths, root=None):
    """A digest of files' names (from ``root`` on), sizes and times of change: cheap to make."""
    lines = []
    for path in paths:
        name = os.path.relpath(path, root) if root else os.path.basename(path)
        try:
            status = os.stat(path)
            lines.append(f"{name}\0{status.st_size}\0{status.st_mtime_ns}")
        except OSError:
            lines.append(name)
    return digest("\n".join(lines))


def stack(images, shape):
    """uint8 ``[k, h, w, c]`` of a list of k images, also of none."""
    return np.stack(images) if images else np.empty((0, *shape), np.uint8)  # (k, h, w, c)


def grey_to_channels(image, channels):
    """uint8 ``[h, w, channels]`` of a grey image ``[h, w]``."""
    return np.repeat(image[..., None], channels, -1)


def problem(path, error):
    """A Problem for a file that could not be used, from the exception that said so."""
    if isinstance(error, FileNotFoundError):
        return Problem(path, "it vanished while the set was read")
    if isinstance(error, PermissionError):
        return Problem(path, "no permission to read it")
    if isinstance(error, OSError) and error.strerror:
        return Problem(path, error.strerror)
    return Problem(path, " ".join(str(error).split()) or type(error).__name__)
