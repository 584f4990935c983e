"""Convolutions as matrix products: equal to Keras's layers in value, derivatives, variables and use."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfglyph.networks import convolutions

# Image size, kernel, strides: even and odd, kernels larger than the image, one stride apart from the other.
CASES = [
    ((4, 4), (5, 5), (2, 2)),
    ((8, 8), (5, 5), (2, 2)),
    ((2, 2), (5, 5), (2, 2)),
    ((4, 4), (4, 4), (2, 2)),
    ((4, 4), (3, 3), (1, 1)),
    ((7, 5), (3, 5), (2, 2)),
    ((4, 6), (5, 2), (2, 3)),
    ((1, 1), (3, 3), (1, 1)),
    ((6, 6), (1, 1), (2, 2)),
]
NAMES = ("Conv2D", "Conv2DTranspose")


def pair(name, *arguments, dtype="float32", **options):
    """Our layer and Keras's with the same variables; ``padding`` is "same"."""
    return [
        getattr(module, name)(
            *arguments,
            padding="same",
            bias_initializer=keras.initializers.RandomNormal(seed=2),
            dtype=dtype,
            kernel_initializer=keras.initializers.RandomNormal(seed=1),
            name="conv",
            **options,
        )
        for module in (convolutions, keras.layers)
    ]


def inputs(name, size, strides, count=3, channels=4):
    if name == "Conv2DTranspose":
        size = [-(-pixels // stride) for pixels, stride in zip(size, strides, strict=True)]
    return tf.constant(np.random.default_rng(0).normal(size=(count, *size, channels)), tf.float32)


def derivatives(layer, images):
    """Outputs, gradients, and the gradients of the squared gradients, as a gradient penalty takes them."""
    layer.build(images.shape)
    with tf.GradientTape() as outer:
        outer.watch(images)
        with tf.GradientTape() as inner:
            inner.watch(images)
            outputs = layer(images)
            loss = tf.reduce_sum(tf.sin(tf.cast(outputs, tf.float32)))
        variables = [images, *layer.trainable_variables]
        first = inner.gradient(loss, variables)
        penalty = tf.add_n([tf.reduce_sum(tf.cast(gradient, tf.float32) ** 2) for gradient in first])
    return [outputs, *first, *outer.gradient(penalty, variables)]


def operations(layer, shape):
    """The types of the operations of a forward pass and its gradients."""
    layer.build(shape)

    @tf.function
    def gradients(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(layer(images))
        return tape.gradient(loss, [images, layer.kernel.value])

    graph = gradients.get_concrete_function(tf.TensorSpec(shape, layer.compute_dtype)).graph
    return {operation.type for operation in graph.get_operations()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("size", "kernel", "strides"), CASES)
def test_values_and_two_orders_of_derivatives_equal_the_stock_layer(name, size, kernel, strides):
    images = inputs(name, size, strides)
    ours, stock = pair(name, 5, kernel, strides, activation="tanh")
    for value, expected in zip(derivatives(ours, images), derivatives(stock, images), strict=True):
        assert value.dtype == expected.dtype
        scale = max(float(tf.reduce_max(tf.abs(expected))), 1e-3)
        np.testing.assert_allclose(value, expected, rtol=0, atol=5e-6 * scale)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(4, 4), (8, 8), (16, 16)])
def test_bfloat16_is_as_near_to_float32_as_the_stock_layer(name, size):
    images = inputs(name, size, (2, 2), channels=16)
    ours, stock = pair(name, 8, 5, 2, dtype="mixed_bfloat16")
    reference, _ = pair(name, 8, 5, 2)
    computed, expected, exact = (derivatives(layer, images) for layer in (ours, stock, reference))
    for index in range(4):  # outputs and first gradients
        errors = [
            float(tf.reduce_max(tf.abs(tf.cast(values[index], tf.float32) - exact[index])))
            for values in (computed, expected)
        ]
        assert computed[index].dtype == expected[index].dtype
        # Without bfloat16 instructions the stock kernel sums in float32 and rounds once; two roundings are as good.
        rounding = 2.0**-8 * float(tf.reduce_max(tf.abs(exact[index])))
        assert errors[0] <= max(1.5 * errors[1], 2 * rounding)


@pytest.mark.parametrize("name", NAMES)
def test_the_stock_operation_runs_on_large_maps_and_on_a_gpu(name, monkeypatch):
    def convolves(size, dtype="float32"):
        layer, _ = pair(name, 5, 5, 2, dtype=dtype)
        shape = (None, *inputs(name, size, (2, 2)).shape[1:])
        return sorted(type for type in operations(layer, shape) if type.startswith("Conv2D"))

    stock = ["Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"]
    assert convolves((8, 8)) == []
    assert convolves((10, 10)) == stock
    assert convolves((16, 16), "mixed_bfloat16") == ["Conv2D", "Conv2DBackpropInput"]
    assert convolves((18, 18), "mixed_bfloat16") == stock
    assert convolves((4, 4), "float16") == stock
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [f"a {kind}"])
    assert convolves((8, 8)) == stock


@pytest.mark.parametrize(
    "options",
    [{"padding": "valid"}, {"dilation_rate": 2, "strides": 1}, {"groups": 2}, {"output_padding": 1}],
)
def test_whatever_is_not_covered_is_left_to_the_stock_layer(options):
    name = "Conv2DTranspose" if "output_padding" in options else "Conv2D"
    common = {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "kernel_initializer": "ones"}
    options = common | options
    images = inputs(name, (8, 8), (2, 2))
    ours, stock = (getattr(module, name)(**options)(images) for module in (convolutions, keras.layers))
    np.testing.assert_allclose(ours, stock, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_variables_and_configuration_are_the_stock_layers(name):
    ours, stock = pair(name, 5, 5, 2, kernel_regularizer=keras.regularizers.L2(0.5))
    for layer in (ours, stock):
        layer.build((None, 4, 4, 3))
    assert ours.get_config() == stock.get_config()
    assert [(v.path, v.shape) for v in ours.variables] == [(v.path, v.shape) for v in stock.variables]
    for value, expected in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(ours.losses[0], 0.5 * np.sum(ours.get_weights()[0] ** 2), rtol=1e-5)


def network():
    images = keras.Input((4, 4, 3))
    x = convolutions.Conv2D(6, 5, 2, padding="same", name="down")(images)
    return keras.Model(images, convolutions.Conv2DTranspose(2, 5, 2, padding="same", name="up")(x))


def test_models_clone_save_and_export_with_any_batch_size(tmp_path):
    model = network()
    images = inputs("Conv2D", (4, 4), (2, 2), channels=3)
    expected = model(images).numpy()
    assert model.output_shape == (None, 4, 4, 2)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert isinstance(clone.get_layer("up"), convolutions.Conv2DTranspose)
    np.testing.assert_array_equal(clone(images), expected)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(images), expected)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("run", model, input_signature=[tf.TensorSpec((None, 4, 4, 3), tf.float32)])
    archive.write_out(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    for count in (1, 3):
        np.testing.assert_allclose(exported.run(images[:count]), expected[:count], atol=1e-6)


def test_gradients_under_a_strategy_equal_those_outside():
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    images = inputs("Conv2D", (4, 4), (2, 2), channels=3)
    with strategy.scope():
        model = network()

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(images) ** 2)
        return tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    inside = strategy.run(tf.function(gradients))
    for value, expected in zip(inside, gradients(), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)
