"""A run that was cut and resumed ends as one that was not, bit for bit: every family, every tensor."""

import hashlib
import os
import shutil

import pytest

from tests.helpers.families import FAMILIES, architecture
from tfglyph.errors import GlyphError, UsageError
from tfglyph.runs import checkpoints, lookup
from tfglyph.runs.options import Options
from tfglyph.runs.rundir import read_stats
from tfglyph.training.train import new_run, resumed_run

pytestmark = pytest.mark.slow


def options(**changes):
    values = {"checkpoint_every": 3, "images_every": 10**6, "seed": 5} | changes
    return Options(**values)


def train(tmp_path, family, steps, name, **changes):
    training = new_run(architecture(family), options(**changes), {"steps": steps})
    return training.run(tmp_path, directory=tmp_path / name)


def end(run, step):
    return hashlib.sha256((run / f"model.ckpt-{step}.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, family):
    whole = train(tmp_path, family, 8, "whole")
    run = train(tmp_path, family, 5, "cut")
    assert resumed_run(run, {"steps": 8}).run(tmp_path) == run
    assert end(run, 8) == end(whole, 8)
    assert [line["step"] for line in read_stats(run)] == [5, 8]


def test_microbatches_go_on_as_they_were(tmp_path):
    flags = {"accumulate": 2}
    whole, cut = (
        new_run(architecture("vaegan"), options(), flags | {"steps": steps}).run(tmp_path, directory=tmp_path / name)
        for name, steps in (("whole", 4), ("cut", 3))
    )
    resumed = resumed_run(cut, {"steps": 4})
    assert resumed.architecture.microbatches == 2 and resumed.run(tmp_path) == cut
    assert end(cut, 4) == end(whole, 4)


def test_a_run_whose_later_checkpoints_are_damaged_begins_again_and_ends_the_same(tmp_path):
    whole = train(tmp_path, "vae", 8, "whole")
    shutil.copytree(train(tmp_path, "vae", 5, "cut"), tmp_path / "damaged")
    for step in (3, 5):
        path = tmp_path / "damaged" / f"model.ckpt-{step}.safetensors"
        path.write_bytes(path.read_bytes()[:-1])
    resumed = resumed_run(tmp_path / "damaged", {"steps": 8})
    assert resumed.prefix.name == "model.ckpt-0"
    resumed.run(tmp_path)
    assert end(tmp_path / "damaged", 8) == end(whole, 8)
    assert sorted(p.name for p in (tmp_path / "damaged" / "superseded").glob("*.json")) == [
        "model.ckpt-3.json",
        "model.ckpt-5.json",
    ]


def test_loss_scales_go_on_where_they_were(tmp_path):
    flags = {"precision": "mixed_float16"}
    whole, cut = (
        new_run(architecture("vae"), options(), flags | {"steps": steps}).run(tmp_path, directory=tmp_path / name)
        for name, steps in (("whole", 8), ("cut", 5))
    )
    resumed_run(cut, {"steps": 8}).run(tmp_path)
    assert end(cut, 8) == end(whole, 8)
    tensors, _ = checkpoints.load(cut / "model.ckpt-8")
    for name in ("optimizer/encoder", "optimizer/generator"):
        (scale,) = (value for path, value in tensors[name] if path.endswith("dynamic_scale"))
        (counter,) = (value for path, value in tensors[name] if path.endswith("step_counter"))
        assert 1 <= scale <= 2.0**15 and counter <= 8


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("run"), "vae", 3, "run")


def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


def test_a_checkpoint_of_another_architecture_says_what_differs(run, tmp_path):
    run = copy(run, tmp_path)
    text = (run / "architecture.json").read_text()
    (run / "architecture.json").write_text(text.replace('"z_dim": 6', '"z_dim": 7'))
    with pytest.raises(UsageError) as error:
        resumed_run(run, {"steps": 5}).run(tmp_path)
    message = str(error.value)
    assert "belongs to another architecture: encoder: " in message and "generator: linear/kernel is 6x" in message
    assert "\n" not in message and "optimizer" not in message


def test_totals_are_totals(run, tmp_path):
    run = copy(run, tmp_path)
    with pytest.raises(UsageError, match="has 3 steps already; --steps and --epochs are totals"):
        resumed_run(run, {"steps": 2}).run(tmp_path)
    assert resumed_run(run, {"steps": 3}).run(tmp_path) == run


def test_shipped_weights_cannot_be_resumed(run, tmp_path):
    run = copy(run, tmp_path)
    tensors, _ = checkpoints.load(run / "model.ckpt-3")
    networks = {group: pairs for group, pairs in tensors.items() if group in ("encoder", "generator")}
    for path in run.glob("model.ckpt-*"):
        path.unlink()
    checkpoints.save_weights(run / "model.ckpt-3", networks, {"step": 3})
    with pytest.raises(UsageError, match="weights without optimizer state; they can be used, but not resumed"):
        resumed_run(run, {"steps": 5}).run(tmp_path)


def test_a_second_process_in_the_run_directory_is_refused(run, tmp_path):
    from tfglyph.runs.rundir import RunDirectory

    run = copy(run, tmp_path)
    with RunDirectory.resume(run), pytest.raises(GlyphError, match="trains in this run directory"):
        resumed_run(run, {"steps": 5}).run(tmp_path)


def test_a_disk_that_fills_up_ends_the_run_with_the_checkpoint_before(run, tmp_path, monkeypatch):

    run = copy(run, tmp_path)
    training = resumed_run(run, {"steps": 100})
    sync, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 12:  # the lock's file, options and architecture still fit
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    words = r"could not be written: No space left on device; .*model\.ckpt-\d+ is intact"
    with pytest.raises(GlyphError, match=words):
        training.run(tmp_path)
    monkeypatch.undo()
    assert lookup.find(run)
    assert resumed_run(run, {"steps": 7}).run(tmp_path) == run


def test_a_clock_that_jumps_back_changes_nothing(run, tmp_path, monkeypatch):
    import time

    run = copy(run, tmp_path)
    straight = shutil.copytree(run, tmp_path / "straight")
    resumed_run(straight, {"steps": 6}).run(tmp_path)
    now = iter(range(10**9, 0, -86400))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    resumed_run(run, {"steps": 6}).run(tmp_path)
    monkeypatch.undo()
    assert end(run, 6) == end(straight, 6) and lookup.find(run).name == "model.ckpt-6"
