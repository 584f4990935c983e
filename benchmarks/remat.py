"""Memory and time of a training step of both U-Nets, as they are and with --remat.

    python benchmarks/remat.py                          # ddpm-unet and ddpm-small
    python benchmarks/remat.py compose-ext --batch 32

Each number comes from a process of its own. Memory for an image is the difference between a batch and one of twice as
many images, divided by the images: TensorFlow, weights and optimizers stand in both. "Kept" is what stays from the
forward pass for the backward pass, "peak" what a step takes at most, which the gradients of the widest block decide;
processor seconds are those of the second step of the larger batch.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BATCHES = {"ddpm-unet": 16, "ddpm-small": 128}  # images of the smaller batch


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(BATCHES), help="architecture files")
    parser.add_argument("--batch", type=int, help="images of the smaller batch")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        name, batch, remat = options.child
        print(json.dumps(measure(name, int(batch), remat == "remat")))
        return 0
    print("| architecture | batch | | kept, MB an image | peak, MB an image | processor seconds of a step |")
    print("|---|---|---|---|---|---|")
    for name in options.names:
        batch = options.batch or BATCHES.get(name, 16)
        for remat in ("", "remat"):
            small, large = (in_a_process(name, images, remat) for images in (batch, 2 * batch))
            kept, peak = ((large[key] - small[key]) / batch / 1e6 for key in ("kept", "peak"))
            flag = remat and "--remat"
            print(f"| {name} | {2 * batch} | {flag} | {kept:.1f} | {peak:.1f} | {large['seconds']:.1f} |", flush=True)
    return 0


def in_a_process(name: str, batch: int, remat: str) -> dict[str, float]:
    """What ``measure`` finds in a new process."""
    command = [sys.executable, __file__, "--child", name, str(batch), remat or "plain"]
    # (Freed memory goes back to the system at once, so that what is resident is what is used.)
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def measure(name: str, batch: int, remat: bool) -> dict[str, float]:
    """A forward pass, then two steps, on random images.

    Returns:
        dict of float: "kept" and "peak", bytes of resident memory after the pass and at most; "seconds", processor
        seconds of the second step.
    """
    import resource
    import time

    import numpy as np
    import tensorflow as tf

    from tfglyph.architecture import load_architecture, override
    from tfglyph.models import build
    from tfglyph.models.denoiser import predict
    from tfglyph.models.determinism import ordered_execution

    changes = {"training.batch_size": batch, "objective.microbatches": 1, "denoiser.remat": remat}
    model = build(override(load_architecture(name), changes))
    model.prepare_training(10)
    images = np.random.default_rng(0).integers(0, 256, (batch, *model.architecture.hwc), np.uint8)
    with tf.GradientTape():
        prediction = predict(
            model.networks["denoiser"], model.from_pixels(tf.constant(images)), 500.0, {}, training=True
        )
        float(tf.reduce_mean(prediction))
        kept = resident()
    step = tf.function(model.train_step, autograph=False)
    seconds = 0.0
    with ordered_execution(model.precision, 1):
        for _ in range(2):
            start = time.process_time()
            float(step({"images": tf.constant(images)})["loss/denoiser"])
            seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"kept": kept, "peak": float(peak), "seconds": seconds}


def resident() -> float:
    """Bytes of memory of this process that are in use now."""
    import psutil

    return float(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    sys.exit(main())
