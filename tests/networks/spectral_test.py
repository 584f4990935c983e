"""Spectral normalization: power iteration finds the norm, and the gradient passes through it."""

import numpy as np
import tensorflow as tf

from tests.helpers.networks import RESNET_GAN, build_kind
from tfglyph.architecture import check
from tfglyph.networks.spectral import SpectralConv2D, SpectralDense


def test_the_kernel_in_use_has_norm_one_after_some_rounds():
    layer = SpectralConv2D(6, 3, padding="same")
    layer.build((None, 5, 5, 4))
    layer.kernel.assign(tf.random.stateless_normal(layer.kernel.shape, [1, 2]) * 7)
    for _ in range(60):
        layer(tf.zeros([1, 5, 5, 4]), training=True)
    kernel = layer.normalized_kernel(training=False).numpy().reshape(-1, 6)
    np.testing.assert_allclose(np.linalg.svd(kernel, compute_uv=False)[0], 1.0, rtol=1e-3)
    np.testing.assert_allclose(kernel * 7, kernel / np.abs(kernel).max() * np.abs(kernel * 7).max(), rtol=1e-4)


def test_the_singular_vector_is_updated_in_training_only():
    layer = SpectralDense(3)
    layer(tf.ones([2, 5]))
    before = layer.singular_vector.numpy()
    layer(tf.ones([2, 5]), training=False)
    np.testing.assert_array_equal(layer.singular_vector.numpy(), before)
    layer(tf.ones([2, 5]), training=True)
    assert not np.array_equal(layer.singular_vector.numpy(), before)


def test_the_gradient_is_orthogonal_to_the_kernel():
    # Scaling the kernel changes nothing: f(c W) = f(W) for c > 0, so the gradient is orthogonal to W (Euler).
    layer = SpectralDense(3, use_bias=False)
    x = tf.random.stateless_normal([4, 5], [3, 4])
    for _ in range(60):
        layer(x, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(x, training=False)))
    gradient = tape.gradient(loss, layer.kernel).numpy()
    assert np.abs(gradient).max() > 1e-2
    assert abs((gradient * layer.kernel.numpy()).sum()) < 1e-4


def test_the_key_normalizes_every_kernel_of_a_discriminator():
    sections = {"conv": {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]}, "resnet": RESNET_GAN["discriminator"]}
    for kind, section in sections.items():
        data = {**RESNET_GAN, "discriminator": {**section, "type": kind, "spectral_norm": True}}
        network = build_kind(check(data, "a"), "discriminator")
        kernels = [layer for layer in network.layers if hasattr(layer, "kernel")]
        assert kernels and all(hasattr(layer, "singular_vector") for layer in kernels)


def test_masks_and_norms_go_together():
    section = {
        "kernel": [[5, 5]],
        "stride": [[2, 2]],
        "output": [2],
        "spectral_norm": True,
        "compensate_border": True,
        "batch_norm": False,
    }
    network = build_kind(check({**RESNET_GAN, "discriminator": section}, "a"), "discriminator")
    layer = network.get_layer("conv_1")
    kernel = layer.normalized_kernel(training=False)
    x = tf.random.stateless_normal([1, 8, 8, 1], [5, 6])
    expected = tf.nn.conv2d(x * layer.pre, kernel, 2, "SAME") * layer.post
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-6)
