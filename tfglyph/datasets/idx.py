"""IDX files, the format of MNIST: local copies work without any network, gzipped or not.

A file begins with two zero bytes, a type (8 for uint8) and the number of dimensions, then each dimension as uint32
big-endian, then the values.
"""

import gzip
import math
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, printable

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
        raise GlyphError(f"{printable(path)}: {error.strerror or error}") from None


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
            f"{printable(path)}: wrong magic number {magic.hex() or '(empty file)'}; IDX files begin with 00000801"
            " (labels) or 00000803 (images)"
        )
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise GlyphError(f"{printable(path)}: cut off in its header")
    shape = tuple(int(side) for side in np.frombuffer(header, ">u4"))
    entry = math.prod(shape[1:])
    if entry == 0 or entry > 1 << 26 or shape[0] * entry > _LARGEST:
        raise GlyphError(f"{printable(path)}: impossible dimensions {'x'.join(map(str, shape))}")
    content = file.read(min(shape[0] * entry, limit))
    count = len(content) // entry
    if count == 0:
        raise GlyphError(f"{printable(path)}: cut off before its first entry")
    return np.frombuffer(content, np.uint8, count * entry).reshape(count, *shape[1:]), shape[0]


def write_idx(path: PathLike, array: np.ndarray) -> None:
    """Writes a uint8 array of one to three dimensions as IDX, gzipped where ``path`` ends in ``.gz``."""
    array = np.asarray(array)
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 3:
        raise ValueError(f"IDX files here hold uint8 in one to three dimensions, not {array.dtype} {array.shape}")
    content = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    with gzip.GzipFile(path, "wb", mtime=0) if str(path).endswith(".gz") else open(path, "wb") as file:
        file.write(content)


_NAME = re.compile(
    r"(?:(?P<set>.*?)[-_.])?(?P<part>train|t10k|test)[-_.](?P<kind>images|labels)[-_.]idx(?P<dimensions>[13])[-_.]?ubyte"
    r"(?:\.gz)?"
)
_ANY_NAME = re.compile(r".*idx[13][-_.]?ubyte(?:\.gz)?")


def is_idx_name(name: str) -> bool:
    """Whether a file's name says that it is an IDX file: ``…-idx3-ubyte``, ``….idx3-ubyte``, ``….gz``."""
    return _ANY_NAME.fullmatch(name.lower()) is not None


def find_pair(directory: str, part: str, family: str = "", word: str = "") -> tuple[str, str]:
    """The files of images and labels of one part of a set.

    Names are taken at their word. For the images of ``emnist/letters`` these come in order, each plain or ``.gz``, with
    ``-`` or ``.`` before ``idx3``: ``emnist-letters-train-images-idx3-ubyte``, ``letters-train-images-idx3-ubyte``, and
    any other beginning that has ``letters`` as a word of its own; for ``mnist``: ``train-images-idx3-ubyte``,
    ``mnist-train-images-idx3-ubyte``, and any beginning. Hidden files and directories are passed over.

    Args:
        directory: where to look.
        part: ``train`` or ``test`` (whose files are named ``t10k`` or ``test``).
        family: str, the set's name, such as ``emnist``.
        word: str, which of a family's sets ("letters").

    Returns:
        A tuple of the two paths.

    Raises:
        GlyphError: a directory or a file is missing, or several files could be meant.
    """
    where = printable(directory)
    if not os.path.isdir(directory):
        raise GlyphError(f"{where}: no such directory")
    marks = ("train",) if part == "train" else ("t10k", "test")
    names = sorted(entry.name for entry in os.scandir(directory) if entry.is_file() and not entry.name.startswith("."))
    found = [(name, match) for name in names if (match := _NAME.fullmatch(name.lower()))]

    def one(kind: str, dimensions: str) -> str:
        fitting: dict[str, list[str]] = {}  # by what their names begin with
        for name, match in found:
            if match["kind"] == kind and match["dimensions"] == dimensions and match["part"] in marks:
                fitting.setdefault(match["set"] or "", []).append(name)
        for beginnings in _beginnings(list(fitting), family, word):
            candidates = [name for beginning in beginnings for name in fitting[beginning]]
            # A file and its compressed copy are one, whose shorter name is read.
            different = {name.lower().removesuffix(".gz").replace(".idx", "-idx") for name in candidates}
            if len(different) > 1:
                listed = ", ".join(map(printable, candidates))
                raise GlyphError(f"{where}: several files could be meant: {listed}; move the others away")
            return os.path.join(directory, min(candidates, key=len))
        usual = f"{f'{family}-{word}-' if word else ''}{marks[0]}-{kind}-idx{dimensions}-ubyte"
        there = ", ".join(printable(name) for name in names[:6]) + ", …" * (len(names) > 6)
        raise GlyphError(f"{where}: no file {usual} or {usual}.gz" + (f"; there are {there}" if there else ""))

    return one("images", "3"), one("labels", "1")


def _beginnings(known: Sequence[str], family: str, word: str) -> Iterator[list[str]]:
    """Groups of the beginnings of names that a set's files can have, the exact ones first; none of them empty."""
    groups = [[f"{family}-{word}"], [word]] if word else [[""], [family]]
    named = word or family
    groups.append([beginning for beginning in known if named and named in re.split(r"[-_. ]+", beginning)])
    if not word:
        groups.append(list(known))
    for group in groups:
        present = [beginning for beginning in group if beginning in known]
        if present:
            yield present


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
            raise GlyphError(f"{printable(path)}: {array.ndim} dimensions where {dimensions} were expected")
    remarks = []
    for path, array, number in ((images_path, images, stated), (labels_path, labels, stated_labels)):
        if len(array) < number:
            remarks.append((path, f"cut off: {len(array):,} of {number:,} entries are there"))
    if stated != stated_labels:
        raise GlyphError(f"{printable(labels_path)}: {stated_labels:,} labels for {stated:,} images")
    count = min(len(images), len(labels))
    return images[:count], labels[:count], remarks
