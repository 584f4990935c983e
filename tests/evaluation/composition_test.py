"""Measuring composition: groups by what was trained on, ranks among real glyphs, and halves."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfglyph.composition import table
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation import composition


def glyphs(characters, size=8, seed=0):
    """Glyphs whose halves are noise that belongs to the part at that position."""
    images = np.zeros((len(characters), size, size, 1), np.uint8)
    for image, character in zip(images, characters, strict=True):
        for half, part in enumerate(table().spelled.get(character, ("", (character, character)))[1][:2]):
            noise = np.random.default_rng([seed, half, ord(part[0])]).integers(0, 255, (size, size // 2))
            image[:, half * size // 2 : (half + 1) * size // 2, 0] = noise
    return Glyphs("made", images, characters=list(characters), fingerprint="1")


ACROSS = [name for name, (operator, _) in table().spelled.items() if operator == "⿰" and "一" <= name <= "龥"]


def test_held_out_characters_are_sorted_by_what_was_trained_on():
    training = glyphs([name for name in ACROSS if name not in "洛酪"])
    groups = composition.groups(training, glyphs(list("洛酪囡囚龘")))
    assert {"洛", "酪"} <= set(groups["held-out"].characters)
    assert set(groups["enclosures"].characters) == {"囡", "囚"}
    assert groups["rarer parts"].characters == ["龘"]
    assert "洛" not in groups["trained"].characters and "鉻" in groups["trained"].characters
    two = groups["depth two"]
    assert "洛" in two.characters
    named = groups["held-out"].tokens[groups["held-out"].characters.index("洛")]
    nameless = two.tokens[two.characters.index("洛")]
    assert (nameless > 0).sum() < (named > 0).sum() and ((nameless == named) | (nameless == 0)).all()


class LookupModel:
    """Gives the real glyph in the row that belongs to the tokens (and the label)."""

    def __init__(self, glyphs, rows):
        self.glyphs, self.rows = glyphs, rows
        self.architecture = SimpleNamespace(class_count=0 if glyphs.labels is None else int(glyphs.labels.max()) + 1)

    def sample_pairs(self, pairs, tokens, label=None):
        if label is not None:
            return self.glyphs.images[[self.rows[bytes(row), one] for row, one in zip(tokens, label, strict=True)]]
        return self.glyphs.images[[self.rows[bytes(row)] for row in tokens]]


def test_ranks_count_nearer_glyphs():
    all_glyphs = glyphs(ACROSS[:40])
    tokens = np.arange(4, dtype=np.int32)[:, None]
    group = composition.Group("some", all_glyphs.characters[:4], tokens)
    rows = {bytes(row): number for row, number in zip(tokens, [0, 1, 2, 9], strict=True)}
    result = composition.measure(LookupModel(all_glyphs, rows), all_glyphs, group)
    np.testing.assert_array_equal(result.ranks[:3], 0)
    assert result.ranks[3] > 0 and result.nearest_rows.tolist() == [0, 1, 2, 9]


def test_with_fonts_each_character_is_compared_with_its_own_font():
    """Two fonts, the second one lacks the last character; each glyph is right in its own font alone."""
    one = glyphs(ACROSS[:20])
    two = glyphs(ACROSS[:19], seed=5)
    names = [*one.characters, *two.characters]
    labels = np.repeat([0, 1], [20, 19]).astype(np.int32)
    images = np.concatenate([one.images, 255 - two.images])
    all_glyphs = Glyphs("two", images, characters=names, labels=labels, fingerprint="3")
    tokens = np.arange(4, dtype=np.int32)[:, None]
    group = composition.Group("some", [names[row] for row in (0, 1, 2, 19)], tokens)
    targets = (0, 21, 2, 19)  # fonts take turns: 0, 1, 0, and 19 has one font only
    rows = {(bytes(tokens[index]), int(labels[target])): target for index, target in enumerate(targets)}
    result = composition.measure(LookupModel(all_glyphs, rows), all_glyphs, group)
    assert result.target_rows.tolist() == result.nearest_rows.tolist() == list(targets)
    assert result.ranks.tolist() == [0] * 4
    others = {key: (target + 3) % 39 for key, target in rows.items()}
    assert (composition.measure(LookupModel(all_glyphs, others), all_glyphs, group).ranks > 0).all()


def test_the_blur_forgives_a_stroke_a_pixel_aside():
    """A thin stroke a pixel aside is nearer to a single dot, and under the blur to the stroke."""
    characters, size = ACROSS[:2], 32
    images = np.zeros((2, size, size, 1), np.uint8)
    images[0, :, 10] = images[1, 0, 0] = 255  # a stroke, and a dot in a corner
    all_glyphs = Glyphs("made", images, characters=list(characters), fingerprint="4")
    aside = np.zeros_like(images[:1])
    aside[0, :, 11] = 255
    tokens = np.zeros((1, 1), np.int32)
    model = LookupModel(Glyphs("aside", aside, characters=["a"], fingerprint="5"), {bytes(tokens[0]): 0})
    result = composition.measure(model, all_glyphs, composition.Group("some", characters[:1], tokens))
    assert result.ranks.tolist() == [1] and result.blurred_ranks.tolist() == [0]


def test_halves_are_classified_by_the_nearest_half():
    all_glyphs = glyphs(ACROSS[:200])
    parts = [table().spelled[name][1] for name in all_glyphs.characters]
    combinations = [parts[0], (parts[1][0], parts[2][1]), ("龘", parts[3][1])]
    images = all_glyphs.images[[0, 1, 3]].copy()
    images[1, :, 4:] = all_glyphs.images[2, :, 4:]
    accuracy = composition.classify_halves(all_glyphs, "⿰", combinations, images)
    np.testing.assert_array_equal(accuracy.generated, [[True, True], [True, True], [False, True]])
    assert accuracy.real.shape == (200, 2)


@pytest.mark.parametrize("operator", ["⿰", "⿱"])
def test_unseen_combinations_do_not_exist(operator):
    all_glyphs = glyphs([chr(code) for code in range(0x4E00, 0x9FA6)], size=2)
    combinations = composition.unseen_combinations(all_glyphs, 30, operator=operator)
    assert len(set(combinations)) == 30
    assert combinations == composition.unseen_combinations(all_glyphs, 30, operator=operator)
    existing = {parts for other, parts in table().spelled.values() if other == operator}
    assert not existing & set(combinations)
