"""Which characters have a part, and where: the decomposition table turned around.

Also how alike two characters look. No font is asked for that but the one that comes with the package (TW-Kai at
32x32): each character has a vector, its glyph at 16x16, and a description that no character has gets one put together
from the glyphs that share its parts.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from tfglyph.composition import places
from tfglyph.composition.descriptions import Description
from tfglyph.composition.places import Place
from tfglyph.composition.table import DEEPEST, packed, table
from tfglyph.datasets.pack import PACK, pack
from tfglyph.exemplars.frames import MOST_PARTS, Boxes, all_frames, expected_frames, measure
from tfglyph.files import cached_arrays, digest

VERSION = 2
SIDE = 16  # of the vectors that compare characters
DIMENSIONS = SIDE * SIDE
BLURRED = 0.1
LEAST_GLYPHS = 2  # glyphs with a part at a place of which a mean is made


@dataclass(frozen=True)
class Occurrences:
    """Rows of (character, place, part), sorted so that equal keys are together.

    Attributes:
        keys: int64 (m,), ascending.
        characters: int32 (m,), rows of ``PartIndex.characters``.
        places: int32 (m,), rows of ``PartIndex.places``.
    """

    keys: np.ndarray
    characters: np.ndarray
    places: np.ndarray

    def subset(self, present: np.ndarray) -> "Occurrences":
        """Those of the characters for which ``present``, bool (n,), is True."""
        kept = present[self.characters]
        return Occurrences(self.keys[kept], self.characters[kept], self.places[kept])

    def find(self, key: int) -> tuple[np.ndarray, np.ndarray]:
        """(characters, places), int32 (k,) each, of a key."""
        first, end = np.searchsorted(self.keys, [key, key + 1])
        return self.characters[first:end], self.places[first:end]


class PartIndex:
    """The index over all characters of the decomposition table.

    Attributes:
        characters: list of n str.
        rows: dict from character to its row.
        parts: dict from the name of a part to its number.
        places: list of Place.
        boxes: float32 (places, 4), the usual (top, left, bottom, right) of each place.
        frames: float32 (n, 3, 4), the boxes in which the parts of each character lie; see ``tfglyph.exemplars.frames``.
        vectors: uint8 (n, 256), the looks of each character; see ``looks``.
        present: int32 (k,), ascending: the rows that are found; all of them but in a ``subset``.
    """

    def __init__(
        self,
        characters: list[str],
        part_names: list[str],
        place_list: list[Place],
        occurrences: np.ndarray,
        vectors: np.ndarray,
        frames: np.ndarray,
        medians: tuple[Boxes, Boxes],
    ):
        self.characters: list[str] = characters
        self.rows: dict[str, int] = {character: row for row, character in enumerate(characters)}
        self.parts: dict[str, int] = {name: number for number, name in enumerate(part_names)}
        self.places: list[Place] = place_list
        self.boxes: np.ndarray = np.array([places.box_of(place) for place in place_list], np.float32)
        self.vectors: np.ndarray = vectors
        self.frames: np.ndarray = frames
        self._medians = medians
        # Of each place: which part of the character it lies in, and where in that part.
        self._first = np.array([place[0][1] if place else 0 for place in place_list])
        self._below = np.array([places.box_of(place[1:]) for place in place_list], np.float32)
        self._place_numbers = {place: number for number, place in enumerate(place_list)}
        character, place, part = occurrences.T.astype(np.int64)
        in_place = place * len(part_names) + part
        self._in_place = _sorted(in_place, character, place)
        self._anywhere = _sorted(part, character, place)
        self.present: np.ndarray = np.arange(len(characters), dtype=np.int32)

    def subset(self, present: np.ndarray) -> "PartIndex":
        """The index of some characters alone, such as those of a font; rows keep their numbers.

        Args:
            present: bool (n,), True for the characters that may be found.
        """
        smaller = copy.copy(self)
        smaller.present = np.flatnonzero(present).astype(np.int32)
        smaller._in_place, smaller._anywhere = self._in_place.subset(present), self._anywhere.subset(present)
        return smaller

    def looks(self, rows: np.ndarray | int) -> np.ndarray:
        """float32 (..., 256) in [0, 1]: the vectors of some characters; of all, that takes long."""
        return self.vectors[rows].astype(np.float32) / 255

    def place_number(self, place: Place) -> int | None:
        """The row of a place in ``places``; None where no character has a part there."""
        return self._place_numbers.get(place)

    def frames_of(self, tree: Description) -> list[np.ndarray]:
        """The boxes in which the parts of a tree lie, measured or expected: list of float32 (4,)."""
        row = self.rows.get(tree.part or "")
        if row is not None and self.frames[row, : len(tree.parts)].any() and len(tree.parts) <= MOST_PARTS:
            return list(self.frames[row, : len(tree.parts)])
        return expected_frames(tree, *self._medians)

    def boxes_in(self, rows: np.ndarray, place_numbers: np.ndarray) -> np.ndarray:
        """The boxes of places in characters that have parts there.

        Args:
            rows: int (k,).
            place_numbers: int (k,).

        Returns:
            float32 (k, 4).
        """
        frames, below = self.frames[rows, self._first[place_numbers]], self._below[place_numbers]
        corner, sides = np.tile(frames[:, :2], 2), np.tile(frames[:, 2:] - frames[:, :2], 2)
        is_measured = (place_numbers > 0) & frames.any(1)
        return np.where(is_measured[:, None], corner + below * sides, self.boxes[place_numbers]).astype(np.float32)

    def at_place(self, place: Place, part: str | None) -> np.ndarray:
        """int32 (k,): the characters that have ``part`` at ``place``."""
        number, part_number = self._place_numbers.get(place), self.parts.get(part or "")
        if number is None or part_number is None:
            return np.zeros(0, np.int32)
        return self._in_place.find(number * len(self.parts) + part_number)[0]

    def anywhere(self, part: str | None) -> tuple[np.ndarray, np.ndarray]:
        """(characters, places), int32 (k,) each: where ``part`` occurs, as a character alone (place 0) too."""
        part_number = self.parts.get(part or "")
        if part_number is None:
            return np.zeros(0, np.int32), np.zeros(0, np.int32)
        return self._anywhere.find(part_number)

    def vector(self, tree: Description) -> np.ndarray:
        """The looks of what a tree describes: the character's, or put together from the parts.

        Args:
            tree: Description, resolved.

        Returns:
            float32 (256,) in [0, 1].
        """
        row = self.rows.get(tree.part or "")
        if row is not None:
            return self.looks(row)
        means = []
        for number, part in enumerate(tree.parts):
            rows = self.at_place(((tree.operator or "", number),), part.part)
            if len(rows) < LEAST_GLYPHS and part.operator is not None:
                below = [
                    self.at_place(((tree.operator or "", number), (part.operator, index)), piece.part)
                    for index, piece in enumerate(part.parts)
                ]
                means += [self.looks(some).mean(0) for some in below if len(some)]
            elif len(rows):
                means.append(self.looks(rows).mean(0))
        return put_together(means) if means else np.full(DIMENSIONS, self.vectors.mean() / 255, np.float32)

    def distances(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Root mean squared differences between a vector and those of characters: float32 (k,), mostly in [0, 1].

        Vectors that are put together are blurred, and what is blurred is near to everything: they count as farther.
        """
        looks = self.looks(rows)
        squares = np.einsum("nd,nd->n", looks, looks) - 2 * (looks @ vector) + vector @ vector
        return np.sqrt(np.maximum(squares, 0.0) / DIMENSIONS) + BLURRED * ~self._is_drawn[rows]

    @cached_property
    def _is_drawn(self) -> np.ndarray:
        """bool (n,): the characters whose vector is that of a glyph."""
        known = set(pack()[0])
        return np.array([character in known for character in self.characters])


def put_together(means: Sequence[np.ndarray]) -> np.ndarray:
    """A vector from the means of glyphs that each have one of the parts: their geometric mean.

    The mean of glyphs with 酉 on the left is sharp there and grey elsewhere; where each of several means is sharp in
    its own place, their product has all of the parts.

    Args:
        means: list of float32 (256,) in [0, 1].

    Returns:
        float32 (256,) in [0, 1].
    """
    logarithms = np.mean([np.log(np.maximum(mean, 1e-3)) for mean in means], axis=0)
    product = np.exp(logarithms)
    return (product / max(product.max(), 1e-3)).astype(np.float32)


def _sorted(keys: np.ndarray, characters: np.ndarray, place_numbers: np.ndarray) -> Occurrences:
    order = np.lexsort((place_numbers, characters, keys))
    return Occurrences(keys[order], characters[order].astype(np.int32), place_numbers[order].astype(np.int32))


@lru_cache(maxsize=1)
def part_index() -> PartIndex:
    """The index; made once (seconds) and kept in the cache.

    Returns:
        PartIndex.
    """
    with open(PACK, "rb") as file:
        depends_on: list[str | bytes | np.ndarray] = [str(VERSION), packed(), digest(file.read())]
    stored = cached_arrays("part-index", depends_on, _make)
    names = ["".join(stored["characters"]), "\n".join(stored["parts"])]
    place_list = [_read_place(text) for text in "".join(stored["places"]).split("\n")]
    frames = stored["frames"].astype(np.float32) / 255
    medians = tuple(_read_medians(stored, name) for name in ("own", "beside"))
    return PartIndex(
        list(names[0]),
        names[1].split("\n"),
        place_list,
        stored["occurrences"],
        stored["vectors"],
        frames,
        (medians[0], medians[1]),
    )


def _read_medians(stored: Mapping[str, np.ndarray], name: str) -> Boxes:
    keys = "".join(stored[f"{name}_keys"]).split("\n")
    boxes = stored[f"{name}_boxes"].astype(np.float32) / 255
    return {(key[0], int(key[1]), key[2:]): box for key, box in zip(keys, boxes, strict=True)}


def _make() -> dict[str, np.ndarray]:
    decompositions = table()
    characters = sorted(name for name in decompositions.known if len(name) == 1)
    part_names = sorted(decompositions.known)
    part_numbers = {name: number for number, name in enumerate(part_names)}
    place_numbers: dict[Place, int] = {(): 0}
    occurrences = []
    for row, character in enumerate(characters):
        for place, branch in places.places(decompositions.described(character, DEEPEST), DEEPEST):
            number = place_numbers.setdefault(place, len(place_numbers))
            occurrences.append((row, number, part_numbers[branch.part or ""]))
    triples = np.array(occurrences, np.int32)
    trees = [decompositions.described(character, 1) for character in characters]
    measured, *medians = measure(dict(zip(characters, trees, strict=True)), dict(zip(*pack(), strict=True)))
    of_medians = {}
    for name, boxes in zip(("own", "beside"), medians, strict=True):
        of_medians[f"{name}_keys"] = np.array(["\n".join(f"{key[0]}{key[1]}{key[2]}" for key in boxes)])
        of_medians[f"{name}_boxes"] = np.round(np.stack(list(boxes.values())) * 255).astype(np.uint8)
    return {
        "frames": np.round(all_frames(trees, measured, *medians) * 255).astype(np.uint8),
        **of_medians,
        "characters": np.array(["".join(characters)]),
        "parts": np.array(["\n".join(part_names)]),
        "places": np.array(["\n".join(map(_write_place, place_numbers))]),
        "occurrences": triples,
        "vectors": np.round(_vectors(characters, triples, list(place_numbers)) * 255).astype(np.uint8),
    }


def _vectors(characters: Sequence[str], occurrences: np.ndarray, place_list: Sequence[Place]) -> np.ndarray:
    """float32 (n, 256): the glyph of each character that the package has, and for the others what their parts give."""
    known, images = pack()
    pooled = images.reshape(-1, SIDE, 2, SIDE, 2).mean((2, 4), dtype=np.float32) / 255  # (m, 16, 16)
    rows_of = {character: row for row, character in enumerate(characters)}
    vectors = np.zeros((len(characters), DIMENSIONS), np.float32)
    drawn = np.zeros(len(characters), bool)
    for character, image in zip(known, pooled, strict=True):
        row = rows_of.get(character)
        if row is not None:
            vectors[row], drawn[row] = image.reshape(-1), True
    # The mean of each (place one level down, part), over the characters that are drawn.
    top = np.array([len(place) == 1 for place in place_list])
    rows, place_numbers, parts = occurrences[top[occurrences[:, 1]]].T.astype(np.int64)
    keys, inverse = np.unique(place_numbers * (parts.max(initial=0) + 1) + parts, return_inverse=True)
    sums, counts = np.zeros((len(keys), DIMENSIONS), np.float32), np.zeros(len(keys), np.int64)
    of_drawn = drawn[rows]
    np.add.at(sums, inverse[of_drawn], vectors[rows[of_drawn]])
    np.add.at(counts, inverse[of_drawn], 1)
    order = np.argsort(rows, kind="stable")
    bounds = np.searchsorted(rows[order], np.arange(len(characters) + 1))
    overall = vectors[drawn].mean(0)
    for row in np.flatnonzero(~drawn).tolist():
        groups = inverse[order[bounds[row] : bounds[row + 1]]]
        means = [sums[group] / counts[group] for group in groups if counts[group]]
        vectors[row] = put_together(means) if means else overall
    return vectors


def _write_place(place: Place) -> str:
    return "".join(f"{operator}{number}" for operator, number in place)


def _read_place(text: str) -> Place:
    return tuple((text[index], int(text[index + 1])) for index in range(0, len(text), 2))
