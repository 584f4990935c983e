"""Held-out characters drawn from exemplars while a model trains, in fonts that it never sees where there are any."""

import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.datasets.glyphs import Glyphs, split_keys
from tfglyph.errors import UsageError
from tfglyph.evaluation.font_composition import ranks
from tfglyph.exemplars.batches import ExemplarBatches
from tfglyph.models.base import GlyphModel


class HeldOutDrawings:
    """Held-out glyphs with the exemplars to draw them from, the best of their fonts; always the same.

    Args:
        glyphs: Glyphs of fonts, those that are trained on and those that are not, with keys.
        section: Exemplars, ``condition.exemplars`` of the model.
        holdout: float, the fraction of the characters that is held out.
        count: int, at most so many glyphs.

    Raises:
        UsageError: nothing is held out.
    """

    def __init__(self, glyphs: Glyphs, section: Exemplars, holdout: float, count: int):
        chosen, labels = _held_out(glyphs, holdout)
        if not len(chosen):
            raise UsageError(f"data set {glyphs.name!r}: no Chinese character of its fonts is held out")
        order = np.random.default_rng(0).permutation(len(chosen))[:count]
        # The fonts of the drawings alone: the best exemplars of each, and its other glyphs to tell them from.
        drawn = np.sort(chosen[order])
        of_fonts = np.flatnonzero(np.isin(labels, labels[drawn]))
        fonts, rows = glyphs.take(of_fonts, "held-out drawings"), np.searchsorted(of_fonts, drawn)
        best = section.model_copy(update={"best": 1.0, "whole_fonts": 1.0, "content": 0.0})
        batches = ExemplarBatches(fonts, best, seed=0)
        gathered = {name: tf.constant(values) for name, values in batches.gather(rows, step=0).items()}
        self.inputs: dict[str, np.ndarray] = {
            name: values.numpy() for name, values in batches.finish(gathered).items() if name in ("exemplars", "kinds")
        }
        self.glyphs, self.rows, self._labels = fonts, rows, batches.labels

    def measure(self, model: GlyphModel) -> dict[str, float]:
        """How near a model's drawings come to the real glyphs.

        Args:
            model: a model that draws from exemplars.

        Returns:
            dict: ``l1``, the mean absolute difference of pixels from 0 to 1; ``first``, the fraction whose nearest
            glyph of the font is the right one.
        """
        pairs = np.stack([np.full(len(self.rows), model.seed), np.arange(len(self.rows))], 1)
        drawn = model.sample_pairs(pairs, **self.inputs)
        real = np.asarray(self.glyphs.images[self.rows])
        is_first = np.zeros(len(self.rows), bool)
        labels = self._labels
        for label in np.unique(labels[self.rows]):
            of_font, here = np.flatnonzero(labels == label), labels[self.rows] == label
            images = self.glyphs.images[of_font][..., 0]
            is_first[here] = ranks(drawn[here][..., 0], images, np.searchsorted(of_font, self.rows[here])) < 1
        difference = np.abs(drawn.astype(np.float32) - real) / 255
        return {"l1": float(difference.mean()), "first": float(is_first.mean())}


def _held_out(glyphs: Glyphs, holdout: float) -> tuple[np.ndarray, np.ndarray]:
    """int64 (m,) rows of held-out characters, of the families that are held out where there are any; labels (n,)."""
    labels = np.zeros(len(glyphs), np.int32) if glyphs.labels is None else np.asarray(glyphs.labels)
    if glyphs.keys is None or glyphs.characters is None:
        return np.zeros(0, np.int64), labels
    limit = np.uint64(int(holdout * 2**64))
    is_kept_out, unique = glyphs.keys < limit, sorted(set(glyphs.characters))
    held_out = {character for character, key in zip(unique, split_keys(unique), strict=True) if key < limit}
    is_new = np.array([character in held_out for character in glyphs.characters])
    seen = np.zeros(int(labels.max(initial=0)) + 1, bool)
    seen[labels[~is_kept_out]] = True
    in_new_font = ~seen[labels]
    wanted = is_new & in_new_font if in_new_font.any() else is_new
    return np.flatnonzero(wanted & is_kept_out), labels
