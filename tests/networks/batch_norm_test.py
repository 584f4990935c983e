"""The fused batch normalization is Keras's own: outputs, statistics, first and second derivatives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfglyph.architecture.networks import ConvEncoder
from tfglyph.networks.batch_norm import BatchNormalization
from tfglyph.networks.layers import batch_norm, keras_batch_norm

SHAPES = [(6, 4, 3, 5), (8, 5)]


def layers(shape, dtype="float32", **options):
    """Ours and Keras's, with the same weights."""
    made = []
    for kind in (BatchNormalization, keras.layers.BatchNormalization):
        layer = kind(momentum=0.9, epsilon=1e-5, dtype=dtype, **options)
        layer.build((None, *shape[1:]))
        channels = shape[-1]
        layer.set_weights(
            [np.linspace(0.5, 2, channels), np.linspace(-1, 1, channels), np.ones(channels), np.full(channels, 2.0)]
        )
        made.append(layer)
    return made


def images(shape, dtype="float32"):
    random = np.random.default_rng(0)
    return tf.cast(random.normal(1.0, 2.0, shape), dtype), tf.constant(random.normal(size=shape), tf.float32)


def results(layer, x, weight):
    """Outputs, gradients of a weighted sum, and the moving statistics afterwards."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(y, tf.float32) * weight)
    gradients = tape.gradient(loss, [x, *(variable.value for variable in layer.trainable_variables)])
    return [np.asarray(tf.cast(value, tf.float32)) for value in (y, *gradients, *layer.non_trainable_variables)]


@pytest.mark.parametrize("shape", SHAPES)
def test_training_is_keras_own(shape):
    x, weight = images(shape)
    for ours, theirs in zip(*(results(layer, x, weight) for layer in layers(shape)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_training_in_bfloat16_is_keras_own_up_to_its_rounding(shape):
    x, weight = images(shape, "bfloat16")
    for ours, theirs in zip(*(results(layer, x, weight) for layer in layers(shape, "mixed_bfloat16")), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.02 * np.abs(theirs).max())


def test_outputs_in_bfloat16_have_that_type():
    layer, _ = layers(SHAPES[0], "mixed_bfloat16")
    assert layer(images(SHAPES[0], "bfloat16")[0], training=True).dtype == tf.bfloat16


@pytest.mark.parametrize("shape", SHAPES)
def test_second_derivatives_are_keras_own(shape):
    """As a gradient penalty takes them."""
    x, weight = images(shape)
    found = []
    for layer in layers(shape):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(tf.sin(layer(x, training=True)) * weight)
            norm = tf.reduce_sum(tf.square(inner.gradient(total, x)))
        found.append([g.numpy() for g in outer.gradient(norm, [v.value for v in layer.trainable_variables])])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_one_example_leaves_finite_statistics():
    layer, _ = layers((1, 5))
    layer(tf.ones((1, 5)), training=True)
    np.testing.assert_allclose(layer.moving_variance, 1.8)  # 0.9 * 2 + 0.1 * 0


def test_inference_is_bit_for_bit_keras_own():
    ours, theirs = layers(SHAPES[0])
    x, _ = images(SHAPES[0])
    np.testing.assert_array_equal(ours(x, training=False), theirs(x, training=False))


def test_the_fused_operation_is_in_the_graph_only_where_it_fits():
    def operations(layer, shape, dtype):
        graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(tf.TensorSpec(shape, dtype)).graph
        return {operation.type for operation in graph.get_operations()}

    shape = SHAPES[0]
    assert "FusedBatchNormV3" in operations(layers(shape)[0], shape, tf.float32)
    assert "FusedBatchNormV3" in operations(layers(shape, "mixed_bfloat16")[0], shape, tf.bfloat16)
    assert "FusedBatchNormV3" not in operations(layers(shape, "mixed_float16")[0], shape, tf.float16)
    assert "FusedBatchNormV3" not in operations(layers(shape, synchronized=True)[0], shape, tf.float32)


def test_a_copy_has_the_same_configuration():
    layer, _ = layers(SHAPES[0])
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(copy) is BatchNormalization and copy.get_config() == layer.get_config()


def test_a_context_asks_for_keras_own_layer():
    section = ConvEncoder(kernel=[[3, 3]], stride=[[1, 1]], output=[4])
    with keras_batch_norm():
        plain = batch_norm(section, "plain")
    assert type(plain) is keras.layers.BatchNormalization
    assert type(batch_norm(section, "fused")) is BatchNormalization
    with keras_batch_norm(False):
        assert type(batch_norm(section, "fused")) is BatchNormalization
