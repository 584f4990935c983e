"""How much of the training time goes into saving.

    python benchmarks/saving.py --architecture vaegan --steps 20

Measures a training step alone, a step beside a checkpoint that is being written, how long
``Checkpoints.save`` keeps the training waiting, and how long the writing in the background takes. The
share is that of one checkpoint per epoch, the
default: the wait, and what the writing slows the steps beside it down.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="vaegan")
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    import tensorflow as tf

    from tfglyph import datasets
    from tfglyph.models import build
    from tfglyph.training.checkpoints import Checkpoints

    model = build(options.architecture)
    model.prepare_training(1000)
    size, channels = model.architecture.hwc[1:]
    batch_size = model.architecture.training.batch_size
    glyphs = datasets.load("cns", size=size, channels=channels)
    batches = iter(datasets.feed(glyphs, batch_size, 0, batches_per_step=model.batches_per_step))
    step = tf.function(model.train_step, autograph=False)

    def seconds(function):
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    def one_step():
        step(next(batches))["bad_step"].numpy()

    one_step()
    alone, beside, waits, writes = [], [], [], []
    with tempfile.TemporaryDirectory() as directory:
        saver = Checkpoints(directory)
        saver.save(0, model.groups(), {})
        saver.wait()
        gigabytes = next(pathlib.Path(directory).glob("*.safetensors")).stat().st_size / 1e9
        for number in range(1, options.steps + 1):
            alone.append(seconds(one_step))
            start = time.perf_counter()
            waits.append(seconds(lambda step=number: saver.save(step, model.groups(), {})))
            while saver.busy:
                beside.append(seconds(one_step))
            saver.wait()
            writes.append(time.perf_counter() - start)
    steps_per_epoch = len(glyphs) // batch_size // model.batches_per_step
    alone, beside, wait, write = (statistics.median(values) for values in (alone, beside, waits, writes))
    slowed = max(beside - alone, 0.0) * max(write / beside, 1.0)
    share = (wait + slowed) / (steps_per_epoch * alone)
    print("| checkpoint | step alone | step beside a save | wait | writing | share of an epoch |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {gigabytes:.3f} GB | {alone * 1e3:.0f} ms | {beside * 1e3:.0f} ms | {wait * 1e3:.0f} ms | "
        f"{write:.2f} s | {share:.2%} of {steps_per_epoch} steps |"
    )


if __name__ == "__main__":
    main()
