"""Copying: copies of training glyphs are found, new glyphs are not taken for copies."""

import numpy as np
import pytest

from tfglyph.evaluation import copying


def test_copies_are_nearer_than_real_glyphs_are():
    rng = np.random.default_rng(0)
    training, held_out = rng.normal(size=(2, 1000, 4))
    samples = np.concatenate([training[:30] + 1e-4, rng.normal(size=(70, 4)) * 3])
    found = copying.measure(samples, training, held_out)
    assert found.copies[:30].all() and found.copies[30:].mean() < 0.05
    np.testing.assert_array_equal(found.rows[:30], np.arange(30))
    assert found.real_copies.mean() == pytest.approx(copying.QUANTILE, abs=1e-3)
    np.testing.assert_allclose(found.real[0], np.linalg.norm(training - held_out[0], axis=1).min(), rtol=1e-4)


def test_without_held_out_glyphs_training_glyphs_are_compared_with_each_other():
    training = np.array([[0.0], [1.0], [3.0], [7.0]])
    found = copying.measure(training, training)
    np.testing.assert_allclose(found.real, [1, 1, 2, 4])
    np.testing.assert_array_equal(found.samples, 0)
    assert found.copies.all()
    assert len(copying.measure(training, training, most=2).real) == 2
