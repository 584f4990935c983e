"""Residual networks: the originals' parameter counts, and one block computed again by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.counts import trainable
from tfglyph.architecture import check, load_architecture
from tfglyph.networks import builder

GAN = {
    "mode": "GAN",
    "hwc": [8, 8, 1],
    "z_dim": 4,
    "generator": {
        "type": "resnet",
        "hwc": [4, 4, 3],
        "kernel": [[3, 3]] * 2,
        "stride": [[2, 2], [1, 1]],
        "output": [2, 1],
    },
    "discriminator": {"type": "resnet", "kernel": [[3, 3]] * 2, "stride": [[1, 1], [2, 2]], "output": [3, 3]},
}


def build(architecture, kind, **shapes):
    section = getattr(architecture, kind)
    return builder(kind, section)(section, **shapes)


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("vae-resnet", "encoder", 15_638_592),
        ("vae-resnet", "generator", 11_260_865),
        ("vae-conv", "encoder", 4_481_248),
        ("vae-conv", "generator", 2_253_313),
        ("gan-resnet-hinge", "generator", 3_624_591),
        ("gan-resnet-hinge", "discriminator", 5_083_393),
        ("gan-resnet-hinge-3", "generator", 6_885_647),
        ("gan-conv", "generator", 3_804_033),
        ("gan-conv", "discriminator", 2_656_257),
        ("dcgan", "generator", 4_512_193),
        ("dcgan", "discriminator", 4_306_305),
    ],
)
def test_trainable_parameters_are_those_of_the_original(name, kind, count):
    architecture = load_architecture(name)
    shapes = {
        "encoder": {"image_shape": architecture.hwc, "z_dim": architecture.z_dim},
        "generator": {"z_dim": architecture.z_dim},
        "discriminator": {"image_shape": architecture.hwc},
    }[kind]
    network = build(architecture, kind, **shapes)
    assert trainable(network) == count
    if kind == "generator":
        assert network.output_shape == (None, *architecture.hwc)


def test_the_discriminator_of_three_entries_is_the_list_reversed_without_its_last():
    four, three = load_architecture("gan-resnet-hinge"), load_architecture("gan-resnet-hinge-3")
    network = build(three, "discriminator", image_shape=three.hwc)
    assert four.discriminator.output == [128, 128, 256, 512]
    assert three.discriminator.output == [256, 256, 512]
    assert network.get_layer("flatten").output.shape == (None, 16 * 16 * 512)


def test_a_discriminator_block_is_two_rectified_convolutions_plus_a_shortcut():
    network = build(check(GAN, "a"), "discriminator", image_shape=(8, 8, 1))
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(size=weight.shape) for weight in network.get_weights()])
    x = tf.constant(rng.normal(size=(2, 8, 8, 1)), tf.float32)

    def convolve(x, name, stride=1):
        layer = network.get_layer(name)
        return tf.nn.conv2d(x, layer.kernel, stride, "SAME") + layer.bias

    def leaky(x):
        return tf.maximum(x, 0.2 * x)

    one = leaky(convolve(leaky(convolve(x, "block_1_conv_1")), "block_1_conv_2")) + convolve(x, "block_1_shortcut")
    two = leaky(convolve(leaky(convolve(one, "block_2_conv_1", 2)), "block_2_conv_2"))
    two += convolve(one, "block_2_shortcut", 2)
    head = network.get_layer("logit")
    logit, features = network(x)
    np.testing.assert_allclose(logit, tf.reshape(two, [2, -1]) @ head.kernel + head.bias, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(features, tf.reshape(one, [2, -1]), rtol=1e-4, atol=1e-4)


def test_the_shortcut_is_the_identity_where_the_shape_stays():
    same = {**GAN, "discriminator": {**GAN["discriminator"], "output": [1, 1], "stride": [[1, 1]] * 2}}
    names = [layer.name for layer in build(check(same, "a"), "discriminator", image_shape=(8, 8, 1)).layers]
    assert not any("shortcut" in name for name in names)


def test_where_the_last_relu_of_a_generator_block_stands():
    # Before the sum, the shortcut may be negative; after it, nothing is.
    z = tf.random.stateless_normal([64, 4], [1, 2])
    for after in (False, True):
        section = {**GAN["generator"], "relu_after_sum": after, "output_activation": "tanh"}
        network = build(check({**GAN, "generator": section}, "a"), "generator", z_dim=4)
        images = network(z, training=True).numpy()
        assert images.shape == (64, 8, 8, 1)
        assert (images.min() >= 0) == after


def test_a_tail_paints_with_a_plain_convolution():
    section = {**GAN["generator"], "tail": 5, "linear_bias": True}
    network = build(check({**GAN, "generator": section}, "a"), "generator", z_dim=4)
    assert network.get_layer("tail").kernel.shape == (3, 3, 2, 5)
    assert network.get_layer("paint").use_bias and network.get_layer("linear").use_bias
    assert not network.get_layer("tail").use_bias
