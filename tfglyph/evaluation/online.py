"""A few metrics on a few images: seconds rather than minutes, to watch a training and to choose a checkpoint by."""

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError, did_you_mean
from tfglyph.evaluation import distances, extractors, legibility, reconstruction
from tfglyph.evaluation.held_out_drawings import HeldOutDrawings
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.models.base import GlyphModel

COUNT = 256  # samples; real images beside them are four times as many, as they cost nothing
DRAWINGS = 128  # held-out characters that are drawn from exemplars
LOWER_IS_BETTER = {
    "fid": True,
    "kid": True,
    "legibility": False,
    "psnr": False,
    "ssim": False,
    "iou": False,
    "l1": True,
    "first": False,
}
NEED_ENCODER = ("psnr", "ssim", "iou")
NEED_EXEMPLARS = ("l1", "first")


def check(name: str, model: GlyphModel, holdout: float = 0.0) -> None:
    """Raises UsageError where a metric does not exist, or not for this model, or not on this machine.

    Args:
        name: str, the metric that decides the best checkpoint.
        model: a GlyphModel.
        holdout: float, the fraction of the data's characters that is held out.
    """
    if name not in LOWER_IS_BETTER:
        known = ", ".join(LOWER_IS_BETTER)
        raise UsageError(f"--best_metric: no metric {name!r}{did_you_mean(name, LOWER_IS_BETTER)}; there are {known}")
    if name in NEED_ENCODER and not model.can_encode:
        mode = model.architecture.mode
        raise UsageError(f"--best_metric {name}: a {mode} model does not encode, so there are no reconstructions")
    if name in NEED_EXEMPLARS and model.architecture.exemplars is None:
        raise UsageError(f"--best_metric {name}: {model.name} does not draw from exemplars")
    if name in NEED_EXEMPLARS and not holdout:
        raise UsageError(f"--best_metric {name}: measured on held-out characters; expected --holdout above 0")
    if name == "legibility":
        try:
            legibility.check()
        except UnavailableError as error:
            raise UsageError(f"--best_metric legibility: {error}") from None


class OnlineMetrics:
    """The metrics of a training; what real images need is computed once.

    Args:
        glyphs: Glyphs, what the model is trained on.
        held_out: Glyphs that it is not trained on, or None: reconstructions are then of trained ones.
        count: int, samples.
        drawings: HeldOutDrawings, for a model that draws from exemplars, or None.
    """

    def __init__(
        self,
        glyphs: Glyphs,
        held_out: Glyphs | None = None,
        count: int = COUNT,
        drawings: HeldOutDrawings | None = None,
    ):
        self.count: int = count
        self.drawings = drawings
        self.extractor: extractors.Extractor = extractors.find("glyph")
        self.reference: np.ndarray = self.extractor(_subset(glyphs, 4 * count))
        self.reconstructed: np.ndarray = _subset(glyphs if held_out is None else held_out, count)
        try:
            legibility.check()
            self.readable = True
        except UnavailableError:
            self.readable = False

    def measure(self, model: GlyphModel) -> dict[str, float]:
        """The metrics of a model as it is now.

        Args:
            model: a GlyphModel.

        Returns:
            dict from names of ``LOWER_IS_BETTER`` to float: ``fid`` and ``kid`` by the extractor ``glyph``, the mean
            confidence of the recognizer where there is one, those of reconstructions where the model encodes, and
            those of held-out drawings where there are any.
        """
        samples = model.sample(self.count, seed=model.seed)
        features = self.extractor(samples)
        measurements = {
            "fid": distances.frechet_distance(features, self.reference),
            "kid": distances.kernel_distance(features, self.reference),
        }
        if self.readable:
            measurements["legibility"] = float(legibility.read(samples).confidences.mean())
        if model.can_encode:
            images, reconstructions = self.reconstructed, model.decode(model.encode(self.reconstructed))
            for name, function in (
                ("psnr", reconstruction.psnr),
                ("ssim", reconstruction.ssim),
                ("iou", reconstruction.ink_iou),
            ):
                measurements[name] = float(function(images, reconstructions).mean())
        if self.drawings is not None:
            measurements |= self.drawings.measure(model)
        return measurements


def _subset(glyphs: Glyphs, count: int) -> np.ndarray:
    """uint8 (at most count, h, w, c): always the same choice."""
    rows = np.random.default_rng(0).permutation(len(glyphs))[:count]
    return np.asarray(glyphs.images[np.sort(rows)])
