"""Several devices compute what one does; several workers end together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.helpers.families import FAMILIES, architecture
from tfglyph.errors import UsageError
from tfglyph.runs import checkpoints, lookup
from tfglyph.training.signals import AgreedStop, StopRequest
from tfglyph.training.strategy import check_tf_config, is_chief, make_strategy

ENVIRONMENT = os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
TOLERANCE = 1e-5
LONGEST = 420  # seconds until a process that does not end is given up


# === TF_CONFIG ===


def tf_config(index=0, workers=("127.0.0.1:1", "127.0.0.1:2"), kind="worker"):
    return json.dumps({"cluster": {"worker": list(workers)}, "task": {"type": kind, "index": index}})


def test_a_right_configuration_is_understood():
    assert check_tf_config(tf_config(1)) == (1, 2)


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "TF_CONFIG: not set; --strategy multiworker needs it, for example"),
        ("{", "expected JSON like"),
        ("[]", "expected JSON like"),
        ('{"cluster": {"worker": ["a:1"]}}', "expected JSON like"),
        (tf_config(2), r"task.index: found 2, but there are 2 workers"),
        (tf_config(-1), r"task.index: found -1"),
        (tf_config("0"), r"task.index: found '0'"),
        (tf_config(workers=["localhost"]), "expected a list of host:port"),
        (tf_config(kind="chief"), "every task is a worker here"),
    ],
)
def test_a_wrong_configuration_is_one_line(text, words):
    with pytest.raises(UsageError, match=words) as error:
        check_tf_config(text)
    assert "\n" not in str(error.value)


def test_unknown_strategies_are_named():
    with pytest.raises(UsageError, match="found 'tpu', expected one of one, mirrored, multiworker"):
        make_strategy("tpu")
    assert is_chief(make_strategy("one"))


def test_a_request_to_stop_counts_once_all_workers_know():
    stop = StopRequest()
    agreed = AgreedStop(stop, replicas=2)
    stop.notice(signal.SIGTERM)
    assert agreed.asked and not agreed.requested
    agreed.agree(0.0)  # the step that was under way
    assert not agreed.requested
    agreed.agree(0.5)
    assert agreed.requested


def test_one_worker_agrees_with_itself_at_once():
    stop = StopRequest()
    agreed = AgreedStop(stop)
    assert not agreed.requested
    stop.notice(signal.SIGTERM)
    assert agreed.asked and agreed.requested


def test_a_worker_ends_because_another_was_asked_to():
    stop = StopRequest()
    agreed = AgreedStop(stop, replicas=2)
    agreed.agree(0.5)
    assert agreed.requested and stop.number == signal.SIGTERM


# === Two devices ===


def two_devices(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.two_devices", *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=LONGEST,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_two_devices_equal_one_without_batch_norm(family):
    result = two_devices(family, "float32", "5")
    assert result["difference"] < TOLERANCE, result["where"]
    assert result["logged"][0] < 1e-4, result["logged"][1]  # losses, and norms of the whole batch's gradients


@pytest.mark.slow
@pytest.mark.parametrize("family", ["vaegan", "vae"])
def test_synchronized_batch_norm_on_two_devices_equals_one(family):
    result = two_devices(family, "float32", "5", "norm")
    assert result["difference"] < TOLERANCE, result["where"]


@pytest.mark.slow
def test_a_loss_scale_overflow_on_one_replica_skips_the_update_on_both():
    result = two_devices("dcgan", "mixed_float16", "4", "plain", "overflow")
    assert result["finite"]
    scales = [row["loss_scale/discriminator"] for row in result["logs"]]
    assert scales == [2.0**15, 2.0**14, 2.0**14, 2.0**14]  # halved by the second step
    assert [row["bad_step"] for row in result["logs"]] == [0.0] * 4  # the scale's business, not the run's


@pytest.mark.slow
def test_a_nan_on_one_replica_is_a_bad_step_on_both():
    result = two_devices("vaegan", "float32", "4", "norm", "nan")
    assert result["finite"]
    assert [row["bad_step"] for row in result["logs"]] == [0.0, 1.0, 0.0, 0.0]


# === Two workers ===


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_workers(tmp_path, *arguments):
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tfglyph", "train", "--strategy", "multiworker", *arguments],
            cwd=tmp_path,
            env=ENVIRONMENT | {"TF_CONFIG": tf_config(index, workers), "PYTHONPATH": os.getcwd()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in (1, 0)
    ]


def finish(process):
    try:
        output, errors = process.communicate(timeout=LONGEST)
    finally:
        process.kill()
    return process.returncode, output, errors


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vae.json"
    path.write_text(json.dumps(architecture("vae", batch_norm=False)))
    return path


@pytest.mark.slow
def test_two_workers_equal_one_process_and_only_the_first_writes(tmp_path, file):
    rest = ("--architecture", str(file), "--steps", "6", "--checkpoint_every", "3")
    worker, chief = start_workers(tmp_path, *rest, "--logdir", str(tmp_path / "two"))
    code, output, errors = finish(chief)
    assert code == 0, errors[-2000:]
    code, output, _ = finish(worker)
    assert code == 0 and "trained to step 6: the first worker has the run directory" in output
    command = [sys.executable, "-m", "tfglyph", "train", *rest, "--logdir", str(tmp_path / "one")]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, timeout=LONGEST)
    (one, _), (two, _) = (checkpoints.load(tmp_path / name / "model.ckpt-6") for name in ("one", "two"))
    assert list(one) == list(two)
    for group in one:
        for (path, a), (_, b) in zip(one[group], two[group], strict=True):
            np.testing.assert_allclose(a, b, atol=TOLERANCE, rtol=TOLERANCE, err_msg=f"{group}/{path}")


@pytest.mark.slow
def test_a_killed_worker_ends_the_other_and_one_process_goes_on(tmp_path, file):
    run = tmp_path / "run"
    rest = ("--architecture", str(file), "--steps", "1000000", "--checkpoint_every", "3")
    worker, chief = start_workers(tmp_path, *rest, "--logdir", str(run))
    deadline = time.monotonic() + LONGEST
    try:
        while not (run / "model.ckpt-3.json").exists():
            assert chief.poll() is None, chief.stderr.read()[-2000:]
            assert time.monotonic() < deadline
    finally:
        worker.kill()
        worker.communicate()
    code, _, errors = finish(chief)
    assert code == 1 and "another worker ended or is out of reach; start all of them again" in errors
    step = lookup.steps_in(run)[-1]
    command = ["--restore_from", str(run), "--strategy", "one", "--steps", str(step + 1)]
    subprocess.run(
        [sys.executable, "-m", "tfglyph", "train", *command],
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        timeout=LONGEST,
    )
    assert lookup.find(run).name == f"model.ckpt-{step + 1}"
