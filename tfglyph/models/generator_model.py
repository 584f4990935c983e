"""A model with one generator, which may be a CPPN: then it renders its images in any size."""

from typing import Any

import keras
import numpy as np

from tfglyph.architecture.families import Architecture
from tfglyph.errors import UsageError
from tfglyph.models.base import GlyphModel
from tfglyph.models.cppn_renderer import CPPNRenderer
from tfglyph.networks import build_network
from tfglyph.progress import progress


def build_generator(architecture: Architecture, inputs: int) -> keras.Model:
    """The generator on vectors of ``inputs`` numbers."""
    # A CPPN needs its size to be built; the layers of the others decide it.
    shape = {"image_shape": architecture.hwc} if architecture.renders_any_size else {}
    return build_network(architecture, "generator", z_dim=inputs, **shape)


class GeneratorModel(GlyphModel):
    """A model with one generator, which may be of type "cppn"."""

    _renderer: CPPNRenderer | None = None

    def renderer(self) -> CPPNRenderer:
        """The renderer of the model's CPPN; it takes what ``renderer_inputs`` gives.

        Raises:
            UsageError: the generator is no CPPN, so its images have one size.
        """
        architecture = self.architecture
        if not architecture.renders_any_size:
            raise UsageError(
                f"{self.name}: its generator is of type {architecture.generator.type}; only a cppn renders any size"
            )
        if self._renderer is None:
            generator = self.inference_network("generator")
            self._renderer = CPPNRenderer(generator, architecture.generator, architecture.hwc, self.to_pixels)
        return self._renderer

    def renderer_inputs(self, latents: np.ndarray) -> np.ndarray:
        """float32 (n, d): the generator's whole input for latents (n, *latent_shape)."""
        return self.checked_latents(latents)

    def checked_latents(self, latents: np.ndarray) -> np.ndarray:
        """float32 (n, *latent_shape); raises UsageError for other shapes."""
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1:] != self.latent_shape:
            raise UsageError(f"latents have shape {latents.shape}, expected (n, {self.latent_shape[0]})")
        return latents

    def render(self, latents: np.ndarray, height: int, width: int, **options: Any) -> np.ndarray:
        """Images of any size, rendered by a CPPN; ``renderer().bands`` gives one a few rows at a time.

        Args:
            latents: float32 (n, *latent_shape).
            height, width: int, pixels.
            **options: ``label``, as in ``decode``, for models that take one.

        Returns:
            uint8 (n, height, width, c). Image i does not depend on the others, and at the trained size it is
            ``decode``'s, up to rounding.

        Raises:
            UsageError: the generator is no CPPN, latents of another shape, or no such class.
        """
        renderer = self.renderer()
        inputs = self.renderer_inputs(latents, **options)
        images = [renderer.image(row, height, width) for row in progress(inputs, "painting", unit="image")]
        return np.stack(images) if images else np.zeros((0, height, width, self.architecture.hwc[2]), np.uint8)
