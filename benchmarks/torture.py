"""Kills real trainings with SIGKILL, resumes them, and compares their ends with an uninterrupted run, bit
for bit.

    python benchmarks/torture.py --kills 50 --place torture

The same line again goes on where a test that was cut off had come to: each kill's result is a line of
``results.jsonl`` in that folder.

Each kill is a training of its own: started, killed at a random moment, resumed with ``--restore_from``, and
trained to its last step. Of the moments, about a tenth lie before the first checkpoint is complete, half
anywhere in the training, and the rest while a checkpoint is being written. Equal means: the final
checkpoint's file has the same SHA-256 (weights, averages, all optimizers, step), and stats.jsonl and
TensorBoard hold each step once, the same ones.

The trainings are processes of the command line, forked from this one after it has imported TensorFlow and
before anything of TensorFlow runs: importing it a hundred times would take longer than all the training.
"""

import argparse
import gc
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONV = {"kernel": [[5, 5], [5, 5]], "stride": [[4, 4], [2, 2]], "output": [8, 16]}
PAINT = {"hwc": [4, 4, 16], "kernel": [[5, 5], [5, 5]], "stride": [[2, 2], [4, 4]], "output": [8, 1]}
FAMILIES = {
    "VAE-GAN": {
        "name": "vaegan",
        "mode": "VAE-GAN",
        "hwc": [32, 32, 1],
        "z_dim": 16,
        "encoder": CONV,
        "generator": PAINT,
        "discriminator": CONV,
        "training": {"batch_size": 16, "ema": {"decay": 0.99}},
    },
    "GAN": {
        "name": "gan",
        "mode": "GAN",
        "hwc": [32, 32, 1],
        "z_dim": 16,
        "generator": PAINT,
        "discriminator": CONV | {"batch_norm": False},
        "objective": {"loss": "wasserstein", "gradient_penalty": 10.0, "critic_steps": 2},
        "training": {"batch_size": 16, "ema": {"decay": 0.99}},
    },
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="over all families")
    parser.add_argument("--steps", type=int, default=120, help="length of each training")
    parser.add_argument("--every", type=int, default=4, help="steps between checkpoints")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--place", help="folder for the runs (default: a temporary one)")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    import tfglyph.training.train  # noqa: F401  (what the forked processes need)

    place = pathlib.Path(options.place or tempfile.mkdtemp(prefix="torture-")).resolve()
    place.mkdir(parents=True, exist_ok=True)
    settings = {name: getattr(options, name) for name in ("steps", "every", "seed")}
    log, results = place / "results.jsonl", []
    for line in log.read_text().splitlines() if log.exists() else ():
        result = json.loads(line)
        if result.pop("settings") != settings:
            sys.exit(f"{log}: of other --steps, --every or --seed; choose another --place")
        results.append(result)
    for number, family in enumerate(FAMILIES):
        file, expected = reference_run(options, family, place)
        for kill in range(number, options.kills, len(FAMILIES)):
            if any(result["kill"] == kill for result in results):
                continue
            result = {"kill": kill} | one_kill(options, family, file, place, expected, kill)
            results.append(result)
            with log.open("a") as lines:
                lines.write(json.dumps(result | {"settings": settings}) + "\n")
            print(json.dumps(result), flush=True)
    summarize(results)
    sys.exit(not all(result["equal"] for result in results))


def reference_run(options, family, place):
    """(architecture file, what the uninterrupted training of it ends with)."""
    architecture = FAMILIES[family]
    file, run = place / f"{architecture['name']}.json", place / f"{architecture['name']}-reference"
    if not (run / f"model.ckpt-{options.steps}.json").exists():
        shutil.rmtree(run, ignore_errors=True)
        file.write_text(json.dumps(architecture))
        started = time.monotonic()
        end(start(options, file, run))
        print(f"{family}: uninterrupted run in {time.monotonic() - started:.0f} s", flush=True)
    return file, end_of(run, options.steps)


def one_kill(options, family, file, place, expected, number):
    """Starts, kills, resumes and compares one training; a dict of what happened."""
    run = place / f"{file.stem}-kill-{number}"
    shutil.rmtree(run, ignore_errors=True)  # half of one, where the test was cut off
    moments = random.Random(options.seed * 1_000_003 + number)
    kind = moments.choices(["before the first checkpoint", "anywhere", "while writing"], [1, 5, 4])[0]
    process = start(options, file, run)
    kill(process, run, kind, options, moments)
    half_written = any(run.glob(".*.partial*"))
    committed = [int(path.stem.split("-")[1]) for path in run.glob("model.ckpt-*.json")]
    if committed:
        code = end(fork("--restore_from", str(run)))
    else:  # nothing to go on from: the same training is started again
        shutil.rmtree(run, ignore_errors=True)
        code = end(start(options, file, run))
    found = end_of(run, options.steps) if code == 0 else None
    equal = found == expected
    if equal:
        shutil.rmtree(run)
    return {
        "family": family,
        "moment": kind,
        "resumed_from": max(committed, default=None),
        "half_written_file": half_written,
        "equal": equal,
    } | ({} if equal else {"run": str(run), "exit_code": code, "end": found})


def fork(*arguments):
    """Runs ``tfglyph train`` with arguments in a process of its own; returns its number."""
    gc.collect()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        sys.argv = ["tfglyph", "train", *arguments]
        from tfglyph.cli import entry

        entry()
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(code)


def end(process):
    """Waits for a process; its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def start(options, file, run):
    return fork(
        "--architecture",
        str(file),
        "--steps",
        str(options.steps),
        "--checkpoint_every",
        str(options.every),
        "--images_every",
        str(10**9),
        "--logdir",
        str(run),
    )


def kill(process, run, kind, options, moments):
    """Waits for a moment of the kind and sends SIGKILL."""

    def wait_for(condition):
        while not condition() and not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            time.sleep(0.0002)

    if kind == "before the first checkpoint":
        wait_for(run.is_dir)
        time.sleep(moments.random() * 0.02)
    else:
        step = moments.randrange(1, options.steps // options.every - 1) * options.every
        wait_for((run / f"model.ckpt-{step}.json").exists)
        if kind == "anywhere":
            time.sleep(moments.random() * 0.3)
        else:
            wait_for(lambda: any(run.glob(".*.partial*")))
            time.sleep(moments.random() * 0.003)
    os.kill(process, signal.SIGKILL)
    end(process)


def end_of(run, steps):
    """What two equal trainings have in common: a dict of plain values."""
    data = (run / f"model.ckpt-{steps}.safetensors").read_bytes()
    manifest = json.loads((run / f"model.ckpt-{steps}.json").read_text())
    lines = [json.loads(line)["step"] for line in (run / "stats.jsonl").read_text().splitlines()]
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "tensors": sum(map(len, manifest["tensors"].values())),
        "step": manifest["step"],
        "stats": lines,
        "tensorboard": tensorboard_steps(run),
    }


def tensorboard_steps(run):
    """Steps of the scalar events of a run, in order; one that stands twice is there twice."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    steps = []
    for path in run.glob("events.out.tfevents.*"):
        for event in EventFileLoader(str(path)).Load():
            steps += [event.step for value in event.summary.value if value.tag.startswith("loss/generator")]
    return sorted(steps)


def summarize(results):
    print("\n| family | moment | kills | with a half-written file | equal ends |\n|---|---|---|---|---|")
    for family in FAMILIES:
        for kind in sorted({result["moment"] for result in results}):
            found = [r for r in results if r["family"] == family and r["moment"] == kind]
            if found:
                torn, equal = sum(r["half_written_file"] for r in found), sum(r["equal"] for r in found)
                print(f"| {family} | {kind} | {len(found)} | {torn} | {equal} |")
    print(f"\n{len(results)} kills, {sum(result['equal'] for result in results)} equal ends")


if __name__ == "__main__":
    main()
