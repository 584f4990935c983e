"""Residual networks: the originals' parameter counts, and one block computed again by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.networks import RESNET_GAN, build_kind, trainable
from tfglyph.architecture import check, load_architecture


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
    network = build_kind(architecture, kind)
    assert trainable(network) == count
    if kind == "generator":
        assert network.output_shape == (None, *architecture.hwc)


def test_the_discriminator_of_three_entries_is_the_list_reversed_without_its_last():
    four, three = load_architecture("gan-resnet-hinge"), load_architecture("gan-resnet-hinge-3")
    network = build_kind(three, "discriminator")
    assert four.discriminator.output == [128, 128, 256, 512]
    assert three.discriminator.output == [256, 256, 512]
    assert network.get_layer("flatten").output.shape == (None, 16 * 16 * 512)


def test_a_discriminator_block_is_two_rectified_convolutions_plus_a_shortcut():
    network = build_kind(check(RESNET_GAN, "a"), "discriminator")
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
    same = {**RESNET_GAN, "discriminator": {**RESNET_GAN["discriminator"], "output": [1, 1], "stride": [[1, 1]] * 2}}
    names = [layer.name for layer in build_kind(check(same, "a"), "discriminator").layers]
    assert not any("shortcut" in name for name in names)


def test_where_the_last_relu_of_a_generator_block_stands():
    # Before the sum, the shortcut may be negative; after it, nothing is.
    z = tf.random.stateless_normal([64, 4], [1, 2])
    for after in (False, True):
        section = {**RESNET_GAN["generator"], "relu_after_sum": after, "output_activation": "tanh"}
        network = build_kind(check({**RESNET_GAN, "generator": section}, "a"), "generator")
        images = network(z, training=True).numpy()
        assert images.shape == (64, 8, 8, 1)
        assert (images.min() >= 0) == after


def test_a_tail_ends_in_a_plain_convolution():
    section = {**RESNET_GAN["generator"], "tail": 5, "linear_bias": True}
    network = build_kind(check({**RESNET_GAN, "generator": section}, "a"), "generator")
    assert network.get_layer("tail").kernel.shape == (3, 3, 2, 5)
    assert network.get_layer("paint").use_bias and network.get_layer("linear").use_bias
    assert not network.get_layer("tail").use_bias
