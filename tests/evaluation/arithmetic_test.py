"""The arithmetic benchmark: its ranks, its tuples, and models that can and cannot do it."""

import numpy as np
import pytest

from tfglyph import datasets
from tfglyph.composition import table
from tfglyph.errors import UsageError
from tfglyph.evaluation import arithmetic
from tfglyph.evaluation.tuples import part_tuples

OPERATORS = {"left-right": "⿰", "above-below": "⿱"}


def test_ranks_count_the_nearer_vectors(monkeypatch):
    monkeypatch.setattr(arithmetic, "_QUERY_BLOCK", 3)
    rng = np.random.default_rng(0)
    vectors, queries = rng.normal(size=(40, 5)), rng.normal(size=(10, 5))
    rows = np.stack([rng.permutation(40)[:4] for _ in range(10)])
    expected = []
    for query, (a, b, c, d) in zip(queries, rows, strict=True):
        distance = np.linalg.norm(vectors - query, axis=1)
        expected.append(sum(distance[i] < distance[d] for i in range(40) if i not in (a, b, c)))
    np.testing.assert_array_equal(arithmetic.target_ranks(queries, vectors, rows[:, :3], rows[:, 3]), expected)


def test_scores():
    scores = arithmetic.scores(np.array([0, 1, 4, 5]))
    assert scores.top_1.mean() == 0.25 and scores.top_5.mean() == 0.75
    assert scores.reciprocal_rank.mean() == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 6) / 4)


def test_principal_components_keep_distances_and_order():
    vectors = np.random.default_rng(1).normal(size=(30, 6)).astype(np.float32) * [5, 4, 3, 2, 1, 0.5]
    four = arithmetic.principal_components(vectors, 4)
    singular = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[1]
    np.testing.assert_allclose(np.linalg.norm(four, axis=0), singular[:4], rtol=1e-5)
    every = arithmetic.principal_components(vectors, 128)
    np.testing.assert_allclose(np.linalg.norm(every[0] - every[1]), np.linalg.norm(vectors[0] - vectors[1]), rtol=1e-5)


class PixelModel:
    """A model whose latent is the image itself, and whose images of sums are exact."""

    def snap(self, latents):
        return latents

    def encode(self, images):
        return images.reshape(len(images), -1).astype(np.float32)

    def decode(self, latents):
        return latents.clip(0, 255).astype(np.uint8).reshape(-1, 4, 8, 1)


def test_pictures_of_two_independent_halves_are_solved_by_every_method():
    rng = np.random.default_rng(2)
    parts = rng.integers(0, 256, (6, 4, 4, 1)).astype(np.uint8)
    images = np.stack([np.concatenate([parts[left], parts[right]], axis=1) for left in range(6) for right in range(6)])
    chosen = [(0, 1, 2, 3), (5, 2, 0, 1)]
    tuples = np.array([[l1 * 6 + r1, l2 * 6 + r1, l2 * 6 + r2, l1 * 6 + r2] for l1, l2, r1, r2 in chosen])
    result = arithmetic.measure(PixelModel(), images, tuples)
    assert {method: ranks.tolist() for method, ranks in result.ranks.items()} == {
        "latent": [0, 0],
        "decoded": [0, 0],
        "pixels": [0, 0],
        "pca": [0, 0],
    }
    np.testing.assert_array_equal(result.drawn["decoded"], images[tuples[:, 3]])
    assert not arithmetic.measure(None, images, tuples).drawn


def test_sums_that_a_prior_snaps_are_methods_of_their_own():
    images = np.random.default_rng(3).integers(0, 256, (12, 4, 8, 1)).astype(np.uint8)
    rows = np.array([[0, 1, 2, 7], [3, 4, 5, 9]])

    class Oracle(PixelModel):
        def snap(self, latents):
            assert len(latents) == 2
            return self.encode(images[rows[:, 3]])

    result = arithmetic.measure(Oracle(), images, rows)
    assert result.ranks["snapped"].tolist() == result.ranks["snapped decoded"].tolist() == [0, 0]
    assert max(result.ranks["latent"]) > 0 and result.best_drawn == "snapped decoded"
    np.testing.assert_array_equal(result.drawn["snapped decoded"], images[rows[:, 3]])
    assert not np.array_equal(result.drawn["decoded"], result.drawn["snapped decoded"])


# === By descriptions ===


def test_descriptions_are_right_or_wrong():
    tuples = part_tuples("test")[:3]
    texts = arithmetic.description_sums(tuples)
    assert arithmetic.description_ranks(tuples, texts, 9).tolist() == [0, 0, 0]
    assert arithmetic.description_ranks(tuples, [texts[1], "", texts[2]], 9).tolist() == [9, 9, 0]


def test_images_are_ranked_by_pixels_without_the_terms():
    images = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2, 1) * 10
    rows = np.array([[0, 1, 2, 4], [1, 2, 3, 4]])
    drawn = images[[3, 3]]
    # The image is that of row 3, which counts unless it is one of the terms.
    assert arithmetic.image_ranks(drawn, images, rows).tolist() == [1, 0]


# === The tuples ===


@pytest.mark.parametrize("half", ["development", "test"])
def test_tuples_are_what_they_say(half):
    entries, spelled = part_tuples(half), table().spelled
    known = set(datasets.load("cns", size=32).characters)
    assert sum(entry.direction == "left-right" for entry in entries) == 2500
    assert sum(entry.direction == "above-below" for entry in entries) == 1000
    assert len({entry.characters for entry in entries}) == len(entries)
    for entry in entries:
        assert len(set(entry.characters)) == 4 and known.issuperset(entry.characters)
        (a, b, c, d) = (spelled[character] for character in entry.characters)
        assert {a[0], b[0], c[0], d[0]} == {OPERATORS[entry.direction]}
        assert a[1][0] == d[1][0] != b[1][0] == c[1][0]  # left or above
        assert a[1][1] == b[1][1] != c[1][1] == d[1][1]  # right or below


def test_no_part_is_in_both_halves():
    parts = [
        {part for entry in part_tuples(half) for name in entry.characters for part in table().spelled[name][1]}
        for half in ("development", "test")
    ]
    assert len(parts[0]) > 300 and len(parts[1]) > 300
    assert not parts[0] & parts[1]


@pytest.mark.slow
def test_baselines_are_near_the_published_ones():
    """On left-right tuples at 32x32: pixels 21.8 / 36.6 %, PCA-128 24.1 / 38.3 % (top-1 / top-5)."""
    glyphs = datasets.load("cns", size=32)
    row_of = glyphs.rows_by_character()
    entries = [entry for half in ("development", "test") for entry in part_tuples(half)[:2500:3]]
    rows = np.array([[row_of[name] for name in entry.characters] for entry in entries])
    result = arithmetic.measure(None, np.asarray(glyphs.images), rows)
    for method, top_1, top_5 in (("pixels", 0.218, 0.366), ("pca", 0.241, 0.383)):
        scores = arithmetic.scores(result.ranks[method])
        assert scores.top_1.mean() == pytest.approx(top_1, abs=0.05)
        assert scores.top_5.mean() == pytest.approx(top_5, abs=0.06)


def test_there_are_two_halves():
    with pytest.raises(UsageError, match="none of development, test"):
        part_tuples("third")
