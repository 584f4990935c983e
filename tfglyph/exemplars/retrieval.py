"""Retrieval: from a font and descriptions to the exemplars that a model draws from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.composition.descriptions import Description
from tfglyph.datasets.pack import pack
from tfglyph.exemplars.alignment import align, enlarge
from tfglyph.exemplars.candidates import Candidates, candidates
from tfglyph.exemplars.choosing import CONTENT, choose, stack
from tfglyph.exemplars.kinds import COLUMNS, Match
from tfglyph.exemplars.part_index import part_index
from tfglyph.exemplars.sources import GlyphSource

CHUNK = 256  # exemplars that are moved at once


@dataclass(frozen=True)
class Retrieved:
    """The exemplars of n drawings.

    Attributes:
        exemplars: uint8 (n, k, h, w, c), each in its place.
        kinds: int32 (n, k, COLUMNS).
        characters: list of n lists of str: the character of each slot that is filled, in order.
        missing: list of n lists of str: the parts of which the font shows nothing.
        moved: list of n lists of str: those that it shows in other places alone, or only parts of them.
    """

    exemplars: np.ndarray
    kinds: np.ndarray
    characters: list[list[str]]
    missing: list[list[str]]
    moved: list[list[str]]

    @property
    def with_content(self) -> np.ndarray:
        """bool (n,): where the character itself, as TW-Kai draws it, is among the exemplars."""
        found: np.ndarray = (self.kinds[..., 0] == Match.CONTENT).any(-1)
        return found


class Retrieval:
    """Finds exemplars in one font. The character itself is never among them.

    Args:
        source: GlyphSource.
        section: Exemplars, of the model's architecture.
        shape: (h, w, c) of the model's images.
        without: str, characters that are not to be used.
    """

    def __init__(self, source: GlyphSource, section: Exemplars, shape: tuple[int, int, int], without: str = ""):
        self.source, self.section, self.shape = source, section, shape
        self._all = part_index()
        present = np.zeros(len(self._all.characters), bool)
        present[[self._all.rows[character] for character in set(source.characters).difference(without)]] = True
        self.index = self._all.subset(present)
        self._glyphs: dict[int, np.ndarray] = {}

    def find(
        self, trees: Sequence[Description], per_part: int | None = None, skip: int = 0, content: bool = False
    ) -> Retrieved:
        """The exemplars of some characters.

        Args:
            trees: list of n Description, resolved.
            per_part: int, exemplars of each part; None: as many as the model's slots hold.
            skip: int, how many sets of the best to leave out, for variants.
            content: bool, whether the character itself, as TW-Kai draws it, is among them where there is one.

        Returns:
            Retrieved, with k = ``section.slots`` times ``section.drawing_sets``.
        """
        section = self.section
        chosen, missing, moved, count = [], [], [], section.slots * section.drawing_sets
        for tree in trees:
            lists = candidates(self.index, tree)
            of_parts = list(zip(map(str, tree.parts), lists, strict=False))
            missing.append([part for part, each in of_parts if not len(each)])
            moved.append([part for part, each in of_parts if len(each) and not each.in_place.any()])
            sets = [
                choose(lists, section.sizes, per_part, skip * section.drawing_sets + number)
                for number in range(section.drawing_sets)
            ]
            columns = [column + number * section.slots for number, (_, column) in enumerate(sets)]
            chosen.append((Candidates.joined([found for found, _ in sets]), np.concatenate(columns)))
        slots = stack(chosen, count)
        exemplars = self._aligned(slots.characters, slots.kinds, slots.sources)
        characters = [[self._all.characters[row] for row in each.characters] for each, _ in chosen]
        found = Retrieved(exemplars, slots.kinds, characters, missing, moved)
        return self.add_content(found, trees) if content else found

    def add_content(self, found: Retrieved, trees: Sequence[Description]) -> Retrieved:
        """The same exemplars, and each character itself, as TW-Kai draws it, where there is a picture of it."""
        exemplars, kinds = found.exemplars.copy(), found.kinds.copy()
        for last in range(self.section.slots - 1, exemplars.shape[1], self.section.slots):
            self._add_content(trees, exemplars[:, last], kinds[:, last])
        return replace(found, exemplars=exemplars, kinds=kinds)

    def glyph(self, row: int) -> np.ndarray:
        """The font's glyph of a character, by its row in the part index: uint8 (h, w, c)."""
        if row not in self._glyphs:
            self._glyphs[row] = self.source.glyph(self._all.characters[row], self.shape)
        return self._glyphs[row]

    def _aligned(self, characters: np.ndarray, kinds: np.ndarray, sources: np.ndarray) -> np.ndarray:
        flat, flat_kinds = characters.reshape(-1), kinds.reshape(-1, COLUMNS)
        images = np.zeros((len(flat), *self.shape), np.uint8)
        for position in np.flatnonzero(flat >= 0):
            images[position] = self.glyph(int(flat[position]))
        moved = np.flatnonzero(np.isin(flat_kinds[:, 0], (Match.MOVED, Match.ALONE)))
        for start in range(0, len(moved), CHUNK):
            rows = moved[start : start + CHUNK]
            images[rows] = align(
                tf.constant(images[rows]), tf.constant(flat_kinds[rows]), tf.constant(sources.reshape(-1, 4)[rows])
            ).numpy()
        return images.reshape(*characters.shape, *self.shape)

    def _add_content(self, trees: Sequence[Description], exemplars: np.ndarray, kinds: np.ndarray) -> None:
        known, pictures = pack()
        rows = {character: row for row, character in enumerate(known)}
        for number, tree in enumerate(trees):
            row = rows.get(tree.part or "")
            if row is not None:
                enlarged = enlarge(tf.constant(pictures[row][None, ..., None]), self.shape[:2]).numpy()[0]
                exemplars[number], kinds[number] = enlarged, CONTENT
