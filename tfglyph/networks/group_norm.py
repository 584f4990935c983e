"""Group normalization with its activation, computed in float32 under every precision policy."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

ACTIVATIONS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "linear": tf.identity,
    "relu": tf.nn.relu,
    "silu": tf.nn.silu,
}


class GroupNorm(keras.layers.Layer):
    """Group normalization (Wu and He 2018, https://arxiv.org/abs/1803.08494) of channels-last images.

    Mean and variance of a group become one multiplier and one offset per image and channel, and norm, modulation and
    activation share one cast to float32 and one back: these layers are bound by memory traffic, and on a CPU bfloat16
    arithmetic outside convolutions is slower than float32.

    Args:
        groups: int, a divisor of the number of channels; (n, h, w, c) is normalized over h, w and c / groups.
        activation: one of ``ACTIVATIONS``.
        epsilon: float, added to the variance.
    """

    def __init__(self, groups: int, activation: str = "linear", epsilon: float = 1e-5, **options: Any):
        super().__init__(**options)
        self.groups, self.activation, self.epsilon = groups, activation, epsilon

    def build(self, x_shape: tuple[Any, ...], modulation_shape: Any = None) -> None:
        channels = x_shape[-1]
        if channels % self.groups:
            raise ValueError(f"{channels} channels do not divide into {self.groups} groups")
        self.gamma = self.add_weight(name="gamma", shape=(channels,), initializer="ones", autocast=False)
        self.beta = self.add_weight(name="beta", shape=(channels,), initializer="zeros", autocast=False)

    def call(self, x: tf.Tensor, modulation: tf.Tensor | None = None) -> tf.Tensor:
        """Normalized, modulated, activated images.

        Args:
            x: float tensor (n, h, w, c).
            modulation: None, or float tensor (n, 2 c): scale and shift after the norm, y (1 + scale) + shift.

        Returns:
            float tensor (n, h, w, c) in the dtype of ``x``.
        """
        wide = tf.cast(x, tf.float32)
        multiplier, offset = self._multiplier_and_offset(wide)  # (n, c)
        if modulation is not None:
            scale, shift = tf.split(tf.cast(modulation, tf.float32), 2, axis=-1)
            multiplier, offset = multiplier * (1 + scale), offset * (1 + scale) + shift
        activated = ACTIVATIONS[self.activation](wide * multiplier[:, None, None] + offset[:, None, None])
        return tf.cast(activated, x.dtype)

    def _multiplier_and_offset(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """float32 (n, c) each, with which x * multiplier + offset is normalized."""
        channels = x.shape[-1]
        size = channels // self.groups

        def over_group(moment: tf.Tensor) -> tf.Tensor:
            mean = tf.reduce_mean(tf.reshape(moment, [-1, self.groups, size]), -1, keepdims=True)  # (n, groups, 1)
            # (tf.repeat does the same with dozens of operations, which is most of the time of tracing a U-Net.)
            return tf.reshape(tf.tile(mean, [1, 1, size]), [-1, channels])  # (n, c)

        mean = over_group(tf.reduce_mean(x, [1, 2]))
        square = over_group(tf.reduce_mean(tf.square(x), [1, 2]))
        variance = tf.maximum(square - tf.square(mean), 0.0)
        multiplier = self.gamma * tf.math.rsqrt(variance + self.epsilon)
        return multiplier, self.beta - mean * multiplier

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "groups": self.groups,
            "activation": self.activation,
            "epsilon": self.epsilon,
        }
