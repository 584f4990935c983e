"""The ``.gnt`` files of CASIA-HWDB: handwritten characters, one record after the other.

A record is: uint32 little-endian, its own size, 10 + width·height; two bytes of tag; uint16 width; uint16 height;
width·height bytes, rows from the top, 255 for the background. The tag's bytes are GB code in file order, decoded as
GB18030; the tag of an ASCII character has 0 as its second byte.

C.-L. Liu, F. Yin, D.-H. Wang, Q.-F. Wang: CASIA online and offline Chinese handwriting databases, ICDAR 2011.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike

_HEADER = struct.Struct("<I2sHH")
_LONGEST_SIDE = 4096  # pixels; the largest real characters have a few hundred


class TagError(GlyphError):
    """A whole record whose tag is no character."""


def read_records(
    file: BinaryIO, name: str, start: int = 0, stop: int | None = None
) -> Iterator[tuple[int, str | TagError, np.ndarray]]:
    """Yields the records of an open ``.gnt`` file.

    Args:
        file: a binary file object, read from where it stands to its end.
        name: str, its name in messages.
        start: int, the offset at which it stands, the beginning of a record.
        stop: int or None, the offset from which on no record is read.

    Yields:
        Tuples of the record's offset (int), the character (str) and the picture (uint8 ``[h, w]``, 255 for the
        background); a ``TagError`` in place of a character that cannot be decoded.

    Raises:
        GlyphError: a record that does not fit its size or the file; whatever follows it could only be guessed.
    """
    offset = start
    while (stop is None or offset < stop) and (header := file.read(_HEADER.size)):
        if len(header) < _HEADER.size:
            raise GlyphError(f"{name}: cut off at byte {offset}, {len(header)} bytes into the header of a record")
        size, tag, width, height = _HEADER.unpack(header)
        if size != _HEADER.size + width * height or not 0 < width <= _LONGEST_SIDE or not 0 < height <= _LONGEST_SIDE:
            raise GlyphError(
                f"{name}: at byte {offset} is no record: its size is stated as {size:,},"
                f" {width}x{height} pixels would take {_HEADER.size + width * height:,}"
            )
        pixels = file.read(width * height)
        if len(pixels) < width * height:
            raise GlyphError(
                f"{name}: cut off in the record at byte {offset}: {len(pixels):,} of {width * height:,} px"
            )
        yield offset, _character(tag, name, offset), np.frombuffer(pixels, np.uint8).reshape(height, width)
        offset += size


def record_ranges(path: str, size: int) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) of ranges of about ``size`` bytes that begin and end with records.

    Only the records' sizes are read; from the first impossible one on everything is one range, whose reader
    reports what is wrong.
    """
    end = os.path.getsize(path)
    start = offset = 0
    with open(path, "rb") as file:
        while offset < end:
            file.seek(offset)
            length = int.from_bytes(file.read(4), "little")
            if length <= _HEADER.size:
                break
            offset += length
            if offset - start >= size and offset < end:
                yield start, offset
                start = offset
    yield start, end


def _character(tag: bytes, name: str, offset: int) -> str | TagError:
    code = tag[:1] if tag[1] == 0 else tag
    try:
        character = code.decode("gb18030")
    except UnicodeDecodeError:
        character = ""
    if len(character) != 1 or not character.isprintable():
        return TagError(f"{name}: the record at byte {offset} has the tag {tag.hex()}, which is no GB18030 character")
    return character


def write_gnt(path: PathLike, records: Iterable[tuple[str, np.ndarray]]) -> None:
    """Writes a ``.gnt`` file.

    Args:
        path: where to.
        records: iterable of (character, picture): a str of one character with a GB18030 code of one or two bytes, and
            uint8 ``[h, w]`` with 255 for the background.

    Raises:
        GlyphError: a character without such a code, or a picture that the format cannot hold.
    """
    with open(path, "wb") as file:
        for character, picture in records:
            code = character.encode("gb18030")
            if len(code) > 2 or len(character) != 1:
                raise GlyphError(f"{character!r} has no GB18030 code of at most two bytes")
            picture = np.asarray(picture)
            if picture.ndim != 2 or picture.dtype != np.uint8 or not 0 < max(picture.shape) <= _LONGEST_SIDE:
                raise GlyphError(f"a picture of {picture.dtype} {picture.shape} does not fit into a record")
            height, width = picture.shape
            file.write(_HEADER.pack(_HEADER.size + picture.size, code.ljust(2, b"\0"), width, height))
            file.write(picture.tobytes())
