"""Preparation: from sources on disk to a cached set, once, on all cores."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from tfglyph.datasets import cache
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.report import Problem, count, report
from tfglyph.errors import GlyphError
from tfglyph.files import cache_directory, digest, printable
from tfglyph.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 64  # images in one item of work
_MOST_IN_PROCESS = 16  # so few items are not worth starting processes for


@dataclass
class Converted:
    """What one item of work became.

    Attributes:
        images: uint8 ``[k, h, w, c]``.
        characters: list of k str or None.
        labels: list of k int or None.
        keys: list of k int, the split keys.
        problems: list of Problem.
    """

    images: np.ndarray
    characters: list[str] | None
    labels: list[int] | None
    keys: list[int]
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Source:
    """Everything that preparation needs to know about a set.

    Attributes:
        name: str, the data set's name.
        origin: str, what is read, for messages.
        shape: (h, w, c) of the images to make.
        settings: dict, plain JSON: every option that changes an image, a character, a label or the order.
        stamp: str, changes when the source files do.
        items: iterable of items of work, in order.
        convert: a function at module level (it travels to other processes): item → Converted.
        total: int, the number of items.
        label_names: list of str or None.
        unique: bool, whether images with the same split key are one image (keys are then hashes of the content).
        problems: list of Problem, known before reading; making lazy items may add to it.
        unit: str, what one item is called in the progress bar.
    """

    name: str
    origin: str
    shape: tuple[int, int, int]
    settings: dict[str, Any]
    stamp: str
    items: Iterable[Any]
    convert: Callable[[Any], Converted]
    total: int
    label_names: list[str] | None = None
    unique: bool = False
    problems: list[Problem] = field(default_factory=list)
    unit: str = "chunk"

    @property
    def directory(self) -> str:
        """Where the prepared set is, or will be."""
        key = digest(repr(cache.VERSION), repr(sorted(self.settings.items())), repr(self.shape), self.stamp)
        size = "x".join(map(str, self.shape))
        name = "".join(letter if letter.isalnum() else "-" for letter in self.name)
        return os.path.join(cache_directory(), f"{name}-{size}-{key}")


# === Preparation ===


def prepare(source: Source) -> Glyphs:
    """The prepared set of a source: from the cache, or made now and cached.

    Returns:
        Glyphs with memory-mapped images.

    Raises:
        GlyphError: there is nothing good in the source, or the cache cannot be written.
    """
    cached = cache.read(source.directory, source.name)
    if cached is None:
        with cache.locked(source.directory):
            cached = cache.read(source.directory, source.name)  # another process may have made it meanwhile
            if cached is None:
                return _convert_all(source)
    glyphs, problems = cached
    if problems:
        print(f"{source.origin}: {count(problems)} when it was prepared", file=sys.stderr)
    return glyphs


def _convert_all(source: Source) -> Glyphs:
    """Makes the set, in the cache, whose lock the caller holds."""
    found: list[Problem] = []
    seen: set[int] = set()
    copies = blank = 0
    with cache.Writer(source.directory, source.shape) as writer:
        batches = parallel_map(source.convert, source.items, source.total, f"preparing {source.name}", source.unit)
        for converted in batches:
            found.extend(converted.problems)
            if source.unique:
                copies += len(converted.images)
                converted = _first_of_each(converted, seen)
                copies -= len(converted.images)
            if len(converted.images):
                flat = converted.images.reshape(len(converted.images), -1)
                blank += int((flat == flat[:, :1]).all(1).sum())
                writer.add(converted.images, converted.characters, converted.labels, converted.keys)
        problems = [*source.problems, *found]  # making the items may have found some, too
        report(problems, source.origin)
        if copies:
            print(f"{source.origin}: {copies:,} copies of other files left out", file=sys.stderr)
        if not writer.rows:
            raise GlyphError(f"{source.origin}: nothing usable in it ({count(problems) or 'no images'})")
        if blank == writer.rows:
            raise GlyphError(f"{source.origin}: all {blank:,} images are of one colour: there is nothing in them")
        writer.finish(source.label_names, problems)
    cached = cache.read(source.directory, source.name)
    if cached is None:
        raise GlyphError(f"{source.directory}: cannot be read back; is the disk full or another program changing it?")
    return cached[0]


def _first_of_each(converted: Converted, seen: set[int]) -> Converted:
    """``converted`` without the images whose key is in ``seen``, which takes up the new ones."""
    rows = []
    for row, key in enumerate(converted.keys):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return Converted(
        converted.images[rows],
        converted.characters and [converted.characters[row] for row in rows],
        converted.labels and [converted.labels[row] for row in rows],
        [converted.keys[row] for row in rows],
    )


# === Items of work ===


class LazyItems:
    """Items that are made when they are gone through: a set in the cache needs none of the work.

    Args:
        make: a function without arguments that returns an iterable.
    """

    def __init__(self, make: Callable[[], Iterable[Any]]):
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return iter(self.make())


def chunks(values: Sequence[Item], size: int = CHUNK) -> list[Sequence[Item]]:
    """``values`` in parts of at most ``size``."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def parallel_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    total: int,
    description: str,
    unit: str = "chunk",
    most_in_process: int = _MOST_IN_PROCESS,
) -> Iterator[Result]:
    """Yields ``function(item)`` for each item, in order, on all cores, with a progress bar.

    Args:
        function: at module level or a ``functools.partial`` of one.
        items: iterable.
        total: int, how many items there are.
        description: str, what the bar says.
        unit: str, what one item is called.
        most_in_process: int, up to how many items are done in this process, without starting others.

    Raises:
        GlyphError: a worker process died (usually for want of memory).
    """
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if total <= most_in_process or jobs == 1:
        yield from progress(map(function, items), description, total=total, unit=unit)
        return
    from joblib import Parallel, delayed  # slow: only whoever prepares a large set needs it
    from joblib.externals.loky.process_executor import TerminatedWorkerError  # slow: as above

    workers = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="3*n_jobs", max_nbytes=None)
    results = workers(delayed(function)(item) for item in items)
    try:
        yield from progress(results, description, total=total, unit=unit)
    except TerminatedWorkerError as error:
        raise GlyphError(f"{description}: a worker process died, perhaps for want of memory") from error
    finally:
        results.close()


# === For conversions ===


def stamp(paths: Iterable[str], root: str | None = None) -> str:
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


def stack(images: Sequence[np.ndarray], shape: Sequence[int]) -> np.ndarray:
    """uint8 ``[k, h, w, c]`` of a list of k images, also of none."""
    return np.stack(images) if images else np.empty((0, *shape), np.uint8)  # (k, h, w, c)


def grey_to_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """uint8 ``[h, w, channels]`` of a grey image ``[h, w]``."""
    return np.repeat(image[..., None], channels, -1)  # (h, w, channels)


def problem(path: str, error: Exception) -> Problem:
    """A Problem for a file that could not be used, from the exception that said so."""
    if isinstance(error, FileNotFoundError):
        return Problem(path, "it vanished while the set was read")
    if isinstance(error, PermissionError):
        return Problem(path, "no permission to read it")
    if isinstance(error, OSError) and error.strerror:
        return Problem(path, error.strerror)
    # A GlyphError names its file itself.
    return Problem(
        path,
        " ".join(str(error).removeprefix(f"{printable(path)}: ").removeprefix(f"{path}: ").split())
        or type(error).__name__,
    )
