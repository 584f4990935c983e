"""A model without networks, for the tests of latent arithmetic."""

import types

import numpy as np


class PixelLatents:
    """Its latents are the pixels.

    Args:
        shape: (h, w, c) of its images.
    """

    name, can_encode, latents_are_noise = "pixels", True, False

    def __init__(self, shape):
        self.shape = shape
        self.architecture = types.SimpleNamespace(z_dim=int(np.prod(shape)), mode="VAE", hwc=shape)

    def encode(self, images):
        return images.reshape(len(images), -1).astype(np.float32)

    def decode(self, latents):
        return np.clip(latents, 0, 255).astype(np.uint8).reshape(-1, *self.shape)

    def snap(self, latents):
        return latents
