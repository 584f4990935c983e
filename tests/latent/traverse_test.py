"""tfglyph.latent.traverse: which entries of a latent change with rows and columns."""

import types

import numpy as np
import pytest

from tfglyph.architecture.codes import Codes
from tfglyph.errors import UsageError
from tfglyph.latent import points, traverse


class Model:
    """Decodes its latent to a row of pixels, 50 grey levels for a unit around 100."""

    name = "fake"

    def __init__(self, codes=None, z_dim=2, mode="InfoGAN"):
        self.codes = codes or Codes()
        self.latents_are_noise = mode == "DDPM"
        input_codes = self.codes if self.codes.size else None
        self.architecture = types.SimpleNamespace(z_dim=z_dim, input_codes=input_codes, mode=mode, class_count=0)

    def latents(self, seeds):
        size = self.architecture.z_dim + self.codes.size
        return np.stack([np.full(size, seed / 10, np.float32) for seed in seeds])

    def decode(self, latents):
        return np.clip(np.round(100 + 50 * latents), 0, 255).astype(np.uint8)[:, None, :, None]


def latents_of(grid):
    """Latents read back off a grid's images: (rows, columns, d)."""
    return (grid.images[:, :, 0, :, 0].astype(float) - 100) / 50


CODES = Codes(categorical=[3, 2], continuous=2, repeat=2)  # z z | a a a a a a | b b b b | u v


def test_rows_are_categories_and_columns_go_from_minus_two_to_two():
    grid = traverse.code_grid(Model(CODES), np.zeros(14, np.float32), (0,), (1,), columns=5)
    actual = latents_of(grid)
    assert actual.shape == (3, 5, 14)
    for category in range(3):
        np.testing.assert_allclose(actual[category, 0, 2:8], np.tile(np.eye(3)[category], 2))
    np.testing.assert_allclose(actual[1, :, 13], [-2, -1, 0, 1, 2])
    assert (actual[..., [0, 1, 8, 9, 10, 11, 12]] == 0).all()
    assert grid.rows == ["0", "1", "2"] and grid.columns == ["-2.0", "-1.0", "0.0", "1.0", "2.0"]


def test_several_codes_change_together():
    model = Model(Codes(categorical=[3, 3], continuous=2))
    actual = latents_of(traverse.code_grid(model, np.zeros(10, np.float32), (0, 1), (0, 1), columns=3))
    np.testing.assert_allclose(actual[2, 2], [0, 0, 0, 0, 1, 0, 0, 1, 2, 2])
    with pytest.raises(UsageError, match="same number of categories"):
        traverse.code_grid(Model(CODES), np.zeros(14, np.float32), (0, 1), (0,))


def test_ten_categories_give_ten_by_ten_for_each_continuous_code():
    model = Model(Codes(categorical=[10], continuous=2))
    grids = traverse.grids(model, points.seed_points(model, [4]))
    assert [grid.images.shape[:2] for grid in grids] == [(10, 10), (10, 10)]
    assert [grid.name for grid in grids] == ["code-1", "code-2"]
    np.testing.assert_allclose(latents_of(grids[0])[:, :, 0], 0.4)  # z of seed 4 stays


def test_categories_alone_are_rows_over_seeds():
    model = Model(Codes(categorical=[3]))
    (grid,) = traverse.grids(model, points.seed_points(model, [1, 5]))
    np.testing.assert_allclose(latents_of(grid)[2], [[0.1, 0.1, 0, 0, 1], [0.5, 0.5, 0, 0, 1]])
    assert grid.columns == ["seed 1", "seed 5"]


def test_continuous_codes_alone_have_a_row_for_each_seed():
    model = Model(Codes(continuous=1))
    (grid,) = traverse.grids(model, points.seed_points(model, [1, 5]), columns=3)
    np.testing.assert_allclose(latents_of(grid)[1], [[0.5, 0.5, -2], [0.5, 0.5, 0], [0.5, 0.5, 2]])


def test_mixtures_go_from_one_category_to_the_other():
    received = {}

    class Mixing(Model):
        label_weights = True

        def decode(self, latents, label):
            received["label"] = label
            return super().decode(latents)

    grid = traverse.mixing_grid(Mixing(Codes(categorical=[8])), "3", "7", [0, 1], columns=3)
    assert received["label"] == ["3:1.000000", "3:0.500000+7:0.500000", "7:1.000000"] * 2
    assert grid.images.shape[:2] == (2, 3)
    with pytest.raises(UsageError, match="one class at a time"):
        traverse.mixing_grid(Model(mode="DDPM"), "3", "7", [0])


def test_dimensions_come_in_the_order_of_what_they_change():
    class Weighted(Model):
        def decode(self, latents):
            return super().decode(latents * np.float32([0.1, 1, 0.3, 0]))

    model = Weighted(z_dim=4, mode="VAE")
    effects = traverse.dimension_effects(model, np.zeros((2, 4), np.float32))
    np.testing.assert_allclose(effects, np.array([20, 200, 60, 0]) / 4)
    (grid,) = traverse.grids(model, points.seed_points(model, [0, 1]), rows=3, columns=5)
    assert [label.split()[0] for label in grid.rows] == ["z[1]", "z[2]", "z[0]"]
    np.testing.assert_allclose(latents_of(grid)[0, :, 1], [-2, -1, 0, 1, 2])
    assert grid.figure().shape[2] == 3


def test_what_is_not_there_is_one_line():
    with pytest.raises(UsageError, match="no continuous code 3; there are 2, from 1"):
        traverse.with_code(Model(CODES), np.zeros((1, 14)), continuous={2: 0.0})
    with pytest.raises(UsageError, match="has no codes beside z"):
        traverse.with_code(Model(), np.zeros((1, 2)), {0: [1]})
    with pytest.raises(UsageError, match="single pixels of noise"):
        traverse.grids(Model(mode="DDPM"), points.seed_points(Model(), [0]))
    with pytest.raises(UsageError, match="no continuous codes to slide"):
        traverse.grids(Model(Codes(categorical=[3])), points.seed_points(Model(), [0]), continuous=[(0,)])
