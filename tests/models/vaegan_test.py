"""The VAE-GAN: its networks to the last parameter, its step against a second, slower implementation, its guards."""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.original import ORIGINAL
from tfglyph.models import build

SMALL = {
    "mode": "VAE-GAN",
    "hwc": [8, 8, 1],
    "z_dim": 4,
    "encoder": {"kernel": [[3, 3]] * 2, "stride": [[2, 2]] * 2, "output": [4, 6], "l2-reg": 1e-2},
    "generator": {"hwc": [2, 2, 6], "kernel": [[3, 3]] * 2, "stride": [[2, 2]] * 2, "output": [4, 1], "l2-reg": 1e-2},
    "discriminator": {
        "kernel": [[3, 3]] * 3,
        "stride": [[2, 2], [2, 2], [1, 1]],
        "output": [4, 6, 5],
        "l2-reg": 1e-2,
        "feature_layer": 2,
    },
}


def small(**changes):
    return {**copy.deepcopy(SMALL), **changes}


def images(count=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def prepared(data, precision="float32", seed=3):
    model = build(data, seed=seed, precision=precision)
    model.prepare_training(100)
    return model


def weights(model):
    return {name: network.get_weights() for name, network in model.networks.items()}


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


# === Networks ===


@pytest.mark.parametrize("reference", [ORIGINAL, "vaegan"])
def test_trainable_parameters_are_those_of_the_original(reference):
    model = build(reference)
    counts = {name: trainable(network) for name, network in model.networks.items()}
    assert counts == {"encoder": 4_714_120, "generator": 4_512_193, "discriminator": 4_306_305}
    assert model.networks["discriminator"].output_shape == [(None, 1), (None, 4 * 4 * 256)]


def test_z_passes_through_tanh_only_where_the_file_says_so():
    plain, squashed = build(small()), build(small(generator={**SMALL["generator"], "z_activation": "tanh"}))
    squashed.networks["generator"].set_weights(plain.networks["generator"].get_weights())
    z = np.array([[0.5, -2.0, 1.0, 3.0]], np.float32)
    np.testing.assert_allclose(squashed.generate(z), plain.generate(np.tanh(z)), atol=1e-6)
    assert np.abs(squashed.generate(z) - plain.generate(z)).max() > 1e-4


def test_convolutions_followed_by_batch_norm_carry_no_bias():
    model = build(small())
    biased = {
        name: [layer.name for layer in network.layers if getattr(layer, "use_bias", False)]
        for name, network in model.networks.items()
    }
    assert biased == {
        "encoder": ["mean", "log_variance"],
        "generator": ["conv_2"],
        "discriminator": ["conv_1", "logit"],
    }


def test_l2_reg_is_half_the_squared_kernels_without_the_generators_first_linear():
    model = build(small())
    for network, kernels in (
        ("encoder", ["conv_1", "conv_2", "mean", "log_variance"]),
        ("generator", ["conv_1", "conv_2"]),
        ("discriminator", ["conv_1", "conv_2", "conv_3", "logit"]),
    ):
        layers = [model.networks[network].get_layer(name) for name in kernels]
        expected = 1e-2 * 0.5 * sum(float((layer.kernel.numpy() ** 2).sum()) for layer in layers)
        assert float(sum(model.networks[network].losses)) == pytest.approx(expected, rel=1e-5)


# === The step ===


def reference_losses(model, pixels, noise, prior):
    """The losses of SYSTEMS' section 1, written down once more and without sharing anything."""

    def bce(logits, label):
        p = tf.sigmoid(tf.cast(logits, tf.float64))
        return -tf.reduce_mean(label * tf.math.log(p) + (1 - label) * tf.math.log(1 - p))

    x = tf.cast(pixels, tf.float32) / 127.5 - 1.0
    encoder, generator, discriminator = (model.networks[name] for name in ("encoder", "generator", "discriminator"))
    mean, log_variance = encoder(x, training=True)
    z = mean + tf.sqrt(tf.exp(log_variance)) * noise
    real, real_features = discriminator(x, training=True)
    reconstruction, features = discriminator(generator(z, training=True), training=True)
    sample, _ = discriminator(generator(prior, training=True), training=True)
    density = -0.5 * tf.square(tf.cast(real_features - features, tf.float64)) - 0.5 * np.log(2 * np.pi)
    dis = -tf.reduce_mean(tf.reduce_sum(density, axis=1))
    m, v = tf.cast(mean, tf.float64), tf.exp(tf.cast(log_variance, tf.float64))
    kl = tf.reduce_mean(tf.reduce_sum(-0.5 * (1 + tf.math.log(v) - m**2 - v), axis=1))
    decay = {name: tf.cast(tf.add_n(network.losses), tf.float64) for name, network in model.networks.items()}
    return {
        "encoder": kl + dis + decay["encoder"],
        "generator": 0.5 * (bce(reconstruction, 1.0) + bce(sample, 1.0)) + 0.1 * dis + decay["generator"],
        "discriminator": bce(real, 1.0) + 0.5 * (bce(reconstruction, 0.0) + bce(sample, 0.0)) + decay["discriminator"],
    }


def test_one_step_is_one_adam_step_on_the_losses_of_the_document():
    data = small(objective={"generator_updates": 1})
    model, reference = prepared(data), build(data, seed=3)
    noise, prior = model.normal("posterior", [6, 4]), model.normal("prior", [6, 4])
    with tf.GradientTape(persistent=True) as tape:
        losses = reference_losses(reference, images(), noise, prior)
    logs = model.train_step({"images": tf.constant(images())})
    for name, network in reference.networks.items():
        assert float(logs[f"loss/{name}"]) == pytest.approx(float(losses[name]), rel=1e-5)
        gradients = tape.gradient(losses[name], network.trainable_variables)
        norm = np.sqrt(sum(float(tf.reduce_sum(tf.square(gradient))) for gradient in gradients))
        assert float(logs[f"gradient_norm/{name}"]) == pytest.approx(norm, rel=1e-4)
        for gradient, start, end in zip(
            gradients, network.trainable_variables, model.networks[name].trainable_variables, strict=True
        ):
            # Adam's first step: both bias-corrected moments are the gradient itself.
            g = gradient.numpy().astype(np.float64)
            expected = start.numpy() - 2e-4 * g / (np.abs(g) + 1e-8 / np.sqrt(1 - 0.999))
            np.testing.assert_allclose(end.numpy(), expected, atol=2e-5)
            firm = np.abs(g) > 1e-3  # where the direction does not hang on rounding
            np.testing.assert_allclose(end.numpy()[firm], expected[firm], atol=1e-6)


@pytest.mark.parametrize("updates", [1, 2, 3])
def test_the_number_of_generator_updates_is_the_files(updates):
    model = prepared(small(objective={"generator_updates": updates}))
    model.train_step({"images": tf.constant(images())})
    counts = {name: int(optimizer.iterations) for name, optimizer in model.optimizers.items()}
    assert counts == {"encoder": 1, "generator": updates, "discriminator": 1}


@pytest.mark.parametrize(
    ("path", "value", "moves"),
    [
        ("reconst_v_gan", 0.7, {"generator"}),
        ("kl_weight", 5.0, {"encoder"}),
    ],
)
def test_each_key_of_the_objective_changes_the_losses_it_belongs_to(path, value, moves):
    one = prepared(small()).train_step({"images": tf.constant(images())})
    other = prepared(small(objective={path: value})).train_step({"images": tf.constant(images())})
    names = ("encoder", "generator", "discriminator")
    assert {name for name in names if float(one[f"loss/{name}"]) != float(other[f"loss/{name}"])} == moves


def test_two_models_of_one_seed_take_the_same_steps_and_another_seed_does_not():
    one, two, other = prepared(small()), prepared(small()), prepared(small(), seed=4)
    for model in (one, two, other):
        for step in range(2):
            model.train_step({"images": tf.constant(images(seed=step))})
    for name in one.networks:
        assert same(weights(one)[name], weights(two)[name])
        assert not same(weights(one)[name], weights(other)[name])


# === Guards, averages, precision ===


def test_a_nan_in_a_loss_changes_nothing_and_is_counted():
    model = prepared(small(training={"ema": {"decay": 0.9}}))
    model.train_step({"images": tf.constant(images())})
    poisoned = model.networks["encoder"].get_layer("mean").bias
    poisoned.assign(tf.fill(poisoned.shape, np.nan))
    before = {name: [value.numpy() for _, value in group] for name, group in model.groups().items()}
    logs = model.train_step({"images": tf.constant(images(seed=1))})
    assert float(logs["bad_step"]) == 1.0
    for name, group in model.groups().items():
        for (path, value), old in zip(group, before[name], strict=True):
            if name != "state":
                np.testing.assert_array_equal(value.numpy(), old, err_msg=f"{name}/{path}")
    assert int(model.step) == 2


def test_overflow_under_float16_halves_that_networks_scale_alone_and_training_goes_on():
    model = prepared(small(), precision="mixed_float16")
    inner = model.optimizers["encoder"]
    inner.dynamic_scale.assign(2.0**120)  # certain to overflow
    before = weights(model)
    logs = model.train_step({"images": tf.constant(images())})
    scales = {name: float(optimizer.dynamic_scale) for name, optimizer in model.optimizers.items()}
    assert scales == {"encoder": 2.0**119, "generator": 2.0**15, "discriminator": 2.0**15}
    assert float(logs["bad_step"]) == 0.0
    trained = [variable.numpy() for variable in model.networks["encoder"].trainable_variables]
    variables = model.networks["encoder"].variables
    assert same(trained, [w for w, v in zip(before["encoder"], variables, strict=True) if v.trainable])
    assert not same(before["generator"], weights(model)["generator"])


def test_averages_follow_the_weights_by_the_formula():
    model = prepared(small(training={"ema": {"decay": 0.999}}))
    start = model.ema_networks["generator"].trainable_variables[0].numpy()
    model.train_step({"images": tf.constant(images())})
    now = model.networks["generator"].trainable_variables[0].numpy()
    decay = min(0.999, 1 / 10)
    np.testing.assert_allclose(
        model.ema_networks["generator"].trainable_variables[0].numpy(), decay * start + (1 - decay) * now, atol=1e-7
    )
    np.testing.assert_array_equal(
        model.ema_networks["generator"].get_layer("conv_1_norm").moving_mean,
        model.networks["generator"].get_layer("conv_1_norm").moving_mean,
    )


@pytest.mark.parametrize(("precision", "tolerance"), [("mixed_bfloat16", 0.05), ("mixed_float16", 0.01)])
def test_low_precision_steps_stay_near_float32(precision, tolerance):
    exact, low = prepared(small()), prepared(small(), precision=precision)
    for step in range(3):
        wanted = exact.train_step({"images": tf.constant(images(seed=step))})
        found = low.train_step({"images": tf.constant(images(seed=step))})
    for name in ("encoder", "generator", "discriminator"):
        assert float(found[f"loss/{name}"]) == pytest.approx(float(wanted[f"loss/{name}"]), rel=tolerance)


# === Using it ===


def test_images_do_not_depend_on_how_many_are_made():
    model = build(small())
    many = model.sample(40, seed=7)
    assert many.shape == (40, 8, 8, 1) and many.dtype == np.uint8
    np.testing.assert_array_equal(many[:3], model.sample(3, seed=7))
    np.testing.assert_array_equal(model.sample_seeds([9, 7])[1], many[0])
    assert not np.array_equal(many[0], many[1]) and not np.array_equal(many, model.sample(40, seed=8))
    assert model.sample(0).shape == (0, 8, 8, 1)


def test_encode_gives_the_mean_and_decode_the_generators_image():
    model = build(small())
    z = model.encode(images(20))
    mean, _ = model.networks["encoder"](images(20).astype(np.float32) / 127.5 - 1.0, training=False)
    np.testing.assert_allclose(z, mean, atol=1e-5)
    expected = np.clip(np.round((model.generate(z).numpy() + 1) * 127.5), 0, 255)
    assert np.abs(model.decode(z).astype(int) - expected).max() <= 1


def test_wrong_shapes_are_refused_in_one_line():
    model = build(small())
    with pytest.raises(tfglyph.errors.UsageError, match=r"images are float64 of shape .* expected uint8"):
        model.encode(np.zeros((1, 8, 8, 1)))
    with pytest.raises(tfglyph.errors.UsageError, match=r"latents have shape \(1, 5\), expected \(n, 4\)"):
        model.decode(np.zeros((1, 5)))


def test_fit_trains_in_a_graph_and_counts_steps():
    model = prepared(small())
    model.compile(optimizer=None)
    data = tf.data.Dataset.from_tensors({"images": images()}).repeat()
    history = model.fit(data, steps_per_epoch=4, epochs=1, verbose=0, shuffle=False)
    assert int(model.step) == 4
    assert {"loss/kl", "loss/similarity", "d_accuracy", "learning_rate/encoder"} <= set(history.history)
    assert keras.config.dtype_policy().name == "float32"
