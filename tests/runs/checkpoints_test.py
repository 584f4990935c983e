"""Checkpoints: every byte counts, and a crash leaves the one before usable."""

import json
import os

import numpy as np
import pytest

from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import clear_partial
from tfglyph.runs import checkpoints, lookup, storage
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.storage import DamagedCheckpointError


class Variable:
    """What a checkpoint needs of a variable: a path, a shape, a value."""

    def __init__(self, path, value):
        self.path, self.array = path, np.asarray(value)

    shape = property(lambda self: self.array.shape)

    def numpy(self):
        return self.array

    def assign(self, value):
        assert value.shape == self.array.shape
        self.array = value


def groups(fill=0.0, width=3):
    """Two networks, an optimizer and the state, in every dtype that occurs."""
    kernel = np.arange(2 * width, dtype="float32").reshape(2, width) + np.float32(fill)
    bias = np.zeros(width, "float32")
    return {
        "generator": [Variable("dense/kernel", kernel), Variable("dense/bias", bias)],
        "ema/generator": [Variable("dense/kernel", kernel / 3), Variable("dense/bias", bias + 1)],
        "optimizer/generator": [Variable("iteration", np.int64(7)), Variable("scale", np.float32(2.0**15))],
        "state": [Variable("step", np.int64(7)), Variable("twin", True), Variable("twin", np.uint8([1, 2]))],
    }


def save(directory, *steps, **options):
    writer = Checkpoints(directory, **options)
    for step in steps:
        writer.save(step, groups(step), {"seed": 5})
    writer.wait()
    return writer


def values(tensors):
    return {group: [(path, value.tolist()) for path, value in pairs] for group, pairs in tensors.items()}


def test_a_checkpoint_gives_back_bits_order_dtypes_and_metadata(tmp_path):
    odd = np.float32([np.nan, -0.0, np.inf, 1e-45])
    writer = Checkpoints(tmp_path)
    writer.save(3, {"state": [("b", odd), ("a", np.float64(1) / 3), ("b", np.int64(-1))]}, {"x": [1]})
    writer.save(4, groups(), {"seed": 5})
    writer.wait()
    tensors, metadata = checkpoints.load(tmp_path / "model.ckpt-4")
    assert values(tensors) == values({g: [(v.path, v.array) for v in found] for g, found in groups().items()})
    assert metadata == {"seed": 5, "step": 4, "kind": "checkpoint"}
    assert tensors["state"][0][1].shape == () and tensors["state"][0][1].dtype == np.int64
    tensors, metadata = checkpoints.load(tmp_path / "model.ckpt-3")
    assert [path for path, _ in tensors["state"]] == ["b", "a", "b"]
    assert tensors["state"][0][1].tobytes() == odd.tobytes() and metadata["x"] == [1]


def test_values_are_those_of_the_moment_of_the_call(tmp_path):
    variable = Variable("w", np.zeros(1000, "float32"))
    writer = Checkpoints(tmp_path)
    writer.save(1, {"n": [variable]}, {})
    variable.array += 1  # training goes on while the file is being written
    writer.wait()
    assert checkpoints.load(writer.prefix(1))[0]["n"][0][1].sum() == 0


def test_the_newest_and_the_best_are_kept(tmp_path):
    writer = save(tmp_path, 0, 1, 2, keep=2)
    assert writer.steps() == [1, 2]
    assert writer.note_score(1, "loss", 0.5)
    assert not writer.note_score(2, "loss", 0.5) and not writer.note_score(2, "loss", float("nan"))
    save(tmp_path, 3, 10, keep=2)
    assert writer.steps() == [1, 3, 10] and writer.newest() == tmp_path / "model.ckpt-10"
    assert writer.note_score(10, "accuracy", 0.1, lower_is_better=False)
    assert writer.note_score(10, "accuracy", 0.2, lower_is_better=False)
    save(tmp_path, 11, 12, 13, keep=2)
    assert writer.steps() == [10, 12, 13]
    left = sorted(name for name in os.listdir(tmp_path) if name.startswith("model"))
    assert left == sorted(f"model.ckpt-{s}.{e}" for s in (10, 12, 13) for e in ("json", "safetensors"))


def test_restore_fills_variables(tmp_path):
    save(tmp_path, 9)
    wanted = groups(fill=100)
    metadata = checkpoints.restore(tmp_path / "model.ckpt-9", wanted)
    assert metadata["step"] == 9
    assert wanted["generator"][0].array.tolist() == [[9, 10, 11], [12, 13, 14]]
    assert wanted["state"][1].array.tolist() is True


def test_another_architecture_is_named_with_networks_and_shapes_and_changes_nothing(tmp_path):
    save(tmp_path, 9)
    wanted = groups(fill=100, width=4) | {"encoder": [Variable("conv/kernel", np.zeros((5, 5, 1, 8)))]}
    with pytest.raises(UsageError) as error:
        checkpoints.restore(tmp_path / "model.ckpt-9", wanted)
    assert str(error.value) == (
        f"{tmp_path}/model.ckpt-9: this checkpoint belongs to another architecture: "
        "generator: dense/kernel is 2x3 in the checkpoint, 2x4 here (and 1 more); "
        "encoder: not in the checkpoint"
    )
    assert wanted["generator"][0].array[0, 0] == 100


@pytest.mark.parametrize(
    "paths, phrase",
    [
        (["dense/kernel"], "2 variables in the checkpoint, 1 here; its dense/bias is unknown here"),
        (["dense/kernel", "dense/bias", "more"], "2 variables in the checkpoint, 3 here; more is not in it"),
        (["dense/bias", "dense/kernel"], "the same variables in another order"),
    ],
)
def test_other_variables_are_named(tmp_path, paths, phrase):
    save(tmp_path, 9)
    with pytest.raises(UsageError, match=phrase):
        checkpoints.restore(tmp_path / "model.ckpt-9", {"generator": [Variable(path, 0.0) for path in paths]})


# === Damage ===


def test_what_fits_is_taken_over_from_the_average(tmp_path):
    prefix = tmp_path / "model.ckpt-5"
    old = {"a": np.full(3, 1.0), "b": np.full((2, 2), 1.0)}
    averaged = {path: value + 1 for path, value in old.items()}
    checkpoints.save_weights(prefix, {"net": list(old.items()), "ema/net": list(averaged.items())}, {"step": 5})
    own = [Variable("a", np.zeros(3)), Variable("b", np.zeros((2, 3))), Variable("c", np.zeros(1))]
    copy = [Variable("a", np.zeros(3))]
    assert checkpoints.take_over(prefix, {"net": [own, copy], "other": [[Variable("a", np.zeros(3))]]}) == {
        "net": (1, 3),
        "other": (0, 1),
    }
    np.testing.assert_array_equal(own[0].numpy(), np.full(3, 2.0))
    np.testing.assert_array_equal(copy[0].numpy(), np.full(3, 2.0))
    np.testing.assert_array_equal(own[1].numpy(), np.zeros((2, 3)))
    with pytest.raises(UsageError, match="no network of it has a variable in common"):
        checkpoints.take_over(prefix, {"net": [[Variable("c", np.zeros(1))]]})


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
        return
    if how == "truncated":
        data = data[: len(data) // 2]
    elif how == "empty":
        data = b""
    elif how == "one bit":
        data[len(data) // 2] ^= 1
    elif how == "last bit":
        data[-1] ^= 1
    elif how == "longer":
        data += b"\0"
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["gone", "truncated", "empty", "one bit", "last bit", "longer"])
@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_damage_is_named_and_the_one_before_offered_or_used(tmp_path, capsys, suffix, how):
    save(tmp_path, 100, 200, 300)
    damage(tmp_path / f"model.ckpt-300.{suffix}", how)
    if suffix == "json" and how in ("last bit", "longer"):
        damage(tmp_path / "model.ckpt-300.json", "truncated")  # the line feed at the end carries nothing
    with pytest.raises(DamagedCheckpointError) as error:
        lookup.find(tmp_path / "model.ckpt-300")
    message = str(error.value)
    assert message.startswith(f"{tmp_path}/model.ckpt-300") and "\n" not in message
    assert message.endswith(f"; the one before it is intact: {tmp_path}/model.ckpt-200")
    assert lookup.find(tmp_path, fall_back=True) == tmp_path / "model.ckpt-200"
    if (suffix, how) == ("json", "gone"):  # never committed, so not even worth a warning
        return
    warning = capsys.readouterr().err
    assert "warning" in warning and "model.ckpt-300" in warning and "model.ckpt-200" in warning
    with pytest.raises(DamagedCheckpointError, match=r"the one before it is intact: .*model\.ckpt-200"):
        lookup.find(tmp_path)
    damage(tmp_path / "model.ckpt-200.safetensors", "one bit")
    assert lookup.find(tmp_path, fall_back=True) == tmp_path / "model.ckpt-100"
    damage(tmp_path / "model.ckpt-100.safetensors", "one bit")
    with pytest.raises(DamagedCheckpointError, match="no intact checkpoint in"):
        lookup.find(tmp_path, fall_back=True)


def test_every_single_flipped_byte_is_noticed(tmp_path):
    save(tmp_path, 1)
    for suffix in ("safetensors", "json"):
        path = tmp_path / f"model.ckpt-1.{suffix}"
        original = path.read_bytes()
        positions = range(0, len(original.rstrip()), 7)
        for position in positions:
            changed = bytearray(original)
            changed[position] ^= 0x21
            path.write_bytes(changed)
            try:
                manifest = storage.read_manifest(tmp_path / "model.ckpt-1")
                storage.verify_data(tmp_path / "model.ckpt-1", manifest)
            except DamagedCheckpointError:
                continue
            # only a changed indentation leaves the content of a manifest as it was
            assert suffix == "json" and json.loads(changed) == json.loads(original), position
        path.write_bytes(original)
    lookup.verify(tmp_path / "model.ckpt-1")


def test_a_manifest_of_the_future_says_so(tmp_path):
    save(tmp_path, 1)
    path = tmp_path / "model.ckpt-1.json"
    manifest = json.loads(path.read_text()) | {"version": 2}
    manifest["checksum"] = storage.checksum(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamagedCheckpointError, match="format version 2, this program reads version 1"):
        checkpoints.load(tmp_path / "model.ckpt-1")


@pytest.mark.parametrize(
    "tensors",
    [
        {"generator": [["dense/kernel", [2, 3], "float64"]]},
        {"generator": [["dense/kernel", [3, 2], "float32"]]},
        {"generator": [["../../etc/passwd", [2, 3], "float32"]]},
        {"generator": [["dense/kernel"]]},
        {"generator": 5},
    ],
)
def test_a_forged_manifest_with_a_right_checksum_reads_nothing_else(tmp_path, tensors):
    save(tmp_path, 1)
    path = tmp_path / "model.ckpt-1.json"
    manifest = json.loads(path.read_text()) | {"tensors": tensors}
    manifest["checksum"] = storage.checksum(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamagedCheckpointError):
        checkpoints.load(tmp_path / "model.ckpt-1")


def test_a_pickle_is_not_loaded(tmp_path):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    save(tmp_path, 1)
    path = tmp_path / "model.ckpt-1.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    manifest = json.loads((tmp_path / "model.ckpt-1.json").read_text())
    manifest["data"] = {"bytes": path.stat().st_size, "sha256": storage.file_digest(path)}
    manifest["checksum"] = storage.checksum(manifest)
    (tmp_path / "model.ckpt-1.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedCheckpointError, match="do not belong together"):
        checkpoints.load(tmp_path / "model.ckpt-1")
    assert not (tmp_path / "exploded").exists()


# === Writing under fire ===


@pytest.mark.parametrize("moment", range(6))
def test_a_crash_at_any_operation_leaves_the_one_before(tmp_path, monkeypatch, moment):
    save(tmp_path, 1)
    count = iter(range(100))

    def crash(original):
        def wrapped(*arguments, **options):
            if next(count) == moment:
                raise SystemError("power cut")
            return original(*arguments, **options)

        return wrapped

    monkeypatch.setattr(os, "fsync", crash(os.fsync))
    monkeypatch.setattr(os, "replace", crash(os.replace))
    writer = Checkpoints(tmp_path)
    writer.save(2, groups(2), {})
    with pytest.raises(SystemError):
        writer.wait()
    monkeypatch.undo()
    found = lookup.find(tmp_path)
    # operations: fsync data, rename, fsync directory; the same for the manifest, whose rename commits
    assert found.name == ("model.ckpt-2" if moment == 5 else "model.ckpt-1")
    clear_partial(tmp_path)
    assert save(tmp_path, 2).newest().name == "model.ckpt-2"
    assert not list(tmp_path.glob(".*.partial*"))


def test_a_full_disk_is_one_line_and_the_one_before_stays(tmp_path, monkeypatch):
    writer = save(tmp_path, 1)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    writer.save(2, groups(2), {})
    with pytest.raises(GlyphError) as error:
        writer.wait()
    assert str(error.value) == (
        f"{tmp_path}/model.ckpt-2: this checkpoint could not be written: No space left on device; "
        f"{tmp_path}/model.ckpt-1 is intact"
    )
    monkeypatch.undo()
    writer.wait()  # reported once
    writer.save(3, groups(3), {})
    writer.wait()
    assert lookup.find(tmp_path).name == "model.ckpt-3"


def test_the_library_reports_a_full_disk_too(tmp_path, monkeypatch):
    """A real limit, in a process of its own: the data file is larger than any file may be."""
    import subprocess
    import sys

    code = (
        "import resource, sys, numpy as np\n"
        "from tfglyph.runs.checkpoints import Checkpoints\n"
        "writer = Checkpoints(sys.argv[1])\n"
        "writer.save(1, {'n': [('w', np.zeros(10, 'float32'))]}, {}); writer.wait()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "writer.save(2, {'n': [('w', np.zeros(100_000, 'float32'))]}, {})\n"
        "try:\n    writer.wait()\nexcept Exception as error:\n    print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.startswith("GlyphError") and "File too large" in output and output.count("\n") == 1
    assert lookup.find(tmp_path).name == "model.ckpt-1"


def test_a_vanished_directory_is_one_line(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    writer = save(directory, 1)
    os.rename(directory, tmp_path / "elsewhere")
    writer.save(2, groups(2), {})
    with pytest.raises(GlyphError, match=r"No such file or directory; there is no earlier one"):
        writer.wait()
    assert lookup.find(tmp_path / "elsewhere").name == "model.ckpt-1"


def test_half_written_files_of_a_killed_process_are_cleared(tmp_path):
    save(tmp_path, 1)
    (tmp_path / ".model.ckpt-2.77.partial.safetensors").write_bytes(b"half")
    (tmp_path / ".partial").mkdir()  # where version 0.1.0 wrote
    (tmp_path / ".partial" / "model.ckpt-2.safetensors").write_bytes(b"half")
    (tmp_path / "model.ckpt-2.safetensors").write_bytes(b"renamed, but never committed")
    clear_partial(tmp_path)
    assert not (tmp_path / ".partial").exists() and not list(tmp_path.glob(".*.partial*"))
    assert lookup.find(tmp_path).name == "model.ckpt-1"
    save(tmp_path, 3)
    assert not (tmp_path / "model.ckpt-2.safetensors").exists()


def test_clearing_does_not_follow_a_link_out_of_the_directory(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "run" / ".partial").symlink_to(tmp_path / "precious")
    clear_partial(tmp_path / "run")
    assert (tmp_path / "precious" / "file").exists() and not (tmp_path / "run" / ".partial").is_symlink()


# === Finding ===


def test_find_takes_a_prefix_a_file_or_a_directory(tmp_path):
    save(tmp_path, 100, 31200)
    for reference in ("model.ckpt-100", "model.ckpt-100.json", "model.ckpt-100.safetensors"):
        assert lookup.find(tmp_path / reference) == tmp_path / "model.ckpt-100"
    assert lookup.find(str(tmp_path)) == tmp_path / "model.ckpt-31200"  # by number, not by name


@pytest.mark.parametrize(
    "reference, phrase",
    [
        ("run/model.ckpt-7", "no such run directory or checkpoint; there are 100, 200"),
        ("run/empty", "no checkpoints"),
        ("nowhere/model.ckpt-1", "no such run directory or checkpoint"),
    ],
)
def test_find_says_what_there_is(tmp_path, reference, phrase):
    (tmp_path / "run" / "empty").mkdir(parents=True)
    save(tmp_path / "run", 100, 200)
    with pytest.raises(UsageError, match=phrase):
        lookup.find(tmp_path / reference)


def test_a_forged_best_file_is_ignored(tmp_path):
    for text in ('{"step": "../../x", "metric": "a", "value": 1}', "[]", "{", '{"step": 1}'):
        (tmp_path / "best.json").write_text(text)
        assert Checkpoints(tmp_path).best() is None


# === Weights ===


def test_weights_take_half_the_space_and_come_back_as_float32(tmp_path):
    kernel = np.random.default_rng(0).normal(size=(64, 64)).astype("float32")
    pairs = {"generator": [("k", kernel), ("huge", np.float32([1e6, 1.0])), ("count", np.int64(3))]}
    checkpoints.save_weights(tmp_path / "weights", pairs, {"step": 12, "source": "test"})
    tensors, metadata = checkpoints.load_weights(tmp_path / "weights")
    assert metadata == {"step": 12, "source": "test", "kind": "weights"}
    (_, loaded), (_, huge), (_, count) = tensors["generator"]
    assert loaded.dtype == np.float32 and np.array_equal(loaded, kernel.astype("float16").astype("float32"))
    assert huge.tolist() == [1e6, 1.0] and count == 3  # float16 ends at 65504
    assert storage.data_path(tmp_path / "weights").stat().st_size < kernel.nbytes * 0.6
    with pytest.raises(UsageError, match="without optimizer state; they can be used, but not resumed"):
        checkpoints.restore(tmp_path / "weights", {"optimizer/generator": []})


def test_keras_variables_go_there_and_back(tmp_path):
    import keras
    import tensorflow as tf

    layer = keras.layers.Dense(3, name="dense")
    layer.build((None, 2))
    step = tf.Variable(5, dtype=tf.int64, name="step")
    saved = [variable.numpy() for variable in layer.variables]
    writer = Checkpoints(tmp_path)
    writer.save(5, {"generator": layer.variables, "state": [("step", step)]}, {})
    writer.wait()
    for variable in layer.variables:
        variable.assign(variable + 1)
    step.assign(0)
    checkpoints.restore(writer.newest(), {"generator": layer.variables, "state": [("step", step)]})
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(saved, layer.variables, strict=True))
    assert int(step) == 5
