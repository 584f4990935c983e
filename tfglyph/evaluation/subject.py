"""What is evaluated: a model with its data, and everything that several metrics look at, made once."""

import dataclasses
import functools

import numpy as np

from tfglyph.datasets.charsets import charset
from tfglyph.errors import UsageError
from tfglyph.evaluation import extractors
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.latent.nearest import latents_compare

COUNT = 5000
SLOW_COUNT = 256  # reconstructions of a model that needs many steps for each
SMALLEST = 10  # images in a set


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        count: int, samples, and real images beside them; None for 5,000, or half of a smaller data set.
        seed: int, decides samples, who is in which set, and the bootstrap's draws.
        extractors: tuple of str, names for ``extractors.find``.
        half: ``test`` or ``development``, the arithmetic's tuples.
    """

    count: int | None = None
    seed: int = 0
    extractors: tuple = ("glyph",)
    half: str = "test"


class Subject:
    """A trained model and its data.

    Args:
        model: a GlyphModel.
        everything: Glyphs, the whole data set at the model's size.
        training: Glyphs, what the model was trained on.
        held_out: Glyphs that were kept out of the training, or None.
        settings: Settings.
        options: dict of what ``model.sample`` takes besides count and seed, for all samples; the label "all" gives
            them the classes in turn.

    Attributes:
        pictures: dict from name to uint8 image [h, w, c], filled by metrics.
        missing: dict from an extractor's name to the reason why it is not available.

    Raises:
        UsageError: too few images, or all classes of a model that has none.
    """

    def __init__(self, model, everything, training, held_out=None, settings=None, options=None):
        self.model, self.everything, self.training, self.held_out = model, everything, training, held_out
        self.settings = settings or Settings()
        self.seed = self.settings.seed
        self.count = min(self.settings.count or COUNT, len(everything) // 2)
        if self.count < SMALLEST:
            raise UsageError(
                f"{self.count} images in each set: a figure from fewer than {SMALLEST} says nothing"
                f" ({everything.name} has {len(everything):,})"
            )
        self.pictures, self.missing = {}, {}
        self.options = options or {}
        self.options_of(1)

    @property
    def slow(self):
        """bool: whether an image takes many passes of a network."""
        return self.model.latents_are_noise

    @property
    def compares_latents(self):
        """bool: whether sums of latents mean anything: an encoder's, but not a diffusion model's noise."""
        return latents_compare(self.model)

    @functools.cached_property
    def samples(self):
        """uint8 (count, h, w, c): new images from the seed."""
        return self.model.sample(self.count, seed=self.seed, **self.options_of(self.count))

    def options_of(self, count):
        """``options`` for ``count`` samples."""
        if self.options.get("label") != "all":
            return self.options
        told = self.labels_in_turn(count)
        if not told:
            raise UsageError(f"--label all: {self.model.name} has no class labels in a condition to take in turn")
        return self.options | told

    @property
    def unlabelled(self):
        """dict: ``options`` without the label, for metrics that choose their own or none."""
        return {name: value for name, value in self.options.items() if name != "label"}

    def labels_in_turn(self, count):
        """The option ``label`` with all classes in turn, for ``count`` samples of a model that is told of classes; else
        nothing."""
        classes = self.model.architecture.class_count
        return {"label": [number % classes for number in range(count)]} if classes else {}

    @functools.cached_property
    def _order(self):
        return np.random.default_rng(self.seed).permutation(len(self.everything))

    @functools.cached_property
    def reference(self):
        """uint8 (count, h, w, c): the real images that distances are to."""
        return np.asarray(self.everything.images[np.sort(self._order[: self.count])])

    @functools.cached_property
    def other_real(self):
        """uint8 (count, h, w, c): as many other real images; their distance to the reference is what is reachable."""
        return np.asarray(self.everything.images[np.sort(self._order[self.count : 2 * self.count])])

    @functools.cached_property
    def extractors(self):
        """list of extractors.Extractor, those that are available; ``missing`` gets the reasons of the others."""
        found = []
        for name in self.settings.extractors:
            try:
                found.append(extractors.find(name))
            except UnavailableError as error:
                self.missing[name] = str(error)
        return found

    def features(self, extractor):
        """(samples', reference's, other real images') features, float32 (count, d) each."""
        key = extractor.fingerprint
        if key not in self._features:
            real = extractor.of_real(self.reference), extractor.of_real(self.other_real)
            self._features[key] = (extractor(self.samples), *real)
        return self._features[key]

    @functools.cached_property
    def _features(self):
        return {}

    # === Reconstructions ===

    def some(self, glyphs, most=COUNT):
        """Those Glyphs, or a random choice of them where there are too many.

        Args:
            glyphs: Glyphs.
            most: int, how many at most where the settings name no count; a slow model gets fewer.

        Returns:
            Glyphs.
        """
        most = min(self.settings.count or most, SLOW_COUNT if self.slow else len(glyphs))
        if most >= len(glyphs):
            return glyphs
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(glyphs))[:most])
        return glyphs.take(rows, f"{most} by {self.seed}")

    def reconstructed(self, glyphs):
        """uint8 (n, h, w, c): the model's reconstructions of Glyphs."""
        if glyphs.fingerprint not in self._reconstructed:
            images = np.asarray(glyphs.images)
            self._reconstructed[glyphs.fingerprint] = self.model.decode(self.model.encode(images))
        return self._reconstructed[glyphs.fingerprint]

    @functools.cached_property
    def _reconstructed(self):
        return {}


def with_characters(glyphs):
    """The same Glyphs with ``characters``, taken from its label names where these are characters.

    Raises:
        GlyphError: the set does not know which characters its images show.
    """
    return dataclasses.replace(glyphs, characters=glyphs.known_characters())


def common(glyphs):
    """Those of named Glyphs that are common Big5 characters; all of them where none is (digits, kana, simplified)."""
    wanted = set(charset("big5-common").characters)
    rows = [row for row, name in enumerate(glyphs.characters) if name in wanted]
    return glyphs.take(rows, "big5-common") if rows else glyphs
