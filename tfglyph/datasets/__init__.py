"""Data sets: one registry, one record.

    glyphs = tfglyph.datasets.load("cns", size=32)                       # Glyphs: images, characters, labels
    glyphs = tfglyph.datasets.load("cns", size=32, split="holdout", holdout=0.05)
    batches = tfglyph.datasets.feed(glyphs, batch_size=64, seed=0)       # tf.data.Dataset of {"images",
    "labels"}

The signatures::

    load(name, size=None, channels=None, split="all", holdout=0.05, datadir=None, **options) -> Glyphs
    feed(glyphs, batch_size, seed, start_step=0, steps=None, batches_per_step=1, shard=(0, 1),
         augmentation=None) -> tf.data.Dataset
    DatasetSpec(name="cns", datadir=None, holdout=0.0, options={})
        .to_dict() -> plain JSON, the keyword arguments of load; DatasetSpec.from_dict(values)
        .load(size=None, channels=None, split="train") -> Glyphs
    Augmentation(rotate=0.0, shift=0.0, scale=0.0, shear=0.0, flip=False)

``size`` is one number or (height, width). Without ``split`` a set comes whole; ``train`` is all of it at
holdout 0. Importing this module imports no TensorFlow; only ``feed`` (and tensorflow-datasets) does.
"""

from tfglyph.datasets.augmentation import Augmentation
from tfglyph.datasets.feeding import Order, feed
from tfglyph.datasets.glyphs import DEFAULT_HOLDOUT, SPLITS, Glyphs
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
    "feed",
    "load",
]
