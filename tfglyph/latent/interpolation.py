"""Linear and spherical interpolation between latents."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.points import Points

if TYPE_CHECKING:
    import tensorflow as tf

    from tfglyph.models.base import GlyphModel

Method = Literal["spherical", "linear"]

# Below this sine of the angle, the two sines of the formula have no accurate digits to divide.
SMALLEST_SINE = 1e-6


def times(steps: Any) -> "tf.Tensor":
    """``steps`` times from 0 to 1, both included; a single step is the start.

    Args:
        steps: int or scalar int tensor, at least 1.

    Returns:
        float64 tensor [steps].
    """
    import tensorflow as tf  # slow: see tfglyph.latent

    steps = tf.convert_to_tensor(steps, tf.int32)
    return tf.cast(tf.range(steps), tf.float64) / tf.cast(tf.maximum(steps - 1, 1), tf.float64)


def lerp(a: Any, b: Any, t: Any) -> "tf.Tensor":
    """Straight line (1 - t) a + t b.

    Args:
        a, b: float latents [n, d].
        t: floats [steps] in [0, 1].

    Returns:
        Tensor [n, steps, d] of a's dtype.
    """
    import tensorflow as tf  # slow: see tfglyph.latent

    a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
    weight = tf.cast(t, tf.float64)[None, :, None]
    start, end = (tf.cast(latent, tf.float64)[:, None, :] for latent in (a, b))
    return tf.cast((1 - weight) * start + weight * end, a.dtype)


def slerp(a: Any, b: Any, t: Any) -> "tf.Tensor":
    """Spherical interpolation: sin((1-t) w) / sin(w) * a + sin(t w) / sin(w) * b, with w their angle.

    White 2016 (https://arxiv.org/abs/1609.04468), after Shoemake 1985. A straight line passes through short vectors,
    which a Gaussian prior hardly ever gives; the arc keeps to lengths between those of its ends. Where the angle is
    nearly zero, or one end is the zero vector, the arc is a straight line. Where the ends are opposite, every half
    circle is as good: the one taken passes through the axis on which ``a`` is smallest, and the length changes evenly.

    Args:
        a, b: float latents [n, d].
        t: floats [steps] in [0, 1].

    Returns:
        Tensor [n, steps, d] of a's dtype; at t = 0 and t = 1 it is a and b up to rounding.
    """
    import tensorflow as tf  # slow: see tfglyph.latent

    a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
    weight = tf.cast(t, tf.float64)[None, :, None]
    start, end = (tf.cast(latent, tf.float64)[:, None, :] for latent in (a, b))  # (n, 1, d)
    start_length, end_length = (tf.norm(vector, axis=-1, keepdims=True) for vector in (start, end))  # (n, 1, 1)
    direction = tf.math.divide_no_nan(start, start_length)
    cosine = tf.reduce_sum(direction * tf.math.divide_no_nan(end, end_length), axis=-1, keepdims=True)
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    sine = tf.sin(angle)
    flat = (sine < SMALLEST_SINE) | (start_length == 0) | (end_length == 0)
    safe = tf.where(flat, tf.ones_like(sine), sine)  # keeps the branch that is not taken finite
    arc = (tf.sin((1 - weight) * angle) * start + tf.sin(weight * angle) * end) / safe
    line = (1 - weight) * start + weight * end
    opposite = flat & (cosine < 0)
    half_circle = _half_circle(direction, (1 - weight) * start_length + weight * end_length, weight)
    return tf.cast(tf.where(opposite, half_circle, tf.where(flat, line, arc)), a.dtype)  # (n, steps, d)


def _half_circle(direction: "tf.Tensor", length: "tf.Tensor", weight: "tf.Tensor") -> "tf.Tensor":
    """From ``direction`` to its opposite through the axis where it is least; float64 [n, 1 or steps, d]."""
    import tensorflow as tf  # slow: see tfglyph.latent

    axis = tf.one_hot(tf.argmin(tf.abs(direction), axis=-1), tf.shape(direction)[-1], dtype=tf.float64)  # (n, 1, d)
    perpendicular = axis - tf.reduce_sum(axis * direction, axis=-1, keepdims=True) * direction
    perpendicular = tf.math.divide_no_nan(perpendicular, tf.norm(perpendicular, axis=-1, keepdims=True))
    angle = weight * np.pi
    return length * (tf.cos(angle) * direction + tf.sin(angle) * perpendicular)


METHODS: dict[str, Callable[..., "tf.Tensor"]] = {"spherical": slerp, "linear": lerp}


# === Paths of latents ===


def walk(model: "GlyphModel", start: Any, end: Any, steps: Any, method: Method = "spherical") -> np.ndarray:
    """Latents between two others; codes (InfoGAN's, categories) go straight, so that weights sum to 1.

    Args:
        model: a GlyphModel.
        start, end: float32 (n, d).
        steps: int, or floats (steps,) in [0, 1].
        method: "spherical" or "linear".

    Returns:
        float32 (n, steps, d).

    Raises:
        UsageError: another method.
    """
    if method not in METHODS:
        raise UsageError(f"method: found {method!r}, expected one of {', '.join(METHODS)}")
    t = times(steps) if np.ndim(steps) == 0 else steps
    z_dim = model.architecture.z_dim
    start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
    z = METHODS[method](start[:, :z_dim], end[:, :z_dim], t)
    codes = lerp(start[:, z_dim:], end[:, z_dim:], t)
    return np.concatenate([z, codes], axis=-1)  # (n, steps, d)


def closed_walk(model: "GlyphModel", latents: Any, frames: int, method: Method = "spherical") -> np.ndarray:
    """A closed path through latents at an even pace.

    Args:
        model: a GlyphModel.
        latents: float32 (n, d), n at least 2.
        frames: int; one more would be the first again.
        method: as in ``walk``.

    Returns:
        float32 (frames, d).
    """
    latents = np.asarray(latents, np.float32)
    positions = np.arange(frames) * len(latents) / frames
    segments = positions.astype(int)
    next_latents = np.roll(latents, -1, axis=0)
    path = np.empty((frames, latents.shape[1]), np.float32)
    for segment in range(len(latents)):
        inside = segments == segment
        ends = latents[segment : segment + 1], next_latents[segment : segment + 1]
        path[inside] = walk(model, *ends, positions[inside] - segment, method)[0]
    return path


def blended(path: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(z(t) + n) / 2 for each cell: the animated grids of the CPPN on fonts.

    Args:
        path: float32 (frames, d).
        noise: float32 (cells, d), fixed for each cell.

    Returns:
        float32 (cells, frames, d).
    """
    return 0.5 * (path[None] + noise[:, None])


# === Images ===


def decode_latents(
    model: "GlyphModel", latents: Any, size: tuple[int, int] | None = None, **options: Any
) -> np.ndarray:
    """Images of latents of any leading shape, such as paths.

    Args:
        model: a GlyphModel.
        latents: float32 (..., d).
        size: None, or (height, width) for a CPPN.
        **options: what ``decode`` takes (label, steps, ...); a CPPN of another size takes the label only.

    Returns:
        uint8 (..., h, w, c).

    Raises:
        UsageError: a size for a model whose images have one size.
    """
    latents = np.asarray(latents, np.float32)
    flat = latents.reshape(-1, latents.shape[-1])
    if size is None:
        images = model.decode(flat, **options)
    elif not model.architecture.renders_any_size:
        raise UsageError(f"{model.name}: a {model.architecture.mode} model renders one size only; a cppn renders any")
    else:
        images = model.render(flat, *size, **options)
    return images.reshape(*latents.shape[:-1], *images.shape[1:])


def interpolation_rows(
    model: "GlyphModel",
    left: np.ndarray,
    right: np.ndarray,
    steps: int = 10,
    method: Method = "spherical",
    latents: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Rows from one image to another: the real one, ``steps`` images of the path, the other real one.

    The first and the last of the steps are the reconstructions of the two images, since an encoder's latent is its
    mean.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        left, right: uint8 images [n, h, w, c].
        steps: int, at least 2.
        method: as in ``walk``.
        latents: None, or what ``model.encode`` gave for ``left`` and ``right``.

    Returns:
        uint8 images [n * (steps + 2), h, w, c], row by row; lay them out with ``steps + 2`` columns.
    """
    start, end = latents or (model.encode(left), model.encode(right))
    path = walk(model, start, end, steps, method)  # (n, steps, d)
    images = np.concatenate([left[:, None], decode_latents(model, path), right[:, None]], axis=1)
    return images.reshape(-1, *left.shape[1:])  # (n * (steps + 2), h, w, c)


def rows(
    model: "GlyphModel",
    points: Points,
    columns: int = 10,
    method: Method = "spherical",
    size: tuple[int, int] | None = None,
    **options: Any,
) -> np.ndarray:
    """One row for each two points: the path between them, with the real images at its ends where there are some.

    Args:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points, an even number.
        columns: int, images of a path; ``steps`` are the sampler's.
        method: as in ``walk``.
        size, options: as in ``decode_latents``.

    Returns:
        uint8 (rows, columns or columns + 2, h, w, c).
    """
    path = walk(model, points.latents[::2], points.latents[1::2], columns, method)  # (rows, columns, d)
    images = decode_latents(model, path, size, **options)
    if points.images is None:
        return images
    ends = np.stack([resized(image, images.shape[2:4]) for image in points.images])
    return np.concatenate([ends[::2, None], images, ends[1::2, None]], axis=1)


def loop(
    model: "GlyphModel",
    points: Points,
    frames: int,
    cells: int = 1,
    noise_seed: int = 0,
    method: Method = "spherical",
    size: tuple[int, int] | None = None,
    **options: Any,
) -> np.ndarray:
    """A closed path through points, in one cell or in several with a fixed noise each.

    Args:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points, at least two.
        frames: int.
        cells: int; one shows the path itself, of several each shows (z(t) + noise) / 2.
        noise_seed: int; the noise of cell i is the latent of image i of ``sample`` with this seed.
        method: as in ``walk``.
        size, options: as in ``decode_latents``.

    Returns:
        uint8 (cells, frames, h, w, c).
    """
    path = closed_walk(model, points.latents, frames, method)  # (frames, d)
    if cells == 1:
        return decode_latents(model, path[None], size, **options)
    noise = model.latents_of_pairs([(noise_seed, index) for index in range(cells)])
    return decode_latents(model, blended(path, noise), size, **options)


def resized(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 image (h, w, c) with each pixel repeated or dropped to reach (height, width)."""
    rows, columns = ((np.arange(new) * old // new) for new, old in zip(shape, image.shape[:2], strict=True))
    return image[rows][:, columns]
