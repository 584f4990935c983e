"""What a model whose generator is a CPPN can do besides: paint its images in any size."""

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.models.base import GlyphModel
from tfglyph.progress import progress


class Canvases(GlyphModel):
    """A model with one generator, which may be of type "cppn"."""

    _painter = None

    def build_generator(self, inputs):
        """The generator on vectors of ``inputs`` numbers."""
        section = self.architecture.generator
        # A CPPN has to be told its size; the layers of the others decide it.
        shape = {"image_shape": self.architecture.hwc} if section.type == "cppn" else {}
        return self.network("generator", z_dim=inputs, **shape)

    def painter(self):
        """tfglyph.render.Painter of the model's CPPN; it takes what ``painter_inputs`` gives.

        Raises:
            UsageError: the generator is no CPPN, so its images have one size.
        """
        architecture = self.architecture
        if architecture.generator.type != "cppn":
            raise UsageError(
                f"{self.name}: its generator is of type {architecture.generator.type}; only a cppn paints any size"
            )
        if self._painter is None:
            from tfglyph.render import Painter

            generator = self.inference("generator")
            self._painter = Painter(generator, architecture.generator, architecture.hwc, self.to_pixels)
        return self._painter

    def painter_inputs(self, latents):
        """float32 (n, d): the generator's whole input for latents (n, *latent_shape)."""
        return self.checked_latents(latents)

    def checked_latents(self, latents):
        """float32 (n, *latent_shape); raises UsageError for other shapes."""
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1:] != self.latent_shape:
            raise UsageError(f"latents have shape {latents.shape}, expected (n, {self.latent_shape[0]})")
        return latents

    def render(self, latents, height, width, **options):
        """Images of any size, painted by a CPPN; ``painter().bands`` gives one a few rows at a time.

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
        painter = self.painter()
        inputs = self.painter_inputs(latents, **options)
        images = [painter.image(row, height, width) for row in progress(inputs, "painting", unit="image")]
        return np.stack(images) if images else np.zeros((0, height, width, self.architecture.hwc[2]), np.uint8)
