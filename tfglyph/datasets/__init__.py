"""Data sets: one registry, one record.

    glyphs = tfglyph.datasets.load("cns", size=32)                       # Glyphs: images, characters, labels
    glyphs = tfglyph.datasets.load("cns", size=32, split="holdout", holdout=0.05)
    batches = tfglyph.datasets.feed(glyphs, batch_size=64, seed=0)       # tf.data.Dataset of {"images", "labels"}

``DatasetSpec`` is a request for data as plain JSON, ``Augmentation`` the small random changes that ``feed`` can make.
``size`` is one number or (height, width). Without ``split`` a set comes whole; ``train`` is all of it at holdout 0.
Importing this module imports no TensorFlow; only ``feed`` (and tensorflow-datasets) does.
"""

from tfglyph.datasets.augmentation import Augmentation
from tfglyph.datasets.feeding import Order, feed
from tfglyph.datasets.glyphs import DEFAULT_HOLDOUT, SPLITS, Glyphs, Split
from tfglyph.datasets.loading import DatasetSpec, load
from tfglyph.datasets.registry import DATASETS

__all__ = [
    "DATASETS",
    "DEFAULT_HOLDOUT",
    "SPLITS",
    "Augmentation",
    "DatasetSpec",
    "Glyphs",
    "Order",
    "Split",
    "feed",
    "load",
]
