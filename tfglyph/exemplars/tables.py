"""The candidates of all characters of a training set, found beforehand."""

import dataclasses
from functools import partial

import numpy as np

from tfglyph.composition import describe
from tfglyph.datasets.preparing import chunks, parallel_map
from tfglyph.exemplars.candidates import candidates
from tfglyph.exemplars.choosing import CandidateTable
from tfglyph.exemplars.part_index import part_index
from tfglyph.files import cached_arrays

VERSION = 2
MOST_PARTS = 3
MOST_CANDIDATES = 64
ELSEWHERE = 24  # of these


def candidate_table(characters: str, elsewhere: bool = False) -> CandidateTable:
    """The candidates of many characters among themselves; made once, on all cores, and kept in the cache.

    Args:
        characters: str of c characters, all of them in ``PartIndex.characters``.
        elsewhere: bool, whether each list keeps places for candidates that do not have the part in its place.

    Returns:
        CandidateTable whose row i is for ``characters[i]``, and whose entries are rows of ``PartIndex.characters``.
    """
    reserved = ELSEWHERE if elsewhere else 0
    depends_on: list[str | bytes | np.ndarray] = [str(VERSION), characters]
    if reserved:
        depends_on.append(str(reserved))
    arrays = cached_arrays("exemplar-candidates", depends_on, partial(_make_table, characters, reserved))
    return CandidateTable(**arrays)


def _make_table(characters: str, reserved: int) -> dict[str, np.ndarray]:
    parts = chunks(characters, 256)
    made = parallel_map(
        partial(_lists, characters=characters, reserved=reserved),
        parts,
        len(parts),
        "finding exemplars",
        most_in_process=1,
    )
    tables = [dataclasses.asdict(table) for table in made]
    return {
        name: np.concatenate([table[name] for table in tables]) for name in tables[0] if tables[0][name] is not None
    }


def _lists(some: str, characters: str, reserved: int) -> CandidateTable:
    index = part_index()
    present = np.zeros(len(index.characters), bool)
    present[[index.rows[character] for character in characters]] = True
    subset = index.subset(present)
    trees = [describe(character) for character in some]
    lists = [candidates(subset, tree) for tree in trees]
    table = CandidateTable.of(lists, MOST_PARTS, MOST_CANDIDATES, reserved)
    if not reserved:
        return table
    shown = np.zeros(table.characters[:, -1].shape, np.uint8)
    for row, tree in enumerate(trees):
        for number, part in enumerate(tree.parts[:MOST_PARTS]):
            in_place = subset.at_place(((tree.operator or "", number),), part.part)
            shown[row] |= np.isin(table.characters[row, -1], in_place).astype(np.uint8) << number
    return dataclasses.replace(table, shown=shown)
