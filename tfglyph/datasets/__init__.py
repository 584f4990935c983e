"""Data sets: one registry, one record.

    glyphs = tfglyph.datasets.load("cns", size=32)                       # Glyphs: images, characters, labels
    glyphs = tfglyph.datasets.load("cns", size=32, split="holdout", holdout=0.05)
    batches = tfglyph.datasets.feed(glyphs, batch_size=64, seed=0)       # tf.data.Dataset of {"images", "labels"}

The signatures::

    load(name, size=None, channels=None, split="all", holdout=0.05, datadir=None, **options) -> Glyphs
    feed(glyphs, batch_size, seed, start_step=0, steps=None, batches_per_step=1, shard=(0, 1),
         augmentation=None) -> tf.data.Dataset

Importing this module imports no TensorFlow; only ``feed`` does.
"""

from tfglyph.datasets.feeding import Order, feed
from tfglyph.datasets.glyphs import DEFAULT_HOLDOUT, SPLITS, Glyphs
from tfglyph.datasets.loading import load

__all__ = ["DEFAULT_HOLDOUT", "SPLITS", "Glyphs", "Order", "feed", "load"]
