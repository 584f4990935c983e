"""For one character: which others show its parts, in an order of preference that no font enters into.

Each part that the character is made of gets a list: first the characters that have the part at that place, those that
look most like the wanted one first; then characters with the part elsewhere, which have to be moved, in turns with
characters that have the parts of the part at their places. A last list, for the style, has those that look most like
the whole.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfglyph.composition.descriptions import Description
from tfglyph.composition.places import Place, box_of
from tfglyph.composition.table import DEEPEST
from tfglyph.exemplars.kinds import Match, shows_in_place
from tfglyph.exemplars.part_index import PartIndex

MOST = 96  # candidates of a part
MOST_IN_PLACE = 64
MOST_OF_PIECES = 24
MOST_MOVED = 24
MOST_MOVED_COMPARED = 256
MOVED_FIRST = 2  # moved ones come before those of pieces
MOST_FOR_STYLE = 64
FOR_STYLE = 768  # characters of the font, evenly spread, among which those for the style are sought
FARTHEST = 0.5  # root mean squared difference of two characters that are not alike at all
STRETCH = 0.25  # what a part costs that has to be stretched by a factor of e, as such a difference


@dataclass(frozen=True)
class Candidates:
    """Candidates, best first.

    Attributes:
        characters: int32 (k,), rows of ``PartIndex.characters``.
        matches: uint8 (k,), of ``Match``.
        levels: uint8 (k,), how deep the part lies that each shows; 0 for the whole.
        likeness: uint8 (k,), 255 for a character that looks the same.
        sources: float32 (k, 4), the box in the exemplar that shows the part.
        targets: float32 (k, 4), the box in the drawing where it belongs.
    """

    characters: np.ndarray
    matches: np.ndarray
    levels: np.ndarray
    likeness: np.ndarray
    sources: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.characters)

    @property
    def in_place(self) -> np.ndarray:
        """bool (k,): which have the part itself, not a part of it, in its place."""
        return shows_in_place(self.matches, self.levels)

    def take(self, rows: np.ndarray) -> "Candidates":
        """Some of them, by position."""
        return Candidates(**{field.name: getattr(self, field.name)[rows] for field in dataclasses.fields(self)})

    @classmethod
    def joined(cls, groups: "Sequence[Candidates]") -> "Candidates":
        """Several lists, one after the other."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: np.concatenate([getattr(group, name) for group in groups]) for name in names})


def candidates(index: PartIndex, tree: Description) -> list[Candidates]:
    """The lists of a character.

    Args:
        index: PartIndex, usually the ``subset`` of a font.
        tree: Description, resolved; the character itself is never a candidate.

    Returns:
        list of Candidates: one for each part of the top level (none for a character that is not taken apart), and the
        one for the style.
    """
    vector = index.vector(tree)
    own = index.rows.get(tree.part or "", -1)
    search = _Search(index, vector, own, index.frames_of(tree))
    lists = [search.part(part, ((tree.operator or "", number),)) for number, part in enumerate(tree.parts)]
    return [*lists, search.style(lists)]


class _Search:
    """The candidates of one character.

    Args:
        index: PartIndex.
        vector: float32 (256,), the looks of the character.
        own: int, its row, or -1.
        frames: list of float32 (4,), where its parts lie.
    """

    def __init__(self, index: PartIndex, vector: np.ndarray, own: int, frames: Sequence[np.ndarray]):
        self.index, self.vector, self.own, self.frames = index, vector, own, frames

    def box(self, place: Place) -> np.ndarray:
        """float32 (4,): the box of a place in the character."""
        return np.array(box_of(place, tuple(self.frames[place[0][1]].tolist())), np.float32)

    def part(self, part: Description, place: Place) -> Candidates:
        """Those of a part: in place, then the best that have to be moved, then in turns others and those of pieces."""
        pieces = [
            self.in_place(piece, piece_place, MOST_OF_PIECES)
            for piece, piece_place in _pieces(part, place)
            if piece.part is not None
        ]
        moved = self.moved(part, place)
        first, others = moved.take(np.arange(len(moved))[:MOVED_FIRST]), moved.take(np.arange(len(moved))[MOVED_FIRST:])
        return _first([self.in_place(part, place, MOST_IN_PLACE), first, _in_turns([*pieces, others])])

    def in_place(self, part: Description, place: Place, most: int) -> Candidates:
        """At most ``most`` characters with the part at that place, the most alike first."""
        rows = self.index.at_place(place, part.part)
        rows = rows[rows != self.own]
        distances = self.index.distances(self.vector, rows)
        order = np.argsort(distances, kind="stable")[:most]
        box = self.box(place)
        return _rows(rows[order], Match.IN_PLACE, len(place), distances[order], box, box)

    def moved(self, part: Description, place: Place) -> Candidates:
        """Characters with the part elsewhere: those first in which it has nearly the same shape."""
        rows, place_numbers = self.index.anywhere(part.part)
        others = (rows != self.own) & (place_numbers != self.index.place_number(place))
        rows, place_numbers = rows[others], place_numbers[others]
        target, boxes = self.box(place), self.index.boxes_in(rows, place_numbers)
        stretch = np.abs(np.log(_sides(target) / _sides(boxes))).sum(1)  # (k,)
        if len(rows) > MOST_MOVED_COMPARED:  # of the best shape alone: to compare looks costs more
            best = np.sort(np.argpartition(stretch, MOST_MOVED_COMPARED)[:MOST_MOVED_COMPARED])
            rows, place_numbers, stretch, boxes = rows[best], place_numbers[best], stretch[best], boxes[best]
        distances = self.index.distances(self.vector, rows)
        order = np.argsort(distances + STRETCH * stretch, kind="stable")[:MOST_MOVED]
        matches = np.where(place_numbers[order] == 0, Match.ALONE, Match.MOVED)
        return _rows(rows[order], matches, len(place), distances[order], boxes[order], target)

    def style(self, lists: Sequence[Candidates]) -> Candidates:
        """Those that look most like the whole, among the candidates of the parts and a spread of all others."""
        rows = [_spread(self.index.present, FOR_STYLE), *(each.characters for each in lists)]
        unique = np.unique(np.concatenate(rows))
        unique = unique[unique != self.own]
        distances = self.index.distances(self.vector, unique)
        order = np.argsort(distances, kind="stable")[:MOST_FOR_STYLE]
        return _rows(unique[order], Match.STYLE, 0, distances[order], self.index.boxes[0], self.index.boxes[0])


def _pieces(part: Description, place: Place) -> Iterator[tuple[Description, Place]]:
    """The parts of a part with their places; of those without a name the parts of these, too."""
    if part.operator is None or len(place) >= DEEPEST:
        return
    for number, piece in enumerate(part.parts):
        below = (*place, (part.operator, number))
        yield piece, below
        if piece.part is None:
            yield from _pieces(piece, below)


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of ``rows``, evenly spread."""
    return rows if len(rows) <= count else rows[np.linspace(0, len(rows) - 1, count).astype(int)]


def _sides(boxes: np.ndarray) -> np.ndarray:
    """(height, width) of boxes (..., 4): float32 (..., 2)."""
    return boxes[..., 2:] - boxes[..., :2]


def _rows(
    characters: np.ndarray, matches: Any, level: int, distances: np.ndarray, sources: np.ndarray, targets: np.ndarray
) -> Candidates:
    count = len(characters)
    likeness = np.round(255 * np.clip(1 - distances / FARTHEST, 0, 1)).astype(np.uint8)
    return Candidates(
        characters.astype(np.int32),
        np.broadcast_to(np.asarray(matches, np.uint8), count),
        np.full(count, level, np.uint8),
        likeness,
        np.broadcast_to(sources, (count, 4)),
        np.broadcast_to(targets, (count, 4)),
    )


def _in_turns(groups: Sequence[Candidates]) -> Candidates:
    """The candidates of several lists: the first of each, then the second of each, and so on."""
    joined = Candidates.joined(groups)
    return joined.take(np.argsort(np.concatenate([np.arange(len(group)) for group in groups]), kind="stable"))


def _first(groups: Sequence[Candidates]) -> Candidates:
    """The lists one after the other, each character once, at most ``MOST``."""
    joined = Candidates.joined(groups)
    _, first = np.unique(joined.characters, return_index=True)
    return joined.take(np.sort(first)[:MOST])
