"""IDX files, the format of MNIST: local copies work without any network, gzipped or not.

A file begins with two zero bytes, a type (8 for uint8) and the number of dimensions, then each dimension as uint32
big-endian, then the values.
"""

import gzip
import math
import os
import zlib
from typing import BinaryIO, Protocol

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike

_LARGEST = 1 << 32  # bytes of content: no set of this kind comes near


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_idx(path: PathLike) -> tuple[np.ndarray, int]:
    """Reads an IDX file of uint8 values.

    Args:
        path: the file; gzip is recognized by its content.

    Returns:
        A tuple of a uint8 array, with fewer entries in its first dimension than stated where the file was cut off, and
        the number stated.

    Raises:
        GlyphError: it is no such file, or is cut off before its first entry.
    """
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            limit = _LARGEST if zipped else os.fstat(file.fileno()).st_size
            return _read(_Unzipped(file) if zipped else file, path, limit)
    except OSError as error:
        raise GlyphError(f"{path}: {error.strerror or error}") from None


class _Unzipped:
    """Reads a gzip stream, also one that is cut off or damaged: as far as it goes."""

    def __init__(self, file: BinaryIO):
        self.file: BinaryIO = file
        self.stream = zlib.decompressobj(wbits=31)
        self.rest: bytes = b""
        self.ended: bool = False

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; fewer at the end or where the damage begins."""
        parts, length = [self.rest], len(self.rest)
        while length < size and not self.ended:
            compressed = self.stream.unconsumed_tail or self.file.read(1 << 12)
            try:
                part = self.stream.decompress(compressed, 1 << 20)
            except zlib.error:
                part, compressed = b"", b""
            self.ended = self.stream.eof or not compressed
            parts.append(part)
            length += len(part)
        content = b"".join(parts)
        self.rest = content[size:]
        return content[:size]


def _read(file: _Readable, path: PathLike, limit: int) -> tuple[np.ndarray, int]:
    """As ``read_idx``; ``limit`` is the most bytes that can be in the file."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not 1 <= magic[3] <= 3:
        raise GlyphError(
            f"{path}: wrong magic number {magic.hex() or '(empty file)'}; IDX files begin with 00000801"
            " (labels) or 00000803 (images)"
        )
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise GlyphError(f"{path}: cut off in its header")
    shape = tuple(int(side) for side in np.frombuffer(header, ">u4"))
    entry = math.prod(shape[1:])
    if entry == 0 or entry > 1 << 26 or shape[0] * entry > _LARGEST:
        raise GlyphError(f"{path}: impossible dimensions {'x'.join(map(str, shape))}")
    content = file.read(min(shape[0] * entry, limit))
    count = len(content) // entry
    if count == 0:
        raise GlyphError(f"{path}: cut off before its first entry")
    return np.frombuffer(content, np.uint8, count * entry).reshape(count, *shape[1:]), shape[0]


def write_idx(path: PathLike, array: np.ndarray) -> None:
    """Writes a uint8 array of one to three dimensions as IDX, gzipped where ``path`` ends in ``.gz``."""
    array = np.asarray(array)
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 3:
        raise ValueError(f"IDX files here hold uint8 in one to three dimensions, not {array.dtype} {array.shape}")
    content = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    with gzip.GzipFile(path, "wb", mtime=0) if str(path).endswith(".gz") else open(path, "wb") as file:
        file.write(content)


def find_pair(directory: str, part: str, word: str = "") -> tuple[str, str]:
    """The files of images and labels of one part of a set.

    Args:
        directory: where to look.
        part: ``train`` or ``test`` (whose files are named ``t10k`` or ``test``).
        word: str that the names contain, for directories with several sets ("letters").

    Returns:
        A tuple of the two paths.

    Raises:
        GlyphError: a directory or a file is missing.
    """
    if not os.path.isdir(directory):
        raise GlyphError(f"{directory}: no such directory")
    marks = ("train",) if part == "train" else ("t10k", "test")
    names = sorted(os.listdir(directory))

    def first(kind: str, dimensions: int) -> str:
        for name in names:
            if kind in name and f"idx{dimensions}" in name and word in name and any(mark in name for mark in marks):
                return os.path.join(directory, name)
        usual = f"{word and word + '-'}{marks[0]}-{kind}-idx{dimensions}-ubyte"
        raise GlyphError(f"{directory}: no file {usual} or {usual}.gz")

    return first("images", 3), first("labels", 1)


def read_pair(images_path: str, labels_path: str) -> tuple[np.ndarray, np.ndarray, list[tuple[str, str]]]:
    """Images and their labels from two IDX files.

    Returns:
        A tuple of uint8 ``[n, h, w]``, uint8 ``[n]`` and a list of (path, reason) about entries that are not there.

    Raises:
        GlyphError: a file that cannot be read, or has another number of dimensions.
    """
    images, stated = read_idx(images_path)
    labels, stated_labels = read_idx(labels_path)
    for path, array, dimensions in ((images_path, images, 3), (labels_path, labels, 1)):
        if array.ndim != dimensions:
            raise GlyphError(f"{path}: {array.ndim} dimensions where {dimensions} were expected")
    remarks = []
    for path, array, number in ((images_path, images, stated), (labels_path, labels, stated_labels)):
        if len(array) < number:
            remarks.append((path, f"cut off: {len(array):,} of {number:,} entries are there"))
    if stated != stated_labels:
        raise GlyphError(f"{labels_path}: {stated_labels:,} labels for {stated:,} images")
    count = min(len(images), len(labels))
    return images[:count], labels[:count], remarks
