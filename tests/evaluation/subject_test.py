"""Which images are compared with which."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfglyph import datasets
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation.subject import SLOW_COUNT, Settings, Subject, common, named


def subject(count=None, seed=0, mode="VAE"):
    glyphs = datasets.load("cns", size=32)
    model = SimpleNamespace(architecture=SimpleNamespace(mode=mode), sample=lambda n, seed: np.full(n, seed))
    training, held_out = glyphs.split("train", 0.05), glyphs.split("holdout", 0.05)
    return Subject(model, glyphs, training, held_out, Settings(count=count, seed=seed))


def test_reference_and_other_real_images_are_disjoint_and_follow_from_the_seed():
    one = subject(count=300)
    assert len(one.samples) == len(one.reference) == len(one.other_real) == 300
    everybody = {image.tobytes() for image in one.reference} | {image.tobytes() for image in one.other_real}
    assert len(everybody) >= 598  # a few characters are drawn alike
    np.testing.assert_array_equal(subject(count=300).reference, one.reference)
    assert (subject(count=300, seed=1).reference != one.reference).any()
    assert subject().count == 5000


def test_counts_are_no_larger_than_half_of_the_data():
    one = subject(count=20000)
    assert one.count == 10460 == len(one.everything) // 2
    small = one.everything.take(range(18), "few")
    with pytest.raises(UsageError, match="9 images in each set: a figure from fewer than 10 says nothing"):
        Subject(one.model, small, small)


def test_some_of_the_glyphs():
    one = subject(count=50)
    assert len(one.some(one.training)) == 50 == len(set(one.some(one.training).characters))
    assert one.some(one.training).fingerprint == one.some(one.training).fingerprint
    assert one.some(one.held_out.take(range(9), "few")).fingerprint == one.held_out.take(range(9), "few").fingerprint
    assert len(subject(mode="DDPM").some(one.training)) == SLOW_COUNT
    assert len(subject().some(one.training, most=700)) == 700


def test_what_images_show():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    digits = Glyphs("digits", images, labels=np.array([1, 0, 1]), label_names=["3", "7"])
    assert named(digits).characters == ["7", "3", "7"]
    assert common(named(digits)).characters == ["7", "3", "7"]  # none of them is in Big5's common part
    assert common(Glyphs("some", images, characters=["丂", "交", "7"])).characters == ["交"]
    with pytest.raises(GlyphError, match="does not say which characters"):
        named(Glyphs("faces", images))
