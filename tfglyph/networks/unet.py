"""The U-Net of GANji's diffusion models, as its author built it, parameter for parameter."""

from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture.condition import Condition
from tfglyph.architecture.diffusion import UNet
from tfglyph.networks.attention import ProjectedSelfAttention
from tfglyph.networks.convolutions import Conv2D
from tfglyph.networks.denoiser_conditioning import denoiser_inputs, embed
from tfglyph.networks.group_norm import GroupNorm
from tfglyph.networks.layers import to_float32, uniform_to
from tfglyph.networks.rematerialization import model_class

ATTENTION_GROUPS = 8


def build_denoiser(section: UNet, image_shape: tuple[int, int, int], condition: Condition | None = None) -> keras.Model:
    """Noisy images to the diffusion target.

    Convolution; max-pooling and a block for each further entry of ``output``; blocks of the bottleneck; for each entry
    of ``upward`` an upsampling, the concatenation with the skip connection, and a block; convolution.

    Args:
        section: UNet.
        image_shape: (height, width, channels).
        condition: Condition or None.

    Returns:
        keras.Model: dict of ``denoiser_inputs`` -> float32 (n, h, w, c).
    """
    inputs = denoiser_inputs(image_shape, condition)
    embedding, _ = embed(inputs, section.embedding, condition, hidden=False)
    x = _convolution(section, inputs["images"], section.output[0], 3, "conv_in")
    skips = []
    for level, channels in enumerate(section.output[1:], 1):
        skips.append(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool_{level}")(x)  # (n, h / 2, w / 2, c)
        x = _block(section, x, embedding, channels, f"down_{level}")  # (n, h / 2, w / 2, channels)
        x = _attention(section, x, f"down_{level}")
    for number, channels in enumerate(section.bottleneck, 1):
        x = _block(section, x, embedding, channels, f"bottleneck_{number}")
    for level, channels in enumerate(section.upward, 1):
        x = DoubleAligned(name=f"double_{level}")(x)  # (n, 2 h, 2 w, c)
        x = keras.layers.Concatenate(name=f"skip_{level}")([skips.pop(), x])  # (n, 2 h, 2 w, c + skipped)
        x = _block(section, x, embedding, channels, f"up_{level}")  # (n, 2 h, 2 w, channels)
        x = _attention(section, x, f"up_{level}")
    x = _convolution(section, x, image_shape[-1], 3, "conv_out")
    return model_class(section.remat)(inputs, to_float32(x, "prediction"), name="denoiser")


def _block(
    section: UNet, x: keras.KerasTensor, embedding: keras.KerasTensor, channels: int, name: str
) -> keras.KerasTensor:
    """Three (3x3 convolution, group norm, ReLU), plus a 1x1 shortcut, plus a projection of the timestep embedding."""
    y = x
    for number, width in enumerate((x.shape[-1], channels, channels), 1):
        y = _convolution(section, y, width, 3, f"{name}_conv_{number}", bias=False)
        y = GroupNorm(section.groups, "relu", name=f"{name}_norm_{number}")(y)
    shortcut = _convolution(section, x, channels, 1, f"{name}_shortcut")
    time_projection = keras.layers.Dense(channels, **_initial(section, section.embedding), name=f"{name}_time")
    time = time_projection(embedding)
    time = keras.layers.Reshape((1, 1, channels), name=f"{name}_time_everywhere")(time)
    return keras.layers.Add(name=f"{name}_sum")([y, shortcut, time])  # (n, h, w, channels)


def _convolution(
    section: UNet, x: keras.KerasTensor, channels: int, side: int, name: str, bias: bool = True
) -> keras.KerasTensor:
    initial = _initial(section, x.shape[-1] * side**2)
    return Conv2D(channels, side, padding="same", use_bias=bias, **initial, name=name)(x)


def _initial(section: UNet, fan_in: int) -> dict[str, Any]:
    """PyTorch's initial kernels, uniform of variance 1 / (3 inputs), as in the original; its biases with init torch.

    The network sums its blocks without a last norm; with larger kernels its first predictions would be far above 1.
    """
    kernel = keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    bias = uniform_to(fan_in**-0.5) if section.init == "torch" else "zeros"
    return {"kernel_initializer": kernel, "bias_initializer": bias}


def _attention(section: UNet, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    if not section.attention:
        return x
    init = "torch" if section.init == "torch" else "glorot"
    return ProjectedSelfAttention(section.attention, ATTENTION_GROUPS, init, name=f"{name}_attention")(x)


class DoubleAligned(keras.layers.Layer):
    """Bilinear upsampling to twice the size, corners aligned: pixel i lies at i (h - 1) / (2 h - 1)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """float (n, h, w, c) -> (n, 2 h, 2 w, c)."""
        size = [2 * x.shape[1], 2 * x.shape[2]]
        return tf.cast(tf.raw_ops.ResizeBilinear(images=x, size=size, align_corners=True), x.dtype)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (shape[0], 2 * shape[1], 2 * shape[2], shape[3])
