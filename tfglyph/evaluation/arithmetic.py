"""Character arithmetic, measured: is the glyph nearest to A - B + C the character D that has those parts?"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tfglyph.composition.arithmetic import WHOLE, add_descriptions
from tfglyph.composition.parsing import resolve
from tfglyph.evaluation.pixels import pixel_vectors
from tfglyph.evaluation.tuples import PartTuple
from tfglyph.latent.arithmetic import analogy
from tfglyph.models.base import GlyphModel
from tfglyph.progress import progress

PCA_COMPONENTS = 128  # of the baseline
_QUERY_BLOCK = 512
DECODED, SNAPPED = "decoded", "snapped decoded"
"""The methods that draw: the sum as it is, and moved to the prior's most probable mean (``GlyphModel.snap``)."""


def target_ranks(queries: np.ndarray, vectors: np.ndarray, excluded: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The rank of the target among all vectors, by Euclidean distance from the query.

    Args:
        queries: float (t, d).
        vectors: float (n, d).
        excluded: int (t, m), rows that do not count for a query (A, B and C).
        targets: int (t,), the row of D; not among the excluded.

    Returns:
        int64 (t,), 0 for the nearest; vectors as near as the target do not count.
    """
    vectors = np.asarray(vectors, np.float32)
    squares = np.einsum("nd,nd->n", vectors, vectors)
    ranks = np.empty(len(queries), np.int64)
    for start in range(0, len(queries), _QUERY_BLOCK):
        block = slice(start, start + _QUERY_BLOCK)
        distances = squares - 2.0 * (np.asarray(queries[block], np.float32) @ vectors.T)  # (rows, n), but for |q|^2
        rows = np.arange(len(distances))
        target_distances = distances[rows, targets[block]]
        distances[rows[:, None], excluded[block]] = np.inf
        ranks[block] = (distances < target_distances[:, None]).sum(axis=1)
    return ranks


@dataclasses.dataclass(frozen=True)
class Scores:
    """The scores of t ranks (0 is the best), float64 (t,) each; their means are the measurements."""

    top_1: np.ndarray
    top_5: np.ndarray
    reciprocal_rank: np.ndarray


def scores(ranks: np.ndarray) -> Scores:
    """Scores of ranks, int (t,)."""
    ranks = np.asarray(ranks)
    return Scores((ranks < 1).astype(float), (ranks < 5).astype(float), 1.0 / (1.0 + ranks))


def principal_components(vectors: np.ndarray, components: int = PCA_COMPONENTS) -> np.ndarray:
    """Coordinates along the directions of largest variance.

    Args:
        vectors: float32 (n, d).
        components: int; fewer where d is smaller.

    Returns:
        float32 (n, components).
    """
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return centred @ directions[:, ::-1][:, :components]


@dataclasses.dataclass(frozen=True)
class ArithmeticRanks:
    """Ranks of D for t tuples, by method.

    Attributes:
        ranks: dict from method (``latent``, ``decoded``, ``pixels``, ``pca``, and ``snapped``, ``snapped decoded``
            where the model's prior has parts) to int64 (t,).
        drawn: dict from method to uint8 (t, h, w, c), the model's images of A - B + C; empty without a model.
    """

    ranks: dict[str, np.ndarray]
    drawn: dict[str, np.ndarray]

    @property
    def best_drawn(self) -> str:
        """The method whose images ``validate`` and ``arithmetic`` would show."""
        return SNAPPED if SNAPPED in self.drawn else DECODED


def measure(model: GlyphModel | None, images: np.ndarray, rows: np.ndarray) -> ArithmeticRanks:
    """Ranks of D among all images, A, B and C left out.

    Args:
        model: a GlyphModel that encodes, or None for the baselines alone.
        images: uint8 [n, h, w, c], all glyphs of the data set.
        rows: int (t, 4), the rows of A, B, C and D.

    Returns:
        ArithmeticRanks.
    """
    a, b, c, d = rows.T
    excluded, pixels = rows[:, :3], pixel_vectors(images)

    def analogy_ranks(vectors: np.ndarray) -> np.ndarray:
        return target_ranks(analogy(vectors[a], vectors[b], vectors[c]), vectors, excluded, d)

    ranks: dict[str, np.ndarray] = {}
    drawn: dict[str, np.ndarray] = {}
    with progress(total=4 if model else 2, description="arithmetic", unit="method") as bar:
        if model:
            latents = model.encode(images)  # (n, z)
            ranks["latent"] = analogy_ranks(latents)
            sums = analogy(latents[a], latents[b], latents[c])  # (t, z)
            bar.update(1)
            drawn[DECODED] = model.decode(sums)
            snapped = model.snap(sums)
            if snapped is not sums:
                ranks["snapped"] = target_ranks(snapped, latents, excluded, d)
                drawn[SNAPPED] = model.decode(snapped)
            for method, of_method in drawn.items():
                ranks[method] = target_ranks(pixel_vectors(of_method), pixels, excluded, d)
            bar.update(1)
        ranks["pixels"] = analogy_ranks(pixels)
        bar.update(1)
        ranks["pca"] = analogy_ranks(principal_components(pixels))
        bar.update(1)
    return ArithmeticRanks(ranks, drawn)


# === By descriptions ===


def description_sums(tuples: Sequence[PartTuple]) -> list[str]:
    """The descriptions that A - B + C give: list of t str, empty where the parts do not cancel."""
    return [add_descriptions(entry.a, entry.b, entry.c).text for entry in tuples]


def description_ranks(tuples: Sequence[PartTuple], descriptions: Sequence[str], count: int) -> np.ndarray:
    """Ranks of D by descriptions, which are right or wrong: there is nothing nearer or farther.

    Args:
        tuples: list of t PartTuple.
        descriptions: list of t str, from ``description_sums``.
        count: int, the rank of what is wrong.

    Returns:
        int64 (t,): 0 where the description is that of D.
    """
    right = [
        bool(text) and resolve(text, WHOLE) == resolve(entry.d, WHOLE)
        for entry, text in zip(tuples, descriptions, strict=True)
    ]
    return np.where(right, 0, count)


def image_ranks(drawn: np.ndarray, images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Ranks of D by the pixels of an image of A - B + C, A, B and C left out.

    Args:
        drawn: uint8 (t, h, w, c).
        images: uint8 (n, h, w, c), all glyphs.
        rows: int (t, 4), the rows of A, B, C and D.

    Returns:
        int64 (t,).
    """
    return target_ranks(pixel_vectors(drawn), pixel_vectors(images), rows[:, :3], rows[:, 3])
