"""The last layers of networks: the encoder's two heads, the critic's logit, InfoGAN's Q head."""

from collections.abc import Sequence

import keras

from tfglyph.architecture.infogan import QHead
from tfglyph.architecture.networks import ConvStack, DiscriminatorStack
from tfglyph.networks.layers import batch_norm, initial_kernel, initial_values, to_float32, weight_decay
from tfglyph.networks.spectral import dense_class


def gaussian_heads(section: ConvStack, x: keras.KerasTensor, z_dim: int) -> list[keras.KerasTensor]:
    """Two linear heads on flattened activations: mean and log-variance of q(z|x).

    Args:
        section: the encoder's section.
        x: keras tensor (n, h, w, c).
        z_dim: int, size of the latent.

    Returns:
        list of two float32 keras tensors (n, z_dim).
    """
    x = keras.layers.Flatten(name="flatten")(x)  # (n, h w c)
    return [
        keras.layers.Dense(
            z_dim,
            **initial_values(section, x.shape[-1]),
            kernel_regularizer=weight_decay(section),
            dtype="float32",
            name=name,
        )(x)
        for name in ("mean", "log_variance")
    ]


def critic_outputs(
    section: DiscriminatorStack, x: keras.KerasTensor, features: keras.KerasTensor
) -> list[keras.KerasTensor]:
    """One linear unit on the last activations, and other activations as a vector of features.

    Args:
        section: the discriminator's section.
        x: keras tensor (n, h, w, c), the last layer.
        features: keras tensor (n, h', w', c').

    Returns:
        [logit float32 (n, 1), features float32 (n, h' w' c')].
    """
    x = keras.layers.Flatten(name="flatten")(x)  # (n, h w c)
    logit = dense_class(section)(
        1,
        use_bias=section.logit_bias,
        **initial_values(section, x.shape[-1]),
        kernel_regularizer=weight_decay(section),
        dtype="float32",
        name="logit",
    )(x)  # (n, 1)
    if section.output_activation == "sigmoid":
        logit = keras.layers.Activation("sigmoid", dtype="float32", name="confined")(logit)
    features = keras.layers.Flatten(name="features")(features)  # (n, h' w' c')
    return [logit, to_float32(features, "features_float32")]


def build_q_head(section: QHead, feature_size: int, categorical: Sequence[int], continuous: int) -> keras.Model:
    """InfoGAN's Q: from the discriminator's features to the approximate posterior of the codes.

    A linear layer on all features is the original's convolution over the whole of its last 4x4 activations.

    Args:
        section: QHead.
        feature_size: int, d.
        categorical: list of int, the number of categories of each categorical code.
        continuous: int, the number of continuous codes.

    Returns:
        keras.Model: float32 (n, d) -> dict of float32 "logits" (n, sum of categories), "means" and "log_variances"
        (n, continuous); without the outputs of codes that there are none of.
    """
    features = keras.Input((feature_size,), name="features")
    x = features
    for layer, width in enumerate(section.output):
        name = f"linear_{layer + 1}"
        x = keras.layers.Dense(
            width,
            use_bias=False,
            kernel_initializer=initial_kernel(section),
            kernel_regularizer=weight_decay(section),
            name=name,
        )(x)  # (n, width)
        x = batch_norm(section, f"{name}_norm")(x)
        x = keras.layers.LeakyReLU(section.leak, name=f"{name}_relu")(x)
    sizes = {"logits": sum(categorical), "means": continuous, "log_variances": continuous}
    outputs = {
        name: keras.layers.Dense(
            size,
            **initial_values(section, x.shape[-1]),
            kernel_regularizer=weight_decay(section),
            dtype="float32",
            name=name,
        )(x)  # (n, size)
        for name, size in sizes.items()
        if size
    }
    return keras.Model(features, outputs, name="q_head")
