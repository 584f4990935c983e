"""What an exemplar shows, as numbers: the second input of a model that draws from exemplars.

A row of kinds has ``COLUMNS`` entries: the kind of match, the level of the part (1: half of a character, 2 and 3: parts
of parts; 0: the whole), the likeness of the exemplar's character to the wanted one (0 to 255), and the box of the part
(top, left, bottom, right; 0 to 255 of the side).
"""

import enum

import numpy as np

COLUMNS = 7
LEVEL, LIKENESS, BOX = 1, 2, slice(3, 7)
SCALE = 255
DEEPEST_LEVEL = 3


class Match(enum.IntEnum):
    """How an exemplar matches a part; the numbers never change, as trained weights know them."""

    NONE = 0
    """No exemplar: an empty slot."""
    IN_PLACE = 1
    """A character with the part at that place, under the same operators."""
    MOVED = 2
    """A character with the part at another place: its glyph, moved and scaled so that the part fills the box."""
    ALONE = 3
    """The part as a character of its own: its glyph, scaled into the box."""
    STYLE = 4
    """Any glyph of the font that looks like the character as a whole; it shows the style."""
    CONTENT = 5
    """The character itself, in another typeface: it shows the strokes, not the style."""


def shows_in_place(matches: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """bool (k,): which exemplars have a part of the whole character, not a part of a part, in its place."""
    found: np.ndarray = (matches == Match.IN_PLACE) & (levels == 1)
    return found
