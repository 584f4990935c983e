"""Copying: copies of training glyphs are found, new glyphs are not taken for copies."""

import numpy as np
import pytest

from tfglyph.evaluation import copying


def test_copies_are_nearer_than_real_glyphs_are():
    rng = np.random.default_rng(0)
    training, held_out = rng.normal(size=(2, 1000, 4))
    samples = np.concatenate([training[:30] + 1e-4, rng.normal(size=(70, 4)) * 3])
    result = copying.measure(samples, training, held_out)
    assert result.copies[:30].all() and result.copies[30:].mean() < 0.05
    np.testing.assert_array_equal(result.nearest_rows[:30], np.arange(30))
    assert result.real_copies.mean() == pytest.approx(copying.QUANTILE, abs=1e-3)
    nearest = np.linalg.norm(training - held_out[0], axis=1).min()
    np.testing.assert_allclose(result.real_distances[0], nearest, rtol=1e-4)


def test_without_held_out_glyphs_training_glyphs_are_compared_with_each_other():
    training = np.array([[0.0], [1.0], [3.0], [7.0]])
    result = copying.measure(training, training)
    np.testing.assert_allclose(result.real_distances, [1, 1, 2, 4])
    np.testing.assert_array_equal(result.sample_distances, 0)
    assert result.copies.all()
    assert len(copying.measure(training, training, max_compared=2).real_distances) == 2
