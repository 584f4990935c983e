"""From candidates to the slots of a model's input."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfglyph.exemplars.candidates import Candidates
from tfglyph.exemplars.kinds import COLUMNS, SCALE, Match


@dataclass(frozen=True)
class Slots:
    """The exemplars of some drawings.

    Attributes:
        characters: int32 (n, k), rows of ``PartIndex.characters``; -1 for an empty slot.
        kinds: int32 (n, k, COLUMNS).
        sources: float32 (n, k, 4), where in each exemplar the part is.
    """

    characters: np.ndarray
    kinds: np.ndarray
    sources: np.ndarray


def kinds_of(candidates: Candidates) -> np.ndarray:
    """int32 (k, COLUMNS) of k candidates."""
    boxes = np.round(candidates.targets * SCALE).astype(np.int32)
    columns = [candidates.matches, candidates.levels, candidates.likeness]
    return np.concatenate([np.stack(columns, 1).astype(np.int32), boxes], 1)  # (k, COLUMNS)


def choose(
    lists: Sequence[Candidates], sizes: Sequence[int], most: int | None = None, skip: int = 0
) -> tuple[Candidates, np.ndarray]:
    """The best of each list, each in the slot of its list and rank.

    Args:
        lists: list of Candidates, as ``candidates`` gives them for a font: the last is that for the style.
        sizes: sequence of int, slots of the lists of the parts, and of that of the style last.
        most: int, the most exemplars of each part; None: as many as there are slots.
        skip: int, which set to take of each part, 0 for the best; after the last whole set they begin again.

    Returns:
        (Candidates of m, int64 (m,): the slot of each).
    """
    chosen, columns, start = [], [], 0
    for each, size in zip(lists[:-1], sizes[:-1], strict=False):
        used = size if most is None else min(size, most)
        first = skip % max(len(each) // max(used, 1), 1) * used
        chosen.append(each.take(np.arange(first, min(first + used, len(each)))))
        columns.append(start + np.arange(len(chosen[-1])))
        start += size
    taken = set(np.concatenate([each.characters for each in chosen]).tolist()) if chosen else set()
    others = [row for row, character in enumerate(lists[-1].characters.tolist()) if character not in taken]
    chosen.append(lists[-1].take(np.array(others[: sizes[-1]], np.int64)))
    columns.append(sum(sizes[:-1]) + np.arange(len(chosen[-1])))
    return Candidates.joined(chosen), np.concatenate(columns)


def stack(chosen: Sequence[tuple[Candidates, np.ndarray]], count: int) -> Slots:
    """The slots of several drawings.

    Args:
        chosen: list of n pairs, the candidates and their slots, as ``choose`` gives them.
        count: int k, slots of each drawing.
    """
    characters = np.full((len(chosen), count), -1, np.int32)
    kinds = np.zeros((len(chosen), count, COLUMNS), np.int32)
    sources = np.zeros((len(chosen), count, 4), np.float32)
    for number, (each, columns) in enumerate(chosen):
        characters[number, columns] = each.characters
        kinds[number, columns] = kinds_of(each)
        sources[number, columns] = each.sources
    return Slots(characters, kinds, sources)


@dataclass(frozen=True)
class CandidateTable:
    """The candidate lists of many characters as arrays: what training draws from.

    Attributes:
        characters: int32 (c, p, m), candidates of p lists (the last for the style) of m entries; -1: none.
        kinds: uint8 (c, p, m, COLUMNS).
        sources: uint8 (c, p, m, 4), in 255ths of the side.
    """

    characters: np.ndarray
    kinds: np.ndarray
    sources: np.ndarray

    @classmethod
    def of(cls, lists: Sequence[Sequence[Candidates]], parts: int, most: int) -> "CandidateTable":
        """The table of c characters.

        Args:
            lists: for each character what ``candidates`` gives.
            parts: int, lists of parts that are kept; a character has at most three.
            most: int, entries of a list that are kept.
        """
        shape = (len(lists), parts + 1, most)
        characters = np.full(shape, -1, np.int32)
        kinds, sources = np.zeros((*shape, COLUMNS), np.uint8), np.zeros((*shape, 4), np.uint8)
        for row, (*of_parts, style) in enumerate(lists):
            for column, each in [*enumerate(of_parts[:parts]), (parts, style)]:
                used = min(len(each), most)
                characters[row, column, :used] = each.characters[:used]
                kinds[row, column, :used] = kinds_of(each)[:used]
                sources[row, column, :used] = np.round(each.sources[:used] * SCALE)
        return cls(characters, kinds, sources)


def draw_slots(
    table: CandidateTable,
    rows: np.ndarray,
    available: np.ndarray,
    sizes: Sequence[int],
    random: np.random.Generator,
    best: float = 0.3,
) -> tuple[Slots, np.ndarray]:
    """Random exemplars for training, missing as they will be missing in use.

    In some drawings each list gives its best exemplars, as many as it has slots; otherwise a random number of them, out
    of the best two and a half times as many (a model that always sees the nearest learns to copy it).

    Args:
        table: CandidateTable.
        rows: int64 (n,), the characters to draw.
        available: bool (n, p, m), which candidates there are for each drawing.
        sizes: sequence of p int, how many slots each list has, one list after the other; one more slot, the content's,
            stays empty.
        random: numpy generator.
        best: float, the probability of the former.

    Returns:
        (Slots, int64 (n, k): the position of each slot's candidate in the flattened lists).
    """
    number, lists, most = available.shape
    position = np.cumsum(available, -1) - 1  # (n, p, m): how many better ones there are
    limits = np.array(sizes)
    least = np.minimum(limits, 1) * (np.arange(lists) < lists - 1)  # of the style there may be none
    is_best: np.ndarray = random.random((number, 1)) < best
    taken = np.where(is_best, limits, random.integers(least, limits + 1, size=(number, lists)))  # (n, p)
    taken[:, :-1] *= random.random((number, lists - 1)) >= 0.05  # a part now and then has none
    spread = np.where(is_best, 0.0, 1.5)[..., None] * taken[..., None]
    score = position + spread * random.random(available.shape, np.float32)  # (n, p, m)
    score = np.where(available & (position < 2.5 * taken[..., None]), score, np.inf)
    order = np.argsort(score, -1)[..., : max(limits)]  # (n, p, j)
    usable = np.isfinite(np.take_along_axis(score, order, -1)) & (np.arange(order.shape[-1]) < taken[..., None])
    flat = order + most * np.arange(lists)[:, None]
    flat, usable = (
        np.concatenate([each[:, row, :size] for row, size in enumerate(sizes)], 1) for each in (flat, usable)
    )
    flat, usable = (np.pad(each, [(0, 0), (0, 1)]) for each in (flat, usable))  # (n, k)
    chosen = (rows[:, None], flat // most, flat % most)
    # A character that two lists have is taken once.
    same = table.characters[chosen][:, :, None] == table.characters[chosen][:, None, :]  # (n, k, k)
    usable &= ~(same & usable[:, None, :] & np.tri(flat.shape[1], k=-1, dtype=bool)).any(-1)
    characters = np.where(usable, table.characters[chosen], -1)
    kinds = np.where(usable[..., None], table.kinds[chosen], 0).astype(np.int32)
    sources = np.where(usable[..., None], table.sources[chosen], 0).astype(np.float32) / SCALE
    return Slots(characters.astype(np.int32), kinds, sources), flat


CONTENT = np.array([Match.CONTENT, 0, SCALE, 0, 0, SCALE, SCALE], np.int32)
"""The kinds of a content glyph."""
