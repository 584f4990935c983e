"""The cache of prepared sets: a directory each, written once, checked at every start, memory-mapped.

A prepared set is ``images.u8`` (uint8, row-major), ``labels.i32`` and ``keys.u64`` (little-endian) and ``index.json``,
which holds the shape, the characters, the label names, what was wrong with the sources, and a digest of everything. It
is written into a temporary directory and renamed, so a set that is there is whole; a set that was cut off or changed
afterwards does not match its digests and counts as absent.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError
from tfglyph.files import digest, printable

VERSION = 1
_BLOCK = 1 << 26  # bytes under one digest
_CHECK_ALL = 1 << 30  # larger image files are checked in samples, as long as they have not been modified
_SAMPLES = 16


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Holds the lock of a prepared set, so that of several processes one prepares it and the others wait."""
    from filelock import FileLock  # slow: only whoever prepares a set needs it

    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with FileLock(path + ".lock"):
            yield
    except OSError as error:
        raise GlyphError(
            f"cannot write the cache {os.path.dirname(path)} ({error.strerror or error}):"
            " set TFGLYPH_CACHE to a directory with room"
        ) from error


class Writer:
    """Writes one prepared set, batch after batch; used as a context manager that leaves nothing behind on failure.

    Args:
        path: str, the directory that the set will be.
        shape: (h, w, c) of one image.
    """

    def __init__(self, path: str, shape: Sequence[int]):
        self.path: str = path
        self.shape: tuple[int, ...] = tuple(shape)
        self.characters: list[str] = []
        self.labels: list[int] = []
        self.keys: list[int] = []
        self.rows: int = 0

    def __enter__(self) -> "Writer":
        parent, name = os.path.split(self.path)
        for left_over in os.listdir(parent):
            if left_over.startswith(name + ".tmp-"):  # of a run that was killed: the lock is ours
                shutil.rmtree(os.path.join(parent, left_over), ignore_errors=True)
        self.directory: str = tempfile.mkdtemp(prefix=name + ".tmp-", dir=parent)
        self.images = open(os.path.join(self.directory, "images.u8"), "wb")
        return self

    def add(
        self, images: np.ndarray, characters: list[str] | None, labels: list[int] | None, keys: Iterable[int]
    ) -> None:
        """Appends k images uint8 ``[k, h, w, c]`` with their characters, labels and split keys."""
        if images.shape[1:] != self.shape or images.dtype != np.uint8:
            raise ValueError(f"images of {images.dtype} {images.shape} in a set of uint8 {self.shape}")
        self.images.write(np.ascontiguousarray(images).data)
        self.rows += len(images)
        self.characters.extend(characters or [])
        self.labels.extend(labels or [])
        self.keys.extend(keys)

    def finish(self, label_names: Sequence[str] | None, problems: Iterable[Problem]) -> None:
        """Writes the index and gives the set its name."""
        self.images.close()
        np.array(self.labels, "<i4").tofile(os.path.join(self.directory, "labels.i32"))
        np.array(self.keys, "<u8").tofile(os.path.join(self.directory, "keys.u64"))
        index = {
            "version": VERSION,
            "shape": [self.rows, *self.shape],
            "characters": self.characters or None,
            "labelled": bool(self.labels),
            "label_names": label_names and list(map(printable, label_names)),
            "problems": [[problem.path, problem.reason, problem.used] for problem in problems],
            "images": _block_digests(os.path.join(self.directory, "images.u8")),
            "rest": [_file_digest(os.path.join(self.directory, name)) for name in ("labels.i32", "keys.u64")],
            "written": os.stat(os.path.join(self.directory, "images.u8")).st_mtime_ns,
        }
        body = json.dumps(index, ensure_ascii=False)
        with open(os.path.join(self.directory, "index.json"), "w", encoding="utf-8") as file:
            file.write(digest(body) + "\n" + body)
        shutil.rmtree(self.path, ignore_errors=True)  # only ever a damaged one: the caller looked under the lock
        os.rename(self.directory, self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.images.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def read(path: str, name: str) -> tuple[Glyphs, list[Problem]] | None:
    """Opens a prepared set.

    Args:
        path: str, its directory.
        name: str, the data set's name.

    Returns:
        A tuple of Glyphs (images memory-mapped, read-only) and the list of Problem from its preparation, or ``None``
        where the set is absent, cut off or changed.
    """
    try:
        with open(os.path.join(path, "index.json"), encoding="utf-8") as file:
            stated, body = file.read().split("\n", 1)
        index = json.loads(body)
        if stated != digest(body) or index["version"] != VERSION:
            return None
        shape = tuple(index["shape"])
        pixels = os.path.join(path, "images.u8")
        if os.path.getsize(pixels) != int(np.prod(shape, dtype=np.int64)) or not _images_match(pixels, index):
            return None
        files = [os.path.join(path, file) for file in ("labels.i32", "keys.u64")]
        if [_file_digest(file) for file in files] != index["rest"]:
            return None
        labels, keys = np.fromfile(files[0], "<i4"), np.fromfile(files[1], "<u8")
        glyphs = Glyphs(
            name=name,
            images=np.memmap(pixels, np.uint8, "r", shape=shape),  # (n, h, w, c)
            characters=index["characters"],
            labels=labels.astype(np.int32) if index["labelled"] else None,
            label_names=index["label_names"],
            fingerprint=digest(*index["images"], *index["rest"], repr(shape), repr(index["characters"])),
            keys=keys.astype(np.uint64),
        )
        return glyphs, [Problem(*problem) for problem in index["problems"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _images_match(path: str, index: dict[str, Any]) -> bool:
    """Whether the images are those of the index: all blocks, or some of a large file that has not been modified."""
    stated = index["images"]
    blocks = list(range(len(stated)))
    unmodified = os.stat(path).st_mtime_ns == index["written"]
    if unmodified and os.path.getsize(path) > _CHECK_ALL:
        blocks = sorted(set(np.linspace(0, len(stated) - 1, _SAMPLES).astype(int).tolist()))
    return all(_block_digest(path, block) == stated[block] for block in blocks)


def _block_digest(path: str, block: int) -> str:
    with open(path, "rb") as file:
        file.seek(block * _BLOCK)
        return hashlib.blake2b(file.read(_BLOCK), digest_size=12).hexdigest()


def _block_digests(path: str) -> list[str]:
    return [_block_digest(path, block) for block in range(-(-os.path.getsize(path) // _BLOCK))]


def _file_digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.blake2b(file.read(), digest_size=12).hexdigest()
