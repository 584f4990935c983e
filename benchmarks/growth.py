"""How a training step grows: with the size of images, with the batch, with the number of glyphs; and memory over time.

    python benchmarks/growth.py                  # all four tables, and growth.png
    python benchmarks/growth.py size batch       # some of them
    python benchmarks/growth.py memory --steps 5000

The model of the first two is the VAE-GAN's with four halvings at every size; of the other two a small VAE, so that
feeding would show. "waiting" is the share of a step's wall seconds in which the next batch was not there yet.
"""

import argparse
import functools
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SIZES, BATCHES, COUNTS = (32, 64, 128, 256), (8, 16, 32, 64, 128), (1_000, 10_000, 100_000, 1_000_000)
SMALL = "vae-small"


def vaegan_of(size: int, batch: int) -> dict[str, Any]:
    """The VAE-GAN's file for images of another size."""
    import json

    from tfglyph.architecture import dump, load_architecture

    data = json.loads(dump(load_architecture("vaegan")))
    data["hwc"] = [size, size, 1]
    data["generator"]["hwc"] = [size // 16, size // 16, 512]
    data["training"]["batch_size"] = batch
    return data


def resident_megabytes() -> float:
    """Resident memory of this process, in 10^6 bytes."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    import resource

    return pages * resource.getpagesize() / 1e6


def trainer(architecture: Any) -> tuple[Any, Callable[[Any], float]]:
    """A model, and a function of a batch that makes a step."""
    import tensorflow as tf

    from tfglyph.models import build
    from tfglyph.models.determinism import ordered_execution

    model = build(architecture)
    model.prepare_training(100_000)
    function = tf.function(model.train_step, autograph=False, reduce_retracing=True)

    def step(batch: Any) -> float:
        with ordered_execution(model.precision):
            return float(function(batch)["bad_step"])

    return model, step


def timed(work: Callable[[], Any], turns: int) -> tuple[float, float]:
    """Median wall and processor seconds, after one call that is not counted."""
    work()
    times = []
    for _ in range(turns):
        start = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, busy = np.median(times, axis=0)
    return float(wall), float(busy)


def grow(cases: Sequence[tuple[str, int, int]], turns: int) -> Iterator[tuple[str, float, float, float]]:
    """(name, wall seconds, processor seconds, images a second) of steps of the VAE-GAN on (name, size, batch)."""
    import tensorflow as tf

    for name, size, batch in cases:
        _, step = trainer(vaegan_of(size, batch))
        images = np.random.default_rng(0).integers(0, 256, (batch, size, size, 1), dtype=np.uint8)
        wall, busy = timed(functools.partial(step, {"images": tf.constant(images)}), turns)
        yield name, wall, busy, batch / wall


def feeding(count: int, steps: int, folder: pathlib.Path) -> tuple[float, float]:
    """Seconds of a small step on ``count`` glyphs in a file, and the share of it that waits for the next batch."""
    from tfglyph.datasets import Glyphs, feed

    model, step = trainer(SMALL)
    shape = (count, *model.architecture.hwc)
    images = np.memmap(folder / f"{count}", np.uint8, "w+", shape=shape)
    block = np.random.default_rng(0).integers(0, 256, (1000, *shape[1:]), dtype=np.uint8)
    for start in range(0, count, 1000):
        images[start : start + 1000] = block[: count - start]
    batches = iter(feed(Glyphs("random", images), model.architecture.training.batch_size, seed=0))
    for _ in range(5):
        step(next(batches))
    waited, began = 0.0, time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - asked
        step(batch)
    seconds = time.perf_counter() - began
    return seconds / steps, waited / seconds


def memory(steps: int) -> list[tuple[int, float]]:
    """Resident memory at eleven times of a training of a small model."""
    from tfglyph.datasets import Glyphs, feed

    model, step = trainer(SMALL)
    images = np.random.default_rng(0).integers(0, 256, (20_000, *model.architecture.hwc), dtype=np.uint8)
    batches = iter(feed(Glyphs("random", images), model.architecture.training.batch_size, seed=0))
    found = []
    for number in range(steps + 1):
        if number % max(steps // 10, 1) == 0:
            found.append((number, resident_megabytes()))
        if number < steps:
            step(next(batches))
    return found


def plot(tables: dict[str, tuple[list[float], list[float]]], path: pathlib.Path) -> None:
    """One pair of axes for each table."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = {
        "size": ("side of the images", "seconds per step"),
        "batch": ("images of a batch", "seconds per step"),
        "glyphs": ("glyphs of the data set", "seconds per step"),
        "memory": ("training step", "resident memory, MB"),
    }
    figure, axes = plt.subplots(1, len(tables), figsize=(3.6 * len(tables), 3), squeeze=False)
    for axis, (name, (x, y)) in zip(axes[0], tables.items(), strict=True):
        axis.plot(x, y, "o-", color="black", markersize=4)
        axis.set(xlabel=labels[name][0], ylabel=labels[name][1])
        if name in ("size", "batch"):
            axis.set(yscale="log")
        else:
            axis.set(ylim=(0, 1.2 * max(y)))
        if name != "memory":
            axis.set(xscale="log", xticks=x, xticklabels=[f"{value:,.0f}" for value in x])
            axis.tick_params(which="minor", bottom=False, labelbottom=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help="size, batch, glyphs, memory (default: all)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--turns", type=int, default=5, help="steps of each size and batch")
    parser.add_argument("--steps", type=int, default=5000, help="of the memory table; a tenth for each count of glyphs")
    parser.add_argument("--plot", type=pathlib.Path, default=pathlib.Path("growth.png"))
    options = parser.parse_args(arguments)
    unknown = set(options.tables) - {"size", "batch", "glyphs", "memory"}
    if unknown:
        parser.error(f"no table {sorted(unknown)[0]!r}; there are size, batch, glyphs and memory")
    chosen, curves = options.tables or ["size", "batch", "glyphs", "memory"], {}
    if "memory" in chosen:  # first, as the other tables leave memory behind
        print("| training step | resident MB |\n|---|---|")
        points = memory(options.steps)
        for number, megabytes in points:
            print(f"| {number:,} | {megabytes:.0f} |", flush=True)
        curves["memory"] = [float(number) for number, _ in points], [megabytes for _, megabytes in points]
        print()
    for name, values in (("size", options.sizes), ("batch", options.batches)):
        if name not in chosen:
            continue
        cases = [(str(value), value, 16) if name == "size" else (str(value), 32, value) for value in values]
        title = "image side (batch 16)" if name == "size" else "batch (32x32)"
        print(f"| {title} | s per step | processor s | images/s |")
        print("|---|---|---|---|")
        curve = []
        for label, wall, busy, rate in grow(cases, options.turns):
            print(f"| {label} | {wall:.3f} | {busy:.3f} | {rate:.0f} |", flush=True)
            curve.append(wall)
        curves[name] = [float(value) for value in values], curve
        print()
    if "glyphs" in chosen:
        print("| glyphs, from a file | s per step | waiting |\n|---|---|---|")
        curve = []
        with tempfile.TemporaryDirectory() as folder:
            for count in options.counts:
                seconds, waiting = feeding(count, max(options.steps // 10, 1), pathlib.Path(folder))
                print(f"| {count:,} | {seconds:.4f} | {waiting:.0%} |", flush=True)
                curve.append(seconds)
        curves["glyphs"] = [float(count) for count in options.counts], curve
        print()
    plot(curves, options.plot)
    print(f"\nPlotted: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
