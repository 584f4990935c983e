"""Gradient accumulation: the step of a whole batch, of every family, from parts of it one after another."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.families import FAMILIES, architecture
from tfglyph.architecture import check, load_architecture
from tfglyph.errors import UsageError
from tfglyph.models import build
from tfglyph.models.microbatches import in_microbatches
from tfglyph.training.options import with_overrides

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 1), dtype=np.uint8)


def in_parts(family, count, batch_norm=False):
    data = architecture(family, batch_norm)
    del data["training"]["ema"]
    return with_overrides(check(data, family), {"accumulate": count})


def batch_of(model):
    return {"images": tf.constant(IMAGES[: 8 * model.batches_per_step])}


def one_step(family, count):
    """(logs, gradients of each update as they reach the optimizers) of the first step, operation by operation."""
    model = build(in_parts(family, count), seed=1)
    model.prepare_training(10)
    updates, update = [], model.update

    def noted(name, gradients, loss, ok):
        updates.append((name, [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]))
        return update(name, gradients, loss, ok)

    model.update = noted
    logs = {name: float(value) for name, value in model.train_step(batch_of(model)).items()}
    return logs, updates


@pytest.mark.parametrize("family", FAMILIES)
def test_two_parts_make_the_step_of_the_whole(family):
    """Without batch normalization; the seventh update of a step sees what rounding made of six before it."""
    (logs, whole), (other_logs, parts) = (one_step(family, count) for count in (1, 2))
    assert [name for name, _ in whole] == [name for name, _ in parts] and len(whole) >= 1
    for number, ((name, expected), (_, actual)) in enumerate(zip(whole, parts, strict=True)):
        largest = max(np.abs(gradient).max() for gradient in expected)
        for one, two in zip(expected, actual, strict=True):
            np.testing.assert_allclose(two, one, atol=(1e-5 if number == 0 else 2e-3) * largest, err_msg=name)
    assert other_logs == pytest.approx(logs, rel=2e-3, abs=1e-4)


def test_statistics_of_batch_normalization_are_those_of_the_parts():
    """What differs: each part is normalized by itself, and the moving averages take one part after the other."""
    model = build(in_parts("vae", 2, batch_norm=True), seed=1)
    model.prepare_training(10)
    encoder = model.networks["encoder"]
    first, norm = encoder.get_layer("conv_1"), encoder.get_layer("conv_1_norm")
    expected = np.zeros(norm.moving_mean.shape)
    for part in (IMAGES[:4], IMAGES[4:8]):
        mean = first(model.from_pixels(tf.constant(part))).numpy().mean((0, 1, 2))
        expected = expected - (expected - mean) * (1 - norm.momentum)
    model.train_step(batch_of(model))
    np.testing.assert_allclose(norm.moving_mean, expected, atol=1e-6)


def end_of_training(family):
    model = build(in_parts(family, 2, batch_norm=True), seed=1)
    model.prepare_training(10)
    step = tf.function(model.train_step, autograph=False)
    for _ in range(2):
        logs = step(batch_of(model))
    assert float(logs["bad_step"]) == 0
    return [variable.numpy() for network in model.networks.values() for variable in network.variables]


@pytest.mark.parametrize(
    "family", [name if name == "vae" else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]
)
def test_two_trainings_in_graphs_end_with_the_same_bits(family):
    for one, two in zip(end_of_training(family), end_of_training(family), strict=True):
        np.testing.assert_array_equal(one, two)


# === The function ===


def test_means_gradients_and_rows_by_hand():
    weight = tf.Variable([2.0, 3.0])
    data = {"x": tf.constant([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 5.0]]), "nested": [tf.range(4)]}
    seen = []

    def compute(part):
        seen.append(part["nested"][0].numpy().tolist())
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.reduce_sum(weight * part["x"], 1))
        return {"loss": loss}, {"w": tape.gradient(loss, [weight])}, {"twice": 2 * part["x"]}

    means, gradients, rows = in_microbatches(compute, data, 2, {"w": [weight]}, ["twice"])
    assert seen == [[0, 1], [2, 3]]
    assert float(means["loss"]) == (2 + 3 + 6 + 15) / 4
    assert gradients["w"][0].numpy().tolist() == [1.0, 1.5]
    np.testing.assert_array_equal(rows["twice"], 2 * data["x"])
    assert in_microbatches(compute, data, 1, {"w": [weight]}, ["twice"])[0]["loss"] == means["loss"]
    with pytest.raises(UsageError, match="microbatches: 4 images of a device are no multiple of 3"):
        in_microbatches(compute, data, 3, {"w": [weight]}, ["twice"])


# === The flag ===


def test_the_flag_goes_where_the_family_has_its_microbatches():
    assert with_overrides(load_architecture("vae-small"), {"accumulate": 4}).training.microbatches == 4
    diffusion = with_overrides(load_architecture("ddpm-unet-attention"), {"accumulate": 2})
    assert diffusion.objective.microbatches == diffusion.microbatches == 2 and diffusion.training.microbatches == 1


@pytest.mark.parametrize("name", ["vae-small", "ddpm-small"])
def test_what_does_not_divide_the_batch_is_one_line(name):
    with pytest.raises(UsageError, match=r"^--accumulate: no divisor of the batch size \d+$"):
        with_overrides(load_architecture(name), {"accumulate": 7})


def test_diffusion_models_have_one_number_of_microbatches():
    data = architecture("ddpm") | {"training": {"batch_size": 8, "microbatches": 2}}
    with pytest.raises(UsageError, match=r"training\.microbatches: objective\.microbatches says this here"):
        check(data, "ddpm")
