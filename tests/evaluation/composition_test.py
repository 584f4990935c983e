"""Measuring composition: groups by what was trained on, places among real glyphs, and halves."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfglyph.composition import table
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation import composition


def glyphs(characters, size=8, seed=0):
    """Glyphs whose halves are noise that belongs to the part at that place."""
    images = np.zeros((len(characters), size, size, 1), np.uint8)
    for image, character in zip(images, characters, strict=True):
        for place, part in enumerate(table().spelled.get(character, ("", (character, character)))[1][:2]):
            noise = np.random.default_rng([seed, place, ord(part[0])]).integers(0, 255, (size, size // 2))
            image[:, place * size // 2 : (place + 1) * size // 2, 0] = noise
    return Glyphs("made", images, characters=list(characters), fingerprint="1")


ACROSS = [name for name, (operator, _) in table().spelled.items() if operator == "⿰" and "一" <= name <= "龥"]


def test_held_out_characters_are_sorted_by_what_was_trained_on():
    training = glyphs([name for name in ACROSS if name not in "洛酪"])
    found = composition.groups(training, glyphs(list("洛酪囡囚龘")))
    assert {"洛", "酪"} <= set(found["held-out"].characters)
    assert set(found["enclosures"].characters) == {"囡", "囚"}
    assert found["rarer parts"].characters == ["龘"]
    assert "洛" not in found["trained"].characters and "鉻" in found["trained"].characters
    two = found["depth two"]
    assert "洛" in two.characters
    named = found["held-out"].tokens[found["held-out"].characters.index("洛")]
    nameless = two.tokens[two.characters.index("洛")]
    assert (nameless > 0).sum() < (named > 0).sum() and ((nameless == named) | (nameless == 0)).all()


class Copyist:
    """Draws the glyph that each row of tokens says."""

    def __init__(self, everything, numbers):
        self.everything, self.numbers = everything, numbers
        classes = None if everything.labels is None else int(everything.labels.max()) + 1
        self.architecture = SimpleNamespace(condition=SimpleNamespace(classes=classes))

    def sample_pairs(self, pairs, tokens, label=None):
        if label is not None:
            rows = [self.numbers[bytes(row), own] for row, own in zip(tokens, label, strict=True)]
            return self.everything.images[rows]
        return self.everything.images[[self.numbers[bytes(row)] for row in tokens]]


def test_places_count_nearer_glyphs():
    everything = glyphs(ACROSS[:40])
    tokens = np.arange(4, dtype=np.int32)[:, None]
    group = composition.Group("some", everything.characters[:4], tokens)
    rows = {bytes(row): number for row, number in zip(tokens, [0, 1, 2, 9], strict=True)}
    drawn = composition.measure(Copyist(everything, rows), everything, group)
    np.testing.assert_array_equal(drawn.places[:3], 0)
    assert drawn.places[3] > 0 and drawn.nearest.tolist() == [0, 1, 2, 9]


def test_with_fonts_each_character_is_compared_with_its_own_font():
    """Two fonts, the second one lacks the last character; the model draws the other font's glyphs of two of them."""
    one = glyphs(ACROSS[:20])
    two = glyphs(ACROSS[:19], seed=5)
    names = [*one.characters, *two.characters]
    labels = np.repeat([0, 1], [20, 19]).astype(np.int32)
    images = np.concatenate([one.images, 255 - two.images])
    everything = Glyphs("two", images, characters=names, labels=labels, fingerprint="3")
    tokens = np.arange(4, dtype=np.int32)[:, None]
    group = composition.Group("some", [names[place] for place in (0, 1, 2, 19)], tokens)
    right = {0: 0, 1: 21, 2: 2, 3: 19}  # fonts take turns: 0, 1, 0, and 19 has one font only
    drawn = composition.measure(
        Copyist(everything, {(bytes(tokens[row]), int(labels[at])): at for row, at in right.items()}), everything, group
    )
    assert drawn.right.tolist() == drawn.nearest.tolist() == [0, 21, 2, 19] and drawn.places.tolist() == [0] * 4
    swapped = {(bytes(tokens[row]), int(labels[at])): (at + 3) % 39 for row, at in right.items()}
    assert (composition.measure(Copyist(everything, swapped), everything, group).places > 0).all()


def test_the_blur_forgives_a_stroke_a_pixel_aside():
    """A thin stroke a pixel aside is nearer to a single dot, and under the blur to the stroke."""
    characters, size = ACROSS[:2], 32
    images = np.zeros((2, size, size, 1), np.uint8)
    images[0, :, 10] = images[1, 0, 0] = 255  # a stroke, and a dot in a corner
    everything = Glyphs("made", images, characters=list(characters), fingerprint="4")
    aside = np.zeros_like(images[:1])
    aside[0, :, 11] = 255
    tokens = np.zeros((1, 1), np.int32)
    copyist = Copyist(Glyphs("aside", aside, characters=["a"], fingerprint="5"), {bytes(tokens[0]): 0})
    drawn = composition.measure(copyist, everything, composition.Group("some", characters[:1], tokens))
    assert drawn.places.tolist() == [1] and drawn.blurred.tolist() == [0]


def test_halves_are_judged_by_the_nearest_half():
    everything = glyphs(ACROSS[:200])
    parts = [table().spelled[name][1] for name in everything.characters]
    asked = [parts[0], (parts[1][0], parts[2][1]), ("龘", parts[3][1])]
    images = everything.images[[0, 1, 3]].copy()
    images[1, :, 4:] = everything.images[2, :, 4:]
    found = composition.judge_halves(everything, "⿰", asked, images)
    np.testing.assert_array_equal(found.drawn, [[True, True], [True, True], [False, True]])
    assert found.real.shape == (200, 2)


@pytest.mark.parametrize("operator", ["⿰", "⿱"])
def test_strangers_do_not_exist(operator):
    everything = glyphs([chr(code) for code in range(0x4E00, 0x9FA6)], size=2)
    found = composition.strangers(everything, 30, operator=operator)
    assert len(set(found)) == 30 and found == composition.strangers(everything, 30, operator=operator)
    existing = {parts for kind, parts in table().spelled.values() if kind == operator}
    assert not existing & set(found)
