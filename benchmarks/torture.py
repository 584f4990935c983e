"""Kills real trainings with SIGKILL, resumes them, and compares their ends with an uninterrupted run, bit for bit.

    python benchmarks/torture.py --kills 50 --folder torture

The same line again goes on where a test that was cut off had come to: each kill's result is a line of ``results.jsonl``
in that folder.

Each kill is a training of its own: started, killed at a random moment, resumed with ``--restore_from``, and trained to
its last step. Of the moments, about a tenth lie before the first checkpoint is complete, half anywhere in the training,
and the rest while a checkpoint is being written. Equal means: the final checkpoint's file has the same SHA-256
(weights, EMA weights, all optimizers, step), and stats.jsonl and TensorBoard hold each step once, the same ones.

The trainings are processes of the command line, forked from this one after it has imported TensorFlow and before
anything of TensorFlow runs: importing it a hundred times would take longer than all the training.
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
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tfglyph.files import PARTIAL  # noqa: E402

CONV = {"kernel": [[5, 5], [5, 5]], "stride": [[4, 4], [2, 2]], "output": [8, 16]}
GENERATOR = {"hwc": [4, 4, 16], "kernel": [[5, 5], [5, 5]], "stride": [[2, 2], [4, 4]], "output": [8, 1]}
FAMILIES: dict[str, dict[str, Any]] = {
    "VAE-GAN": {
        "name": "vaegan",
        "mode": "VAE-GAN",
        "hwc": [32, 32, 1],
        "z_dim": 16,
        "encoder": CONV,
        "generator": GENERATOR,
        "discriminator": CONV,
        "training": {"batch_size": 16, "ema": {"decay": 0.99}},
    },
    "GAN": {
        "name": "gan",
        "mode": "GAN",
        "hwc": [32, 32, 1],
        "z_dim": 16,
        "generator": GENERATOR,
        "discriminator": CONV | {"batch_norm": False},
        "objective": {"loss": "wasserstein", "gradient_penalty": 10.0, "critic_steps": 2},
        "training": {"batch_size": 16, "ema": {"decay": 0.99}},
    },
}


def main() -> NoReturn:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="over all families")
    parser.add_argument("--steps", type=int, default=120, help="length of each training")
    parser.add_argument("--every", type=int, default=4, help="steps between checkpoints")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--folder", "--place", help="for the runs (default: a temporary one)")
    options = parser.parse_args()
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    import tfglyph.training.train  # noqa: F401  (what the forked processes need)

    folder = pathlib.Path(options.folder or tempfile.mkdtemp(prefix="torture-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {name: getattr(options, name) for name in ("steps", "every", "seed")}
    log = folder / "results.jsonl"
    results: list[dict[str, Any]] = []
    for line in log.read_text().splitlines() if log.exists() else ():
        result = json.loads(line)
        if result.pop("settings") != settings:
            sys.exit(f"{log}: of other --steps, --every or --seed; choose another --folder")
        results.append(result)
    for number, family in enumerate(FAMILIES):
        file, expected = reference_run(options, family, folder)
        for kill in range(number, options.kills, len(FAMILIES)):
            if any(result["kill"] == kill for result in results):
                continue
            result = {"kill": kill} | one_kill(options, family, file, folder, expected, kill)
            results.append(result)
            with log.open("a") as lines:
                lines.write(json.dumps(result | {"settings": settings}) + "\n")
            print(json.dumps(result), flush=True)
    summarize(results)
    sys.exit(not all(result["equal"] for result in results))


def reference_run(
    options: argparse.Namespace, family: str, folder: pathlib.Path
) -> tuple[pathlib.Path, dict[str, Any]]:
    """(architecture file, ``end_of`` its uninterrupted training)."""
    architecture = FAMILIES[family]
    file, run = folder / f"{architecture['name']}.json", folder / f"{architecture['name']}-reference"
    if not (run / f"model.ckpt-{options.steps}.json").exists():
        shutil.rmtree(run, ignore_errors=True)
        file.write_text(json.dumps(architecture))
        started = time.monotonic()
        end(start(options, file, run))
        print(f"{family}: uninterrupted run in {time.monotonic() - started:.0f} s", flush=True)
    return file, end_of(run, options.steps)


def one_kill(
    options: argparse.Namespace,
    family: str,
    file: pathlib.Path,
    folder: pathlib.Path,
    expected: dict[str, Any],
    number: int,
) -> dict[str, Any]:
    """Starts, kills, resumes and compares one training; a dict of what happened."""
    run = folder / f"{file.stem}-kill-{number}"
    shutil.rmtree(run, ignore_errors=True)  # half of one, where the test was cut off
    moments = random.Random(options.seed * 1_000_003 + number)
    kind = moments.choices(["before the first checkpoint", "anywhere", "while writing"], [1, 5, 4])[0]
    process = start(options, file, run)
    kill(process, run, kind, options, moments)
    half_written = has_partial_files(run)
    committed = [int(path.stem.split("-")[1]) for path in run.glob("model.ckpt-*.json")]
    if committed:
        code = end(fork("--restore_from", str(run)))
    else:  # nothing to go on from: the same training is started again
        shutil.rmtree(run, ignore_errors=True)
        code = end(start(options, file, run))
    result = end_of(run, options.steps) if code == 0 else None
    equal = result == expected
    if equal:
        shutil.rmtree(run)
    return {
        "family": family,
        "moment": kind,
        "resumed_from": max(committed, default=None),
        "half_written_file": half_written,
        "equal": equal,
    } | ({} if equal else {"run": str(run), "exit_code": code, "end": result})


def fork(*arguments: str) -> int:
    """Runs ``tfglyph train`` with arguments in a process of its own; returns its number."""
    gc.collect()
    process = os.fork()
    if process:
        return process
    code: Any = 1
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


def end(process: int) -> int:
    """Waits for a process; its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def start(options: argparse.Namespace, file: pathlib.Path, run: pathlib.Path) -> int:
    """Starts a training of an architecture file; returns the number of its process."""
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


def kill(process: int, run: pathlib.Path, kind: str, options: argparse.Namespace, moments: random.Random) -> None:
    """Waits for a moment of the kind and sends SIGKILL."""

    def wait_for(condition: Callable[[], object]) -> None:
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
            wait_for(lambda: has_partial_files(run))
            time.sleep(moments.random() * 0.003)
    os.kill(process, signal.SIGKILL)
    end(process)


def has_partial_files(run: pathlib.Path) -> bool:
    """Whether a file of the run is being written, or was left half-written."""
    return any(run.glob(f".*{PARTIAL}*"))


def end_of(run: pathlib.Path, steps: int) -> dict[str, Any]:
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


def tensorboard_steps(run: pathlib.Path) -> list[int]:
    """Steps of the scalar events of a run, in order; one that stands twice is there twice."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    steps = []
    for path in run.glob("events.out.tfevents.*"):
        for event in EventFileLoader(str(path)).Load():
            steps += [event.step for value in event.summary.value if value.tag.startswith("loss/generator")]
    return sorted(steps)


def summarize(results: Sequence[dict[str, Any]]) -> None:
    print("\n| family | moment | kills | with a half-written file | equal ends |\n|---|---|---|---|---|")
    for family in FAMILIES:
        for kind in sorted({result["moment"] for result in results}):
            rows = [row for row in results if row["family"] == family and row["moment"] == kind]
            if rows:
                torn, equal = sum(row["half_written_file"] for row in rows), sum(row["equal"] for row in rows)
                print(f"| {family} | {kind} | {len(rows)} | {torn} | {equal} |")
    print(f"\n{len(results)} kills, {sum(result['equal'] for result in results)} equal ends")


if __name__ == "__main__":
    main()
