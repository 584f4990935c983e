#!/usr/bin/env python
"""Seconds per training step of an architecture, with and without the faster formulations of this package.

    python benchmarks/step_time.py                  # the VAE-GAN, float32 and mixed_bfloat16, 8 steps each
    python benchmarks/step_time.py vae-conv --steps 20 --precision float32

"stock" has Keras's convolutions, batch norm and Adam in place of the package's own. Both variants are
built in one process and take turns, so that other load on the machine meets both; the ratio is the median over turns.
Processor seconds count all cores, and other load hardly changes them.
"""

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def stock() -> contextlib.ExitStack:
    """Within this context models are built, and steps traced, of Keras's own layers and optimizers."""
    import keras

    replaced: dict[str, Any] = {
        "tfglyph.networks.convolutions._is_faster": lambda layer, size: False,
        "tfglyph.networks.layers.BatchNormalization": keras.layers.BatchNormalization,
        "tfglyph.models.optimizers.FusedAdam": keras.optimizers.Adam,
    }
    context = contextlib.ExitStack()
    for name, value in replaced.items():
        context.enter_context(mock.patch(name, value))
    return context


def prepare(architecture: str, precision: str, context: contextlib.AbstractContextManager[Any]) -> Callable[[], Any]:
    """A function that runs one training step on random images and waits for its end."""
    import tensorflow as tf

    import tfglyph

    with context:
        model = tfglyph.build(architecture, seed=0, precision=precision)
        model.prepare_training(1000)
        count = model.architecture.training.batch_size * model.batches_per_step
        random = np.random.default_rng(0)
        batch = {
            "images": tf.constant(random.integers(0, 256, (count, *model.architecture.hwc), dtype=np.uint8)),
            "labels": tf.zeros(count, tf.int32),
        }
        step = tf.function(lambda: model.train_step(batch)["bad_step"])
        step()  # traced in here, where the layers are what the context says
    return lambda: step().numpy()


def measure(functions: Sequence[Callable[[], Any]], turns: int) -> np.ndarray:
    """Wall and processor seconds, (turns, 2, functions), after two turns of warming up."""
    seconds = np.zeros((turns + 2, 2, len(functions)))
    for turn in range(turns + 2):
        for index, function in enumerate(functions):
            wall, processor = time.perf_counter(), time.process_time()
            function()
            seconds[turn, :, index] = time.perf_counter() - wall, time.process_time() - processor
    return seconds[2:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("architecture", nargs="?", default="vaegan", help="name or file (default: vaegan)")
    parser.add_argument("--steps", type=int, default=8, help="for each variant (default: 8)")
    parser.add_argument("--precision", action="append", help="repeatable (default: float32 mixed_bfloat16)")
    options = parser.parse_args()
    print(f"{'seconds per step':18}{'':12}{'stock':>8}{'tfglyph':>9}{'ratio':>7}")
    for precision in options.precision or ["float32", "mixed_bfloat16"]:
        contexts = (stock(), contextlib.nullcontext())
        functions = [prepare(options.architecture, precision, context) for context in contexts]
        measured = measure(functions, options.steps)
        for kind, seconds in (("wall", measured[:, 0]), ("processor", measured[:, 1])):
            before, after = np.median(seconds, axis=0)
            ratio = np.median(seconds[:, 0] / seconds[:, 1])
            print(f"{precision:18}{kind:12}{before:8.2f}{after:9.2f}{ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
