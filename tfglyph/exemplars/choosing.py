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


def choose(lists: Sequence[Candidates], per_part: int, style: int, skip: int = 0) -> Candidates:
    """The best of each list.

    Args:
        lists: list of Candidates, as ``candidates`` gives them for a font: the last is that for the style.
        per_part: int, exemplars of each part.
        style: int, exemplars of the style; where a part has fewer than ``per_part``, more take their place.
        skip: int, which set of ``per_part`` to take, 0 for the best; after the last whole set they begin again.

    Returns:
        Candidates, at most per_part * parts + style of them.
    """
    chosen, missing = [], 0
    for each in lists[:-1]:
        first = skip % max(len(each) // per_part, 1) * per_part if per_part else 0
        chosen.append(each.take(np.arange(first, min(first + per_part, len(each)))))
        missing += per_part - len(chosen[-1])
    taken = set(np.concatenate([each.characters for each in chosen]).tolist()) if chosen else set()
    others = [row for row, character in enumerate(lists[-1].characters.tolist()) if character not in taken]
    return Candidates.joined([*chosen, lists[-1].take(np.array(others[: style + min(missing, per_part)], np.int64))])


def choose_in_columns(
    lists: Sequence[Candidates], sizes: Sequence[int], most: int | None = None, skip: int = 0
) -> tuple[Candidates, np.ndarray]:
    """The best of each list, each in the slot of its list and rank.

    Args:
        lists: list of Candidates, as ``choose`` takes them.
        sizes: sequence of int, slots of the lists of the parts, and of that of the style last.
        most: int, the most exemplars of each part; None: as many as there are slots.
        skip: int, as in ``choose``.

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


def stack(chosen: Sequence[Candidates], count: int | None = None, columns: Sequence[np.ndarray] | None = None) -> Slots:
    """The slots of several drawings, side by side.

    Args:
        chosen: list of n Candidates.
        count: int k, slots of each; None: as many as the longest needs, at least one.
        columns: list of n int arrays, the slot of each candidate; None: one after the other.
    """
    most = max((len(each) for each in chosen), default=0)
    count = max(most, 1) if count is None else count
    characters = np.full((len(chosen), count), -1, np.int32)
    kinds = np.zeros((len(chosen), count, COLUMNS), np.int32)
    sources = np.zeros((len(chosen), count, 4), np.float32)
    for number, each in enumerate(chosen):
        used = slice(min(len(each), count)) if columns is None else columns[number]
        characters[number, used] = each.characters[:count]
        kinds[number, used] = kinds_of(each)[:count]
        sources[number, used] = each.sources[:count]
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
    count: int,
    per_part: int,
    style: int,
    random: np.random.Generator,
    sizes: Sequence[int] | None = None,
) -> tuple[Slots, np.ndarray]:
    """Random exemplars for training, missing as they will be missing in use.

    Of each list a random number of exemplars is taken; in three of ten drawings the best ones, otherwise some of the
    best two and a half times as many (a model that always sees the nearest learns to copy it).

    Args:
        table: CandidateTable.
        rows: int64 (n,), the characters to draw.
        available: bool (n, p, m), which candidates there are for each drawing.
        count: int k, slots.
        per_part: int, the most exemplars of a part.
        style: int, the most exemplars of the style.
        random: numpy generator.
        sizes: sequence of p int, how many slots each list has, one list after the other; what is left of the ``count``
            slots stays empty. None: the exemplars come one after the other.

    Returns:
        (Slots, int64 (n, k): the position of each slot's candidate in the flattened lists).
    """
    number, lists, most = available.shape
    position = np.cumsum(available, -1) - 1  # (n, p, m): how many better ones there are
    limits = np.full(lists, per_part)
    limits[-1] = style
    if sizes is not None:
        limits = np.minimum(limits, sizes)
    taken = random.integers(1, np.maximum(limits, 1) + 1, size=(number, lists))  # (n, p)
    taken[:, -1] = random.integers(0, style + 1, size=number)
    taken[:, :-1] *= random.random((number, lists - 1)) >= 0.05  # a part now and then has none
    is_best = random.random(number) < 0.3
    if sizes is not None:  # in use every slot is filled for which there is an exemplar
        taken = np.where(is_best[:, None] & (taken > 0), limits, taken)
    spread = np.where(is_best, 0.0, 1.5)[:, None, None] * taken[..., None]
    score = position + spread * random.random(available.shape, np.float32)  # (n, p, m)
    score = np.where(available & (position < 2.5 * taken[..., None]), score, np.inf)
    order = np.argsort(score, -1)[..., : max(per_part, style)]  # (n, p, j)
    usable = np.isfinite(np.take_along_axis(score, order, -1)) & (np.arange(order.shape[-1]) < taken[..., None])
    flat = order + most * np.arange(lists)[:, None]
    if sizes is None:
        # The first of each list before the second of any, should there be more than slots.
        flat, usable = (each.transpose(0, 2, 1).reshape(number, -1) for each in (flat, usable))
        first = np.argsort(~usable, -1, kind="stable")[:, :count]
        flat, usable = np.take_along_axis(flat, first, 1), np.take_along_axis(usable, first, 1)  # (n, k)
    else:
        flat, usable = (
            np.concatenate([each[:, row, :size] for row, size in enumerate(sizes)], 1) for each in (flat, usable)
        )
        flat, usable = (np.pad(each, [(0, 0), (0, count - each.shape[1])]) for each in (flat, usable))  # (n, k)
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
