"""Nearest neighbours, and precision, recall, density and coverage, against loops over all pairs."""

import numpy as np
import pytest

from tfglyph.evaluation import neighbours


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK", 7)


def distances_of(left, right):
    return np.array([[np.linalg.norm(x - y) for y in right] for x in left])


def test_nearest(small_blocks):
    rng = np.random.default_rng(0)
    queries, points = rng.normal(size=(20, 3)), rng.normal(size=(30, 3))
    expected = distances_of(queries, points)
    distances, rows = neighbours.nearest(queries, points)
    np.testing.assert_array_equal(rows, expected.argmin(axis=1))
    np.testing.assert_allclose(distances, expected.min(axis=1), rtol=1e-5)


def test_nearest_other(small_blocks):
    points = np.random.default_rng(1).normal(size=(20, 3))
    expected = distances_of(points, points) + np.diag(np.full(20, np.inf))
    distances, rows = neighbours.nearest(points[3:15], points, leave_out=np.arange(3, 15))
    np.testing.assert_array_equal(rows, expected[3:15].argmin(axis=1))
    np.testing.assert_allclose(distances, expected[3:15].min(axis=1), rtol=1e-5)


def test_equal_images_are_at_distance_zero_exactly():
    points = np.random.default_rng(2).random((5, 1000)).astype(np.float32) + 1000
    distances, rows = neighbours.nearest(points, points)
    np.testing.assert_array_equal(distances, 0)
    np.testing.assert_array_equal(rows, np.arange(5))


def test_prdc_is_that_of_the_definitions(small_blocks):
    rng = np.random.default_rng(3)
    real, generated, k = rng.normal(size=(25, 2)), rng.normal(size=(18, 2)) * 0.7 + 0.5, 3
    real_radii = np.sort(distances_of(real, real), axis=1)[:, k]
    generated_radii = np.sort(distances_of(generated, generated), axis=1)[:, k]
    across = distances_of(real, generated)
    values = neighbours.prdc(real, generated, k)
    np.testing.assert_array_equal(values.precision, (across <= real_radii[:, None]).any(axis=0))
    np.testing.assert_array_equal(values.recall, (across <= generated_radii).any(axis=1))
    np.testing.assert_allclose(values.density, (across <= real_radii[:, None]).sum(axis=0) / k)
    np.testing.assert_array_equal(values.coverage, across.min(axis=1) <= real_radii)


def test_collapse_shows_in_recall_and_coverage_and_garbage_in_precision():
    rng = np.random.default_rng(4)
    real = rng.normal(size=(300, 2))
    same = neighbours.prdc(real, rng.normal(size=(300, 2)))
    collapsed = neighbours.prdc(real, rng.normal(size=(300, 2)) * 0.05)
    far = neighbours.prdc(real, rng.normal(size=(300, 2)) + 50)
    assert same.precision.mean() > 0.95 and same.recall.mean() > 0.95 and same.coverage.mean() > 0.9
    assert same.density.mean() == pytest.approx(1.0, abs=0.15)
    assert collapsed.precision.mean() == 1.0 and collapsed.recall.mean() < 0.05 and collapsed.coverage.mean() < 0.2
    assert far.precision.mean() == far.density.mean() == far.coverage.mean() == 0.0
