"""Stand-ins for a model that draws from exemplars."""

from collections.abc import Sequence

import numpy as np

from tfglyph.completion import Drawings
from tfglyph.errors import GlyphError
from tfglyph.fontfiles import FontFile
from tfglyph.outlines import Outline, render


class TrueGlyphs:
    """Draws what another font, which has the characters, draws; counts what it drew.

    Args:
        file: FontFile of that font.
        size: int, pixels along a side.
        fail_after: int or None: after so many glyphs it is interrupted as by Ctrl-C.
        spoiled: characters that come out lying on their side with every third seed.
        blank: characters that come out without ink.
    """

    def __init__(
        self, file: FontFile, size: int = 64, fail_after: int | None = None, spoiled: str = "", blank: str = ""
    ):
        self.name: str = "true glyphs"
        self.size: int = size
        self.drawn: list[str] = []
        self._file, self._fail_after = file, fail_after
        self._spoiled, self._blank = spoiled, blank

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Drawings:
        images = np.zeros((len(texts), self.size, self.size), np.uint8)
        for row, (text, seed) in enumerate(zip(texts, seeds, strict=True)):
            if self._fail_after is not None and len(self.drawn) >= self._fail_after:
                raise KeyboardInterrupt
            self.drawn.append(text)
            images[row] = self._picture(text)
            if text in self._spoiled and seed % 3 == 0:
                images[row] = images[row].T
        return Drawings(images, [("一", "木")] * len(texts))

    def _picture(self, text: str) -> np.ndarray:
        if text in self._blank:
            return np.zeros((self.size, self.size), np.uint8)
        name = self._file.drawn.get(ord(text[0])) if len(text) == 1 else self._file.drawn[ord("林")]
        if name is None:
            raise GlyphError(f"the reference font lacks {text}")
        outline = self._file.outline(name)[0]
        contours = tuple(tuple(segment * self.size for segment in contour) for contour in outline.contours)
        return render(Outline(contours), self.size)
