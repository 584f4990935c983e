"""Patches of pixels as channels, and back."""

from typing import Any

import keras
import tensorflow as tf


def space_to_depth(x: tf.Tensor, size: int) -> tf.Tensor:
    """(n, h, w, c) -> (n, h / size, w / size, c size size)."""
    return tf.nn.space_to_depth(x, size) if size > 1 else x


class SpaceToDepth(keras.layers.Layer):
    """Patches of size x size pixels as channels: (n, h, w, c) -> (n, h / size, w / size, c size size).

    Args:
        size: int, a divisor of height and width.
    """

    def __init__(self, size: int, **options: Any):
        super().__init__(**options)
        self.size = size

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return space_to_depth(x, self.size)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        n, h, w, c = shape
        return n, h // self.size, w // self.size, c * self.size**2

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"size": self.size}


class DepthToSpace(SpaceToDepth):
    """The inverse of ``SpaceToDepth``."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.depth_to_space(x, self.size) if self.size > 1 else x

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        n, h, w, c = shape
        return n, h * self.size, w * self.size, c // self.size**2
