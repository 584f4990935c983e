"""tfglyph.latent.nearest: exact neighbours, whatever the blocks."""

import types

import numpy as np
import pytest

from tfglyph.datasets import Glyphs
from tfglyph.latent import nearest

RANDOM = np.random.default_rng(3)
REAL = RANDOM.integers(0, 256, (50, 4, 4, 1), dtype=np.uint8)


@pytest.mark.parametrize("block", [1, 7 * 16 * 8, 1 << 25])
def test_neighbours_are_those_of_the_whole_table_of_distances(monkeypatch, block):
    monkeypatch.setattr(nearest, "BLOCK_BYTES", block)
    queries = RANDOM.integers(0, 256, (6, 4, 4, 1), dtype=np.uint8)
    table = np.sqrt(np.mean(np.square((queries[:, None].astype(float) - REAL[None]) / 255), axis=(2, 3, 4)))  # (6, 50)
    actual = nearest.by_pixels(queries, REAL, k=3)
    np.testing.assert_array_equal(actual.rows, np.argsort(table, axis=1, kind="stable")[:, :3])
    np.testing.assert_allclose(actual.distances, np.sort(table, axis=1)[:, :3], rtol=1e-9)


def test_a_copy_is_at_no_distance_and_the_first_of_equals_wins():
    doubled = np.concatenate([REAL, REAL])
    actual = nearest.by_pixels(REAL[[4, 9]], doubled, k=2)
    assert actual.rows.tolist() == [[4, 54], [9, 59]]
    np.testing.assert_array_equal(actual.distances, 0.0)


def test_distances_of_real_images_leave_the_image_itself_out():
    table = np.sqrt(np.mean(np.square((REAL[:, None].astype(float) - REAL[None]) / 255), axis=(2, 3, 4)))
    expected = np.sort((table + 9 * np.eye(50)).min(axis=1))
    np.testing.assert_allclose(nearest.leave_one_out_distances(REAL), expected, rtol=1e-9)
    assert len(nearest.leave_one_out_distances(REAL, count=7)) == 7
    np.testing.assert_array_equal(nearest.leave_one_out_distances(np.concatenate([REAL, REAL])), 0.0)


class Encoder:
    """Its latent is the mean pixel."""

    can_encode, latents_are_noise, latent_shape = True, False, (1,)
    calls = 0

    def encode(self, images):
        self.calls += 1
        return np.asarray(images, np.float32).mean(axis=(1, 2, 3))[:, None]


def test_encodings_of_a_set_are_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path))
    model, glyphs = Encoder(), Glyphs("tiny", REAL, fingerprint="f")
    model.run = types.SimpleNamespace(manifest={"checksum": "one"})
    actual = nearest.searchers(model, glyphs, k=2)["latent"](REAL[:3])
    assert actual.rows[:, 0].tolist() == [0, 1, 2] and actual.distances[:, 0].max() < 1e-5
    assert model.calls == 2  # the set and the queries
    np.testing.assert_array_equal(nearest.real_latents(model, glyphs), model.encode(REAL))
    assert model.calls == 3  # the line above
    model.run = types.SimpleNamespace(manifest={"checksum": "other weights"})
    nearest.real_latents(model, glyphs)
    assert model.calls == 4
    files = list(tmp_path.rglob("latents-*"))
    assert len(files) == 2
    for path in files:
        path.write_bytes(b"damaged")
    np.testing.assert_array_equal(nearest.real_latents(model, glyphs), model.encode(REAL))


def test_noise_of_a_diffusion_model_is_no_measure():
    model = types.SimpleNamespace(can_encode=True, latents_are_noise=True)
    assert list(nearest.searchers(model, None)) == ["pixels"]


def test_the_sheet_has_a_row_for_each_image():
    groups = [("by pixels", nearest.by_pixels(REAL[:3], REAL, 2), REAL)]
    page = nearest.sheet("title", REAL[:3], ["a", "b", "c"], groups)
    assert page.dtype == np.uint8 and page.shape[2] == 3 and page.shape[0] > 3 * 64
