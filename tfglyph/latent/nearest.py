"""The real images nearest to others: by their pixels, and by what an encoder makes of them."""

import dataclasses
import functools

import numpy as np

from tfglyph.files import cached_arrays
from tfglyph.progress import progress

BLOCK_BYTES = 1 << 25  # of float64 that are compared at once


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """The nearest rows of a set, for each query."""

    rows: np.ndarray
    """int64 (n, k), the nearest first"""
    distances: np.ndarray
    """float64 (n, k), Euclidean"""


def nearest_rows(queries, rows, k=1, description="comparing"):
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
    found = np.zeros((len(queries), 0), np.int64)
    squares = np.zeros((len(queries), 0))
    lengths = np.sum(queries**2, axis=1, keepdims=True)
    for start in progress(range(0, len(rows), block), description, unit=f"x{block}"):
        part = np.asarray(rows[start : start + block], np.float64).reshape(-1, size)
        distance = lengths + np.sum(part**2, axis=1) - 2.0 * queries @ part.T  # (n, block)
        found = np.concatenate([found, np.broadcast_to(np.arange(start, start + len(part)), distance.shape)], axis=1)
        squares = np.concatenate([squares, np.maximum(distance, 0.0)], axis=1)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        found, squares = np.take_along_axis(found, order, 1), np.take_along_axis(squares, order, 1)
    return Neighbours(found, np.sqrt(squares))


def by_pixels(images, real, k=1):
    """Nearest real images by pixels.

    Args:
        images: uint8 (n, h, w, c).
        real: uint8 (m, h, w, c), an array or a memory map.
        k: int.

    Returns:
        Neighbours; distances are root mean squares over pixels, in shares of the whole range from 0 to 1.
    """
    found = nearest_rows(images, real, k, "by pixels")
    return Neighbours(found.rows, found.distances / (255.0 * np.sqrt(np.prod(np.shape(images)[1:]))))


def by_latent(model, images, real_latents, k=1):
    """Nearest real images by the distance of their encodings.

    Args:
        model: a GlyphModel that encodes.
        images: uint8 (n, h, w, c).
        real_latents: float32 (m, d), ``model.encode`` of the real ones.
        k: int.

    Returns:
        Neighbours; distances are Euclidean in z.
    """
    return nearest_rows(model.encode(images), real_latents, k, "by latent")


def latents_compare(model):
    """bool: whether distances of latents say something: for an encoder, but not for a diffusion model's noise."""
    return model.can_encode and not model.latents_are_noise


def real_latents(model, glyphs):
    """The encodings of a whole data set, kept in the cache directory: a minute's work at twenty thousand glyphs.

    Args:
        model: a GlyphModel from ``tfglyph.load``.
        glyphs: tfglyph.datasets.Glyphs.

    Returns:
        float32 (m, d).
    """

    def encode() -> dict[str, np.ndarray]:
        return {"latents": model.encode(glyphs.images)}

    return cached_arrays("latents", [model.run.manifest["checksum"], glyphs.fingerprint], encode)["latents"]


def searchers(model, glyphs, k=1):
    """The ways to look for real glyphs near an image that suit a model.

    Args:
        model: a GlyphModel.
        glyphs: tfglyph.datasets.Glyphs.
        k: int, neighbours of each image.

    Returns:
        dict from "pixels" and, where latents say something, "latent" to a function of uint8 images (n, h, w, c) that
        gives Neighbours. The real glyphs are encoded once, when the function is first called.
    """
    found = {"pixels": lambda images: by_pixels(images, glyphs.images, k)}
    if latents_compare(model):
        encoded = functools.cache(lambda: real_latents(model, glyphs))
        found["latent"] = lambda images: by_latent(model, images, encoded(), k)
    return found


def usual_distances(real, count=128):
    """How far real images are from the nearest other one: what distances of generated ones are to be held against.

    Args:
        real: uint8 (m, h, w, c), m at least 2.
        count: int, how many are looked at, evenly over the set.

    Returns:
        float64 (at most count,), sorted, in the unit of ``by_pixels``.
    """
    places = np.unique(np.linspace(0, len(real) - 1, min(count, len(real))).astype(int))
    found = by_pixels(np.stack([real[place] for place in places]), real, k=2)
    itself = found.rows == places[:, None]
    # Of an image that occurs twice both neighbours are at no distance, and neither need be itself.
    other = np.where(itself[:, 0], found.distances[:, 1], found.distances[:, 0])
    return np.sort(other)


def sheet(title, images, names, groups):
    """Images with their nearest real ones beside them.

    Args:
        title: str.
        images: uint8 (n, h, w, c).
        names: list of n str.
        groups: list of (header str, Neighbours, real uint8 (m, h, w, c)); the first one's distances stand in the table.

    Returns:
        uint8 (H, W, 3).
    """
    from tfglyph.imaging.grids import table_figure

    headers = [("", ["image"])]
    for header, found, _ in groups:
        headers.append((header, [str(place + 1) for place in range(found.rows.shape[1])]))
    rows = []
    for number, (name, image) in enumerate(zip(names, images, strict=True)):
        shown = [image[None]]
        shown += [np.stack([real[row] for row in found.rows[number]]) for _, found, real in groups]
        rows.append((f"{name}   {groups[0][1].distances[number, 0]:.3f}", shown))
    return table_figure(title, headers, rows, image_height=64)
