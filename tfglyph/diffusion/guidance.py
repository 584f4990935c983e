"""Classifier-free guidance (Ho and Salimans 2022, eq. 6)."""

from typing import Any

import tensorflow as tf


def guide(conditional: tf.Tensor, unconditional: tf.Tensor, scale: Any) -> tf.Tensor:
    """Extrapolates from the unconditional prediction over the conditional one.

    ``scale`` 0 ignores the condition, 1 is the plain conditional model, more exaggerates it. (The paper's w is
    ``scale - 1``.) All targets are linear in each other at a fixed x_t, so it does not matter which is guided.

    Args:
        conditional, unconditional: tensors of one shape.
        scale: float or scalar tensor.

    Returns:
        tensor of that shape.
    """
    return unconditional + scale * (conditional - unconditional)
