"""Straight and spherical interpolation between latents."""

import numpy as np

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
    start_length, end_length = (
        tf.norm(vector, axis=-1, keepdims=True) for vector in (start, end)
    )  # (n, 1, 1)
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

    axis = tf.one_hot(
        tf.argmin(tf.abs(direction), axis=-1), tf.shape(direction)[-1], dtype=tf.float64
    )  # (n, 1, d)
    side = axis - tf.reduce_sum(axis * direction, axis=-1, keepdims=True) * direction
    side = tf.math.divide_no_nan(side, tf.norm(side, axis=-1, keepdims=True))
    turn = weight * np.pi
    return length * (tf.cos(turn) * direction + tf.sin(turn) * side)


def interpolation_rows(model, left, right, steps=10):
    """Rows that walk from one image to another: real, ``steps`` images along the arc, real.

    The first and the last of the steps are the reconstructions of the two images, since an encoder's latent
    is its mean.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        left, right: uint8 images [n, h, w, c].
        steps: int, at least 2.

    Returns:
        uint8 images [n * (steps + 2), h, w, c], row by row; lay them out with ``steps + 2`` columns.
    """
    walk = np.asarray(slerp(model.encode(left), model.encode(right), times(steps)))  # (n, steps, d)
    painted = model.decode(walk.reshape(-1, walk.shape[-1]))
    painted = np.reshape(painted, (len(left), steps, *left.shape[1:]))
    rows = np.concatenate([left[:, None], painted, right[:, None]], axis=1)  # (n, steps + 2, h, w, c)
    return rows.reshape(-1, *left.shape[1:])
