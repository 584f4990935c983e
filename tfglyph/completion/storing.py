"""Drawings on the disk while a font is being completed, so that an interrupted run goes on where it was."""

import json
import pathlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tfglyph.files import atomic_path, clear_partial, write_errors


@dataclass(frozen=True)
class Drawn:
    """The drawings of one glyph.

    Attributes:
        text: str, what was asked for.
        seed: int.
        images: uint8 (variants, size, size).
        exemplars: tuple of str.
    """

    text: str
    seed: int
    images: np.ndarray
    exemplars: tuple[str, ...]


class Store:
    """A folder of drawings beside the completed font.

    Args:
        folder: pathlib.Path; made when something is put there.
        key: str, what the drawings depend on beside text and seed: font, drawer, variants. Others are left alone.
    """

    def __init__(self, folder: pathlib.Path, key: str):
        self.folder, self.key = folder, key

    def _files(self) -> list[pathlib.Path]:
        return sorted(self.folder.glob(f"{self.key}-*.npz"))

    def read(self) -> dict[str, Drawn]:
        """All drawings by their text; of a text that was drawn again, the latest."""
        return {drawn.text: drawn for path in self._files() for drawn in _read(path)}

    def add(self, batch: Sequence[Drawn]) -> None:
        """Puts drawings there.

        Raises:
            GlyphError: the folder cannot be written.
        """
        numbers = [int(path.stem.rpartition("-")[2]) for path in self._files()]
        path = self.folder / f"{self.key}-{max(numbers, default=0) + 1:06d}.npz"
        words = [[drawn.text, drawn.seed, list(drawn.exemplars)] for drawn in batch]
        with write_errors(path), atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file,
                images=np.stack([drawn.images for drawn in batch]),
                words=np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), np.uint8),
            )

    def clear_partial(self) -> None:
        """Removes what a killed process left half-written."""
        if self.folder.is_dir():
            clear_partial(self.folder)


def _read(path: pathlib.Path) -> Iterator[Drawn]:
    try:
        with np.load(path) as file:
            images, words = file["images"], json.loads(file["words"].tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return  # cut off, and drawn again
    for (text, seed, exemplars), drawings in zip(words, images, strict=True):
        yield Drawn(text, seed, drawings, tuple(exemplars))
