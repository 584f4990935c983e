"""What the tabs share: the loaded models, their data, and the folder of files that the page may serve."""

import dataclasses
import functools
import itertools
import pathlib

import numpy as np

from tfglyph.studio.jobs import Jobs


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A model on the page."""

    name: str
    """The run and its step, unique on the page."""
    model: object
    """GlyphModel"""

    @functools.cached_property
    def glyphs(self):
        """The run's data: tfglyph.datasets.Glyphs. Loaded at the first use."""
        from tfglyph.runs.data import load_glyphs

        return load_glyphs(self.model.architecture, self.model.run.options.dataset)

    @functools.cached_property
    def searchers(self):
        """See ``tfglyph.latent.nearest.searchers``."""
        from tfglyph.latent.nearest import searchers

        return searchers(self.model, self.glyphs)

    @property
    def any_size(self):
        """bool: whether the model paints in any size."""
        generator = getattr(self.model.architecture, "generator", None)
        return generator is not None and generator.type == "cppn"


class Studio:
    """What a page is made of.

    Args:
        models: list of LoadedModel.
        outputs: pathlib.Path, an own folder; the page serves files from nowhere else.
        problems: list of str, what to tell about models that could not be loaded.
    """

    def __init__(self, models, outputs, problems=()):
        self.models, self.outputs, self.problems = list(models), pathlib.Path(outputs), list(problems)
        self.jobs = Jobs()
        self._numbers = itertools.count()

    def file(self, suffix):
        """A path for a new file: no two results share one, whichever browser tab they belong to."""
        return self.outputs / f"{next(self._numbers):06d}{suffix}"

    # === Files for the page ===

    def png(self, image):
        """Writes an image; returns the path as str."""
        from tfglyph.imaging.grids import save_png

        return str(save_png(self.file(".png"), image))

    def animation(self, frames, fps=12.5):
        """Writes a GIF of frames (n, h, w, c); returns the path as str."""
        from tfglyph.imaging.animation import save_animation

        return str(save_animation(self.file(".gif"), frames, fps))


def enlarged(image, side=320):
    """A uint8 image (h, w, c) with every pixel repeated until the longer side is about ``side``."""
    from tfglyph.imaging.grids import enlarge

    return enlarge(np.asarray(image)[None], max(1, round(side / max(image.shape[:2]))))[0]
