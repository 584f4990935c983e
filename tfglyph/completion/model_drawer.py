"""A model that draws from exemplars, as what completes a font."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfglyph.completion.drawing import Drawings
from tfglyph.composition import resolve
from tfglyph.datasets.fontface import FontFace, faces
from tfglyph.errors import GlyphError, UsageError
from tfglyph.exemplars.candidates import candidates
from tfglyph.exemplars.choosing import choose, stack
from tfglyph.exemplars.kinds import COLUMNS
from tfglyph.exemplars.part_index import PartIndex, part_index
from tfglyph.fontfiles.opening import FontFile

VARIANTS_OF_A_SEED = 64
REMEMBERED = 8192  # glyphs of the font that stay rendered


class ModelDrawer:
    """Draws in the style of a font with a model that is conditioned on exemplars; a ``Drawer``.

    Args:
        model: a GlyphModel whose architecture has ``condition.exemplars``.
        spec: str, the font, as a person names it.
        file: FontFile of the same font: what it really draws.

    Raises:
        UsageError: the model draws from no exemplars.
        GlyphError: FreeType cannot read the font.
    """

    def __init__(self, model: Any, spec: str, file: FontFile):
        section = getattr(model, "exemplars", None)
        if section is None:
            raise UsageError(f"{model.name}: a model without condition.exemplars cannot draw in the style of a font")
        height, width, channels = model.architecture.hwc
        if height != width or channels != 1:
            raise UsageError(f"{model.name}: draws {height}x{width}x{channels}; fonts need square pictures in grey")
        self._model, self._section = model, section
        self.name: str = model.run.title if getattr(model, "run", None) is not None else model.name
        self.size: int = height
        self._face: FontFace = faces(spec)[0]
        index = part_index()
        present = np.zeros(len(index.characters), bool)
        present[[index.rows[chr(code)] for code in file.drawn if chr(code) in index.rows]] = True
        self._index: PartIndex = index.subset(present)
        self._rendered: dict[int, np.ndarray] = {}

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Drawings:
        """Draws n glyphs, see ``Drawer.draw``; seeds that differ in their last six bits see other exemplars."""
        chosen = [
            choose(
                candidates(self._index, resolve(text)),
                self._section.drawing_per_part,
                self._section.drawing_style,
                seed % VARIANTS_OF_A_SEED,
            )
            for text, seed in zip(texts, seeds, strict=True)
        ]
        slots = stack(chosen)
        rows = slots.characters  # (n, k)
        exemplars = np.zeros((*rows.shape, self.size, self.size, 1), np.uint8)
        for place in np.argwhere(rows >= 0):
            exemplars[tuple(place)] = self._glyph(int(rows[tuple(place)]))[..., None]
        placed = self._placed(exemplars, slots.kinds, slots.sources)
        pairs = [(seed, zlib.crc32(text.encode())) for text, seed in zip(texts, seeds, strict=True)]
        images = self._model.sample_pairs(np.array(pairs, np.int64), exemplars=placed, kinds=slots.kinds)
        used = [tuple(dict.fromkeys(self._index.characters[row] for row in line if row >= 0)) for line in rows]
        return Drawings(images[..., 0], used)

    def _glyph(self, row: int) -> np.ndarray:
        if row not in self._rendered:
            if len(self._rendered) >= REMEMBERED:
                self._rendered.pop(next(iter(self._rendered)))
            try:
                self._rendered[row] = self._face.render(self._index.characters[row], self.size)
            except GlyphError:  # a damaged glyph: an empty exemplar does no harm
                self._rendered[row] = np.zeros((self.size, self.size), np.uint8)
        return self._rendered[row]

    def _placed(self, exemplars: np.ndarray, kinds: np.ndarray, sources: np.ndarray) -> np.ndarray:
        """Exemplars uint8 (n, k, h, w, 1) with the parts that belong elsewhere moved there."""
        from tfglyph.exemplars.alignment import align  # slow: TensorFlow

        shape = exemplars.shape
        moved = align(exemplars.reshape(-1, *shape[2:]), kinds.reshape(-1, COLUMNS), sources.reshape(-1, 4))
        return np.asarray(moved, np.uint8).reshape(shape)
