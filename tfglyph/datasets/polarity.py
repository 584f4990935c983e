"""Which is the ink: the one decision by which images become ink 255 on a background of 0.

An image tells by its two levels and its border: ink and paper are two modes of its histogram, and most of the border is
paper. An image that has no two levels (a photograph, a blank page), or whose border shows both, tells nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image

from tfglyph.errors import UsageError

Ink = Literal["auto", "black", "white"]
INKS: tuple[str, ...] = get_args(Ink)
_CLEAR_BORDER = 0.6  # of the border's pixels
_WHITE, _BLACK = 223, 32  # of 255: a border beyond these is paper, or its opposite, whatever the rest shows
_LEAST_CONTRAST = 24  # grey levels between ink and paper
_SEPARATED = 0.8  # of the variance lies between the two levels; photographs have less
_OPPOSED = 0.1  # of the images that tell anything: so many of the other kind are worth a line


def ink_is_dark(image: Image.Image) -> bool | None:
    """Whether a Pillow image (L or RGB) shows dark ink on light paper: True, False (the opposite) or None (neither)."""
    pixels = np.asarray(image.convert("L"))
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if is_blank(pixels):
        return None
    if np.mean(border > _WHITE) > _CLEAR_BORDER:
        return True
    if np.mean(border < _BLACK) > _CLEAR_BORDER:
        return False
    threshold = _threshold(pixels)
    if threshold is None:
        return None
    light = float(np.mean(border > threshold))
    if light > _CLEAR_BORDER:
        return True
    return False if light < 1 - _CLEAR_BORDER else None


def is_blank(pixels: np.ndarray) -> bool:
    """Whether an image, uint8 of any shape, is of one colour."""
    flat = pixels.reshape(-1, pixels.shape[-1]) if pixels.ndim == 3 else pixels.reshape(-1, 1)
    return not bool((flat != flat[0]).any())


def _threshold(pixels: np.ndarray) -> int | None:
    """The grey level between the two modes of a histogram, by Otsu (1979); None where there are no two.

    N. Otsu: A threshold selection method from gray-level histograms, IEEE Trans. Systems, Man, and Cybernetics 9(1).
    """
    counts = np.bincount(pixels.reshape(-1), minlength=256).astype(np.float64)
    levels = np.arange(256.0)
    below = np.cumsum(counts)[:-1]  # of pixels up to each level
    above = counts.sum() - below
    sums = np.cumsum(counts * levels)[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        dark, light = sums / below, ((counts * levels).sum() - sums) / above
        between = below * above * (light - dark) ** 2 / counts.sum() ** 2
    between = np.nan_to_num(between)
    best = int(between.argmax())
    mean = (counts * levels).sum() / counts.sum()
    total = (counts * (levels - mean) ** 2).sum() / counts.sum()
    if total == 0 or between[best] < _SEPARATED * total or light[best] - dark[best] < _LEAST_CONTRAST:
        return None
    return best


@dataclass(frozen=True)
class Polarity:
    """What the images of a set say together.

    Attributes:
        dark: int, images of dark ink on light paper.
        light: int, images of light ink on dark paper.
        untold: int, images that tell neither.
    """

    dark: int = 0
    light: int = 0
    untold: int = 0

    @property
    def invert(self) -> bool:
        """Whether dark becomes light."""
        return self.dark > self.light

    def doubt(self) -> str | None:
        """One line where the images do not say it clearly, with what is done and how to say it; else None."""
        told = self.dark + self.light
        done = "turned over (dark ink)" if self.invert else "kept as they are (light ink)"
        other = "white" if self.invert else "black"
        if not told and self.untold:
            return f"the images do not tell ink from paper: {done}; --ink {other} says otherwise, --ink says so"
        if told and min(self.dark, self.light) >= _OPPOSED * told and min(self.dark, self.light) > 1:
            return (
                f"of {told + self.untold:,} images looked at, {self.dark:,} show dark ink and {self.light:,} light ink;"
                f" all are {done}; --ink {other} says otherwise"
            )
        return None


def polarity_of(verdicts: Sequence[bool | None]) -> Polarity:
    """Polarity of the ``ink_is_dark`` of images."""
    return Polarity(verdicts.count(True), verdicts.count(False), verdicts.count(None))


def must_invert(ink: Ink, dark: bool, channels: int) -> bool:
    """Whether to turn dark into light, so that ink becomes 255.

    Args:
        ink: ``auto``, ``black`` or ``white``.
        dark: bool, whether the images show dark ink.
        channels: int; images in colour are never inverted by ``auto``.

    Raises:
        UsageError: another ink.
    """
    if ink not in INKS:
        raise UsageError(f"ink {ink!r} is none of {', '.join(INKS)}")
    return ink == "black" or (ink == "auto" and dark and channels == 1)
