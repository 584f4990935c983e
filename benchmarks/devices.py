"""Every family trained on the GPU under each precision, with XLA and without, and compared with the CPU.

    python benchmarks/devices.py                        # 50 steps of the small file of each family
    python benchmarks/devices.py vaegan-small --steps 200
    python benchmarks/devices.py --devices CPU:0        # what a machine without a GPU can check

All trainings of an architecture begin with the same weights and see the same images and the same random bits, of
which XLA makes other normal numbers; the reference is the CPU in float32. "apart" is the difference of the mean losses
over the last fifth of the steps, in percent of the reference: rounding differs, and adversarial training magnifies it,
so a few percent are no cause for concern, and NaN always is.
"""

import argparse
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FAMILIES = ("vaegan-small", "vae-small", "gan-small", "infogan-small", "cppn-small", "ddpm-small")
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def strokes(count: int, hwc: Sequence[int]) -> np.ndarray:
    """Images of a few bars each, uint8 (count, h, w, c): something to learn that needs no data set."""
    height, width, channels = hwc
    random = np.random.default_rng(0)
    images = np.zeros((count, height, width, channels), np.uint8)
    for image in images:
        for _ in range(3):
            top, left = random.integers(0, height - 4), random.integers(0, width - 4)
            tall = random.random() < 0.5
            bottom, right = (height, left + 3) if tall else (top + 3, width)
            image[top : random.integers(top + 1, bottom + 1), left : random.integers(left + 1, right + 1)] = 255
    return images


def train(name: str, device: str, policy: str, jit: bool, steps: int) -> tuple[np.ndarray, float]:
    """The losses of a training, float64 (steps, losses), and the median seconds of its later steps."""
    import tensorflow as tf

    from tfglyph.models import build
    from tfglyph.models.determinism import ordered_execution

    with tf.device(device):
        model = build(name, seed=1, precision=policy)
        model.prepare_training(steps)
        count = model.architecture.training.batch_size * model.batches_per_step
        images = strokes(count * 4, model.architecture.hwc)

        @tf.function(autograph=False, jit_compile=jit)
        def step(batch: Any) -> Any:
            logs = model.train_step({"images": batch})
            return tf.stack([logs[key] for key in sorted(logs) if key.startswith("loss/")])

        losses, seconds = [], []
        for number in range(steps):
            batch = tf.constant(np.roll(images, -number * count, axis=0)[:count])
            start = time.perf_counter()
            with ordered_execution(policy):
                losses.append(step(batch).numpy())
            seconds.append(time.perf_counter() - start)
    return np.array(losses, np.float64), float(np.median(seconds[steps // 2 :]))


def apart(losses: np.ndarray, reference: np.ndarray) -> float:
    """Relative difference of the mean losses over the last fifth of the steps; NaN where a loss is NaN."""
    last = max(len(losses) // 5, 1)
    ours, theirs = losses[-last:].mean(0), reference[-last:].mean(0)
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def rows(name: str, devices: Sequence[str], steps: int) -> Iterator[list[str]]:
    """The cells of each training of an architecture."""
    reference, seconds = train(name, "CPU:0", "float32", False, steps)
    yield [name, "CPU:0", "float32", "off", f"{seconds * 1e3:.1f}", f"{reference[-1].sum():.4g}", "reference"]
    for device in devices:
        for policy in POLICIES:
            for jit in (False, True):
                if (device, policy, jit) == ("CPU:0", "float32", False):
                    continue
                losses, seconds = train(name, device, policy, jit, steps)
                difference = f"{apart(losses, reference):.1%}"
                xla = "on" if jit else "off"
                yield [name, device, policy, xla, f"{seconds * 1e3:.1f}", f"{losses[-1].sum():.4g}", difference]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("architectures", nargs="*", help=f"default: {' '.join(FAMILIES)}")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--devices", nargs="+", help="default: the first GPU")
    options = parser.parse_args(arguments)
    import tensorflow as tf

    devices = options.devices or (["GPU:0"] if tf.config.list_physical_devices("GPU") else [])
    if not devices:
        parser.error("there is no GPU; --devices CPU:0 compares precisions and XLA on the CPU")
    print("| architecture | device | precision | XLA | ms per step | sum of the losses | apart |\n|" + "---|" * 7)
    failed = False
    for name in options.architectures or FAMILIES:
        for row in rows(name, devices, options.steps):
            print("| " + " | ".join(row) + " |", flush=True)
            failed |= row[-1] == "nan%"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
