"""Writing a PNG file a few rows at a time, so that an image need never be in memory as a whole."""

import contextlib
import pathlib
import struct
import zlib
from types import TracebackType

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, atomic_path, write_errors


class PngWriter:
    """A context manager that writes one 8-bit image (ISO/IEC 15948); the file appears under its name when complete.

    Args:
        path: where the image goes.
        height, width: int, pixels.
        channels: int, 1 (grey) or 3 (colour).

    Raises:
        GlyphError: the file cannot be written, or the rows do not add up to the image.
    """

    def __init__(self, path: PathLike, height: int, width: int, channels: int):
        self.path: pathlib.Path = pathlib.Path(path)
        self.height, self.width, self.channels = height, width, channels
        self.rows: int = 0
        self._above = np.zeros((1, width * channels), np.uint8)
        self._compressor = zlib.compressobj(6)
        self._open = contextlib.ExitStack()

    def __enter__(self) -> "PngWriter":
        with write_errors(self.path):
            temporary = self._open.enter_context(atomic_path(self.path))
            self._file = self._open.enter_context(open(temporary, "wb"))
            self._file.write(b"\x89PNG\r\n\x1a\n")
        colour = {1: 0, 3: 2}[self.channels]
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, colour, 0, 0, 0))
        return self

    def write(self, rows: np.ndarray) -> None:
        """Appends rows: uint8 (n, width, channels)."""
        flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
        # Filter "up": each row minus the one above; smooth images shrink to a fraction by it.
        difference = flat - np.concatenate([self._above, flat[:-1]])
        filtered = np.concatenate([np.full((len(flat), 1), 2, np.uint8), difference], axis=1)
        self._above = flat[-1:].copy()
        self.rows += len(flat)
        self._data(self._compressor.compress(filtered.tobytes()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._open.__exit__(kind, error, traceback)
            return
        with write_errors(self.path), self._open:
            if self.rows != self.height:
                raise GlyphError(f"{self.path}: {self.rows} rows were written of an image of {self.height}")
            self._data(self._compressor.flush())
            self._chunk(b"IEND", b"")

    def _data(self, data: bytes) -> None:
        if data:
            self._chunk(b"IDAT", data)

    def _chunk(self, kind: bytes, data: bytes) -> None:
        with write_errors(self.path):
            checksum = zlib.crc32(kind + data)
            self._file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum))
