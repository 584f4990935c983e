"""Fréchet and kernel distance against scipy, brute force and closed forms."""

import numpy as np
import pytest
import scipy.linalg

from tfglyph.evaluation import bootstrap, distances


def covariance(rng, size, rank):
    factors = rng.normal(size=(size, rank))
    return factors @ factors.T / rank


@pytest.mark.parametrize(("size", "rank"), [(1, 1), (5, 9), (40, 60), (12, 4)])
def test_frechet_is_what_scipys_matrix_root_gives(size, rank):
    rng = np.random.default_rng(size)
    first, second = covariance(rng, size, rank), covariance(rng, size, rank)
    mean_1, mean_2 = rng.normal(size=(2, size))
    if rank < size:  # scipy's root of a singular product is inexact, so it gets a little help
        second = second + 1e-3 * np.eye(size)
        first = first + 1e-3 * np.eye(size)
    root = scipy.linalg.sqrtm(first @ second).real
    expected = ((mean_1 - mean_2) ** 2).sum() + np.trace(first + second - 2 * root)
    assert distances.frechet(mean_1, first, mean_2, second) == pytest.approx(expected, rel=1e-6)


def test_frechet_of_diagonals_is_a_sum_over_axes():
    value = distances.frechet([0, 1], np.diag([4.0, 0.0]), [2, 1], np.diag([1.0, 9.0]))
    assert value == pytest.approx(2**2 + (2 - 1) ** 2 + (0 - 3) ** 2)
    assert distances.frechet([0, 1], np.diag([4.0, 0.0]), [0, 1], np.diag([4.0, 0.0])) == pytest.approx(0, abs=1e-12)


def test_frechet_distance_uses_unbiased_covariances():
    first, second = np.array([[0.0], [2.0]]), np.array([[1.0], [5.0], [9.0]])
    expected = (5 - 1) ** 2 + (np.sqrt(2) - 4) ** 2
    assert distances.frechet_distance(first, second) == pytest.approx(expected)


def test_kernel_distance_is_the_mean_over_pairs():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(6, 3)), rng.normal(size=(5, 3)) + 0.5

    def kernel(x, y):
        return (x @ y / 3 + 1) ** 3

    def within(points):
        return np.mean([kernel(x, y) for i, x in enumerate(points) for j, y in enumerate(points) if i != j])

    across = np.mean([kernel(x, y) for x in first for y in second])
    assert distances.kernel_distance(first, second) == pytest.approx(within(first) + within(second) - 2 * across)


def test_kernel_distance_is_unbiased():
    rng = np.random.default_rng(1)
    values = [distances.kernel_distance(*rng.normal(size=(2, 20, 4))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0


def test_blocks_of_rows_change_nothing(monkeypatch):
    features = np.random.default_rng(2).normal(size=(30, 4))
    whole = distances._kernel_sum(features, features, True)
    assert distances._kernel_sum(features, features, True, rows=7) == pytest.approx(whole)


def test_intervals_hold_the_value_and_shrink_with_the_number():
    rng = np.random.default_rng(3)
    few, many = rng.normal(size=(2, 300, 3)), rng.normal(size=(2, 3000, 3))
    widths = []
    for pair in (few, many):
        value = distances.frechet_distance(*pair)
        low, high = distances.frechet_interval(*pair, value)
        assert low <= value <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    value = distances.kernel_distance(*many)
    low, high = distances.kernel_interval(*many, value)
    assert low < value < high
    assert distances.kernel_interval(*few, value) is None  # not even one block
    assert distances.frechet_interval(np.zeros((3, 600)), np.zeros((3, 600)), 0.0) is None


def test_interval_of_a_mean_is_that_of_the_normal_approximation():
    values = np.random.default_rng(4).random(4000) < 0.3
    low, high = bootstrap.mean_interval(values)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.002)
    assert high == pytest.approx(values.mean() + half, abs=0.002)
    assert bootstrap.mean_interval(values) == (low, high)
    assert bootstrap.mean_interval(values, seed=1) != (low, high)


def test_recentred_interval():
    low, high = bootstrap.recentred_interval(10.0, np.arange(101.0))
    assert (low, high) == pytest.approx((10 - 47.5, 10 + 47.5))
