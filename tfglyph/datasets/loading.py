"""``load``: from a data set's name to its record."""

import numpy as np

from tfglyph.datasets import cns
from tfglyph.datasets.glyphs import DEFAULT_HOLDOUT, Glyphs, digest, split_keys
from tfglyph.errors import UsageError


def load(name, size=None, channels=None, split="all", holdout=DEFAULT_HOLDOUT, datadir=None, **options):
    """Loads a data set, preparing it first where that has not been done."""
    if name != "cns" or size not in (None, 32):
        raise UsageError("not yet")
    characters, images = cns.pack()
    images = np.repeat(images[..., None], channels or 1, -1)  # (n, h, w, c)
    keys = split_keys(characters)
    return Glyphs("cns", images, characters, keys=keys, fingerprint=digest(images, *characters)).split(split, holdout)
