#!/usr/bin/env python
"""How many images a second the data feed gives to a training step that does next to nothing.

    python benchmarks/feeding.py                  # 20,000 random images of 64x64x1, batches of 64, 5 seconds
    python benchmarks/feeding.py --memory-mapped  # from a file, as prepared sets are
    python benchmarks/feeding.py --fonts FILE ... # as `compose-exemplars` is fed, too: every image with its exemplars

Prints one line a variant. The step is a ``tf.function`` that draws a batch, as Keras does, and adds up one of its
numbers.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from tfglyph import datasets
from tfglyph.architecture import load_architecture
from tfglyph.datasets import Augmentation, Glyphs, feed
from tfglyph.exemplars.batches import ExemplarBatches

COUNT = 20_000
AUGMENTATION = Augmentation(rotate=3, shift=0.02, scale=0.05, shear=2)


def images_a_second(glyphs: Glyphs, batch_size: int, seconds: float, **options: Any) -> tuple[float, float]:
    """Runs the feed into a trivial step, after one second of warming up.

    Returns:
        Images a second, and images a second of processor time: on a busy machine the second number, times the cores,
        says what an idle one could do.
    """
    import tensorflow as tf

    total = tf.Variable(0, dtype=tf.int64)
    batches = iter(feed(glyphs, batch_size, seed=0, **options))

    @tf.function
    def step() -> None:
        total.assign_add(tf.cast(next(batches)["images"][0, 0, 0, 0], tf.int64))

    size = batch_size * options.get("batches_per_step", 1)
    start = time.perf_counter()
    step()  # (traced)
    while time.perf_counter() - start < 1:
        step()
    steps, start, busy = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        step()
        steps += 1
    return steps * size / (time.perf_counter() - start), steps * size / (time.process_time() - busy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="side of the images (default: 64)")
    parser.add_argument("--channels", type=int, default=1, help="channels of the images (default: 1)")
    parser.add_argument("--batch_size", type=int, default=64, help="default: 64")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each variant (default: 5)")
    parser.add_argument(
        "--fonts", nargs="+", metavar="FILE", help="font files: the feed of `compose-exemplars` as well"
    )
    parser.add_argument("--charset", default="tgh-1", help="their characters (default: tgh-1)")
    parser.add_argument("--memory-mapped", action="store_true", help="read from a file instead of memory")
    options = parser.parse_args()

    shape = (COUNT, options.size, options.size, options.channels)
    with tempfile.TemporaryDirectory() as directory:
        images: np.ndarray
        if options.memory_mapped:
            images = np.memmap(os.path.join(directory, "images"), np.uint8, "w+", shape=shape)
        else:
            images = np.empty(shape, np.uint8)
        images[:] = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        glyphs = Glyphs("random", images, labels=np.zeros(COUNT, np.int32))
        variants: dict[str, dict[str, Any]] = {
            "plain": {},
            "five batches a step": {"batches_per_step": 5},
            "augmented": {"augmentation": AUGMENTATION},
        }
        place = "memory-mapped" if options.memory_mapped else "in memory"
        size = "x".join(map(str, shape))
        print(f"{size} uint8 {place}, batches of {options.batch_size}, {os.cpu_count()} cores")
        for name, variant in variants.items():
            report(name, images_a_second(glyphs, options.batch_size, options.seconds, **variant))
    if options.fonts:
        architecture = load_architecture("compose-exemplars")
        glyphs = datasets.load("fonts", architecture.hwc[:2], fonts=options.fonts, charset=options.charset)
        assert architecture.exemplars is not None
        companions = ExemplarBatches(glyphs, architecture.exemplars, seed=0)
        print(f"{len(glyphs):,} glyphs of {len(options.fonts)} fonts, {'x'.join(map(str, architecture.hwc))}")
        for name, more in {"with exemplars": {}, "both augmented": {"augmentation": AUGMENTATION}}.items():
            rates = images_a_second(glyphs, options.batch_size, options.seconds, companions=companions, **more)
            report(name, rates)


def report(name: str, rates: tuple[float, float]) -> None:
    print(f"{name:20} {rates[0]:10,.0f} images/s {rates[1]:10,.0f} images per second of one core")


if __name__ == "__main__":
    main()
