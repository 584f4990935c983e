"""The families: for each ``mode`` of an architecture file, the classes of the file and of the model.

A new family adds one line here. Both classes are named by "module:Class" and imported when they are needed, so that
reading a file imports no TensorFlow.
"""

import importlib
from typing import NamedTuple


class Family(NamedTuple):
    """Where the two classes of a family are.

    Attributes:
        architecture: str, a subclass of tfglyph.architecture.families.Architecture.
        model: str, a subclass of tfglyph.models.base.GlyphModel.
    """

    architecture: str
    model: str


FAMILIES: dict[str, Family] = {
    "VAE-GAN": Family("tfglyph.architecture.families:VAEGANArchitecture", "tfglyph.models.vaegan:VAEGAN"),
    "DC-GAN": Family("tfglyph.architecture.gan:DCGANArchitecture", "tfglyph.models.gan:GAN"),
    "GAN": Family("tfglyph.architecture.gan:GANArchitecture", "tfglyph.models.gan:GAN"),
    "InfoGAN": Family("tfglyph.architecture.infogan:InfoGANArchitecture", "tfglyph.models.infogan:InfoGAN"),
    "VAE": Family("tfglyph.architecture.vae:VAEArchitecture", "tfglyph.models.vae:VAE"),
    "DDPM": Family("tfglyph.architecture.diffusion:DDPMArchitecture", "tfglyph.models.diffusion:Diffusion"),
}


def import_class(path: str) -> type:
    """The class that "module:Class" names."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
