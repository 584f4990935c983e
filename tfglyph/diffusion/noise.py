"""Random numbers for sampling: the noise of an image depends on its own seed pair alone."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def image_noise(pairs: tf.Tensor, draw: Any, shape: Sequence[int]) -> tf.Tensor:
    """One standard normal array per image.

    Args:
        pairs: int64 tensor (n, 2), seed and index of each image.
        draw: int or int32 scalar tensor, the number of the draw: an image needs noise more than once.
        shape: sequence of ints, the shape of one image.

    Returns:
        float32 tensor (n, *shape).
    """

    def one(pair: tf.Tensor) -> tf.Tensor:
        seed = tf.random.experimental.stateless_fold_in(pair, tf.cast(draw, tf.int64), alg="philox")
        return tf.random.stateless_normal(shape, seed, alg="philox")

    return tf.map_fn(one, pairs, fn_output_signature=tf.TensorSpec(shape, tf.float32))  # (n, *shape)
