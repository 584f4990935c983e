"""Group normalization with its activation, computed in float32 under every precision policy."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Derivative = Callable[..., tf.Tensor]
"""(d_y, y, wide, multiplier, offset) -> float32, the gradient before an activation y of wide * multiplier + offset."""


def _through_silu(d_y: tf.Tensor, y: tf.Tensor, wide: tf.Tensor, multiplier: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    z = wide * multiplier + offset
    gate = tf.nn.sigmoid(z)
    return tf.cast(d_y, tf.float32) * (gate * (1.0 + z * (1.0 - gate)))


ACTIVATIONS: dict[str, tuple[Callable[[tf.Tensor], tf.Tensor], Derivative]] = {
    "linear": (tf.identity, lambda d_y, *_: tf.cast(d_y, tf.float32)),
    "relu": (tf.nn.relu, lambda d_y, y, *_: tf.cast(tf.raw_ops.ReluGrad(gradients=d_y, features=y), tf.float32)),
    "silu": (tf.nn.silu, _through_silu),
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

    def call(self, x: tf.Tensor, modulation: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        """Normalized, modulated, activated images.

        Args:
            x: float tensor (n, h, w, c).
            modulation: None, or float tensor (n, 2 c): scale and shift after the norm, y (1 + scale) + shift.
            training: bool, whether the gradient is to keep little.

        Returns:
            float tensor (n, h, w, c) in the dtype of ``x``.
        """
        parameters = [tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)]
        if modulation is not None:
            parameters.append(tf.cast(modulation, tf.float32))
        if training:
            return tf.custom_gradient(self._with_lean_gradient)(x, *parameters)
        return self._forward(x, *parameters)[0]

    def _forward(self, x: tf.Tensor, *parameters: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The result, float32 means of x and of its square (n, c), multiplier and offset (n, 1, 1, c)."""
        wide = tf.cast(x, tf.float32)
        mean, square = tf.reduce_mean(wide, [1, 2]), tf.reduce_mean(tf.square(wide), [1, 2])
        affine = self._multiplier_and_offset(mean, square, *parameters)
        multiplier, offset = (value[:, None, None] for value in affine)
        activated = ACTIVATIONS[self.activation][0](wide * multiplier + offset)
        return tf.cast(activated, x.dtype), mean, square, multiplier, offset

    def _with_lean_gradient(
        self, x: tf.Tensor, *parameters: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        """The result and its gradient, for ``tf.custom_gradient``.

        Automatic differentiation keeps two float32 copies of the activations from the forward to the backward pass,
        more than the activations themselves where they are bfloat16. Here x and y stay, as they are.
        """
        y, *moments, multiplier, offset = self._forward(x, *parameters)

        def gradient(d_y: tf.Tensor) -> tuple[tf.Tensor, ...]:
            # The dependency makes this another cast than the one above, whose result would have to be kept.
            with tf.control_dependencies([d_y]):
                wide = tf.cast(x, tf.float32)
            d = ACTIVATIONS[self.activation][1](d_y, y, wide, multiplier, offset)
            inputs = [*moments, *parameters]
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                affine = self._multiplier_and_offset(*inputs)
            d_affine = tf.reduce_sum(d * wide, [1, 2]), tf.reduce_sum(d, [1, 2])
            d_mean, d_square, *d_parameters = tape.gradient(affine, inputs, d_affine)
            pixels = x.shape[1] * x.shape[2]
            constant, slope = (d_mean / pixels)[:, None, None], (2.0 / pixels * d_square)[:, None, None]
            return tf.cast(d * multiplier + (wide * slope + constant), x.dtype), *d_parameters

        return y, gradient

    def _multiplier_and_offset(
        self, mean: tf.Tensor, square: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, modulation: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """float32 (n, c) each, with which x * multiplier + offset is normalized and modulated.

        Args:
            mean, square: float32 (n, c), the means of x and of its square over the pixels.
            gamma, beta: float32 (c,).
            modulation: None, or float32 (n, 2 c).
        """
        channels = mean.shape[-1]
        size = channels // self.groups

        def over_group(moment: tf.Tensor) -> tf.Tensor:
            mean = tf.reduce_mean(tf.reshape(moment, [-1, self.groups, size]), -1, keepdims=True)  # (n, groups, 1)
            # (tf.repeat does the same with dozens of operations, which is most of the time of tracing a U-Net.)
            return tf.reshape(tf.tile(mean, [1, 1, size]), [-1, channels])  # (n, c)

        mean, square = over_group(mean), over_group(square)
        variance = tf.maximum(square - tf.square(mean), 0.0)
        multiplier = gamma * tf.math.rsqrt(variance + self.epsilon)
        offset = beta - mean * multiplier
        if modulation is not None:
            scale, shift = tf.split(modulation, 2, axis=-1)
            multiplier, offset = multiplier * (1 + scale), offset * (1 + scale) + shift
        return multiplier, offset

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "groups": self.groups,
            "activation": self.activation,
            "epsilon": self.epsilon,
        }
