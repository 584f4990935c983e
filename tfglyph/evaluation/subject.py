"""What is evaluated: a model with its data, and everything that several metrics look at, made once."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfglyph.datasets.charsets import charset
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.evaluation import extractors
from tfglyph.evaluation.extractors import Extractor
from tfglyph.evaluation.tuples import Half
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.latent.nearest import has_latent_distances
from tfglyph.models.base import GlyphModel

COUNT = 5000
SLOW_COUNT = 256  # reconstructions of a model that needs many steps for each
MIN_COUNT = 10  # images in a set


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        count: int, samples, and real images beside them; None for 5,000, or half of a smaller data set.
        seed: int, decides samples, which images are in which set, and the bootstrap's draws.
        extractors: tuple of str, names for ``extractors.find``.
        half: ``test`` or ``development``, the arithmetic's tuples.
    """

    count: int | None = None
    seed: int = 0
    extractors: tuple[str, ...] = ("glyph",)
    half: Half = "test"


class Subject:
    """A trained model and its data.

    Args:
        model: a GlyphModel.
        all_glyphs: Glyphs, the whole data set at the model's size.
        training: Glyphs, what the model was trained on.
        held_out: Glyphs that were kept out of the training, or None.
        settings: Settings.
        options: dict of what ``model.sample`` takes besides count and seed, for all samples; the label "all" gives
            them the classes in turn.

    Attributes:
        pictures: dict from name to uint8 image [h, w, c], filled by metrics.
        missing_extractors: dict from an extractor's name to the reason why it is not available, filled when
            ``extractors`` is first looked at.

    Raises:
        UsageError: too few images, or all classes of a model that has none.
    """

    def __init__(
        self,
        model: GlyphModel,
        all_glyphs: Glyphs,
        training: Glyphs,
        held_out: Glyphs | None = None,
        settings: Settings | None = None,
        options: Mapping[str, Any] | None = None,
    ):
        self.model: GlyphModel = model
        self.all_glyphs: Glyphs = all_glyphs
        self.training: Glyphs = training
        self.held_out: Glyphs | None = held_out
        self.settings: Settings = settings or Settings()
        self.seed: int = self.settings.seed
        self.count: int = min(self.settings.count or COUNT, len(all_glyphs) // 2)
        if self.count < MIN_COUNT:
            raise UsageError(
                f"{self.count} images in each set: a measurement on fewer than {MIN_COUNT} says nothing"
                f" ({all_glyphs.name} has {len(all_glyphs):,})"
            )
        self.pictures: dict[str, np.ndarray] = {}
        self.missing_extractors: dict[str, str] = {}
        self.options: dict[str, Any] = dict(options or {})
        self._features: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._reconstructions: dict[str, np.ndarray] = {}
        self.options_for(1)

    @property
    def slow(self) -> bool:
        """Whether an image takes many passes of a network."""
        return self.model.latents_are_noise

    @property
    def compares_latents(self) -> bool:
        """Whether sums of latents mean anything: an encoder's, but not a diffusion model's noise."""
        return has_latent_distances(self.model)

    @functools.cached_property
    def samples(self) -> np.ndarray:
        """uint8 (count, h, w, c): new images from the seed."""
        return self.model.sample(self.count, seed=self.seed, **self.options_for(self.count))

    def options_for(self, count: int) -> dict[str, Any]:
        """``options`` for ``count`` samples."""
        if self.options.get("label") != "all":
            return self.options
        labels = self.cycled_labels(count)
        if not labels:
            raise UsageError(f"--label all: {self.model.name} has no class labels in a condition to take in turn")
        return self.options | labels

    @property
    def options_without_label(self) -> dict[str, Any]:
        """``options`` without the label, for metrics that choose their own or none."""
        return {name: value for name, value in self.options.items() if name != "label"}

    def cycled_labels(self, count: int) -> dict[str, list[int]]:
        """The option ``label`` with all classes in turn, for ``count`` samples of a model that is conditioned on class
        labels; else nothing."""
        classes = self.model.architecture.class_count
        return {"label": [index % classes for index in range(count)]} if classes else {}

    @functools.cached_property
    def _order(self) -> np.ndarray:
        return np.random.default_rng(self.seed).permutation(len(self.all_glyphs))

    @functools.cached_property
    def reference(self) -> np.ndarray:
        """uint8 (count, h, w, c): the real images that distances are to."""
        return np.asarray(self.all_glyphs.images[np.sort(self._order[: self.count])])

    @functools.cached_property
    def other_real(self) -> np.ndarray:
        """uint8 (count, h, w, c): as many other real images; their distance to the reference is what is reachable."""
        return np.asarray(self.all_glyphs.images[np.sort(self._order[self.count : 2 * self.count])])

    @functools.cached_property
    def extractors(self) -> list[Extractor]:
        """Those that are available; ``missing_extractors`` gets the reasons of the others."""
        available = []
        for name in self.settings.extractors:
            try:
                available.append(extractors.find(name))
            except UnavailableError as error:
                self.missing_extractors[name] = str(error)
        return available

    def features(self, extractor: Extractor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(samples', reference's, other real images') features, float32 (count, d) each."""
        key = extractor.fingerprint
        if key not in self._features:
            reference, other = extractor.of_real(self.reference), extractor.of_real(self.other_real)
            self._features[key] = extractor(self.samples), reference, other
        return self._features[key]

    # === Reconstructions ===

    def subset(self, glyphs: Glyphs, limit: int = COUNT) -> Glyphs:
        """Those Glyphs, or a random choice of them where there are too many.

        Args:
            glyphs: Glyphs.
            limit: int, how many at most where the settings name no count; a slow model gets fewer.

        Returns:
            Glyphs.
        """
        limit = min(self.settings.count or limit, SLOW_COUNT if self.slow else len(glyphs))
        if limit >= len(glyphs):
            return glyphs
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(glyphs))[:limit])
        return glyphs.take(rows, f"{limit} by {self.seed}")

    def reconstructions(self, glyphs: Glyphs) -> np.ndarray:
        """uint8 (n, h, w, c): the model's reconstructions of Glyphs."""
        if glyphs.fingerprint not in self._reconstructions:
            images = np.asarray(glyphs.images)
            self._reconstructions[glyphs.fingerprint] = self.model.decode(self.model.encode(images))
        return self._reconstructions[glyphs.fingerprint]


def with_characters(glyphs: Glyphs) -> Glyphs:
    """The same Glyphs with ``characters``, taken from its label names where these are characters.

    Raises:
        GlyphError: the set does not know which characters its images show.
    """
    return dataclasses.replace(glyphs, characters=glyphs.known_characters())


def common_characters(glyphs: Glyphs) -> Glyphs:
    """Those that show common Big5 characters; all of them where none does (digits, kana, simplified).

    Args:
        glyphs: Glyphs with characters.
    """
    common = set(charset("big5-common").characters)
    rows = [row for row, character in enumerate(glyphs.known_characters()) if character in common]
    return glyphs.take(rows, "big5-common") if rows else glyphs
