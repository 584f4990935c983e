"""A training step of ddpm-unet-attention: seconds and peak memory, in a process of its own.

    python benchmarks/attention.py               # one batch of 4 images, one step
    python benchmarks/attention.py --batch 32    # the file's own batch, in its 8 microbatches

Its attention sees 4,096 pixels at 64x64; a batch of 32 goes in microbatches of 4, whose gradients are added up.
"""

import argparse
import json
import pathlib
import resource
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=4, help="images of a step, a multiple of 4")
    options = parser.parse_args()
    import numpy as np
    import tensorflow as tf

    from tfglyph.architecture import dump, load_architecture
    from tfglyph.models import build

    data = json.loads(dump(load_architecture("ddpm-unet-attention")))
    data["training"]["batch_size"], data["objective"]["microbatches"] = options.batch, options.batch // 4
    model = build(data)
    model.prepare_training(10)
    images = np.random.default_rng(0).integers(0, 256, (options.batch, *model.architecture.hwc), np.uint8)
    step = tf.function(model.train_step, autograph=False)
    for name in ("first step, with tracing", "second step"):
        start = time.perf_counter()
        logs = step({"images": tf.constant(images)})
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
        seconds, loss = time.perf_counter() - start, float(logs["loss/denoiser"])
        print(f"{name}: {seconds:.0f} s, peak {peak:.2f} GB, loss {loss:.3f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
