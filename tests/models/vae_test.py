"""VAE: its bound against a second implementation, the KL weight's way up, both likelihoods; one small model learns."""

import copy

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.models import images, prepared, train
from tfglyph.architecture import check
from tfglyph.errors import UsageError
from tfglyph.models import build

VAE = {
    "mode": "VAE",
    "hwc": [8, 8, 1],
    "z_dim": 3,
    "encoder": {"kernel": [[3, 3]] * 2, "stride": [[2, 2]] * 2, "output": [4, 6], "l2-reg": 1e-2},
    "generator": {
        "hwc": [2, 2, 6],
        "kernel": [[3, 3]] * 2,
        "stride": [[2, 2]] * 2,
        "output": [4, 1],
        "output_activation": "sigmoid",
    },
}


def changed(output="sigmoid", **objective):
    data = {**copy.deepcopy(VAE), "objective": objective}
    data["generator"]["output_activation"] = output
    return data


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_bound_and_the_first_update_again_by_hand(likelihood):
    output = {"bernoulli": "sigmoid", "gaussian": "tanh"}[likelihood]
    options = {"std": 0.5} if likelihood == "gaussian" else {}
    data = changed(output, likelihood=likelihood, kl_weight=0.3, **options)
    model, twin = prepared(data), prepared(data)
    pixels = images(5)
    logs = train(model, [pixels])

    encoder, generator = twin.networks["encoder"], twin.networks["generator"]
    x = tf.cast(pixels, tf.float32) / 255.0
    x = x if likelihood == "bernoulli" else 2 * x - 1
    with tf.GradientTape() as tape:
        mean, log_variance = encoder(x, training=True)
        z = mean + tf.sqrt(tf.exp(log_variance)) * twin.normal("posterior", [5, 3])
        p = generator(z, training=True)
        if likelihood == "bernoulli":
            error = -(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p))
        else:
            error = (x - p) ** 2 / (2 * 0.5**2)
        reconstruction = tf.reduce_sum(error) / 5
        kl = tf.reduce_sum(0.5 * (mean**2 + tf.exp(log_variance) - 1 - log_variance)) / 5
        loss = reconstruction + 0.3 * kl + tf.add_n(encoder.losses)
    variables = encoder.trainable_variables + generator.trainable_variables
    gradients = tape.gradient(loss, variables)
    assert logs["loss/reconstruction"] == pytest.approx(float(reconstruction), rel=1e-4)
    assert logs["loss/kl"] == pytest.approx(float(kl), rel=1e-4)
    assert logs["loss/total"] == pytest.approx(float(loss), rel=1e-4)
    norm = float(tf.linalg.global_norm(gradients[len(encoder.trainable_variables) :]))
    assert logs["gradient_norm/generator"] == pytest.approx(norm, rel=1e-3)
    # Adam's first step moves every weight by the rate against its gradient's sign.
    rate = model.architecture.optimizer("encoder").learning_rate
    for found, start, gradient in zip(
        model.networks["encoder"].trainable_variables, encoder.trainable_variables, gradients, strict=False
    ):
        clear = np.abs(gradient) > 1e-3
        moved = (found.numpy() - start.numpy())[clear]
        np.testing.assert_allclose(moved, -rate * np.sign(gradient.numpy()[clear]), rtol=1e-2)


def test_the_weight_of_the_kl_term_grows_linearly():
    model = prepared(changed(kl_weight=2.0, kl_warmup_steps=4))
    found = [train(model, [images(4)])["kl_weight"] for _ in range(6)]
    assert found == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 2.0])
    assert train(prepared(changed(kl_weight=2.0)), [images(4)])["kl_weight"] == 2.0


def test_each_likelihood_has_its_pixel_range():
    assert build(changed()).architecture.pixel_range == (0.0, 1.0)
    assert build(changed("tanh", likelihood="gaussian")).architecture.pixel_range == (-1.0, 1.0)


def test_saturated_pixels_do_not_stop_learning():
    # sigmoid(100) is 1 in float32, and log(1 - 1) is not finite; the loss works on what comes before it.
    model = prepared(changed())
    model.networks["generator"].get_layer("conv_2").bias.assign([100.0])
    logs = train(model, [np.zeros((4, 8, 8, 1), np.uint8)])
    assert logs["bad_step"] == 0 and logs["loss/reconstruction"] == pytest.approx(6400, rel=0.05)
    assert logs["gradient_norm/generator"] > 1


def test_encode_gives_the_mean_and_decode_paints_it():
    model = build(VAE)
    pixels = images(20)
    z = model.encode(pixels)
    x = model.from_pixels(pixels)
    np.testing.assert_allclose(z, model.networks["encoder"](x, training=False)[0], atol=1e-5)
    assert model.decode(z).shape == (20, 8, 8, 1) and model.sample(3).dtype == np.uint8


def test_half_precision_trains_both_networks():
    for precision in ("mixed_bfloat16", "mixed_float16"):
        model = prepared(changed(), precision=precision)
        fresh = prepared(changed(), precision=precision)
        logs = train(model, [images(4)] * 6)  # the first loss scales overflow and are halved
        assert logs["bad_step"] == 0 and np.isfinite(list(logs.values())).all()
        for name in ("encoder", "generator"):
            assert not np.array_equal(model.networks[name].get_weights()[0], fresh.networks[name].get_weights()[0])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed("tanh"), 'generator.output_activation: found "tanh", expected sigmoid for the bernoulli likelihood'),
        (changed(likelihood="gaussian"), 'generator.output_activation: found "sigmoid", expected tanh'),
        (changed(deviation=0.5), "objective.deviation: only the gaussian likelihood has one"),
        (changed(kl_weight=-1.0), "objective.kl_weight: found -1.0"),
    ],
)
def test_impossible_files_are_one_line(data, words):
    with pytest.raises(UsageError) as caught:
        check(data, "a.json")
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["conv", "resnet"])
def test_64_glyphs_come_back_above_20_decibels(kind):
    from tfglyph import datasets

    glyphs = datasets.load("cns", size=32).images[::300][:64]
    stack = {"kernel": [[3, 3]] * 3, "stride": [[2, 2]] * 3}
    encoder = {**stack, "output": [16, 32, 64], "leak": 0.1}
    generator = {**stack, "hwc": [4, 4, 64], "output": [32, 16, 1]}
    if kind == "resnet":
        encoder |= {"type": "resnet", "stem": 8}
        generator |= {
            "type": "resnet",
            "kernel": [[3, 3]] * 4,
            "stride": [*stack["stride"], [1, 1]],
            "output": [32, 16, 8, 1],
            "tail": 8,
            "relu_after_sum": True,
            "linear_bias": True,
        }
    rate = {"learning_rate": 3e-3, "beta1": 0.9, "schedule": "cosine"}
    model = build(
        {
            "mode": "VAE",
            "hwc": [32, 32, 1],
            "z_dim": 32,
            "encoder": encoder,
            "generator": generator | {"output_activation": "sigmoid"},
            "objective": {"kl_weight": 0.1},
            "training": {"optimizers": {"encoder": rate, "generator": rate}},
        },
        seed=0,
    )
    steps = 300
    model.prepare_training(steps)
    step = tf.function(model.train_step, autograph=False)
    for _ in range(steps):
        step({"images": tf.constant(glyphs)})
    error = np.mean((model.decode(model.encode(glyphs)).astype(float) - glyphs) ** 2)
    assert 10 * np.log10(255**2 / error) > 20
