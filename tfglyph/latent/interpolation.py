"""Straight and spherical interpolation between latents."""

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.points import split_codes

# Below this sine of the angle, the two sines of the formula have no accurate digits to divide.
SMALLEST_SINE = 1e-6


def times(steps):
    """``steps`` times from 0 to 1, both included; a single step is the start.

    Args:
        steps: int or scalar int tensor, at least 1.

    Returns:
        float64 tensor [steps].
    """
    import tensorflow as tf

    steps = tf.convert_to_tensor(steps, tf.int32)
    return tf.cast(tf.range(steps), tf.float64) / tf.cast(tf.maximum(steps - 1, 1), tf.float64)


def lerp(a, b, t):
    """Straight line (1 - t) a + t b.

    Args:
        a, b: float latents [n, d].
        t: floats [steps] in [0, 1].

    Returns:
        Tensor [n, steps, d] of a's dtype.
    """
    import tensorflow as tf

    a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
    weight = tf.cast(t, tf.float64)[None, :, None]
    start, end = (tf.cast(latent, tf.float64)[:, None, :] for latent in (a, b))
    return tf.cast((1 - weight) * start + weight * end, a.dtype)


def slerp(a, b, t):
    """Spherical interpolation: sin((1-t) w) / sin(w) * a + sin(t w) / sin(w) * b, with w their angle.

    White 2016 (https://arxiv.org/abs/1609.04468), after Shoemake 1985. A straight line passes through short
    vectors, which a Gaussian prior hardly ever gives; the arc keeps to lengths between those of its ends.
    Where the angle is nearly zero, or one end is the zero vector, the arc is a straight line. Where the ends
    are opposite, every half circle is as good: the one taken passes through the axis on which ``a`` is
    smallest, and the length runs evenly.

    Args:
        a, b: float latents [n, d].
        t: floats [steps] in [0, 1].

    Returns:
        Tensor [n, steps, d] of a's dtype; at t = 0 and t = 1 it is a and b up to rounding.
    """
    import tensorflow as tf

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


def _half_circle(direction, length, weight):
    """From ``direction`` to its opposite through the axis where it is least; float64 [n, 1 or steps, d]."""
    import tensorflow as tf

    axis = tf.one_hot(tf.argmin(tf.abs(direction), axis=-1), tf.shape(direction)[-1], dtype=tf.float64)  # (n, 1, d)
    side = axis - tf.reduce_sum(axis * direction, axis=-1, keepdims=True) * direction
    side = tf.math.divide_no_nan(side, tf.norm(side, axis=-1, keepdims=True))
    turn = weight * np.pi
    return length * (tf.cos(turn) * direction + tf.sin(turn) * side)


def walk(model, start, end, steps, method="spherical"):
    """Latents on the way from one to another; codes (InfoGAN's, categories) go straight, so that weights sum to 1.

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
    z_dim = split_codes(model)
    start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
    z = METHODS[method](start[:, :z_dim], end[:, :z_dim], t)
    codes = lerp(start[:, z_dim:], end[:, z_dim:], t)
    return np.concatenate([z, codes], axis=-1)  # (n, steps, d)


def closed_walk(model, latents, frames, method="spherical"):
    """Goes round latents at an even pace and back to the first.

    Args:
        model: a GlyphModel.
        latents: float32 (n, d), n at least 2.
        frames: int; one more would be the first again.
        method: as in ``walk``.

    Returns:
        float32 (frames, d).
    """
    latents = np.asarray(latents, np.float32)
    places = np.arange(frames) * len(latents) / frames
    legs = places.astype(int)
    following = np.roll(latents, -1, axis=0)
    found = np.empty((frames, latents.shape[1]), np.float32)
    for leg in range(len(latents)):
        here = legs == leg
        found[here] = walk(model, latents[leg : leg + 1], following[leg : leg + 1], places[here] - leg, method)[0]
    return found


def blended(path, noise):
    """(z(t) + n) / 2 for each cell: the animated grids of the CPPN on fonts.

    Args:
        path: float32 (frames, d).
        noise: float32 (cells, d), fixed for each cell.

    Returns:
        float32 (cells, frames, d).
    """
    return 0.5 * (path[None] + noise[:, None])


def interpolation_rows(model, left, right, steps=10, method="spherical"):
    """Rows that walk from one image to another: real, ``steps`` images along the way, real.

    The first and the last of the steps are the reconstructions of the two images, since an encoder's latent
    is its mean.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        left, right: uint8 images [n, h, w, c].
        steps: int, at least 2.
        method: as in ``walk``.

    Returns:
        uint8 images [n * (steps + 2), h, w, c], row by row; lay them out with ``steps + 2`` columns.
    """
    path = walk(model, model.encode(left), model.encode(right), steps, method)  # (n, steps, d)
    painted = paint(model, path)
    rows = np.concatenate([left[:, None], painted, right[:, None]], axis=1)  # (n, steps + 2, h, w, c)
    return rows.reshape(-1, *left.shape[1:])


def rows(model, points, columns=10, method="spherical", size=None, **options):
    """One row for each two points: the walk, with the real images at the ends where there are some.

    Args:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points, an even number.
        columns: int, images of a walk.
        method: as in ``walk``.
        size, options: as in ``paint``.

    Returns:
        uint8 (rows, columns or columns + 2, h, w, c).
    """
    path = walk(model, points.latents[::2], points.latents[1::2], columns, method)  # (rows, columns, d)
    images = paint(model, path, size, **options)
    if points.images is None:
        return images
    ends = np.stack([resized(image, images.shape[2:4]) for image in points.images])
    return np.concatenate([ends[::2, None], images, ends[1::2, None]], axis=1)


def loop(model, points, frames, cells=1, noise_seed=0, method="spherical", size=None, **options):
    """A closed walk round points, in one cell or in several with a fixed noise each.

    Args:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points, at least two.
        frames: int.
        cells: int; one shows the walk itself, of several each shows (z(t) + noise) / 2.
        noise_seed: int; the noise of cell i is the latent of image i of ``sample`` with this seed.
        method: as in ``walk``.
        size, options: as in ``paint``.

    Returns:
        uint8 (cells, frames, h, w, c).
    """
    path = closed_walk(model, points.latents, frames, method)  # (frames, d)
    if cells == 1:
        return paint(model, path[None], size, **options)
    noise = model.latents_of_pairs([(noise_seed, index) for index in range(cells)])
    return paint(model, blended(path, noise), size, **options)


def resized(image, shape):
    """A uint8 image (h, w, c) with each pixel repeated or dropped to reach (height, width)."""
    rows, columns = ((np.arange(new) * old // new) for new, old in zip(shape, image.shape[:2], strict=True))
    return image[rows][:, columns]


def paint(model, latents, size=None, **options):
    """Images of latents of any leading shape.

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
    elif not hasattr(model, "render"):
        raise UsageError(f"{model.name}: a {model.architecture.mode} paints one size only; a cppn paints any")
    else:
        images = model.render(flat, *size, **options)
    return images.reshape(*latents.shape[:-1], *images.shape[1:])


METHODS = {"spherical": slerp, "linear": lerp}
