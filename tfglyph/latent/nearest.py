"""Nearest real images, by pixels and by an encoder's latents."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.files import cached_arrays
from tfglyph.imaging.grids import table_figure
from tfglyph.progress import progress

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

BLOCK_BYTES = 1 << 25  # of float64 that are compared at once


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """The nearest rows of a set, for each query."""

    rows: np.ndarray
    """int64 (n, k), the nearest first"""
    distances: np.ndarray
    """float64 (n, k), Euclidean"""


Searcher = Callable[[np.ndarray], Neighbours]
"""Takes uint8 images (n, h, w, c)."""


def nearest_rows(queries: Any, rows: Any, k: int = 1, description: str = "comparing") -> Neighbours:
    """Nearest neighbours by Euclidean distance, exact.

    Args:
        queries: (n, ...) numbers.
        rows: (m, ...) numbers of the same trailing shape, an array or a memory map.
        k: int, at most m.
        description: str, for the progress bar.

    Returns:
        Neighbours; of equally near rows the first comes first.
    """
    queries = np.asarray(queries, np.float64).reshape(len(queries), -1)
    size = queries.shape[1]
    block = max(1, BLOCK_BYTES // (8 * size))
    nearest = np.zeros((len(queries), 0), np.int64)
    squares = np.zeros((len(queries), 0))
    lengths = np.sum(queries**2, axis=1, keepdims=True)
    for start in progress(range(0, len(rows), block), description, unit=f"x{block}"):
        part = np.asarray(rows[start : start + block], np.float64).reshape(-1, size)
        distance = lengths + np.sum(part**2, axis=1) - 2.0 * queries @ part.T  # (n, block)
        part_rows = np.broadcast_to(np.arange(start, start + len(part)), distance.shape)
        nearest = np.concatenate([nearest, part_rows], axis=1)
        squares = np.concatenate([squares, np.maximum(distance, 0.0)], axis=1)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        nearest, squares = np.take_along_axis(nearest, order, 1), np.take_along_axis(squares, order, 1)
    return Neighbours(nearest, np.sqrt(squares))


def by_pixels(images: np.ndarray, real: Any, k: int = 1) -> Neighbours:
    """Nearest real images by pixels.

    Args:
        images: uint8 (n, h, w, c).
        real: uint8 (m, h, w, c), an array or a memory map.
        k: int.

    Returns:
        Neighbours; distances are root mean squares over pixels, on a scale where the whole range is 1.
    """
    neighbours = nearest_rows(images, real, k, "by pixels")
    return Neighbours(neighbours.rows, neighbours.distances / (255.0 * np.sqrt(np.prod(np.shape(images)[1:]))))


def by_latent(model: "GlyphModel", images: np.ndarray, real_latents: np.ndarray, k: int = 1) -> Neighbours:
    """Nearest real images by the distance of their encodings.

    Args:
        model: a GlyphModel with an encoder.
        images: uint8 (n, h, w, c).
        real_latents: float32 (m, d), ``model.encode`` of the real ones.
        k: int.

    Returns:
        Neighbours; distances are Euclidean in z.
    """
    return nearest_rows(model.encode(images), real_latents, k, "by latent")


def has_latent_distances(model: "GlyphModel") -> bool:
    """Whether distances between latents are a measure of similarity: for an encoder, but not for diffusion noise."""
    return model.can_encode and not model.latents_are_noise


def real_latents(model: "GlyphModel", glyphs: Glyphs) -> np.ndarray:
    """The encodings of a whole data set, kept in the cache directory: a minute's work at twenty thousand glyphs.

    Args:
        model: a GlyphModel from ``tfglyph.load``.
        glyphs: tfglyph.datasets.Glyphs.

    Returns:
        float32 (m, d).
    """

    def encode() -> dict[str, np.ndarray]:
        return {"latents": model.encode(np.asarray(glyphs.images))}

    return cached_arrays("latents", [model.run.manifest["checksum"], glyphs.fingerprint], encode)["latents"]


def searchers(model: "GlyphModel", glyphs: Glyphs, k: int = 1) -> dict[str, Searcher]:
    """The nearest-neighbour searches that suit a model.

    Args:
        model: a GlyphModel.
        glyphs: tfglyph.datasets.Glyphs.
        k: int, neighbours of each image.

    Returns:
        dict from "pixels" and, where ``has_latent_distances``, "latent" to a ``Searcher``. The real glyphs are encoded
        once, at the first search.
    """
    searches: dict[str, Searcher] = {"pixels": lambda images: by_pixels(images, glyphs.images, k)}
    if has_latent_distances(model):
        encoded = functools.cache(lambda: real_latents(model, glyphs))
        searches["latent"] = lambda images: by_latent(model, images, encoded(), k)
    return searches


def leave_one_out_distances(real: Any, count: int = 128) -> np.ndarray:
    """How far real images are from the nearest other one: the scale for the distances of generated images.

    Args:
        real: uint8 (m, h, w, c), m at least 2.
        count: int, how many are measured, evenly over the set.

    Returns:
        float64 (at most count,), sorted, in the unit of ``by_pixels``.
    """
    rows = np.unique(np.linspace(0, len(real) - 1, min(count, len(real))).astype(int))
    neighbours = by_pixels(np.stack([real[row] for row in rows]), real, k=2)
    is_itself = neighbours.rows == rows[:, None]
    # Of an image that occurs twice both neighbours are at no distance, and neither need be itself.
    distances = np.where(is_itself[:, 0], neighbours.distances[:, 1], neighbours.distances[:, 0])
    return np.sort(distances)


def sheet(
    title: str, images: np.ndarray, names: Sequence[str], groups: Sequence[tuple[str, Neighbours, Any]]
) -> np.ndarray:
    """Images with their nearest real ones beside them.

    Args:
        title: str.
        images: uint8 (n, h, w, c).
        names: list of n str.
        groups: list of (header str, Neighbours, real uint8 (m, h, w, c)); the first one's distances are in the table.

    Returns:
        uint8 (H, W, 3).
    """
    headers = [("", ["image"])]
    for header, neighbours, _ in groups:
        headers.append((header, [str(rank) for rank in range(1, neighbours.rows.shape[1] + 1)]))
    rows = []
    for number, (name, image) in enumerate(zip(names, images, strict=True)):
        cells = [image[None]]
        cells += [np.stack([real[row] for row in neighbours.rows[number]]) for _, neighbours, real in groups]
        rows.append((f"{name}   {groups[0][1].distances[number, 0]:.3f}", cells))
    return table_figure(title, headers, rows, image_height=64)
