"""A small U-Net for CPUs: it works on patches of pixels, so that its layers have few positions and many channels."""

from typing import Any

import keras

from tfglyph.architecture.condition import Condition
from tfglyph.architecture.diffusion import PatchUNet
from tfglyph.networks.attention import CrossAttention, SelfAttention
from tfglyph.networks.convolutions import Conv2D
from tfglyph.networks.denoiser_conditioning import denoiser_inputs, embed
from tfglyph.networks.exemplar_encoder import PLANES, encoded_inputs, input_name
from tfglyph.networks.group_norm import GroupNorm
from tfglyph.networks.layers import to_float32
from tfglyph.networks.patches import DepthToSpace, SpaceToDepth
from tfglyph.networks.rematerialization import model_class


def build_denoiser(
    section: PatchUNet, image_shape: tuple[int, int, int], condition: Condition | None = None
) -> keras.Model:
    """Noisy images to the diffusion target.

    Patches of pixels become channels. On the down path each level has its blocks, followed by a convolution of stride
    2; the last level is the middle; on the up path each level has as many blocks again, after an upsampling and the
    concatenation with the output of the same level of the down path.

    Args:
        section: PatchUNet.
        image_shape: (height, width, channels).
        condition: Condition or None.

    Returns:
        keras.Model: dict of ``denoiser_inputs`` -> float32 (n, h, w, c), zero before training.
    """
    inputs = denoiser_inputs(image_shape, condition)
    exemplars = condition.exemplars if condition is not None else None
    if exemplars is not None:
        inputs |= encoded_inputs(exemplars, image_shape, section.patch, section.embedding)
    embedding, context = embed(inputs, section.embedding, condition, hidden=True)
    embedding = keras.layers.Dense(section.embedding, activation="silu", name="embedding_out")(embedding)
    level_blocks = _LevelBlocks(section, embedding, context)
    last = len(section.output) - 1

    x = SpaceToDepth(section.patch, name="patches")(inputs["images"])  # (n, h / p, w / p, c p p)
    x = _convolution(section.output[0], "conv_in")(x)
    if "sketches" in inputs:
        y = SpaceToDepth(section.patch, name="sketch_patches")(inputs["sketches"])  # (n, h / p, w / p, slots c p p)
        y = _convolution(section.output[0], "sketch_in", activation="silu")(y)
        y = _convolution(section.output[0], "sketch_out", zero=True)(y)
        x = keras.layers.Add(name="sketch_sum")([x, y])
    if exemplars is not None:
        planes = _convolution(section.output[0], "planes_in")(inputs[input_name(PLANES)])
        x = keras.layers.Add(name="planes_sum")([x, planes])
    skips = []
    for level in range(last):
        x = level_blocks(x, level, f"down_{level + 1}")
        skips.append(x)
        x = _convolution(section.output[level], f"smaller_{level + 1}", strides=2)(x)  # (n, h / 2, w / 2, c)
    x = level_blocks(x, last, "middle")
    for level in range(last - 1, -1, -1):
        x = keras.layers.UpSampling2D(2, name=f"larger_{level + 1}")(x)  # (n, 2 h, 2 w, c)
        x = _convolution(section.output[level], f"larger_{level + 1}_conv")(x)
        x = keras.layers.Concatenate(name=f"skip_{level + 1}")([x, skips.pop()])
        x = level_blocks(x, level, f"up_{level + 1}")
    x = GroupNorm(section.groups, "silu", name="norm_out")(x)
    x = _convolution(image_shape[-1] * section.patch**2, "conv_out", zero=True)(x)
    x = DepthToSpace(section.patch, name="pixels")(x)  # (n, h, w, c)
    return model_class(section.remat)(inputs, to_float32(x, "prediction"), name="denoiser")


class _LevelBlocks:
    """The residual blocks of a level, with its attention after the first of them.

    Args:
        section: PatchUNet.
        embedding: keras tensor (n, d), of timestep and condition.
        context: None, or token vectors and mask for cross-attention.
    """

    def __init__(self, section: PatchUNet, embedding: keras.KerasTensor, context: Any):
        self.section, self.embedding, self.context = section, embedding, context

    def __call__(self, x: keras.KerasTensor, level: int, name: str) -> keras.KerasTensor:
        """(n, h, w, c) -> (n, h, w, channels of the level)."""
        section = self.section
        for number in range(1, section.blocks[level] + 1):
            x = self._residual(x, section.output[level], f"{name}_{number}")
            if number == 1 and section.attention[level]:
                x = SelfAttention(section.attention[level], section.groups, name=f"{name}_attention")(x)
            if number == 1 and section.cross_attention and section.cross_attention[level]:
                cross = CrossAttention(section.cross_attention[level], section.groups, name=f"{name}_cross")
                x = cross(x, *self.context)
        return x

    def _residual(self, x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
        """x plus two (group norm, SiLU, 3x3 convolution), the second norm modulated by the embedding."""
        y = GroupNorm(self.section.groups, "silu", name=f"{name}_norm_1")(x)
        y = _convolution(channels, f"{name}_conv_1")(y)
        modulation = keras.layers.Dense(2 * channels, name=f"{name}_modulation")(self.embedding)
        y = GroupNorm(self.section.groups, "silu", name=f"{name}_norm_2")(y, modulation)
        y = _convolution(channels, f"{name}_conv_2", zero=True)(y)
        if x.shape[-1] != channels:
            x = keras.layers.Conv2D(channels, 1, name=f"{name}_shortcut")(x)
        return keras.layers.Add(name=f"{name}_sum")([x, y])


def _convolution(
    channels: int, name: str, strides: int = 1, zero: bool = False, activation: str | None = None
) -> keras.layers.Layer:
    """A 3x3 convolution; with ``zero`` its kernel starts at zero."""
    kernel = "zeros" if zero else "glorot_uniform"
    return Conv2D(
        channels, 3, strides=strides, padding="same", kernel_initializer=kernel, activation=activation, name=name
    )
