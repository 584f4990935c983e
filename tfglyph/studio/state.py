"""What the tabs share: the loaded models, their data, and the folder of files that the page may serve."""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Iterable

import numpy as np

from tfglyph.datasets import Glyphs
from tfglyph.files import PathLike
from tfglyph.imaging.animation import save_animation
from tfglyph.imaging.grids import enlarge, save_png
from tfglyph.latent.nearest import Searcher, searchers
from tfglyph.models import GlyphModel
from tfglyph.runs.data import load_glyphs
from tfglyph.studio.jobs import Jobs


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A model on the page.

    Attributes:
        name: str, the run and its step, unique on the page.
        model: a GlyphModel from ``tfglyph.load``.
    """

    name: str
    model: GlyphModel

    @functools.cached_property
    def glyphs(self) -> Glyphs:
        """The run's data. Loaded at the first use."""
        return load_glyphs(self.model.architecture, self.model.run.options.dataset)

    @functools.cached_property
    def searchers(self) -> dict[str, Searcher]:
        """See ``tfglyph.latent.nearest.searchers``."""
        return searchers(self.model, self.glyphs)


class Studio:
    """What a page is made of.

    Args:
        models: list of LoadedModel.
        outputs: path of an own folder; the page serves files from nowhere else.
        problems: list of str, the messages about models that could not be loaded.
    """

    def __init__(self, models: Iterable[LoadedModel], outputs: PathLike, problems: Iterable[str] = ()):
        self.models: list[LoadedModel] = list(models)
        self.outputs: pathlib.Path = pathlib.Path(outputs)
        self.problems: list[str] = list(problems)
        self.jobs: Jobs = Jobs()
        self._numbers = itertools.count()

    def file(self, suffix: str) -> pathlib.Path:
        """A path for a new file: no two results share one, whichever browser tab they belong to."""
        return self.outputs / f"{next(self._numbers):06d}{suffix}"

    # === Files for the page ===

    def png(self, image: np.ndarray) -> str:
        """Writes a uint8 image (h, w, c); returns the path."""
        return str(save_png(self.file(".png"), image))

    def animation(self, frames: np.ndarray, fps: float = 12.5) -> str:
        """Writes a GIF of uint8 frames (n, h, w, c); returns the path."""
        return str(save_animation(self.file(".gif"), frames, fps))


def enlarged(image: np.ndarray, side: int = 320) -> np.ndarray:
    """A uint8 image (h, w, c) with every pixel repeated until the longer side is about ``side``."""
    return enlarge(np.asarray(image)[None], max(1, round(side / max(image.shape[:2]))))[0]
