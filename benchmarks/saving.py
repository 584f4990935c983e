"""The fraction of the training time that saving takes.

    python benchmarks/saving.py --architecture vaegan --saves 10

Each round makes a training step, saves a checkpoint, and makes steps until the checkpoint is written. The cost of a
save is given in steps of its own round, because other processes on the machine slow both alike: how long
``Checkpoints.save`` keeps the training waiting (wall time, against the steps beside it), and what the thread that
writes takes from the processor (processor time, against the step before it). The fractions are those of one checkpoint
per epoch, the default.
"""

import argparse
import functools
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="vaegan")
    parser.add_argument("--saves", type=int, default=10)
    options = parser.parse_args()
    import tensorflow as tf

    from tfglyph import datasets
    from tfglyph.models import build
    from tfglyph.runs.checkpoints import Checkpoints

    model = build(options.architecture)
    model.prepare_training(1000)
    size, channels = model.architecture.hwc[1:]
    batch_size = model.architecture.training.batch_size
    glyphs = datasets.load("cns", size=size, channels=channels)
    batches = iter(datasets.feed(glyphs, batch_size, 0, batches_per_step=model.batches_per_step))
    step = tf.function(model.train_step, autograph=False)

    def measured(function: Callable[[], Any]) -> tuple[float, float]:
        """(wall seconds, processor seconds of all threads) of a call."""
        wall, processor = time.perf_counter(), time.process_time()
        function()
        return time.perf_counter() - wall, time.process_time() - processor

    def one_step() -> None:
        step(next(batches))["bad_step"].numpy()

    class Timed(Checkpoints):
        """Keeps the processor seconds of the last background write."""

        seconds = 0.0

        def _write(self, *arguments: Any) -> None:
            start = time.thread_time()
            super()._write(*arguments)
            self.seconds = time.thread_time() - start

    one_step()
    waits, writes, seconds = [], [], []
    with tempfile.TemporaryDirectory() as directory:
        saver = Timed(directory)
        saver.save(0, model.groups(), {})
        saver.wait()
        gigabytes = next(pathlib.Path(directory).glob("*.safetensors")).stat().st_size / 1e9
        for number in range(1, options.saves + 1):
            wall, processor = measured(one_step)
            waited, _ = measured(functools.partial(saver.save, number, model.groups(), {}))
            beside = [wall, measured(one_step)[0]]
            while saver.busy:
                beside.append(measured(one_step)[0])
            saver.wait()
            seconds.append(waited)
            waits.append(waited / statistics.median(beside))
            writes.append(saver.seconds / processor)
    epoch = len(glyphs) // batch_size // model.batches_per_step
    wait, write = statistics.median(waits), statistics.median(writes)
    print("| architecture | checkpoint | saves | wait | wait, in steps | writing, in steps | stopped | processor |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {options.architecture} | {gigabytes * 1e3:.1f} MB | {options.saves} | "
        f"{statistics.median(seconds) * 1e3:.0f} ms | {wait:.2f} (up to {max(waits):.2f}) | {write:.2f} | "
        f"{wait / epoch:.2%} of {epoch} steps | {write / epoch:.2%} |"
    )


if __name__ == "__main__":
    main()
