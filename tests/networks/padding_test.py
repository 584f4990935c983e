"""Padding "torch" against windows and sums written out, in both directions, on fast and stock operations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.models import GAN
from tfglyph.architecture import check
from tfglyph.models import build
from tfglyph.networks.convolutions import Conv2D, Conv2DTranspose, pixels_before


def convolved(x, kernel, stride, padding):
    """A convolution that pads ``padding`` pixels on both sides and leaves out what has no whole window: (h', w', d)."""
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    side = kernel.shape[0]
    count = (padded.shape[0] - side) // stride + 1
    out = np.zeros((count, count, kernel.shape[3]))
    for row in range(count):
        for column in range(count):
            window = padded[row * stride : row * stride + side, column * stride : column * stride + side]
            out[row, column] = np.tensordot(window, kernel, 3)
    return out


def spread(x, kernel, stride, padding):
    """A transposed convolution: every input pixel adds its kernel at stride times its place, less ``padding``."""
    side, size = kernel.shape[0], x.shape[0] * stride
    out = np.zeros((size + 2 * side, size + 2 * side, kernel.shape[2]))
    for row in range(x.shape[0]):
        for column in range(x.shape[1]):
            top, left = row * stride - padding + side, column * stride - padding + side
            out[top : top + side, left : left + side] += kernel @ x[row, column]
    return out[side : side + size, side : side + size]


@pytest.mark.parametrize("side", [6, 12])  # a matrix product for up to 4x4 windows, the stock operation beyond
@pytest.mark.parametrize(("kernel", "stride"), [(5, 2), (3, 2), (4, 2), (1, 2), (3, 1), (5, 3)])
def test_convolutions_read_the_windows_of_pytorch(side, kernel, stride):
    random = np.random.default_rng(0)
    x = random.normal(size=(1, side, side, 2)).astype(np.float32)
    layer = Conv2D(3, kernel, stride, padding="same", alignment="torch", bias_initializer="ones")
    found = layer(x).numpy()[0]
    expected = convolved(x[0], layer.kernel.numpy(), stride, (kernel - 1) // 2) + 1
    np.testing.assert_allclose(found[: len(expected), : len(expected)], expected, atol=1e-5)
    assert found.shape == (-(-side // stride), -(-side // stride), 3)


@pytest.mark.parametrize("side", [3, 6])
@pytest.mark.parametrize(("kernel", "stride"), [(5, 2), (3, 2), (4, 2), (1, 2), (3, 1)])
def test_transposed_convolutions_write_where_pytorch_writes(side, kernel, stride):
    random = np.random.default_rng(0)
    x = random.normal(size=(1, side, side, 2)).astype(np.float32)
    layer = Conv2DTranspose(3, kernel, stride, padding="same", alignment="torch", bias_initializer="ones")
    found = layer(x).numpy()[0]
    np.testing.assert_allclose(found, spread(x[0], layer.kernel.numpy(), stride, (kernel - 1) // 2) + 1, atol=1e-5)


def test_one_pixel_more_lies_before_the_image_instead_of_after_it():
    assert [pixels_before(8, kernel, 2, "same") for kernel in (1, 3, 4, 5)] == [0, 0, 1, 1]
    assert [pixels_before(8, kernel, 2, "torch") for kernel in (1, 3, 4, 5)] == [0, 1, 1, 2]


@pytest.mark.parametrize("side", [8, 16])
def test_gradients_of_second_order_pass(side):
    layer = Conv2D(2, 5, 2, padding="same", alignment="torch")
    x = tf.random.stateless_normal([2, side, side, 1], [1, 2])
    layer(x)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(tf.sin(layer(x)))
        loss = tf.reduce_sum(inner.gradient(y, x) ** 2)
    gradient = outer.gradient(loss, layer.kernel).numpy()
    step = 1e-2 * gradient / np.linalg.norm(gradient)

    def penalty(change):
        kernel = tf.constant(layer.kernel.numpy() + change)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.sin(layer.convolution_op(x, kernel)))
        return float(tf.reduce_sum(tape.gradient(y, x) ** 2))

    slope = (penalty(step) - penalty(-step)) / 2e-2
    assert slope == pytest.approx(np.linalg.norm(gradient), rel=1e-2)


@pytest.mark.parametrize("kind", ["conv", "resnet"])
def test_the_key_moves_both_networks_and_survives_copying(kind):
    data = {
        **GAN,
        "generator": {"type": kind, "hwc": [4, 4, 3], "kernel": [[3, 3]], "stride": [[2, 2]], "output": [1]},
        "discriminator": {**GAN["discriminator"], "type": kind},
        "training": {"ema": {"decay": 0.9}},
    }
    same, torch = build(data, seed=1), build(with_padding(data), seed=1)
    z = tf.random.stateless_normal([2, 4], [1, 2])
    for name, x in (("generator", z), ("discriminator", tf.random.stateless_normal([2, 8, 8, 1], [3, 4]))):
        for a, b in zip(same.networks[name].variables, torch.networks[name].variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        outputs = [tf.nest.flatten(model.networks[name](x))[0].numpy() for model in (same, torch)]
        assert np.abs(outputs[0] - outputs[1]).max() > 1e-4, name
    np.testing.assert_array_equal(torch.ema_networks["generator"](z), torch.networks["generator"](z))
    assert check(with_padding(data), "a").generator.padding == "torch"


def with_padding(data):
    return {
        **data,
        "generator": {**data["generator"], "padding": "torch"},
        "discriminator": {**data["discriminator"], "padding": "torch"},
    }


def test_layers_keep_their_alignment_in_their_configuration():
    layer = Conv2D(2, 3, 2, padding="same", alignment="torch")
    assert Conv2D.from_config(layer.get_config()).alignment == "torch"
    network = keras.Sequential([keras.Input((4, 4, 1)), Conv2DTranspose(1, 3, 2, padding="same", alignment="torch")])
    assert keras.models.clone_model(network).layers[0].alignment == "torch"
