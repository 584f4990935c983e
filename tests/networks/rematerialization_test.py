"""--remat: the same bits in training from blocks that are computed twice, and nothing else of a U-Net is another."""

import copy

import numpy as np
import pytest
import tensorflow as tf

from tfglyph.architecture import check, load_architecture
from tfglyph.errors import UsageError
from tfglyph.models import build
from tfglyph.networks.group_norm import GroupNorm
from tfglyph.networks.rematerialization import BLOCK, Rematerialized
from tfglyph.training.options import with_overrides

UNET = {
    "mode": "DDPM",
    "hwc": [8, 8, 1],
    "denoiser": {
        "type": "unet",
        "output": [8, 8, 16],
        "bottleneck": [16],
        "upward": [8, 8],
        "attention": 2,
        "embedding": 16,
    },
}
PATCHES = {
    "mode": "DDPM",
    "hwc": [8, 8, 1],
    "denoiser": {
        "type": "patch-unet",
        "output": [8, 16],
        "blocks": [2, 1],
        "attention": [0, 2],
        "cross_attention": [2, 0],
        "embedding": 16,
    },
    "condition": {"drop": 0.2, "tokens": {"vocabulary": 5, "length": 2, "width": 8}},
}
BATCH = {
    "images": tf.constant(np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)),
    "tokens": tf.constant([[1, 2], [3, 4], [0, 1], [2, 2]]),
}


def prepared(data, remat, precision="float32"):
    """A model with weights that are nowhere zero."""
    data = copy.deepcopy(data)
    data["denoiser"]["remat"] = remat
    model = build(check(data, "unet"), seed=1, precision=precision)
    model.prepare_training(10)
    for number, variable in enumerate(model.networks["denoiser"].trainable_variables):
        variable.assign_add(np.random.default_rng(number).normal(0, 0.1, variable.shape).astype(np.float32))
    return model


def gradients_of_step(model):
    seen, update = [], model.update

    def noted(name, gradients, loss, ok):
        seen.extend(tf.convert_to_tensor(gradient).numpy() for gradient in gradients)
        return update(name, gradients, loss, ok)

    model.update = noted
    return float(model.train_step(BATCH)["loss/denoiser"]), seen


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("data", [UNET, PATCHES], ids=["unet", "patch-unet"])
def test_gradients_are_the_same(data, precision):
    (loss, expected), (other_loss, actual) = (
        gradients_of_step(prepared(data, remat, precision)) for remat in (False, True)
    )
    assert other_loss == pytest.approx(loss, rel=1e-5)
    for one, two in zip(expected, actual, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6 * np.abs(one).max())


@pytest.mark.parametrize("data", [UNET, PATCHES], ids=["unet", "patch-unet"])
def test_blocks_are_computed_twice_in_training_and_once_otherwise(data, monkeypatch):
    calls, call = [], GroupNorm.call

    def counted(layer, *arguments, **options):
        calls.append(layer.name)
        return call(layer, *arguments, **options)

    model = prepared(data, True)
    layers = [layer.name for layer in model.networks["denoiser"].layers if isinstance(layer, GroupNorm)]
    in_blocks = [name for name in layers if BLOCK.match(name)]
    assert len(in_blocks) >= 9 and isinstance(model.networks["denoiser"], Rematerialized)
    monkeypatch.setattr(GroupNorm, "call", counted)
    model.train_step(BATCH)
    seen = [name for name in calls if name in layers]  # (attention has norms of its own)
    assert sorted(seen[len(set(seen)) :]) == sorted(in_blocks) and set(seen) == set(layers)
    calls.clear()
    model.networks["denoiser"](
        {
            name: tf.zeros([1, *tensor.shape[1:]], tensor.dtype)
            for name, tensor in model.networks["denoiser"].input.items()
        }
    )
    assert sorted(name for name in calls if name in layers) == sorted(layers)


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("data", [UNET, PATCHES], ids=["unet", "patch-unet"])
def test_checkpoints_and_samples_are_those_of_the_plain_network(data):
    plain, other = prepared(data, False), prepared(data, True)
    other.train_step(BATCH), plain.train_step(BATCH)
    assert [path for path, _ in other.groups()["denoiser"]] == [path for path, _ in plain.groups()["denoiser"]]
    assert [layer.name for layer in other.networks["denoiser"].layers] == [
        layer.name for layer in plain.networks["denoiser"].layers
    ]
    np.testing.assert_array_equal(other.sample(2, steps=2), plain.sample(2, steps=2))


@pytest.mark.slow
def test_a_step_in_a_graph_moves_the_weights_as_the_plain_one():
    ends = []
    for remat in (False, True):
        model = prepared(UNET, remat)
        assert float(tf.function(model.train_step, autograph=False)(BATCH)["bad_step"]) == 0
        ends.append([variable.numpy() for variable in model.networks["denoiser"].trainable_variables])
    for one, two in zip(*ends, strict=True):
        np.testing.assert_allclose(two, one, atol=1e-6)


def test_the_flag_is_of_both_networks_that_denoise_and_of_no_other_family():
    guided = with_overrides(load_architecture("ddpm-guided"), {"remat": True})
    assert guided.denoiser.remat and guided.guide.remat
    assert not with_overrides(load_architecture("ddpm-small"), {"remat": None}).denoiser.remat
    with pytest.raises(UsageError, match="--remat: a VAE has no U-Net"):
        with_overrides(load_architecture("vae-small"), {"remat": True})
