"""The plain convolutional networks: the original VAE-GAN's encoder, generator and discriminator."""

import math

import keras

from tfglyph.architecture.networks import ConvDiscriminator, ConvEncoder, ConvGenerator, ConvStack
from tfglyph.networks.convolutions import Conv2DTranspose
from tfglyph.networks.heads import critic_outputs, gaussian_heads
from tfglyph.networks.layers import batch_norm, has_bias, initial_values, weight_decay
from tfglyph.networks.spectral import convolution_class


def build_encoder(section: ConvEncoder, image_shape: tuple[int, int, int], z_dim: int) -> keras.Model:
    """Images to the mean and log-variance of q(z|x).

    Args:
        section: ConvEncoder.
        image_shape: (height, width, channels).
        z_dim: int, size of the latent.

    Returns:
        keras.Model: float32 (n, h, w, c) -> [mean float32 (n, z_dim), log-variance float32 (n, z_dim)].
    """
    images = keras.Input(image_shape, name="images")
    x = images
    for layer in range(len(section.output)):
        x = _convolution(section, x, layer, norm=section.batch_norm)
    return keras.Model(images, gaussian_heads(section, x, z_dim), name="encoder")


def build_generator(section: ConvGenerator, z_dim: int) -> keras.Model:
    """Latents to images.

    Args:
        section: ConvGenerator.
        z_dim: int, size of the latent.

    Returns:
        keras.Model: float32 (n, z_dim) -> float32 (n, h, w, c) in the range of ``output_activation``.
    """
    z = keras.Input((z_dim,), name="z")
    x = keras.layers.Activation("tanh", dtype="float32", name="z_tanh")(z) if section.z_activation == "tanh" else z
    # The original regularizes every kernel of the section but this one.
    x = keras.layers.Dense(
        math.prod(section.hwc),
        use_bias=has_bias(section, norm=section.batch_norm),
        **initial_values(section, z_dim),
        name="linear",
    )(x)  # (n, h0 w0 c0)
    reshape = keras.layers.Reshape(section.hwc, name="reshape")
    if section.first_norm == "unit":
        x = reshape(_norm_and_rectify(section, x, "linear", norm=section.batch_norm))  # (n, h0, w0, c0)
    else:
        x = _norm_and_rectify(section, reshape(x), "linear", norm=section.batch_norm)  # (n, h0, w0, c0)
    last = len(section.output) - 1
    for layer, channels in enumerate(section.output):
        norm = section.batch_norm and layer < last
        x = Conv2DTranspose(
            channels,
            section.kernel[layer],
            section.stride[layer],
            padding="same",
            use_bias=has_bias(section, norm),
            alignment=section.padding,
            **initial_values(section, channels * math.prod(section.kernel[layer]), transposed=True),
            kernel_regularizer=weight_decay(section),
            name=f"conv_{layer + 1}",
        )(x)  # (n, h s, w s, channels)
        if layer < last:
            x = _norm_and_rectify(section, x, f"conv_{layer + 1}", norm=norm)
    images = keras.layers.Activation(section.output_activation, dtype="float32", name="images")(x)
    return keras.Model(z, images, name="generator")


def build_discriminator(section: ConvDiscriminator, image_shape: tuple[int, int, int]) -> keras.Model:
    """Images to one logit, and to the features of the learned similarity metric.

    Args:
        section: ConvDiscriminator.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: float32 (n, h, w, c) -> [logit float32 (n, 1), features float32 (n, d)], the features being the
        flattened activations of layer ``feature_layer``.
    """
    images = keras.Input(image_shape, name="images")
    feature_layer = section.feature_layer or max(len(section.output) - 1, 1)
    x = images
    for layer in range(len(section.output)):
        x = _convolution(section, x, layer, norm=section.batch_norm and layer > 0)
        if layer + 1 == feature_layer:
            features = x
    return keras.Model(images, critic_outputs(section, x, features), name="discriminator")


def _convolution(section: ConvStack, x: keras.KerasTensor, layer: int, norm: bool) -> keras.KerasTensor:
    """Convolution ``layer`` (0-based) of a stack, with its norm and activation."""
    name = f"conv_{layer + 1}"
    x = convolution_class(section)(
        section.output[layer],
        section.kernel[layer],
        section.stride[layer],
        padding="same",
        use_bias=has_bias(section, norm),
        **initial_values(section, x.shape[-1] * math.prod(section.kernel[layer])),
        kernel_regularizer=weight_decay(section),
        name=name,
    )(x)  # (n, h / s, w / s, channels)
    return _norm_and_rectify(section, x, name, norm)


def _norm_and_rectify(section: ConvStack, x: keras.KerasTensor, name: str, norm: bool) -> keras.KerasTensor:
    if norm:
        x = batch_norm(section, f"{name}_norm")(x)
    return keras.layers.LeakyReLU(section.leak, name=f"{name}_relu")(x)
