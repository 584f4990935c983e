"""Composition, measured: characters that were never trained on, drawn from their descriptions.

    found = measure(model, subject.everything, asked, seed=0)
    found.places < 1                     # whose nearest real glyph of all is the right one

A held-out character counts among the familiar ones where each of its parts stands at the same place of at least
``FAMILIAR`` training characters. Characters with an enclosing part are apart, and so are descriptions of depth two, in
which a part that can be taken apart is told by its own parts alone.
"""

import dataclasses
import time
from collections import Counter

import numpy as np

from tfglyph.composition import Description, table, tokenizer
from tfglyph.composition.tokens import LENGTH
from tfglyph.errors import UsageError
from tfglyph.evaluation.arithmetic import flat
from tfglyph.evaluation.neighbours import nearest, squared_distances

FAMILIAR = 8
BLUR = 1 / 32  # of the side: the standard deviation of the blur that forgives a stroke half its width
MOST = 600  # characters of a group
ENCLOSURES = "⿴⿵⿶⿷⿸⿹⿺"


@dataclasses.dataclass(frozen=True)
class Group:
    """Characters to draw, and what the model is told of each.

    Attributes:
        name: str.
        characters: list of n str.
        tokens: int32 (n, length).
    """

    name: str
    characters: list
    tokens: np.ndarray

    def some(self, most, seed):
        """At most ``most`` of them, a choice that depends on ``seed`` alone."""
        if len(self.characters) <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).permutation(len(self.characters))[:most])
        return Group(self.name, [self.characters[row] for row in rows], self.tokens[rows])


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What became of a group.

    Attributes:
        images: uint8 (n, h, w, c).
        places: int64 (n,): how many real glyphs are nearer, by pixels, than the right one.
        blurred: int64 (n,): the same after both have been blurred (``BLUR``), so that a stroke half its width beside
            the real one costs little.
        nearest: int64 (n,): the row of the nearest real glyph.
        right: int64 (n,): the row of the right one.
        seconds: float, what drawing them took.
    """

    images: np.ndarray
    places: np.ndarray
    blurred: np.ndarray
    nearest: np.ndarray
    right: np.ndarray
    seconds: float


def groups(training, held_out, parts="parts-1"):
    """The characters that a model can be asked for, sorted by how hard they are.

    Args:
        training, held_out: Glyphs with characters.
        parts: str, the list of parts that the model's tokens come from.

    Returns:
        dict from name to Group: "held-out", "depth two", "enclosures", "rarer parts" (all held out), "trained".
    """
    decompositions, words = table(), tokenizer(parts)
    taken_apart = map(decompositions.spelled.get, dict.fromkeys(training.characters))
    seen = Counter(
        (operator, place, part) for operator, names in filter(None, taken_apart) for place, part in enumerate(names)
    )

    def told(trees):
        found = []
        for character, tree in trees:
            try:
                found.append((character, words.encode(tree, strict=True)))
            except UsageError:  # a part that occurs nowhere else
                continue
        characters = [character for character, _ in found]
        tokens = np.stack([tokens for _, tokens in found]) if found else np.zeros((0, LENGTH), np.int32)
        return characters, tokens

    lists = {"held-out": [], "enclosures": [], "rarer parts": []}
    for character in dict.fromkeys(held_out.characters):
        operator, names = decompositions.spelled.get(character, (None, ()))
        if operator is None:
            continue
        if operator in ENCLOSURES:
            name = "enclosures"
        elif all(seen[operator, place, part] >= FAMILIAR for place, part in enumerate(names)):
            name = "held-out"
        else:
            name = "rarer parts"
        lists[name].append(character)
    lists["trained"] = [name for name in dict.fromkeys(training.characters) if name in decompositions.spelled]
    trees = {name: [(each, decompositions.described(each)) for each in found] for name, found in lists.items()}
    trees["depth two"] = [
        (character, nameless) for character, tree in trees["held-out"] if (nameless := _without_names(tree)) != tree
    ]
    return {name: Group(name, *told(found)) for name, found in trees.items()}


def _without_names(tree):
    """The same tree without the names of those of its parts that are taken apart."""
    parts = tuple(dataclasses.replace(part, part=None) if part.operator else part for part in tree.parts)
    return Description(tree.part, tree.operator, parts)


def measure(model, everything, group, seed=0, **options):
    """Draws a group and looks for the nearest real glyphs.

    A model that is told of classes (fonts) as well draws each character in one of those that have it, in turn, and the
    real glyphs of that font are the ones to be near.

    Args:
        model: a GlyphModel that is told of parts.
        everything: Glyphs with characters, the right ones among them; with labels where the model has classes.
        group: Group.
        seed: int.
        **options: of ``sample``: steps, sampler, guidance.

    Returns:
        Drawn.
    """
    pairs = np.stack([np.full(len(group.characters), seed), np.arange(len(group.characters))], axis=1)
    classes = model.architecture.condition.classes
    labels = np.zeros(len(everything.characters), np.int64) if classes is None else np.asarray(everything.labels)
    right = _right_rows(group.characters, everything.characters, labels)
    if classes is not None:
        options = options | {"label": labels[right].tolist()}
    start = time.perf_counter()
    images = model.sample_pairs(pairs, tokens=group.tokens, **options)
    seconds = time.perf_counter() - start
    places, best, blurred = np.empty((3, len(images)), np.int64)
    for label in np.unique(labels[right]):
        rows, among = np.flatnonzero(labels[right] == label), np.flatnonzero(labels == label)
        answers = np.searchsorted(among, right[rows])
        real = np.asarray(everything.images)[among]
        places[rows], nearest_rows = _places(flat(images[rows]), flat(real), answers)
        best[rows] = among[nearest_rows]
        blurred[rows], _ = _places(flat(_blurred(images[rows])), flat(_blurred(real)), answers)
    return Drawn(images, places, blurred, best, right, seconds)


def _places(drawn, real, answers):
    """For each row of ``drawn`` (n, d): int64 (n,), how many of ``real`` (m, d) are nearer than the one of row
    ``answers`` (n,), and int64 (n,), the nearest.
    """
    places, best = np.empty((2, len(drawn)), np.int64)
    for part, block in squared_distances(drawn, real):
        own = block[np.arange(len(block)), answers[part]]
        places[part] = (block < own[:, None]).sum(1)
        best[part] = block.argmin(1)
    return places, best


def _blurred(images):
    """uint8 (n, h, w, c) -> float32 of the same shape, under a Gaussian; beyond the border there is no ink."""
    from scipy.ndimage import gaussian_filter

    sigma = BLUR * images.shape[1]
    return gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0), mode="constant")


def _right_rows(characters, names, labels):
    """int64 (n,): the row of each character among ``names``, in one of its labels, which take turns."""
    rows = {}
    for row, (name, label) in enumerate(zip(names, labels.tolist(), strict=True)):
        rows.setdefault(name, {}).setdefault(label, row)
    found = []
    for number, character in enumerate(characters):
        own = rows[character]
        found.append(own[sorted(own)[number % len(own)]])
    return np.array(found, np.int64)


# === Characters that do not exist: part by part ===


@dataclasses.dataclass(frozen=True)
class Halves:
    """How often each half of a drawn character is nearest to a real half that shows the part asked for.

    Attributes:
        drawn: bool (n, 2).
        real: bool (m, 2): the same for real characters, each against all others.
    """

    drawn: np.ndarray
    real: np.ndarray


def judge_halves(everything, operator, asked, images, most=500, seed=0):
    """The nearest-glyph test on each half: left and right of ⿰, above and below of ⿱.

    Args:
        everything: Glyphs with characters.
        operator: "⿰" or "⿱".
        asked: list of n (first part, second part).
        images: uint8 (n, h, w, c), what was drawn.
        most: int, real characters that are judged in the same way for comparison.
        seed: int, decides which.

    Returns:
        Halves.
    """
    spelled = table().spelled
    rows = [row for row, name in enumerate(everything.characters) if spelled.get(name, ("",))[0] == operator]
    parts = [spelled[everything.characters[row]][1] for row in rows]
    real = np.asarray(everything.images)[rows]
    chosen = np.random.default_rng(seed).permutation(len(rows))[:most]

    def half(images, place):
        axis = 2 if operator == "⿰" else 1
        middle = images.shape[axis] // 2
        return flat(np.take(images, range(middle) if place == 0 else range(middle, images.shape[axis]), axis))

    right, right_real = np.zeros((len(asked), 2), bool), np.zeros((len(chosen), 2), bool)
    for place in range(2):
        points, names = half(real, place), np.array([names[place] for names in parts])
        _, best = nearest(half(images, place), points)
        right[:, place] = names[best] == [names[place] for names in asked]
        _, best = nearest(points[chosen], points, leave_out=chosen)
        right_real[:, place] = names[best] == names[chosen]
    return Halves(right, right_real)


def strangers(everything, count, seed=0, operator="⿰"):
    """Descriptions of characters that do not exist, of parts that many characters have at that place.

    Args:
        everything: Glyphs with characters.
        count: int.
        seed: int.
        operator: "⿰" or "⿱".

    Returns:
        list of at most ``count`` (first part, second part).
    """
    spelled = table().spelled
    existing = {parts for kind, parts in spelled.values() if kind == operator}
    counts = [Counter(), Counter()]
    for character in dict.fromkeys(everything.characters):
        kind, parts = spelled.get(character, ("", ()))
        if kind == operator:
            for place in range(2):
                counts[place][parts[place]] += 1
    often = [sorted(part for part, times in found.items() if times >= 2 * FAMILIAR) for found in counts]
    generator, chosen = np.random.default_rng(seed), []
    if all(often):
        for _ in range(100 * count):  # a small data set may have fewer
            pair = tuple(found[generator.integers(len(found))] for found in often)
            if pair not in existing and pair not in chosen and len(chosen) < count:
                chosen.append(pair)
    return chosen
