"""Writing a PNG file a few rows at a time, so that an image need never be in memory as a whole."""

import os
import pathlib
import struct
import zlib

import numpy as np

from tfglyph.errors import GlyphError


class PngWriter:
    """A context manager that writes one 8-bit image (ISO/IEC 15948); the file appears under its name when complete.

    Args:
        path: where the image goes.
        height, width: int, pixels.
        channels: int, 1 (grey) or 3 (colour).

    Raises:
        GlyphError: the file cannot be written, or the rows do not add up to the image.
    """

    def __init__(self, path, height, width, channels):
        self.path = pathlib.Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.height, self.width, self.channels = height, width, channels
        self.rows = 0
        self.above = np.zeros((1, width * channels), np.uint8)
        self.compressor = zlib.compressobj(6)

    def __enter__(self):
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.file = open(self.partial, "wb")
        except OSError as error:
            raise GlyphError(f"{self.path}: cannot be written: {error.strerror}") from None
        self.file.write(b"\x89PNG\r\n\x1a\n")
        colour = {1: 0, 3: 2}[self.channels]
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, colour, 0, 0, 0))
        return self

    def write(self, rows):
        """Appends rows: uint8 (n, width, channels)."""
        flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
        # Filter "up": each row minus the one above; smooth images shrink to a fraction by it.
        difference = flat - np.concatenate([self.above, flat[:-1]])
        filtered = np.concatenate([np.full((len(flat), 1), 2, np.uint8), difference], axis=1)
        self.above = flat[-1:].copy()
        self.rows += len(flat)
        self._data(self.compressor.compress(filtered.tobytes()))

    def __exit__(self, kind, value, traceback):
        try:
            if kind is None and self.rows != self.height:
                raise GlyphError(f"{self.path}: {self.rows} rows were painted of an image of {self.height}")
            if kind is None:
                self._data(self.compressor.flush())
                self._chunk(b"IEND", b"")
                self.file.close()
                os.replace(self.partial, self.path)
        except OSError as error:
            raise GlyphError(f"{self.path}: cannot be written: {error.strerror}") from None
        finally:
            self.file.close()
            self.partial.unlink(missing_ok=True)

    def _data(self, data):
        if data:
            self._chunk(b"IDAT", data)

    def _chunk(self, kind, data):
        try:
            self.file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
        except OSError as error:
            raise GlyphError(f"{self.path}: cannot be written: {error.strerror}") from None
