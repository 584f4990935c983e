"""The networks compute what the originals compute: weights carried over, the same inputs, the same numbers."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers import parity
from tfglyph.models.denoiser import predict
from tfglyph.networks.border import border_masks, windows_on_line
from tfglyph.networks.embeddings import TimestepEmbedding
from tfglyph.originals.layouts import ORIGINALS, parts_of

TOLERANCE = 1e-4
CASES = [(name, number) for name in parity.NAMES for number in range(len(parity.read(name)))]


@functools.lru_cache(maxsize=1)
def filled(name):
    """The networks of an architecture file with the originals' parameters, and the entries of the golden file."""
    model = tfglyph.build(name)
    entries = parity.read(name)
    for part, entry in zip(parts_of(model.architecture, model.networks), entries, strict=True):
        arrays = parity.parameters(entry)
        check_sums(arrays, entry["fill_check"])
        assert {key: value.shape for key, value in arrays.items()} == part.sources
        for tensor in part.tensors:
            tensor.variable.assign(tensor.value(arrays))
    return model, entries


def check_sums(arrays, check):
    """The formula was followed: the sums of all parameters are those of the golden file."""
    values = np.concatenate([value.reshape(-1) for value in arrays.values()]).astype(np.float64)
    assert values.size == check["count"]
    assert np.abs(values).sum() == pytest.approx(check["sum_abs"], rel=1e-9)
    assert values.sum() == pytest.approx(check["sum"], abs=1e-9 * check["sum_abs"])


def test_every_original_has_golden_outputs():
    variants = {"infogan-10x10-2", "infogan-10x10-20"}  # their notebooks differ from 1x10-2 in the number of codes
    assert set(parity.NAMES) == set(ORIGINALS) - variants


@pytest.mark.parametrize(("name", "number"), CASES)
def test_networks_give_the_originals_numbers(name, number):
    model, entries = filled(name)
    entry = entries[number]
    outputs = computed(model, entry)
    for golden in entry["outputs"]:
        values = outputs[golden["name"]]
        if "sample" in golden:
            values = values[golden["sample"] : golden["sample"] + 1]
        assert parity.relative_error(values, golden) < TOLERANCE, golden["name"]


def computed(model, entry):
    """What a network of ours makes of the entry's inputs, under the names of its golden outputs."""
    inputs = parity.inputs(entry)
    networks = model.networks
    match entry["network"]:
        case "generator":
            return {"images": networks["generator"](inputs["z"]).numpy()}
        case "discriminator":
            return {"score": networks["discriminator"](inputs["images"])[0].numpy()}
        case "encoder":
            mean, log_variance = networks["encoder"](inputs["images"])
            return {"mean": mean.numpy(), "log_variance": log_variance.numpy()}
        case "decoder":  # without the last sigmoid
            return {"logits": before_the_last(networks["generator"])(inputs["z"]).numpy()}
        case "denoiser":
            entries = tf.constant(inputs["times"] + 1, tf.float64)  # of the table of noise levels, 0 being none
            times = model.noise_path.network_times(entries / model.noise_path.steps)
            return {"prediction": predict(networks["denoiser"], tf.constant(inputs["images"]), times, {}).numpy()}
        case "trunk":
            features = networks["discriminator"](inputs["images"])[1]
            return {"features": features.numpy().reshape(-1, 4, 4, 512)}
        case "d_head":
            logit = networks["discriminator"].get_layer("logit")
            return {"probability": keras.ops.sigmoid(logit(flat(inputs["features"]))).numpy()}
        case "q_head":
            guess = networks["q_head"](flat(inputs["features"]))
            variances = keras.ops.exp(guess["log_variances"])
            return {"logits": guess["logits"].numpy(), "means": guess["means"].numpy(), "variances": variances.numpy()}
    raise AssertionError(entry["network"])


def before_the_last(network):
    return keras.Model(network.input, network.get_layer("images").input)


def flat(features):
    return features.reshape(len(features), -1)


def test_masks_are_the_originals():
    for name in ("cppn-wgan-fonts", "cppn-wgan-mnist-hard", "cppn-wgan-categories"):
        for mask in parity.read(name)[1]["masks"]:
            size = mask["input"]
            windows = windows_on_line(size, 5, 2, "torch")
            np.testing.assert_array_equal(windows, mask["windows"])
            pre, post = border_masks(size, size, (5, 5), (2, 2), "torch")
            np.testing.assert_allclose(pre, np.outer(3 / windows, 3 / windows))
            np.testing.assert_allclose(post, np.outer(mask["post_line"], mask["post_line"]), rtol=1e-6)


def test_the_unets_timesteps_are_the_originals_table():
    check = parity.read("ddpm-unet")[0]["embedding_check"]
    model, _ = filled("ddpm-unet")
    for row, values in check["rows"].items():
        times = model.noise_path.network_times(np.array([(int(row) + 1) / 1024]))
        ours = TimestepEmbedding(256)(keras.ops.cast(times, "float32")).numpy()[0]
        interleaved = np.stack([ours[:128], ours[128:]], axis=1).reshape(-1)
        np.testing.assert_allclose(interleaved[check["columns"]], values, atol=1e-4)
