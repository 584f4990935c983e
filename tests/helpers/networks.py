"""A GAN of residual networks, single networks of architectures, and their parameter counts."""

import numpy as np

from tfglyph.networks import build_network

RESNET_GAN = {
    "mode": "GAN",
    "hwc": [8, 8, 1],
    "z_dim": 4,
    "generator": {
        "type": "resnet",
        "hwc": [4, 4, 3],
        "kernel": [[3, 3]] * 2,
        "stride": [[2, 2], [1, 1]],
        "output": [2, 1],
    },
    "discriminator": {"type": "resnet", "kernel": [[3, 3]] * 2, "stride": [[1, 1], [2, 2]], "output": [3, 3]},
}


def build_kind(architecture, kind):
    """The encoder, generator or discriminator of an architecture without codes: a keras.Model."""
    shapes = {
        "encoder": {"image_shape": architecture.hwc, "z_dim": architecture.z_dim},
        "generator": {"z_dim": architecture.z_dim},
        "discriminator": {"image_shape": architecture.hwc},
    }
    return build_network(architecture, kind, **shapes[kind])


def trainable(network):
    """int: trainable parameters of a keras.Model."""
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
