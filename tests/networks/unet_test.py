import keras
import numpy as np
import pytest
import tensorflow as tf

from tfglyph.architecture import load_architecture
from tfglyph.architecture.condition import Condition, Tokens
from tfglyph.architecture.diffusion import PatchUNet, UNet
from tfglyph.networks import patch_unet, unet
from tfglyph.networks.group_norm import GroupNorm
from tfglyph.networks.patches import DepthToSpace, SpaceToDepth

SMALL = {"type": "unet", "output": [8, 16], "bottleneck": [24], "upward": [8]}
PATCHES = {"type": "patch-unet", "output": [8, 16], "blocks": [1, 2], "attention": [0, 2], "embedding": 16}


def inputs(shape, count=2, **conditioning):
    rng = np.random.default_rng(0)
    return {
        "images": tf.constant(rng.normal(size=(count, *shape)), tf.float32),
        "times": tf.constant(np.linspace(0.2, 0.9, count), tf.float32),
        **{name: tf.constant(value, tf.int32) for name, value in conditioning.items()},
    }


def run(network, batch):
    return tf.function(lambda batch: network(batch, training=True))(batch).numpy()


@pytest.mark.parametrize("name, count", [("ddpm-unet", 23_821_377), ("ddpm-unet-attention", 25_206_593)])
def test_ganji_counts(name, count):
    architecture = load_architecture(name)
    network = unet.build_denoiser(architecture.denoiser, architecture.hwc)
    assert network.count_params() == count
    assert network.output_shape == (None, 64, 64, 1)


def test_patch_unet_count():
    architecture = load_architecture("ddpm-small")
    network = patch_unet.build_denoiser(architecture.denoiser, architecture.hwc)
    assert network.count_params() == 6_663_812
    assert network.output_shape == (None, 32, 32, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"output": [8, 12]},
        {"bottleneck": [24, 24]},
        {"upward": [12]},
        {"groups": 2},
        {"attention": 2},
        {"embedding": 32},
    ],
)
def test_every_key_of_the_unet_changes_it(change):
    keras.utils.set_random_seed(0)
    before = unet.build_denoiser(UNet(**SMALL), (8, 8, 1))
    keras.utils.set_random_seed(0)
    after = unet.build_denoiser(UNet(**SMALL | change), (8, 8, 1))
    batch = inputs((8, 8, 1))
    assert np.abs(run(before, batch) - run(after, batch)).max() > 1e-4


@pytest.mark.parametrize(
    "change, difference",
    [
        ({"patch": 1}, None),
        ({"output": [8, 24]}, None),
        ({"blocks": [1, 3]}, None),
        ({"attention": [2, 2]}, None),
        ({"embedding": 32}, None),
        ({"groups": 4}, 0),  # groups of a norm have no weights of their own
    ],
)
def test_every_key_of_the_patch_unet_changes_it(change, difference):
    before = patch_unet.build_denoiser(PatchUNet(**PATCHES), (8, 8, 1))
    after = patch_unet.build_denoiser(PatchUNet(**PATCHES | change), (8, 8, 1))
    if difference is None:
        assert before.count_params() != after.count_params()
        return
    for network in (before, after):
        for seed, variable in enumerate(network.trainable_variables):
            variable.assign(tf.random.stateless_normal(variable.shape, (seed, 0)) * 0.2)
    batch = inputs((8, 8, 1))
    assert np.abs(run(before, batch) - run(after, batch)).max() > 1e-3


def test_patch_unet_predicts_zero_at_first():
    network = patch_unet.build_denoiser(PatchUNet(**PATCHES), (8, 8, 3))
    batch = inputs((8, 8, 3))
    np.testing.assert_array_equal(run(network, batch), np.zeros((2, 8, 8, 3)))


def test_conditions_reach_the_patch_unet():
    condition = Condition(classes=3, tokens=Tokens(vocabulary=5, length=2, width=8))
    section = PatchUNet(**PATCHES | {"cross_attention": [0, 2]})
    network = patch_unet.build_denoiser(section, (8, 8, 1), condition)
    for seed, variable in enumerate(network.trainable_variables):
        variable.assign(tf.random.stateless_normal(variable.shape, (seed, 0)) * 0.3)

    def predict(labels, tokens):
        return run(network, inputs((8, 8, 1), labels=labels, tokens=tokens))

    base = predict([0, -1], [[1, 2], [1, 2]])
    label = np.abs(predict([2, -1], [[1, 2], [1, 2]]) - base).max(axis=(1, 2, 3))
    token = np.abs(predict([0, -1], [[1, 2], [1, 3]]) - base).max(axis=(1, 2, 3))
    order = np.abs(predict([0, -1], [[1, 2], [2, 1]]) - base).max(axis=(1, 2, 3))
    for changed, same in ((label[0], label[1]), (token[1], token[0]), (order[1], order[0])):
        assert changed > 1e-3 and same < 1e-5


def test_label_reaches_the_unet():
    network = unet.build_denoiser(UNet(**SMALL), (8, 8, 1), Condition(classes=3))
    one, other = (run(network, inputs((8, 8, 1), labels=labels)) for labels in ([0, 1], [0, 2]))
    np.testing.assert_allclose(one[0], other[0], atol=1e-6)
    assert np.abs(one[1] - other[1]).max() > 1e-3


def test_mixed_precision_ends_in_float32_and_copies_keep_everything():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = patch_unet.build_denoiser(
            PatchUNet(**PATCHES | {"cross_attention": [0, 2]}),
            (8, 8, 1),
            Condition(classes=3, tokens=Tokens(vocabulary=5, length=2, width=8)),
        )
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
    finally:
        keras.config.set_dtype_policy(before)
    for variable in (*network.trainable_variables, *copy.trainable_variables):
        assert variable.dtype == "float32"
    network.get_layer("conv_out").kernel.assign(tf.random.stateless_normal((3, 3, 8, 4), (0, 1)))
    copy.set_weights(network.get_weights())
    batch = inputs((8, 8, 1), labels=[0, 1], tokens=[[1, 2], [0, 0]])
    prediction = run(network, batch)
    assert prediction.dtype == np.float32 and np.abs(prediction).max() > 0.1
    np.testing.assert_array_equal(run(copy, batch), prediction)


def test_upsampling_aligns_corners():
    """Pixel i of 2 n lies at i (n - 1) / (2 n - 1): the corners stay where they are."""
    x = tf.constant([[0.0, 3.0], [6.0, 9.0]])[None, :, :, None]
    upsampled = unet.DoubleAligned()(x)[0, :, :, 0].numpy()
    np.testing.assert_allclose(upsampled, np.arange(4)[None] + 2 * np.arange(4)[:, None], atol=1e-6)
    line = tf.constant([0.0, 5.0, 0.0])[None, None, :, None]
    expected = 5 - np.abs(np.arange(6) * 2 / 5 - 1) * 5
    np.testing.assert_allclose(unet.DoubleAligned()(tf.repeat(line, 3, 1))[0, 0, :, 0], expected, atol=1e-6)


def test_patches_and_pixels_are_inverse():
    x = inputs((4, 6, 2))["images"]
    patches = SpaceToDepth(2)(x)
    assert patches.shape == (2, 2, 3, 8)
    np.testing.assert_array_equal(patches[0, 1, 2, :2], x[0, 2, 4])
    np.testing.assert_array_equal(DepthToSpace(2)(patches), x)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("activation", ["linear", "relu", "silu"])
def test_group_norm_equals_keras(activation, training):
    x = inputs((3, 5, 8))["images"] * 3 + 2
    layer, stock = GroupNorm(4, activation), keras.layers.GroupNormalization(4, epsilon=1e-5)
    for norm in (layer, stock):
        norm.build(x.shape)
        norm.gamma.assign(np.linspace(0.5, 2, 8))
        norm.beta.assign(np.linspace(-1, 1, 8))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        outputs, expected = layer(x, training=training), keras.activations.get(activation)(stock(x))
        sums = [tf.reduce_sum(tf.sin(value)) for value in (outputs, expected)]
    np.testing.assert_allclose(outputs, expected, atol=2e-5)
    np.testing.assert_allclose(*(tape.gradient(value, x) for value in sums), atol=2e-5)
    for name in ("gamma", "beta"):
        actual, wanted = (
            tape.gradient(value, getattr(norm, name).value) for value, norm in zip(sums, (layer, stock), strict=True)
        )
        np.testing.assert_allclose(actual, wanted, atol=1e-4)


@pytest.mark.parametrize("activation", ["linear", "relu", "silu"])
def test_the_lean_gradient_of_group_norm_is_the_one_of_tensorflow(activation):
    x, modulation = inputs((3, 5, 8))["images"] * 3 + 2, inputs((1, 1, 16))["images"][:, 0, 0]
    layer = GroupNorm(4, activation, dtype=keras.DTypePolicy("mixed_bfloat16"))
    layer.build(x.shape)
    layer.gamma.assign(np.linspace(0.5, 2, 8))
    x, modulation = tf.cast(x, tf.bfloat16), tf.cast(modulation, tf.bfloat16)
    gradients = []
    for training in (False, True):
        with tf.GradientTape() as tape:
            tape.watch([x, modulation])
            y = layer(x, modulation, training=training)
            total = tf.reduce_sum(tf.sin(tf.cast(y, tf.float32)))
        gradients.append(tape.gradient(total, [x, modulation, layer.gamma.value, layer.beta.value]))
    for automatic, lean in zip(*gradients, strict=True):
        assert automatic.dtype == lean.dtype
        wide = tf.cast(automatic, tf.float32)
        np.testing.assert_allclose(tf.cast(lean, tf.float32), wide, rtol=0.01, atol=0.01)
        assert np.abs(wide).max() > 0.1


def test_group_norm_modulates_after_normalizing():
    x = inputs((3, 5, 4))["images"]
    layer = GroupNorm(2)
    scale, shift = np.array([[1.0, 0, 0, -1], [0, 0, 2, 0]]), np.array([[0.0, 5, 0, 0], [1, 0, 0, 0]])
    outputs = layer(x, tf.constant(np.concatenate([scale, shift], 1), tf.float32))
    expected = layer(x).numpy() * (1 + scale[:, None, None]) + shift[:, None, None]
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
