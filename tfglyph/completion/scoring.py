"""How good a drawing probably is, without knowing the true glyph.

The score is the mean of what can be measured, each from 0 to 1:

- agreement: how much the drawing overlaps with the mean of the other variants (2 |A ∩ B| / (|A| + |B|)); what several
  seeds agree on is rarely wrong;
- reading: the recognizer of ``evaluate`` reads the character, as surely as it says; only where it knows the character
  and reads most of the font's own glyphs;
- weight: ink beside the mean of the exemplars, exp(−2 |log ratio|);
- edges: how steep edges are beside the font's own glyphs; faint and blurred strokes have many half-grey pixels.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

LEAST_READ = 0.5  # share of a font's own glyphs that the recognizer must read for its word to count
DOUBTFUL = 0.6  # scores below are shown first


@dataclasses.dataclass(frozen=True)
class Score:
    """What was measured of a drawing; None where it could not be.

    Attributes:
        agreement: float or None.
        reading: float or None.
        weight: float or None.
        edges: float or None.
        read_as: str or None, what the recognizer read.
    """

    agreement: float | None = None
    reading: float | None = None
    weight: float | None = None
    edges: float | None = None
    read_as: str | None = None

    @property
    def value(self) -> float:
        """The mean of what was measured, from 0 to 1."""
        parts = [part for part in (self.agreement, self.reading, self.weight, self.edges) if part is not None]
        return sum(parts) / len(parts) if parts else 0.0


class Judge:
    """Scores drawings of one font.

    Args:
        own_characters: n str, characters that the font has.
        own_images: uint8 (n, size, size), how it draws them, at the size of the drawings.
    """

    def __init__(self, own_characters: Sequence[str], own_images: np.ndarray):
        self._own_greyness: float = (
            float(np.mean([greyness(image) for image in own_images])) if len(own_images) else 0.0
        )
        self.notes: list[str] = []
        self._reads: bool = self._check_recognizer(own_characters, own_images)

    def _check_recognizer(self, characters: Sequence[str], images: np.ndarray) -> bool:
        if not len(images):
            return False
        from tfglyph.evaluation.legibility import read  # slow: evaluation imports TensorFlow; a plan does without
        from tfglyph.evaluation.unavailable import UnavailableError  # slow: as above

        try:
            share = float(np.mean(read(images[..., None], "reading the font").correct(characters)))
        except UnavailableError as error:
            self.notes.append(f"drawings are not read: {error}")
            return False
        if share < LEAST_READ:
            self.notes.append(f"drawings are not read: the recognizer reads {share:.0%} of the font's own glyphs")
        return share >= LEAST_READ

    def score(
        self, texts: Sequence[str], images: np.ndarray, exemplar_ink: Sequence[float | None]
    ) -> list[list[Score]]:
        """Scores n glyphs of v variants.

        Args:
            texts: n characters or descriptions.
            images: uint8 (n, v, size, size).
            exemplar_ink: n numbers: mean ink of the exemplars, as a share of the square, or None.

        Returns:
            list of n lists of v Score.
        """
        count, variants = images.shape[:2]
        readings: Any = None
        if self._reads and count:
            from tfglyph.evaluation.legibility import read  # slow: as above

            readings = read(images.reshape(-1, *images.shape[2:])[..., None], "reading")
        result = []
        for row, (text, drawings, expected) in enumerate(zip(texts, images, exemplar_ink, strict=True)):
            scores = []
            for variant, image in enumerate(drawings):
                others = np.delete(drawings, variant, axis=0)
                reading, read_as = None, None
                if readings is not None and len(text) == 1:
                    place = row * variants + variant
                    read_as = readings.texts[place]
                    reading = float(readings.confidences[place]) if read_as == text else 0.0
                scores.append(
                    Score(
                        agreement(image, others) if variants > 1 else None,
                        reading,
                        weight(image, expected) if expected else None,
                        edges(image, self._own_greyness) if self._own_greyness else None,
                        read_as,
                    )
                )
            result.append(scores)
        return result


def agreement(image: np.ndarray, others: np.ndarray) -> float:
    """Dice's coefficient of a drawing uint8 (h, w) and the mean of others (n, h, w)."""
    one, other = image.astype(np.float64), others.mean(axis=0)
    total = float(one.sum() + other.sum())
    return 2 * float(np.minimum(one, other).sum()) / total if total else 0.0


def ink(image: np.ndarray) -> float:
    """The share of a picture uint8 (h, w) that ink covers."""
    return float(image.mean()) / 255


def weight(image: np.ndarray, expected: float) -> float:
    """1 for as much ink as expected, less for more and for less."""
    return float(np.exp(-2 * abs(np.log(max(ink(image), 1e-6) / expected))))


def greyness(image: np.ndarray) -> float:
    """How grey the edges are: 4 c (1 − c), summed, for each unit of edge; wide edges are greyer than steep ones."""
    coverage = image.astype(np.float64) / 255
    edge = np.abs(np.diff(coverage, axis=0)).sum() + np.abs(np.diff(coverage, axis=1)).sum()
    return float(4 * (coverage * (1 - coverage)).sum() / edge) if edge else 1.0


def edges(image: np.ndarray, own: float) -> float:
    """1 for edges as steep as the font's own (their ``greyness``), less for softer ones."""
    return min(1.0, own / max(greyness(image), 1e-6))
