"""A model that draws from exemplars, as what completes a font."""

import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfglyph.completion.drawing import Drawings
from tfglyph.composition import resolve
from tfglyph.datasets.fontface import FontFace, faces
from tfglyph.errors import UsageError
from tfglyph.exemplars.retrieval import Retrieval
from tfglyph.exemplars.sources import FontSource, GlyphSource
from tfglyph.files import digest
from tfglyph.fontfiles.opening import FontFile

VARIANTS_OF_A_SEED = 64


def source_of(spec: str, file: FontFile, face: FontFace | None = None) -> FontSource:
    """The glyphs of a font that is being completed, as exemplars.

    Args:
        spec: str, the font, as a person names it.
        file: FontFile of the same font: what it really draws.
        face: FontFace of the same font, or None to open it.

    Raises:
        GlyphError: FreeType cannot read the font, or the parts of none of its characters are known.
    """
    return FontSource(face or faces(spec)[0], map(chr, sorted(file.drawn)), file.ascender)


class ModelDrawer:
    """Draws in the style of a font with a model that is conditioned on exemplars; a ``Drawer``.

    Args:
        model: a GlyphModel whose architecture has ``condition.exemplars``.
        source: GlyphSource, the font; see ``source_of``.

    Raises:
        UsageError: the model draws from no exemplars, or no square pictures in grey.
    """

    def __init__(self, model: Any, source: GlyphSource):
        section = getattr(model, "exemplars", None)
        if section is None:
            raise UsageError(f"{model.name}: a model without condition.exemplars cannot draw in the style of a font")
        height, width, channels = model.architecture.hwc
        if height != width or channels != 1:
            raise UsageError(f"{model.name}: draws {height}x{width}x{channels}; fonts need square pictures in grey")
        self._model = model
        self.name: str = _name(model)
        self.size: int = height
        self._retrieval: Retrieval = Retrieval(source, section, (height, width, channels))

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Drawings:
        """Draws n glyphs, see ``Drawer.draw``; seeds that differ in their last six bits see other exemplars."""
        images = np.zeros((len(texts), self.size, self.size), np.uint8)
        exemplars: list[tuple[str, ...]] = [()] * len(texts)
        skips = np.array([seed % VARIANTS_OF_A_SEED for seed in seeds])
        for skip in sorted(set(skips.tolist())):
            rows = np.flatnonzero(skips == skip)
            # A character that exists is seen in another typeface as well, which shows its strokes.
            found = self._retrieval.find([resolve(texts[row]) for row in rows.tolist()], skip=skip, content=True)
            pairs = [(seeds[row], zlib.crc32(texts[row].encode())) for row in rows.tolist()]
            drawn = self._model.sample_pairs(
                np.array(pairs, np.int64), exemplars=found.exemplars, kinds=found.kinds
            )  # (m, h, w, 1)
            images[rows] = drawn[..., 0]
            for row, characters in zip(rows.tolist(), found.characters, strict=True):
                exemplars[row] = tuple(dict.fromkeys(characters))
        return Drawings(images, exemplars)


def _name(model: Any) -> str:
    """Which weights these are: the run's title, and a few digits of what its manifest says of the weights."""
    try:
        run = model.run
    except UsageError:  # built, not loaded
        return str(model.name)
    return f"{run.title} ({digest(json.dumps(run.manifest, sort_keys=True, default=str))[:8]})"
