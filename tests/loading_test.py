"""Loading: a run is read and its weights are hashed once; what a loaded model knows of its run."""

import collections
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.architecture import core
from tfglyph.errors import UsageError
from tfglyph.runs import storage
from tfglyph.runs.storage import DamagedCheckpointError

RUN = pathlib.Path(__file__).parent / "data" / "version-0.1.0" / "vae" / "half"


def test_a_load_reads_each_file_once_and_hashes_the_weights_once(monkeypatch):
    reads: collections.Counter = collections.Counter()
    read_bytes, read_json = pathlib.Path.read_bytes, core.read_json

    def counted_bytes(path):
        reads[path.name] += 1
        return read_bytes(path)

    def counted_json(path):
        reads[pathlib.Path(path).name] += 1
        return read_json(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", counted_bytes)
    monkeypatch.setattr("tfglyph.architecture.read_json", counted_json)
    monkeypatch.setattr("tfglyph.runs.rundir.read_json", counted_json)
    monkeypatch.setattr(storage, "file_digest", lambda path: pytest.fail("a second pass over the weights"))
    tfglyph.load(RUN)
    assert reads == {
        "architecture.json": 1,
        "options.json": 1,
        "model.ckpt-5.json": 1,
        "model.ckpt-5.safetensors": 1,
    }


def test_a_loaded_model_knows_its_run():
    model = tfglyph.load(RUN)
    assert model.is_loaded and model.run.prefix == RUN / "model.ckpt-5" and model.run.directory == RUN
    assert (model.run.name, model.run.step, model.run.title) == ("half", 5, "half, step 5")
    assert model.run.output_directory == pathlib.Path("logdir/generate/half")
    assert model.run.manifest["kind"] == "checkpoint" and len(model.run.weights_digest) == 24


def test_pictures_of_a_run_in_a_log_directory_go_beside_it(tmp_path):
    run = shutil.copytree(RUN, tmp_path / "log" / "train" / "mine")
    assert tfglyph.load(run).run.output_directory == tmp_path / "log" / "generate" / "mine"


def test_a_built_model_has_no_run():
    model = tfglyph.build(SMALL_VAEGAN)
    assert not model.is_loaded
    with pytest.raises(UsageError, match="small: this model was built, not loaded, so it has no run"):
        _ = model.run


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
def test_damage_is_noticed_and_the_one_before_is_offered(tmp_path, damage):
    run = shutil.copytree(RUN, tmp_path / "run")
    for suffix in (".json", ".safetensors"):
        shutil.copy(run / f"model.ckpt-5{suffix}", run / f"model.ckpt-6{suffix}")
    data = run / "model.ckpt-6.safetensors"
    data.write_bytes(damage(data.read_bytes()))
    with pytest.raises(DamagedCheckpointError, match=r"model\.ckpt-6.*the one before it is intact: .*model\.ckpt-5"):
        tfglyph.load(run)


def test_options_that_a_model_does_not_take_are_one_line():
    model = tfglyph.load(RUN)
    with pytest.raises(UsageError, match="steps: old-vae takes no such option; it takes none"):
        model.sample(1, steps=3)
    with pytest.raises(UsageError, match="label: old-vae takes no such option"):
        model.decode(np.zeros((1, 6), np.float32), label=1)
    gan = tfglyph.build("gan-small")
    with pytest.raises(UsageError, match=r"steps: gan-small takes no such option"):
        gan.sample(1, steps=3)


def test_the_score_has_a_short_name():
    model = tfglyph.build(SMALL_VAEGAN)
    images = tf.zeros((2, 32, 32, 1))
    np.testing.assert_array_equal(model.score(images), model.critic_score(images))
