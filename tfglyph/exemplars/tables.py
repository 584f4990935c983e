"""The candidates of all characters of a training set, found beforehand."""

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


def candidate_table(characters: str) -> CandidateTable:
    """The candidates of many characters among themselves; made once, on all cores, and kept in the cache.

    Args:
        characters: str of c characters, all of them in ``PartIndex.characters``.

    Returns:
        CandidateTable whose row i is for ``characters[i]``, and whose entries are rows of ``PartIndex.characters``.
    """
    arrays = cached_arrays("exemplar-candidates", [str(VERSION), characters], partial(_make_table, characters))
    return CandidateTable(arrays["characters"], arrays["kinds"], arrays["sources"])


def _make_table(characters: str) -> dict[str, np.ndarray]:
    parts = chunks(characters, 256)
    made = parallel_map(
        partial(_lists, characters=characters), parts, len(parts), "finding exemplars", most_in_process=1
    )
    tables = list(made)
    return {
        name: np.concatenate([getattr(table, name) for table in tables]) for name in ("characters", "kinds", "sources")
    }


def _lists(some: str, characters: str) -> CandidateTable:
    index = part_index()
    present = np.zeros(len(index.characters), bool)
    present[[index.rows[character] for character in characters]] = True
    subset = index.subset(present)
    lists = [candidates(subset, describe(character)) for character in some]
    return CandidateTable.of(lists, MOST_PARTS, MOST_CANDIDATES)
