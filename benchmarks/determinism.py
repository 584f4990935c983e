#!/usr/bin/env python
"""What it costs that a training step gives the same bits every time, and whether it does, under load.

    python benchmarks/determinism.py                       # the VAE-GAN, float32 and mixed_bfloat16
    python benchmarks/determinism.py vaegan --batch 16 --turns 30 --load 2

Steps take turns in one process, so that other load meets all kinds: "as it is" is TensorFlow's own way, "sums" keeps
sums of gradients from becoming accumulations (what training does in mixed precision), "ordered" runs operations one by
one, too (in float32); see ``tfglyph.models.determinism``. Every turn begins from the same weights, and the weights
after it are compared with those of the others.

``--load`` starts so many processes that work and sleep in turns of a few milliseconds.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BUSY = """
import random, time
while True:
    end = time.perf_counter() + random.random() * 0.01
    while time.perf_counter() < end:
        pass
    time.sleep(random.random() * 0.01)
"""


def as_it_is() -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def sums() -> contextlib.AbstractContextManager[None]:
    from tfglyph.models.determinism import ordered_execution

    return ordered_execution("mixed_bfloat16")


def ordered() -> contextlib.AbstractContextManager[None]:
    from tfglyph.models.determinism import ordered_execution

    return ordered_execution("float32")


WITHIN = {"as it is": as_it_is, "sums": sums, "ordered": ordered}
KINDS = tuple(WITHIN)


def prepare(
    architecture: str, precision: str, batch_size: int | None
) -> tuple[Callable[[str], float], Callable[[], bytes]]:
    """A function that resets the model and runs one step, and one that gives all weights as bytes."""
    import tensorflow as tf

    import tfglyph

    model = tfglyph.build(architecture, seed=3, precision=precision)
    model.prepare_training(1000)
    count = (batch_size or model.architecture.training.batch_size) * model.batches_per_step
    images = np.random.default_rng(0).integers(0, 256, (count, *model.architecture.hwc), dtype=np.uint8)
    batch = {"images": tf.constant(images), "labels": tf.zeros(count, tf.int32)}

    def read(variable: Any) -> np.ndarray:
        return np.asarray(variable.numpy())

    variables = [variable for group in model.groups().values() for _, variable in group]
    first = [read(variable) for variable in variables]
    # One for each kind: whether conditions become branches of their own is decided while tracing.
    steps = {kind: tf.function(model.train_step, autograph=False) for kind in KINDS}

    def run(kind: str) -> float:
        for variable, value in zip(variables, first, strict=True):
            variable.assign(value)
        start = time.perf_counter()
        with WITHIN[kind]():
            float(steps[kind](batch)["bad_step"])
        return time.perf_counter() - start

    return run, lambda: b"".join(read(variable).tobytes() for variable in variables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("architecture", nargs="?", default="vaegan", help="name or file (default: vaegan)")
    parser.add_argument("--batch", type=int, help="images in a batch (default: the architecture's)")
    parser.add_argument("--turns", type=int, default=12, help="steps of each kind (default: 12)")
    parser.add_argument("--load", type=int, default=0, help="processes that keep the machine busy (default: 0)")
    parser.add_argument("--precision", action="append", help="repeatable (default: float32 mixed_bfloat16)")
    options = parser.parse_args()
    load = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(options.load)]
    try:
        for precision in options.precision or ["float32", "mixed_bfloat16"]:
            run, weights = prepare(options.architecture, precision, options.batch)
            seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
            results: dict[str, set[int]] = {kind: set() for kind in KINDS}
            for turn in range(options.turns + 2):
                for kind in KINDS:
                    taken = run(kind)
                    results[kind].add(hash(weights()))
                    if turn > 1:
                        seconds[kind].append(taken)
            for kind in KINDS:
                print(
                    f"{precision:16}{kind:10}{np.median(seconds[kind]):8.3f} s a step,"
                    f" {len(results[kind])} different results of {options.turns + 2}",
                    flush=True,
                )
            for kind in KINDS[1:]:
                ratio = np.array(seconds[kind]) / np.array(seconds["as it is"])
                low, middle, high = np.percentile(ratio, [25, 50, 75])
                print(f"{precision:16}{kind:10}{middle:8.3f} times (quartiles {low:.3f} to {high:.3f})", flush=True)
    finally:
        for process in load:
            process.kill()


if __name__ == "__main__":
    main()
