"""What draws the glyphs that a font lacks: one small protocol, so that any model can."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Drawings:
    """Glyphs as pictures.

    Attributes:
        images: uint8 (n, size, size), ink 255 on 0; the picture is the em square, as ``FontFace`` draws it.
        exemplars: list of n tuples of str: the characters of the font that each was drawn after.
    """

    images: np.ndarray
    exemplars: list[tuple[str, ...]]


class Drawer(Protocol):
    """Draws characters in the style of one font.

    Attributes:
        name: str, what draws, for provenance; two drawers of one name draw the same.
        size: int, pixels along a side.
    """

    name: str
    size: int

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Drawings:
        """Draws n glyphs.

        Args:
            texts: n characters or descriptions.
            seeds: n seeds; one text with one seed is always the same picture.
        """
        ...
