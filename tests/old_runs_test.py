"""Runs of version 0.1.0 load, draw the same, resume to the same end and export with the same signatures.

On the machine that made them the bits are the same; elsewhere other kernels round otherwise, so the tests allow that.
"""

import json
import pathlib
import shutil

import keras
import numpy as np
import pytest

import tfglyph
from tfglyph.datasets import DatasetSpec
from tfglyph.export import export, signatures
from tfglyph.networks.batch_norm import BatchNormalization
from tfglyph.runs import checkpoints
from tfglyph.runs.options import Options
from tfglyph.runs.rundir import read_stats
from tfglyph.training.train import new_run, resumed_run

OLD = pathlib.Path(__file__).parent / "data" / "version-0.1.0"
NAMES = ("vae", "flow")


def drawn(model):
    """What pixels.npz holds, drawn again."""
    glyphs = tfglyph.datasets.load("cns", size=32, charset="joyo")
    arrays = {"sample": model.sample(3, seed=3), "encode": model.encode(glyphs.images[:2])}
    arrays["decode"] = model.decode(arrays["encode"])
    if model.architecture.part_tokens is not None:
        arrays["compose"] = model.compose(["⿰酉交"], seed=1, guidance=2.0)
    return arrays


@pytest.mark.parametrize("name", NAMES)
def test_an_old_run_loads_and_draws_the_same_pixels(name):
    model = tfglyph.load(OLD / name / "half")
    assert model.run.step == 5 and model.run.options.versions["tfglyph"] == "0.1.0"
    assert model.run.options.dataset == DatasetSpec("cns", holdout=0.1, options={"charset": "joyo"})
    old, new = dict(np.load(OLD / name / "pixels.npz")), drawn(model)
    assert old.keys() == new.keys()
    for key, array in old.items():
        assert new[key].shape == array.shape and new[key].dtype == array.dtype
        if array.dtype == np.uint8:
            difference = np.abs(new[key].astype(int) - array)
            assert (difference > 1).mean() < 0.002, key
        else:
            np.testing.assert_allclose(new[key], array, atol=1e-3, err_msg=key)


def test_old_keys_are_read_under_their_new_names():
    assert tfglyph.load_architecture(OLD / "vae" / "half" / "architecture.json").objective.std == 0.5
    flow = tfglyph.load_architecture(OLD / "flow" / "half" / "architecture.json")
    assert flow.objective.time_std == 0.7 and flow.objective.microbatches == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_old_run_goes_on_to_the_same_end(tmp_path, name):
    run = shutil.copytree(OLD / name / "half", tmp_path / name)
    resumed_run(run, {"steps": 8}).run(tmp_path)
    before, _ = checkpoints.load(OLD / name / "half" / "model.ckpt-5")
    expected, _ = checkpoints.load(OLD / name / "whole" / "model.ckpt-8")
    resumed, _ = checkpoints.load(run / "model.ckpt-8")
    assert resumed.keys() == expected.keys()
    for group, pairs in expected.items():
        assert [path for path, _ in pairs] == [path for path, _ in resumed[group]]
        old, end, new = ([value for _, value in tensors[group]] for tensors in (before, expected, resumed))
        moved = sum(np.abs(b.astype(float) - a).sum() for a, b in zip(old, end, strict=True))
        apart = sum(np.abs(c.astype(float) - b).sum() for b, c in zip(end, new, strict=True))
        assert apart <= 0.01 * moved, group
    (line,) = [line for line in read_stats(run) if line["step"] == 8]
    (old_line,) = [line for line in read_stats(OLD / name / "whole") if line["step"] == 8]
    assert line.keys() == old_line.keys()


def test_an_old_run_goes_on_with_the_batch_normalization_that_it_had(tmp_path):
    """Keras's own, whose roundings differ from those of the fused one that new runs have."""
    run = shutil.copytree(OLD / "vae" / "half", tmp_path / "vae")
    assert norms(resumed_run(run, {"steps": 8})) == {keras.layers.BatchNormalization}
    assert norms(new_run("vae-small", Options(), {"steps": 1})) == {BatchNormalization}


def norms(training):
    layers = [layer for network in training.model.networks.values() for layer in network.layers]
    return {type(layer) for layer in layers if isinstance(layer, keras.layers.BatchNormalization)}


@pytest.mark.parametrize("name", NAMES)
def test_signatures_take_the_same_inputs(name):
    expected = json.loads((OLD / name / "signatures.json").read_text())
    # serving_default is the first of them under a second name, which the writer adds.
    made = signatures(tfglyph.load(OLD / name / "half"))
    assert set(made) == set(expected) - {"serving_default"}
    for signature, (_, inputs) in made.items():
        assert {key: described(spec) for key, spec in inputs.items()} == expected[signature]["inputs"], signature


@pytest.mark.slow
def test_an_export_has_the_signatures_of_old(tmp_path):
    import tensorflow as tf

    served = tf.saved_model.load(str(export(tfglyph.load(OLD / "vae" / "half"), tmp_path)))
    expected = json.loads((OLD / "vae" / "signatures.json").read_text())
    assert {
        name: {
            "inputs": {key: described(spec) for key, spec in function.structured_input_signature[1].items()},
            "outputs": {key: described(spec) for key, spec in function.structured_outputs.items()},
        }
        for name, function in served.signatures.items()
    } == expected


def described(spec):
    return [spec.dtype.name, None if spec.shape.rank is None else spec.shape.as_list()]
