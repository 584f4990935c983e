"""Character arithmetic, measured: is the glyph nearest to A - B + C the character D that has those parts?"""

import dataclasses

import numpy as np

from tfglyph.latent.arithmetic import analogy
from tfglyph.progress import progress

COMPONENTS = 128  # of the PCA baseline
_ROWS = 512


def ranks(queries, vectors, excluded, wanted):
    """The place of the wanted vector among all, by Euclidean distance from the query.

    Args:
        queries: float (t, d).
        vectors: float (n, d).
        excluded: int (t, m), rows that do not count for a query (A, B and C).
        wanted: int (t,), the row of D; not among the excluded.

    Returns:
        int64 (t,), 0 for the nearest; vectors as near as the wanted one do not count.
    """
    vectors = np.asarray(vectors, np.float32)
    squares = np.einsum("nd,nd->n", vectors, vectors)
    places = np.empty(len(queries), np.int64)
    for start in range(0, len(queries), _ROWS):
        part = slice(start, start + _ROWS)
        distances = squares - 2.0 * (np.asarray(queries[part], np.float32) @ vectors.T)  # (rows, n), but for |q|^2
        own = np.arange(len(distances))
        limit = distances[own, wanted[part]]
        distances[own[:, None], excluded[part]] = np.inf
        places[part] = (distances < limit[:, None]).sum(axis=1)
    return places


@dataclasses.dataclass(frozen=True)
class Scores:
    """What a list of ranks (0 is the best) comes to; each float64 (t,), their means are the figures."""

    top_1: np.ndarray
    top_5: np.ndarray
    reciprocal_rank: np.ndarray


def scores(places):
    """Scores of ranks, int (t,)."""
    places = np.asarray(places)
    return Scores((places < 1).astype(float), (places < 5).astype(float), 1.0 / (1.0 + places))


def flat(images):
    """uint8 [n, h, w, c] -> float32 (n, h * w * c) in [0, 1]."""
    return np.asarray(images, np.float32).reshape(len(images), -1) / np.float32(255.0)


def principal_components(vectors, components=COMPONENTS):
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
class Arithmetic:
    """Ranks of D for t tuples, by method.

    Attributes:
        places: dict from method (``latent``, ``decoded``, ``pixels``, ``pca``) to int64 (t,).
        drawn: uint8 (t, h, w, c), the model's images of A - B + C.
    """

    places: dict
    drawn: np.ndarray


def measure(model, images, rows):
    """Ranks of D among all images, A, B and C left out.

    Args:
        model: a GlyphModel that encodes, or None for the baselines alone.
        images: uint8 [n, h, w, c], all glyphs of the data set.
        rows: int (t, 4), the rows of A, B, C and D.

    Returns:
        Arithmetic; without a model, ``drawn`` is None.
    """
    a, b, c, d = rows.T
    excluded, pixels = rows[:, :3], flat(images)

    def placed(vectors):
        return ranks(analogy(vectors[a], vectors[b], vectors[c]), vectors, excluded, d)

    places, drawn = {}, None
    with progress(total=4 if model else 2, description="arithmetic", unit="method") as bar:
        if model:
            latents = model.encode(images)  # (n, z)
            places["latent"] = placed(latents)
            bar.update(1)
            drawn = model.decode(analogy(latents[a], latents[b], latents[c]))
            places["decoded"] = ranks(flat(drawn), pixels, excluded, d)
            bar.update(1)
        places["pixels"] = placed(pixels)
        bar.update(1)
        places["pca"] = placed(principal_components(pixels))
        bar.update(1)
    return Arithmetic(places, drawn)
