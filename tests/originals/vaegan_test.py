"""The VAE-GAN against its description, written out in TensorFlow's own operations from named arrays.

The original is TensorFlow's: SAME padding, batch norm with epsilon 1e-5, leaky ReLU of slope 0.02.
"""

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.original import ORIGINAL

EPSILON, SLOPE = 1e-5, 0.02


@pytest.fixture(scope="module")
def model():
    """The original's file, every variable (statistics and offsets, too) away from its initial value."""
    model = tfglyph.build(ORIGINAL, seed=5)
    random = np.random.default_rng(0)
    for network in model.networks.values():
        for variable in network.variables:
            noise = random.uniform(0.5, 1.5, variable.shape).astype(np.float32)
            variable.assign(
                noise if "variance" in variable.path or "gamma" in variable.path else variable + 0.1 * noise
            )
    return model


def weights(network):
    """dict from "layer/variable" to array."""
    return {"/".join(variable.path.split("/")[-2:]): variable.numpy() for variable in network.variables}


def normalized(x, arrays, name):
    return tf.nn.batch_normalization(
        x,
        arrays[f"{name}/moving_mean"],
        arrays[f"{name}/moving_variance"],
        arrays[f"{name}/beta"],
        arrays[f"{name}/gamma"],
        EPSILON,
    )


def leaky(x):
    return tf.maximum(x, SLOPE * x)


def down(x, arrays, layer, norm):
    x = tf.nn.conv2d(x, arrays[f"{layer}/kernel"], 2, "SAME")
    x = normalized(x, arrays, f"{layer}_norm") if norm else x + arrays[f"{layer}/bias"]
    return leaky(x)


def close(values, expected):
    return np.linalg.norm(values - expected) < 1e-5 * np.linalg.norm(expected)


def test_the_encoder(model):
    arrays, x = weights(model.networks["encoder"]), images()
    for number in (1, 2, 3, 4):
        x = down(x, arrays, f"conv_{number}", norm=True)
    x = tf.reshape(x, [len(x), -1])
    for values, name in zip(model.networks["encoder"](images()), ("mean", "log_variance"), strict=True):
        assert close(values, x @ arrays[f"{name}/kernel"] + arrays[f"{name}/bias"])


def test_the_generator(model):
    arrays = weights(model.networks["generator"])
    z = tf.random.stateless_normal([3, 100], [1, 2])
    x = tf.nn.relu(normalized(z @ arrays["linear/kernel"], arrays, "linear_norm"))
    x = tf.reshape(x, [3, 2, 2, 512])
    for number, channels in ((1, 256), (2, 128), (3, 64), (4, 1)):
        size = 2 * x.shape[1]
        x = tf.nn.conv2d_transpose(x, arrays[f"conv_{number}/kernel"], [3, size, size, channels], 2, "SAME")
        if number < 4:
            x = tf.nn.relu(normalized(x, arrays, f"conv_{number}_norm"))
    assert close(model.networks["generator"](z), tf.tanh(x + arrays["conv_4/bias"]))


def test_the_discriminator_and_its_features(model):
    arrays, x = weights(model.networks["discriminator"]), images()
    maps = []
    for number in (1, 2, 3, 4):
        x = down(x, arrays, f"conv_{number}", norm=number > 1)
        maps.append(x)
    logit, features = model.networks["discriminator"](images())
    assert close(logit, tf.reshape(x, [len(x), -1]) @ arrays["logit/kernel"] + arrays["logit/bias"])
    assert close(features, tf.reshape(maps[2], [len(x), -1]))


def images():
    return tf.random.stateless_uniform([3, 32, 32, 1], [3, 4], -1.0, 1.0)
