"""From the shell to the first result: seconds of whole commands, and of the stages before a training's first step.

    python benchmarks/startup.py                       # train, compose and validate, and the stages of `vaegan`
    python benchmarks/startup.py --stages vae-resnet ddpm-unet
    python benchmarks/startup.py --commands            # the commands alone

Every number is the median of ``--turns`` processes. Processor seconds count all cores; other load hardly changes them.
The data set must have been prepared before (the first `train.py --dataset cns` of a machine does that).
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
STAGES = ("import tensorflow", "import tfglyph", "data", "build", "optimizers", "trace", "first step", "second step")


def stages(name: str) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of each stage, in this process, which must be new."""
    found: dict[str, tuple[float, float]] = {}
    last = time.perf_counter(), time.process_time()

    def done(stage: str) -> None:
        nonlocal last
        now = time.perf_counter(), time.process_time()
        found[stage] = now[0] - last[0], now[1] - last[1]
        last = now

    import tensorflow as tf

    done(STAGES[0])
    from tfglyph import datasets
    from tfglyph.architecture import load_architecture
    from tfglyph.models import build
    from tfglyph.models.determinism import ordered_execution
    from tfglyph.training import train  # noqa: F401  # what the command imports

    done(STAGES[1])
    architecture = load_architecture(name)
    if architecture.hwc[2] == 1:
        glyphs = datasets.load("cns", size=architecture.hwc[0])
        images = glyphs.images
    else:
        images = tf.zeros((4096, *architecture.hwc), tf.uint8).numpy()
    done(STAGES[2])
    model = build(architecture)
    done(STAGES[3])
    model.prepare_training(1000)
    done(STAGES[4])
    batch = {"images": tf.constant(images[: architecture.training.batch_size * model.batches_per_step])}
    step = tf.function(model.train_step, autograph=False)
    with ordered_execution(model.precision):
        operations = step.get_concrete_function(batch).graph.get_operations()
        done(STAGES[5])
        for stage in STAGES[6:]:
            float(step(batch)["bad_step"])
            done(stage)
    found["operations"] = float(len(operations)), 0.0
    return found


def run(command: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds of a command.

    Raises:
        SystemExit: it failed; with its last lines.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stderr[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands(folder: pathlib.Path, turn: int) -> dict[str, list[str]]:
    """The measured commands, with output in new places of ``folder``."""
    output = str(folder / f"turn-{turn}")
    python = sys.executable
    return {
        "train.py --dataset cns --steps 1": [
            python, "train.py", "--dataset", "cns", "--steps", "1", "--logdir", f"{output}-run",
        ],
        "tfglyph compose ⿰酉交": [python, "-m", "tfglyph", "compose", "⿰酉交", "--output", f"{output}-compose.png"],
        "validate.py": [python, "validate.py", "--output", f"{output}-validate"],
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", nargs="*", default=["vaegan"], help="architectures (default: vaegan)")
    parser.add_argument("--commands", action="store_true", help="only the commands")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(stages(options.child)))
        return 0
    print("| command | seconds | processor seconds |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in commands(pathlib.Path(folder), 0):
            times = [run(commands(pathlib.Path(folder), turn)[name]) for turn in range(options.turns)]
            wall, busy = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"| `{name}` | {wall:.1f} | {busy:.1f} |", flush=True)
    for name in [] if options.commands else options.stages:
        runs = []
        for _ in range(options.turns):
            child = [sys.executable, __file__, "--child", name]
            environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
            printed = subprocess.run(child, env=environment, capture_output=True, text=True, check=True).stdout
            runs.append(json.loads(printed.splitlines()[-1]))
        print(f"\n| stage of {name}, {runs[0]['operations'][0]:.0f} operations | seconds | processor seconds |")
        print("|---|---|---|")
        for stage in STAGES:
            wall, busy = (statistics.median(each[stage][kind] for each in runs) for kind in (0, 1))
            print(f"| {stage} | {wall:.2f} | {busy:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
