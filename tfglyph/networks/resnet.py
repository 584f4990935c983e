"""Residual networks (He et al. 2016, https://arxiv.org/abs/1512.03385) as encoder, generator and discriminator."""

import functools
import math
from collections.abc import Callable

import keras

from tfglyph.architecture.networks import ConvStack
from tfglyph.architecture.resnet import ResNetDiscriminator, ResNetEncoder, ResNetGenerator
from tfglyph.networks.convolutions import Conv2DTranspose
from tfglyph.networks.heads import critic_outputs, gaussian_heads
from tfglyph.networks.layers import batch_norm, has_bias, initial_values, weight_decay
from tfglyph.networks.spectral import convolution_class

Layer = Callable[..., keras.layers.Layer]


def build_encoder(section: ResNetEncoder, image_shape: tuple[int, int, int], z_dim: int) -> keras.Model:
    """Images to the mean and log-variance of q(z|x).

    Args:
        section: ResNetEncoder.
        image_shape: (height, width, channels).
        z_dim: int, size of the latent.

    Returns:
        keras.Model: float32 (n, h, w, c) -> [mean float32 (n, z_dim), log-variance float32 (n, z_dim)].
    """
    images = keras.Input(image_shape, name="images")
    x = images
    if section.stem:
        x = _convolution(section, x, section.stem, (3, 3), (1, 1), "stem", section.batch_norm)  # (n, h, w, stem)
        x = _rectify(section, x, "stem")
    for block in range(len(section.output)):
        x = _block(section, x, block, norm=section.batch_norm, relu_after_sum=True)
    return keras.Model(images, gaussian_heads(section, x, z_dim), name="encoder")


def build_generator(section: ResNetGenerator, z_dim: int) -> keras.Model:
    """Latents to images.

    Args:
        section: ResNetGenerator.
        z_dim: int, size of the latent.

    Returns:
        keras.Model: float32 (n, z_dim) -> float32 (n, h, w, c) in the range of ``output_activation``.
    """
    z = keras.Input((z_dim,), name="z")
    x = keras.layers.Activation("tanh", dtype="float32", name="z_tanh")(z) if section.z_activation == "tanh" else z
    x = keras.layers.Dense(
        math.prod(section.hwc),
        use_bias=section.linear_bias,
        **initial_values(section, z_dim),
        kernel_regularizer=weight_decay(section),
        name="linear",
    )(x)  # (n, h0 w0 c0)
    x = keras.layers.Reshape(section.hwc, name="reshape")(x)  # (n, h0, w0, c0)
    blocks = len(section.output) - bool(section.tail)
    for block in range(blocks):
        x = _block(
            section,
            x,
            block,
            norm=section.batch_norm,
            relu_after_sum=section.relu_after_sum,
            layer=_transposed_class(section),
        )
    if section.tail:
        x = _convolution(section, x, section.tail, (3, 3), (1, 1), "tail", section.batch_norm)  # (n, h', w', tail)
        x = _rectify(section, x, "tail")
        # (With stride 1 this is a convolution with a mirrored kernel, and begins like one.)
        x = _convolution(
            section,
            x,
            section.output[-1],
            section.kernel[-1],
            section.stride[-1],
            "paint",
            norm=False,
            layer=_transposed_class(section),
            fan_in=x.shape[-1] * math.prod(section.kernel[-1]),
        )  # (n, h, w, c)
    images = keras.layers.Activation(section.output_activation, dtype="float32", name="images")(x)
    return keras.Model(z, images, name="generator")


def build_discriminator(section: ResNetDiscriminator, image_shape: tuple[int, int, int]) -> keras.Model:
    """Images to one logit, and to the features of block ``feature_layer``.

    Args:
        section: ResNetDiscriminator.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: float32 (n, h, w, c) -> [logit float32 (n, 1), features float32 (n, d)].
    """
    images = keras.Input(image_shape, name="images")
    feature_layer = section.feature_layer or max(len(section.output) - 1, 1)
    x = images
    for block in range(len(section.output)):
        x = _block(section, x, block, norm=section.batch_norm and block > 0, layer=convolution_class(section))
        if block + 1 == feature_layer:
            features = x
    return keras.Model(images, critic_outputs(section, x, features), name="discriminator")


def _block(
    section: ConvStack,
    x: keras.KerasTensor,
    block: int,
    norm: bool,
    relu_after_sum: bool = False,
    layer: Layer | None = None,
) -> keras.KerasTensor:
    """Two convolutions and a shortcut; the first convolution has the block's stride.

    The shortcut is the identity where the shape stays, else a 1x1 convolution with the stride (and norm, where the
    others have one).
    """
    name = f"block_{block + 1}"
    channels, kernel, stride = section.output[block], section.kernel[block], section.stride[block]
    shortcut = x
    if stride != (1, 1) or x.shape[-1] != channels:
        shortcut = _convolution(section, x, channels, (1, 1), stride, f"{name}_shortcut", norm, layer)
    x = _convolution(section, x, channels, kernel, stride, f"{name}_conv_1", norm, layer)  # (n, h / s, w / s, channels)
    x = _rectify(section, x, f"{name}_conv_1")
    x = _convolution(section, x, channels, kernel, (1, 1), f"{name}_conv_2", norm, layer)
    if relu_after_sum:
        return _rectify(section, keras.layers.Add(name=f"{name}_sum")([x, shortcut]), name)
    return keras.layers.Add(name=f"{name}_sum")([_rectify(section, x, f"{name}_conv_2"), shortcut])


def _convolution(
    section: ConvStack,
    x: keras.KerasTensor,
    channels: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    name: str,
    norm: bool,
    layer: Layer | None = None,
    fan_in: int | None = None,
) -> keras.KerasTensor:
    """A convolution, or a transposed one, with its norm."""
    transposed = layer is not None and getattr(layer, "func", layer) in (Conv2DTranspose, keras.layers.Conv2DTranspose)
    if fan_in is None:
        fan_in = (channels if transposed else x.shape[-1]) * math.prod(kernel)
    x = (layer or _convolution_class(section))(
        channels,
        kernel,
        stride,
        padding="same",
        use_bias=has_bias(section, norm),
        **initial_values(section, fan_in, transposed),
        kernel_regularizer=weight_decay(section),
        name=name,
    )(x)
    return batch_norm(section, f"{name}_norm")(x) if norm else x


def _convolution_class(section: ConvStack) -> Layer:
    """The convolutions of an encoder and of a generator's tail."""
    return keras.layers.Conv2D if section.padding == "same" else convolution_class(section)


def _transposed_class(section: ConvStack) -> Layer:
    """The transposed convolutions of a generator."""
    if section.padding == "same":
        return keras.layers.Conv2DTranspose
    return functools.partial(Conv2DTranspose, alignment=section.padding)


def _rectify(section: ConvStack, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.LeakyReLU(section.leak, name=f"{name}_relu")(x)
