"""Files: written whole or not at all, found inside the package, kept in the user's cache.

    with atomic_path("result.json") as temporary:        # renamed to result.json at the end, removed after an error
        temporary.write_text(text)

``write_errors`` turns what the operating system refuses into the one line that a person sees.
"""

import contextlib
import hashlib
import importlib.resources
import os
import pathlib
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.paths import PathLike, native_path, printable

__all__ = [
    "PathLike",
    "atomic_path",
    "cache_directory",
    "cached_arrays",
    "clear_partial",
    "digest",
    "native_path",
    "package_file",
    "printable",
    "write_errors",
    "write_text",
]

PARTIAL = ".partial"  # part of the name of a file that is being written; whatever bears it is worthless
CACHED_ARRAYS_VERSION = 1


# === Writing ===


@contextlib.contextmanager
def atomic_path(path: PathLike, durable: bool = False, parents: bool = True) -> Iterator[pathlib.Path]:
    """A temporary path that takes the name ``path`` at the end: readers see the old file or the new one, no mixture.

    Args:
        path: where the file goes.
        durable: bool, whether the bytes are on the disk, and the rename too, before this returns, so that a power cut
            cannot take them back.
        parents: bool, whether missing folders are made.

    Yields:
        pathlib.Path in the same folder, with the same suffix, for the caller to create. After an exception it is
        removed, and an old file stays.

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    path = pathlib.Path(path)
    if parents:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{PARTIAL}{path.suffix}")
    try:
        yield temporary
        if durable:
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_directory(path.parent)


def write_text(path: PathLike, text: str, durable: bool = False, parents: bool = True) -> None:
    """``atomic_path`` for a text (UTF-8)."""
    with atomic_path(path, durable, parents) as temporary:
        # A path within the text may hold bytes that are no UTF-8, as lone surrogates: an escape, in JSON the same path.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def write_errors(path: PathLike) -> Iterator[None]:
    """Within, an OSError becomes one line about ``path``.

    Raises:
        GlyphError: the file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise GlyphError(f"{printable(path)}: cannot be written: {error.strerror or error}") from None


def clear_partial(directory: PathLike) -> None:
    """Removes what a killed process left half-written. Only for whoever has the directory to itself."""
    directory = pathlib.Path(directory)
    folder = directory / PARTIAL  # where version 0.1.0 wrote
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        import shutil  # slow: it imports every compression format, and hardly a run needs it

        shutil.rmtree(folder)
    for path in directory.glob(f".*{PARTIAL}*"):
        if path.is_file() or path.is_symlink():
            path.unlink(missing_ok=True)


def _sync_directory(path: pathlib.Path) -> None:
    """Makes renames in a directory survive a power cut; where directories cannot be opened, does nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# === Inside the package ===


def package_file(*parts: str) -> pathlib.Path:
    """The path of a file or folder that comes with the package, such as ``package_file("architectures")``."""
    return pathlib.Path(str(importlib.resources.files("tfglyph").joinpath(*parts)))


# === The cache ===


def cache_directory() -> str:
    """Where prepared data lives: ``TFGLYPH_CACHE``, or ``tfglyph`` in the user's cache directory."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("TFGLYPH_CACHE") or os.path.join(home, "tfglyph")


def digest(*parts: str | bytes | np.ndarray) -> str:
    """A short hexadecimal digest of strings, bytes and arrays, in order."""
    state = hashlib.blake2b(digest_size=12)
    for part in parts:
        if isinstance(part, np.ndarray):
            data: bytes | memoryview = np.ascontiguousarray(part).data.cast("B")
        else:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()


def cached_arrays(
    name: str, depends_on: list[str | bytes | np.ndarray], make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Arrays from the cache, or made now and put there.

    Args:
        name: str, begins the file's name.
        depends_on: everything that the arrays depend on; its digest ends the file's name.
        make: function without arguments that returns the arrays by name.

    Returns:
        dict of numpy arrays. A cache that cannot be written is done without.
    """
    key = digest(str(CACHED_ARRAYS_VERSION), *depends_on)
    path = os.path.join(cache_directory(), "evaluation", f"{name}-{key}.npz")
    try:
        with np.load(path) as file:
            return dict(file)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # not there, or cut off
    arrays: dict[str, Any] = make()
    with contextlib.suppress(OSError), atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)
    return arrays
