"""Composition, measured: characters that were never trained on, generated from their descriptions.

    group = groups(training, held_out)["held-out"]
    result = measure(model, all_glyphs, group, seed=0)
    result.ranks < 1                     # where the nearest real glyph of all is the right one

The group "held-out" has the characters each of whose parts stands at the same position of at least ``MIN_OCCURRENCES``
training characters. Characters with an enclosing part are a group of their own, and so are descriptions of depth two,
in which a part that can be taken apart is given by its own parts alone.
"""

import dataclasses
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.ndimage import gaussian_filter

from tfglyph.composition import Description, Tokenizer, table, tokenizer
from tfglyph.composition.tokens import LENGTH
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.evaluation.neighbours import nearest, squared_distances
from tfglyph.evaluation.pixels import pixel_vectors

MIN_OCCURRENCES = 8
BLUR = 1 / 32  # of the side: the standard deviation of the blur that forgives a stroke half its width
MAX_CHARACTERS = 600  # of a group
ENCLOSURES = "⿴⿵⿶⿷⿸⿹⿺"


class PartModel(Protocol):
    """As much of a GlyphModel as measuring composition needs; it is conditioned on parts."""

    architecture: Any

    def sample_pairs(self, pairs: Any, **options: Any) -> np.ndarray: ...


# === Groups of characters ===


@dataclasses.dataclass(frozen=True)
class Group:
    """Characters to generate, and the model's conditioning input for each.

    Attributes:
        name: str.
        characters: list of n str.
        tokens: int32 (n, length).
    """

    name: str
    characters: list[str]
    tokens: np.ndarray

    def subset(self, limit: int, seed: int) -> "Group":
        """At most ``limit`` of them, a choice that depends on ``seed`` alone."""
        if len(self.characters) <= limit:
            return self
        rows = np.sort(np.random.default_rng(seed).permutation(len(self.characters))[:limit])
        return Group(self.name, [self.characters[row] for row in rows], self.tokens[rows])


def groups(training: Glyphs, held_out: Glyphs, parts: str = "parts-1") -> dict[str, Group]:
    """The characters that a model can be asked for, sorted by how hard they are.

    Args:
        training, held_out: Glyphs with characters.
        parts: str, the list of parts that the model's tokens come from.

    Returns:
        dict from name to Group: "held-out", "depth two", "enclosures", "rarer parts" (all held out), "trained".
    """
    decompositions = table()
    trained_characters = dict.fromkeys(training.known_characters())
    occurrences: Counter[tuple[str, int, str]] = Counter()
    for operator, names in filter(None, map(decompositions.spelled.get, trained_characters)):
        occurrences.update((operator, position, part) for position, part in enumerate(names))

    lists: dict[str, list[str]] = {"held-out": [], "enclosures": [], "rarer parts": []}
    for character in dict.fromkeys(held_out.known_characters()):
        spelled = decompositions.spelled.get(character)
        if spelled is None:
            continue
        operator, names = spelled
        if operator in ENCLOSURES:
            name = "enclosures"
        elif all(occurrences[operator, i, part] >= MIN_OCCURRENCES for i, part in enumerate(names)):
            name = "held-out"
        else:
            name = "rarer parts"
        lists[name].append(character)
    lists["trained"] = [character for character in trained_characters if character in decompositions.spelled]

    trees = {name: [(each, decompositions.described(each)) for each in members] for name, members in lists.items()}
    trees["depth two"] = [
        (character, nameless) for character, tree in trees["held-out"] if (nameless := _without_names(tree)) != tree
    ]
    return {name: _group(name, described, tokenizer(parts)) for name, described in trees.items()}


def _group(name: str, described: Iterable[tuple[str, Description]], encoder: Tokenizer) -> Group:
    """The Group of (character, tree) pairs; those with a part that has no token are left out."""
    characters, tokens = [], []
    for character, tree in described:
        try:
            tokens.append(encoder.encode(tree, strict=True))
        except UsageError:  # a part that occurs nowhere else
            continue
        characters.append(character)
    return Group(name, characters, np.stack(tokens) if tokens else np.zeros((0, LENGTH), np.int32))


def _without_names(tree: Description) -> Description:
    """The same tree without the names of those of its parts that are taken apart."""
    parts = tuple(dataclasses.replace(part, part=None) if part.operator else part for part in tree.parts)
    return Description(tree.part, tree.operator, parts)


# === Characters that exist: the rank of the right glyph ===


@dataclasses.dataclass(frozen=True)
class CompositionRanks:
    """The images that a model generated for a Group, and how near they are to the right real glyphs.

    Attributes:
        images: uint8 (n, h, w, c).
        ranks: int64 (n,): how many real glyphs are nearer, by pixels, than the right one.
        blurred_ranks: int64 (n,): the same after both have been blurred (``BLUR``), so that a stroke half its width
            beside the real one costs little.
        nearest_rows: int64 (n,): the row of the nearest real glyph.
        target_rows: int64 (n,): the row of the right one.
        seconds: float, what generating them took.
    """

    images: np.ndarray
    ranks: np.ndarray
    blurred_ranks: np.ndarray
    nearest_rows: np.ndarray
    target_rows: np.ndarray
    seconds: float


def measure(model: PartModel, all_glyphs: Glyphs, group: Group, seed: int = 0, **options: Any) -> CompositionRanks:
    """Generates a group and looks for the nearest real glyphs.

    A model that is conditioned on classes (fonts) as well generates each character in one of those that have it, in
    turn, and the real glyphs of that font are the ones to be near.

    Args:
        model: a GlyphModel that is conditioned on parts.
        all_glyphs: Glyphs with characters, the right ones among them; with labels where the model has classes.
        group: Group.
        seed: int.
        **options: of ``sample``: steps, sampler, guidance.

    Returns:
        CompositionRanks.
    """
    pairs = np.stack([np.full(len(group.characters), seed), np.arange(len(group.characters))], axis=1)
    characters = all_glyphs.known_characters()
    has_classes = model.architecture.class_count > 0
    labels = np.asarray(all_glyphs.labels) if has_classes else np.zeros(len(characters), np.int64)
    targets = _target_rows(group.characters, characters, labels)
    if has_classes:
        options = options | {"label": labels[targets].tolist()}
    start = time.perf_counter()
    images = model.sample_pairs(pairs, tokens=group.tokens, **options)
    seconds = time.perf_counter() - start
    ranks, blurred_ranks, nearest_rows = np.empty((3, len(images)), np.int64)
    for label in np.unique(labels[targets]):
        rows, candidates = np.flatnonzero(labels[targets] == label), np.flatnonzero(labels == label)
        target_indices = np.searchsorted(candidates, targets[rows])
        real = np.asarray(all_glyphs.images)[candidates]
        ranks[rows], nearest_indices = _ranks(pixel_vectors(images[rows]), pixel_vectors(real), target_indices)
        nearest_rows[rows] = candidates[nearest_indices]
        blurred, blurred_real = pixel_vectors(_blurred(images[rows])), pixel_vectors(_blurred(real))
        blurred_ranks[rows], _ = _ranks(blurred, blurred_real, target_indices)
    return CompositionRanks(images, ranks, blurred_ranks, nearest_rows, targets, seconds)


def _ranks(generated: np.ndarray, real: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of ``generated`` (n, d): int64 (n,), how many of ``real`` (m, d) are nearer than the one of row
    ``targets`` (n,), and int64 (n,), the nearest.
    """
    ranks, nearest_rows = np.empty((2, len(generated)), np.int64)
    for part, block in squared_distances(generated, real):
        target_distances = block[np.arange(len(block)), targets[part]]
        ranks[part] = (block < target_distances[:, None]).sum(1)
        nearest_rows[part] = block.argmin(1)
    return ranks, nearest_rows


def _blurred(images: np.ndarray) -> np.ndarray:
    """uint8 (n, h, w, c) -> float32 of the same shape, under a Gaussian; beyond the border there is no ink."""
    sigma = BLUR * images.shape[1]
    return gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0), mode="constant")


def _target_rows(requested: Sequence[str], characters: Sequence[str], labels: np.ndarray) -> np.ndarray:
    """int64 (n,): the row of each requested character among ``characters``, in one of its labels, which take turns."""
    rows: dict[str, dict[int, int]] = {}
    for row, (character, label) in enumerate(zip(characters, labels.tolist(), strict=True)):
        rows.setdefault(character, {}).setdefault(label, row)
    targets = []
    for index, character in enumerate(requested):
        by_label = rows[character]
        targets.append(by_label[sorted(by_label)[index % len(by_label)]])
    return np.array(targets, np.int64)


# === Characters that do not exist: part by part ===


@dataclasses.dataclass(frozen=True)
class HalfAccuracy:
    """Whether the real half nearest to each half of a character shows the same part.

    Attributes:
        generated: bool (n, 2), for generated characters.
        real: bool (m, 2): the same for real characters, each against all others.
    """

    generated: np.ndarray
    real: np.ndarray


def classify_halves(
    all_glyphs: Glyphs,
    operator: str,
    combinations: Sequence[tuple[str, ...]],
    images: np.ndarray,
    max_real: int = 500,
    seed: int = 0,
) -> HalfAccuracy:
    """The nearest-glyph test on each half: left and right of ⿰, above and below of ⿱.

    Args:
        all_glyphs: Glyphs with characters.
        operator: "⿰" or "⿱".
        combinations: list of n (first part, second part).
        images: uint8 (n, h, w, c), what was generated for them.
        max_real: int, real characters that are classified in the same way for comparison.
        seed: int, decides which.

    Returns:
        HalfAccuracy.
    """
    spelled, characters = table().spelled, all_glyphs.known_characters()
    rows = [row for row, character in enumerate(characters) if spelled.get(character, ("",))[0] == operator]
    parts = [spelled[characters[row]][1] for row in rows]
    real = np.asarray(all_glyphs.images)[rows]
    compared = np.random.default_rng(seed).permutation(len(rows))[:max_real]

    def half_vectors(images: np.ndarray, half: int) -> np.ndarray:
        axis = 2 if operator == "⿰" else 1
        length = images.shape[axis]
        pixels = range(length // 2) if half == 0 else range(length // 2, length)
        return pixel_vectors(np.take(images, pixels, axis))

    correct, correct_real = np.zeros((len(combinations), 2), bool), np.zeros((len(compared), 2), bool)
    for half in range(2):
        points, names = half_vectors(real, half), np.array([pair[half] for pair in parts])
        _, nearest_rows = nearest(half_vectors(images, half), points)
        correct[:, half] = names[nearest_rows] == [pair[half] for pair in combinations]
        _, nearest_rows = nearest(points[compared], points, leave_out=compared)
        correct_real[:, half] = names[nearest_rows] == names[compared]
    return HalfAccuracy(correct, correct_real)


def unseen_combinations(all_glyphs: Glyphs, count: int, seed: int = 0, operator: str = "⿰") -> list[tuple[str, ...]]:
    """Descriptions of characters that do not exist, of parts that many characters have at that position.

    Args:
        all_glyphs: Glyphs with characters.
        count: int.
        seed: int.
        operator: "⿰" or "⿱".

    Returns:
        list of at most ``count`` (first part, second part).
    """
    spelled = table().spelled
    existing = {parts for other, parts in spelled.values() if other == operator}
    occurrences: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for character in dict.fromkeys(all_glyphs.known_characters()):
        other, parts = spelled.get(character, ("", ()))
        if other == operator:
            for position in range(2):
                occurrences[position][parts[position]] += 1
    frequent = [sorted(part for part, n in counts.items() if n >= 2 * MIN_OCCURRENCES) for counts in occurrences]
    generator = np.random.default_rng(seed)
    combinations: list[tuple[str, ...]] = []
    if all(frequent):
        for _ in range(100 * count):  # a small data set may have fewer
            pair = tuple(parts[generator.integers(len(parts))] for parts in frequent)
            if pair not in existing and pair not in combinations and len(combinations) < count:
                combinations.append(pair)
    return combinations
