"""The cost of the guard against NaN: steps with and without it, in turn, in one process.

    python benchmarks/guard.py

The guarded step is the one that training runs: the norm of all gradients, a look at every loss, the choice to leave
everything as it was, batch-norm statistics and EMA weights included. The other has the same losses, gradients and
updates without any of that. Each pair of steps gives one ratio of processor seconds and one of wall seconds; this
prints their medians and quartiles. Another process on the machine slows both steps of a pair.
"""

import argparse
import contextlib
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="vaegan-small")
    parser.add_argument("--pairs", type=int, default=40)
    options = parser.parse_args()
    import tensorflow as tf

    from tfglyph import datasets
    from tfglyph.models import build

    steps = []
    for guarded in (True, False):
        model = build(options.architecture)
        model.prepare_training(10_000)
        with contextlib.nullcontext() if guarded else unguarded(model):
            step = tf.function(model.train_step, autograph=False)
            steps.append(step)
            size, channels = model.architecture.hwc[1:]
            glyphs = datasets.load("cns", size=size, channels=channels)
            batch_size = model.architecture.training.batch_size
            batches = iter(datasets.feed(glyphs, batch_size, 0, batches_per_step=model.batches_per_step))
            step(next(batches))  # traced while the guard is as it is
    wall, processor = [], []
    for pair in range(options.pairs):
        batch = next(batches)
        order = (0, 1) if pair % 2 else (1, 0)
        times = {index: measured(steps[index], batch) for index in order}
        wall.append(times[0][0] / times[1][0])
        processor.append(times[0][1] / times[1][1])
    print("| architecture | pairs | processor time, guarded / not | wall time, guarded / not |")
    print("|---|---|---|---|")
    print(f"| {options.architecture} | {options.pairs} | {middle(processor)} | {middle(wall)} |")


@contextlib.contextmanager
def unguarded(model: Any) -> Iterator[None]:
    """Within, steps of ``model`` are traced without a guard."""
    import tensorflow as tf

    def update(name: str, gradients: Sequence[tf.Tensor], loss: Any, ok: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inner = model.optimizers[name].inner_optimizer
        inner.apply(list(gradients), model.trained_variables(name))
        return ok, tf.constant(0.0)

    def train_step(data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        logs, ok = model.update_networks(data, tf.constant(True))
        model._update_ema(ok)
        model.step.assign_add(1)
        return logs | {"bad_step": tf.constant(0.0)}

    model.update, model.train_step = update, train_step
    yield


def measured(step: Callable[..., Any], batch: Mapping[str, Any]) -> tuple[float, float]:
    """(wall seconds, processor seconds) of one step."""
    wall, processor = time.perf_counter(), time.process_time()
    step(batch)["bad_step"].numpy()
    return time.perf_counter() - wall, time.process_time() - processor


def middle(ratios: Sequence[float]) -> str:
    """Median and quartiles."""
    low, median, high = statistics.quantiles(ratios, n=4)
    return f"{median:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
