"""The one record that every data set becomes: images, what they show, and how they are split."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import digest, printable

Split = Literal["train", "holdout", "all"]
SPLITS: tuple[str, ...] = get_args(Split)
DEFAULT_HOLDOUT = 0.05  # fraction of the characters
_IN_MEMORY_BYTES = 1 << 30  # subsets of more than this stay views of the memory-mapped file


@dataclass(frozen=True)
class Glyphs:
    """Images of glyphs (or of anything else) with what is known about them.

    Attributes:
        name: str, the data set's name.
        images: uint8 ``[n, h, w, c]``, an array, a memory map or a ``Rows`` view of one. In glyph sets ink is 255 on
            a background of 0.
        characters: list of n str, what image i shows; ``None`` where it is not known.
        labels: int32 ``[n]``, the class, font or style of image i; ``None`` where there is none.
        label_names: list of str, the name of each label; ``None`` without labels.
        fingerprint: str, changes whenever an image, a character, a label or the order changes; the same on every
            machine.
        keys: uint64 ``[n]``, decides the split of image i: a hash of its character, or of its source where the
            character is unknown. It does not depend on the size. ``None`` for a set that cannot be split.
        tokens: int32 ``[n, length]``, the description that a model is conditioned on for image i (see
            ``composition.tokens``); ``None`` where there is none.
    """

    name: str
    images: "np.ndarray | Rows" = field(repr=False)
    characters: list[str] | None = field(default=None, repr=False)
    labels: np.ndarray | None = field(default=None, repr=False)
    label_names: list[str] | None = None
    fingerprint: str = ""
    keys: np.ndarray | None = field(default=None, repr=False)
    tokens: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # Names come from folders and fonts; tables and pictures hold one on each line.
        if self.label_names is not None:
            object.__setattr__(self, "label_names", list(map(printable, self.label_names)))

    def __len__(self) -> int:
        return len(self.images)

    def rows_by_character(self) -> dict[str, int]:
        """Which image shows a character: dict from character to the row of its first image.

        A set without characters whose label names are single characters (digits, say) gives the first image of each
        label.

        Raises:
            GlyphError: the set does not know which characters its images show.
        """
        rows: dict[str, int] = {}
        for row, character in enumerate(self.known_characters()):
            rows.setdefault(character, row)
        return rows

    def known_characters(self) -> list[str]:
        """The character that each image shows, list of n str: ``characters``, or label names that are characters.

        Raises:
            GlyphError: as ``rows_by_character``.
        """
        if self.characters is not None:
            return self.characters
        if self.labels is not None and self.label_names and all(len(name) == 1 for name in self.label_names):
            return [self.label_names[label] for label in self.labels]
        raise GlyphError(
            f"data set {self.name} does not say which character an image shows, so characters cannot be found in it"
        )

    def take(self, rows: Sequence[int] | np.ndarray, why: str) -> "Glyphs":
        """The same record with only ``rows`` (int64 ``[m]``); ``why`` enters the fingerprint."""
        rows = np.asarray(rows, np.int64)
        images = self.images
        size = int(np.prod(images.shape[1:])) * len(rows)
        lazy = size > _IN_MEMORY_BYTES and isinstance(images, np.memmap | Rows)
        return replace(
            self,
            images=Rows(images, rows) if lazy else images[rows],  # (m, h, w, c)
            characters=None if self.characters is None else [self.characters[row] for row in rows],
            labels=None if self.labels is None else self.labels[rows],
            keys=None if self.keys is None else self.keys[rows],
            tokens=None if self.tokens is None else self.tokens[rows],
            fingerprint=digest(self.fingerprint, why),
        )

    def split(self, split: Split = "all", holdout: float = DEFAULT_HOLDOUT) -> "Glyphs":
        """The part of the set that is for training, held out, or all of it.

        Which part an image is in depends on its character alone (on its source where that is unknown), so that all
        fonts' drawings of a character are on one side, at every size; a smaller ``holdout`` holds out a subset of what
        a larger one does.

        Args:
            split: ``train``, ``holdout`` or ``all``.
            holdout: float in [0, 1), the fraction that is held out, on average over characters.

        Raises:
            UsageError: an unknown split, an impossible fraction, a part with nothing in it, or a set without keys.
        """
        if split not in SPLITS:
            raise UsageError(f"split {split!r} is none of {', '.join(SPLITS)}")
        if not 0 <= holdout < 1:
            raise UsageError(f"holdout {holdout} is not in [0, 1)")
        if split == "all" or (split == "train" and holdout == 0):
            return self
        if self.keys is None:
            raise UsageError(f"data set {self.name!r} cannot be split: it has no keys")
        held_out = self.keys < np.uint64(int(holdout * 2**64))
        rows = np.flatnonzero(held_out if split == "holdout" else ~held_out)
        if not len(rows):
            raise UsageError(f"the {split} part of {self.name!r} ({len(self)} images) is empty at holdout {holdout}")
        return self.take(rows, f"{split} {holdout!r}")


class Rows:
    """Chosen rows of an array that is too large to copy: behaves like a read-only array in its first axis.

    Args:
        array: uint8 ``[n, h, w, c]``, usually a memory map; of another ``Rows`` only the array below it is kept.
        rows: int64 ``[m]``.
    """

    def __init__(self, array: "np.ndarray | Rows", rows: np.ndarray):
        self.array: np.ndarray = array.array if isinstance(array, Rows) else array
        self.rows: np.ndarray = array.rows[rows] if isinstance(array, Rows) else rows
        self.shape: tuple[int, ...] = (len(rows), *array.shape[1:])
        self.dtype: np.dtype[Any] = array.dtype
        self.ndim: int = array.ndim

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> Any:
        first, rest = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        chosen = self.array[self.rows[first]]
        return chosen[(slice(None), *rest) if np.ndim(self.rows[first]) else rest] if rest else chosen

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.array[self.rows], dtype)


def split_key(content: str | bytes) -> int:
    """uint64 of a hash of ``content``: uniform, and the same everywhere and for ever."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, person=b"tfglyph split").digest(), "big")


def split_keys(contents: Iterable[str | bytes]) -> np.ndarray:
    """uint64 ``[n]`` of ``split_key`` for each of n str or bytes."""
    return np.array([split_key(content) for content in contents], np.uint64).reshape(-1)
