"""Builders: a section of the architecture file in, an untrained functional ``keras.Model`` out. No training in here.

``BUILDERS[kind, type]`` names the function for a section of that kind ("encoder", "generator", ...) and ``type``.
"""

import importlib

# (kind of network, type of section) -> where its builder lives
BUILDERS = {
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


def builder(kind, section):
    """The function that builds ``section`` as a network of ``kind``."""
    module, name = BUILDERS[kind, section.type].split(":")
    return getattr(importlib.import_module(module), name)
