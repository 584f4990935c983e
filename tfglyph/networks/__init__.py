"""Builders: a section of the architecture file in, an untrained functional ``keras.Model`` out. No training in here.

``BUILDERS[kind, type]`` names the function for a section of that kind ("encoder", "generator", ...) and ``type``.
"""

import importlib
from collections.abc import Callable
from typing import Any

import keras

from tfglyph.architecture.families import Architecture

# (kind of network, type of section) -> "module:function"
BUILDERS: dict[tuple[str, str], str] = {
    ("encoder", "conv"): "tfglyph.networks.conv:build_encoder",
    ("generator", "conv"): "tfglyph.networks.conv:build_generator",
    ("discriminator", "conv"): "tfglyph.networks.conv:build_discriminator",
    ("encoder", "resnet"): "tfglyph.networks.resnet:build_encoder",
    ("generator", "resnet"): "tfglyph.networks.resnet:build_generator",
    ("discriminator", "resnet"): "tfglyph.networks.resnet:build_discriminator",
    ("generator", "cppn"): "tfglyph.networks.cppn:build_generator",
    ("denoiser", "unet"): "tfglyph.networks.unet:build_denoiser",
    ("denoiser", "patch-unet"): "tfglyph.networks.patch_unet:build_denoiser",
}


def builder(kind: str, section: Any) -> Callable[..., keras.Model]:
    """The function that builds ``section`` as a network of ``kind``."""
    module, name = BUILDERS[kind, section.type].split(":")
    return getattr(importlib.import_module(module), name)


def build_network(architecture: Architecture, kind: str, **shapes: Any) -> keras.Model:
    """Builds the network that one section of an architecture describes.

    Args:
        architecture: Architecture.
        kind: str, the section's key ("encoder", "generator", ...), which also names the kind of network.
        **shapes: the builder's other arguments: ``image_shape``, ``z_dim``, ...

    Returns:
        keras.Model, functional, untrained.
    """
    section = getattr(architecture, kind)
    return builder(kind, section)(section, **shapes)
