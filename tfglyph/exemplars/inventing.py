"""Descriptions of characters that do not exist: the halves of two that a font has, put together anew."""

import numpy as np

from tfglyph.composition import parse
from tfglyph.composition.descriptions import Description
from tfglyph.composition.table import table
from tfglyph.errors import UsageError
from tfglyph.exemplars.part_index import PartIndex

ATTEMPTS = 200  # pairs of characters that are tried for one description


def invent(index: PartIndex, count: int, seed: int = 0) -> list[str]:
    """Descriptions whose first part is one character's and whose other part another's, under the same operator.

    Args:
        index: PartIndex, the ``subset`` of a font: both characters are the font's, so both parts are in place there.
        count: int.
        seed: int; description i depends on the seed, i and the font alone.

    Returns:
        list of count str, such as ``⿰酉交``; none of them is a character of the table.

    Raises:
        UsageError: the font has too few characters of two parts.
    """
    decompositions = table()
    by_operator: dict[str, list[tuple[str, str]]] = {}
    for row in index.present:
        operator, parts = decompositions.spelled.get(index.characters[row], ("", ()))
        if len(parts) == 2 and operator not in ("", "⿻"):
            by_operator.setdefault(operator, []).append((parts[0], parts[1]))
    pairs = [(operator, found) for operator, found in sorted(by_operator.items()) if len(found) > 1]
    if not pairs:
        raise UsageError("the font has too few characters of two parts to put new ones together")
    weights = np.array([len(found) for _, found in pairs], float)
    texts = []
    for number in range(count):
        random = np.random.default_rng([seed, number])
        for _ in range(ATTEMPTS):
            operator, found = pairs[random.choice(len(pairs), p=weights / weights.sum())]
            first, other = random.integers(len(found), size=2)
            text = operator + found[first][0] + found[other][1]
            if first != other and _is_new(text):
                texts.append(text)
                break
        else:
            raise UsageError("the font has too few characters of two parts to put new ones together")
    return texts


def _is_new(text: str) -> bool:
    tree: Description = table().named(parse(text, table().known))
    return tree.part is None
