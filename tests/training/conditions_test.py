"""Conditions and data: labels that fit, tokens from characters, names for ``--label``."""

import numpy as np
import pytest

from tfglyph.architecture import load_architecture
from tfglyph.composition import tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.training.conditions import with_conditions, with_label_names

SMALL = {
    "name": "small",
    "mode": "DDPM",
    "hwc": [8, 8, 1],
    "denoiser": {"type": "patch-unet", "output": [8], "blocks": [1], "attention": [0]},
}
IMAGES = np.zeros((2, 8, 8, 1), np.uint8)


def conditioned(**condition):
    return load_architecture(SMALL | {"condition": condition})


def test_labels_must_fit_the_classes():
    glyphs = Glyphs("made", IMAGES, labels=np.array([0, 2], np.int32), label_names=["kai", "song", "hei"])
    assert with_conditions(conditioned(classes=3), glyphs) is glyphs
    with pytest.raises(UsageError, match=r"condition.classes: the architecture has 2, data set 'made' 3"):
        with_conditions(conditioned(classes=2), glyphs)
    with pytest.raises(UsageError, match="data set 'made' has no labels"):
        with_conditions(conditioned(classes=2), Glyphs("made", IMAGES))


def test_tokens_come_from_characters():
    glyphs = with_conditions(conditioned(tokens={"parts": "parts-1"}), Glyphs("made", IMAGES, characters=["酪", "鉸"]))
    np.testing.assert_array_equal(glyphs.tokens, tokenizer().encode_characters("酪鉸"))
    for characters, message in (
        (None, "no characters, so nothing is known of their parts"),
        (["a", "b"], "no Chinese characters"),
    ):
        with pytest.raises(UsageError, match=message):
            with_conditions(conditioned(tokens={"parts": "parts-1"}), Glyphs("made", IMAGES, characters=characters))


def test_the_data_names_the_classes():
    glyphs = Glyphs("made", IMAGES, labels=np.array([0, 1], np.int32), label_names=["kai", "song"])
    assert with_label_names(conditioned(classes=2), glyphs).condition.number_of("song") == 1
    own = conditioned(classes=2, names=["one", "two"])
    assert with_label_names(own, glyphs) is own
    other = conditioned(classes=3)
    assert with_label_names(other, glyphs) is other
