"""Compositional pattern-producing networks: images as functions of their coordinates, at any size.

``coordinates`` gives the positions of the pixels of an image of any size, so that every size shows the same picture:
the pixels of the size that the network was trained at have x and y in linspace(-scale, scale), and a pixel of another
size lies at the centre of its area. ``tfglyph.models.cppn_renderer`` renders large images with the layers built here.
"""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfglyph.architecture.cppn import CPPNGenerator
from tfglyph.networks.layers import initial_kernel, initial_values, uniform_to, weight_decay


def native_grid(section: CPPNGenerator, image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Height and width of the coordinate grid on which an image of the trained size is computed."""
    height, width, _ = image_shape
    if section.tail_kernel is None:
        return height, width
    # Upsampling, then a valid convolution: 2 n - (kernel - 1) pixels, of which one is cropped if that is one too many.
    border = section.tail_kernel - 1
    return -(-(height + border) // 2), -(-(width + border) // 2)


def positions(count: int, native: int, start: float = 0.0, step: float | None = None) -> np.ndarray:
    """Coordinates along one line, in units of ``scale``.

    Args:
        count: int, number of positions.
        native: int, positions of the trained grid, which lie in linspace(-1, 1).
        start: float, the first position on the trained grid's axis 0 ... native - 1.
        step: float, the distance between positions on that axis; None: native / count, with each position in the
            middle of its interval, so that the whole shows what the trained grid shows.

    Returns:
        float64 (count,).
    """
    if step is None:
        step = native / count
        start = 0.5 * step - 0.5
    return 2.0 * (start + step * np.arange(count)) / max(native - 1, 1) - 1.0


def coordinates(section: CPPNGenerator, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The network's input at every crossing of rows and columns.

    Args:
        section: CPPNGenerator.
        rows: float64 (h,), y in units of ``scale``.
        columns: float64 (w,), x in units of ``scale``.

    Returns:
        float32 (h, w, 3): x, y and the third coordinate.
    """
    y, x = np.meshgrid(rows * section.scale, columns * section.scale, indexing="ij")  # (h, w)
    third = np.sqrt(x**2 + y**2) if section.third == "radius" else x**2 - y**2
    return np.stack([x, y, third], axis=-1).astype(np.float32)  # (h, w, 3)


class CoordinateLayer(keras.layers.Layer):
    """Adds a bias-free linear map of the coordinates to a linear map of z: the first layer of a CPPN.

    Args:
        grid: float (h, w, 3), the coordinates of the trained size.
        kernel_initializer, kernel_regularizer: as in ``keras.layers.Dense``.
    """

    def __init__(
        self,
        grid: Any,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        **options: Any,
    ):
        super().__init__(**options)
        self.grid = np.asarray(grid, np.float32)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.grid.shape[-1], input_shape[-1]),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
        )

    def call(self, latent_part: tf.Tensor, grid: Any = None) -> tf.Tensor:
        """(n, width) and optionally another grid (h, w, 3) -> (n, h, w, width)."""
        # The constant is made in here: outside of a layer it would not be part of the functional model.
        grid = ops.convert_to_tensor(self.grid if grid is None else grid, self.compute_dtype)
        return latent_part[:, None, None, :] + ops.matmul(grid, self.kernel)[None]  # (n, h, w, width)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (input_shape[0], *self.grid.shape[:2], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "grid": self.grid.tolist(),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


def build_generator(section: CPPNGenerator, z_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """Latents to images of the trained size.

    Args:
        section: CPPNGenerator.
        z_dim: int, size of the latent.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: float32 (n, z_dim) -> float32 (n, h, w, c) in the range of ``output_activation``.
    """
    height, width, channels = image_shape
    grid_height, grid_width = native_grid(section, image_shape)
    grid = coordinates(section, positions(grid_height, grid_height), positions(grid_width, grid_width))

    # === Layers ===
    def initial(fan_in: int) -> dict[str, Any]:  # an initializer object gives the same numbers each time
        return {**initial_values(section, fan_in), "kernel_regularizer": weight_decay(section)}

    latent = keras.layers.Dense(section.output[0], name="latent", **initial(z_dim))
    field = CoordinateLayer(
        grid, _initial_coordinates(section), kernel_regularizer=weight_decay(section), name="coordinates"
    )
    hidden = [
        keras.layers.Dense(size, name=f"layer_{number}", **initial(inputs))
        for number, (inputs, size) in enumerate(itertools.pairwise(section.output[:-1]), start=2)
    ]

    # === Functional model ===
    z = keras.Input((z_dim,), name="z")
    x = activation(section, "first")(field(latent(z)))  # (n, gh, gw, width)
    for layer, times in zip(hidden, section.repeats[1:-1], strict=True):
        for iteration in range(times):
            x = activation(section, f"{layer.name}_{iteration + 1}")(layer(x))  # (n, gh, gw, width)
    if section.tail_kernel is None:
        x = keras.layers.Dense(channels, name="paint", **initial(x.shape[-1]))(x)  # (n, h, w, c)
    else:
        x = keras.layers.UpSampling2D(2, interpolation="nearest", name="double")(x)  # (n, 2 gh, 2 gw, width)
        values = initial(x.shape[-1] * section.tail_kernel**2)
        x = keras.layers.Conv2D(channels, section.tail_kernel, padding="valid", name="paint", **values)(x)
        if x.shape[1:3] != (height, width):
            cropping = ((0, x.shape[1] - height), (0, x.shape[2] - width))
            x = keras.layers.Cropping2D(cropping, name="cut")(x)  # (n, h, w, c)
    images = keras.layers.Activation(output_activation(section), dtype="float32", name="images")(x)
    return keras.Model(z, images, name="generator")


def _initial_coordinates(section: CPPNGenerator) -> keras.initializers.Initializer:
    """Initial weights of the coordinates; PyTorch's are up to 1 where each coordinate has a linear layer of its own."""
    if section.init in ("torch", "torch-glorot") and section.third == "radius" and section.init_std is None:
        return uniform_to(1.0)
    return initial_kernel(section)


def activation(section: CPPNGenerator, name: str | None = None) -> keras.layers.Layer:
    """The layer after every linear layer but the last."""
    if section.activation == "tanh":
        return keras.layers.Activation("tanh", name=name and f"{name}_tanh")
    return keras.layers.LeakyReLU(section.leak, name=name and f"{name}_relu")


def output_activation(section: CPPNGenerator) -> str | Callable[[Any], Any]:
    """The last operation: the name of one of Keras's activations, or a function of tensors."""
    return hard if section.output_activation == "hard" else section.output_activation


@keras.saving.register_keras_serializable("tfglyph")
def hard(x: Any) -> Any:
    """x clipped to [0, 1], with a gradient wherever a descent step would lead back into that range.

    Clipping alone has no gradient outside, and a network whose pixels all are black or white would stay so.
    """
    return _hard(ops.convert_to_tensor(x))


@tf.custom_gradient
def _hard(x: tf.Tensor) -> Any:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        stuck = ((x < 0.0) & (upstream > 0.0)) | ((x > 1.0) & (upstream < 0.0))
        return tf.where(stuck, tf.zeros_like(upstream), upstream)

    return tf.clip_by_value(x, 0.0, 1.0), gradient
