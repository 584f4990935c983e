"""Which images are compared with which."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfglyph import datasets
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation.subject import SLOW_COUNT, Settings, Subject, common_characters, with_characters


def subject(count=None, seed=0, latents_are_noise=False):
    glyphs = datasets.load("cns", size=32)
    model = SimpleNamespace(latents_are_noise=latents_are_noise, sample=lambda n, seed: np.full(n, seed))
    training, held_out = glyphs.split("train", 0.05), glyphs.split("holdout", 0.05)
    return Subject(model, glyphs, training, held_out, Settings(count=count, seed=seed))


def test_reference_and_other_real_images_are_disjoint_and_follow_from_the_seed():
    one = subject(count=300)
    assert len(one.samples) == len(one.reference) == len(one.other_real) == 300
    shown = {image.tobytes() for image in one.reference} | {image.tobytes() for image in one.other_real}
    assert len(shown) >= 598  # a few characters are drawn alike
    np.testing.assert_array_equal(subject(count=300).reference, one.reference)
    assert (subject(count=300, seed=1).reference != one.reference).any()
    assert subject().count == 5000


def test_counts_are_no_larger_than_half_of_the_data():
    one = subject(count=20000)
    assert one.count == 10460 == len(one.all_glyphs) // 2
    small = one.all_glyphs.take(range(18), "few")
    with pytest.raises(UsageError, match="9 images in each set: a measurement on fewer than 10 says nothing"):
        Subject(one.model, small, small)


def test_a_subset_of_the_glyphs():
    one = subject(count=50)
    assert len(one.subset(one.training)) == 50 == len(set(one.subset(one.training).characters))
    assert one.subset(one.training).fingerprint == one.subset(one.training).fingerprint
    few = one.held_out.take(range(9), "few")
    assert one.subset(few).fingerprint == few.fingerprint
    assert len(subject(latents_are_noise=True).subset(one.training)) == SLOW_COUNT
    assert len(subject().subset(one.training, limit=700)) == 700


def test_what_images_show():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    digits = Glyphs("digits", images, labels=np.array([1, 0, 1]), label_names=["3", "7"])
    assert with_characters(digits).characters == ["7", "3", "7"]
    # none of them is in Big5's common part
    assert common_characters(with_characters(digits)).characters == ["7", "3", "7"]
    assert common_characters(Glyphs("some", images, characters=["丂", "交", "7"])).characters == ["交"]
    with pytest.raises(GlyphError, match="does not say which character an image shows"):
        with_characters(Glyphs("faces", images))
