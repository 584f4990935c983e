"""CPPNs: the originals' counts, coordinates against literals, a second implementation of both kinds."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.networks import trainable
from tfglyph.architecture import check, load_architecture
from tfglyph.errors import UsageError
from tfglyph.networks import cppn

CRITIC = {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2], "batch_norm": False}


def architecture(size=6, **generator):
    section = {"type": "cppn", "output": [5, 4, 1], "scale": 3.0, **generator}
    data = {"mode": "GAN", "hwc": [size, size, 1], "z_dim": 2, "generator": section, "discriminator": CRITIC}
    return check(data, "a")


def build(checked):
    return cppn.build_generator(checked.generator, checked.latent_size, checked.hwc)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("cppn-wgan-mnist", 66_561),
        ("cppn-wgan-casia", 66_561),
        ("cppn-wgan-cifar10", 66_819),
        ("cppn-wgan-fonts", 163_009),
        ("cppn-wgan-mnist-hard", 66_561),
        ("cppn-wgan-categories", 66_561 + 128 * 129),  # one more 128-wide layer
    ],
)
def test_trainable_parameters_are_those_of_the_original(name, count):
    shipped = load_architecture(name)
    network = build(shipped)
    assert trainable(network) == count
    assert network.output_shape == (None, *shipped.hwc)
    assert shipped.latent_size == 128


def test_coordinates_of_the_trained_size_are_a_linspace():
    section = architecture().generator
    grid = cppn.coordinates(section, cppn.positions(4, 4), cppn.positions(3, 3))
    np.testing.assert_allclose(grid[0, :, 0], [-3, 0, 3])
    np.testing.assert_allclose(grid[:, 0, 1], [-3, -1, 1, 3])
    np.testing.assert_allclose(grid[1, 2], [3, -1, np.sqrt(10)], rtol=1e-6)
    saddle = architecture(third="saddle").generator
    point = cppn.coordinates(saddle, np.array([-1 / 3]), np.array([1.0]))[0, 0]
    np.testing.assert_allclose(point, [3, -1, 8], rtol=1e-6)


def test_a_finer_grid_lies_where_the_areas_of_its_pixels_do():
    coarse, fine = cppn.positions(4, 4), cppn.positions(12, 4)
    np.testing.assert_allclose(fine.reshape(4, 3).mean(axis=1), coarse, atol=1e-12)
    np.testing.assert_allclose(np.diff(fine), (coarse[1] - coarse[0]) / 3)


def test_the_plain_network_again_in_numpy():
    network = build(architecture())
    z = np.array([[0.3, -1.2], [2.0, 0.1]])
    latent, field, layer, paint = (network.get_layer(name) for name in ("latent", "coordinates", "layer_2", "paint"))
    line = np.linspace(-3, 3, 6)
    for row, y in enumerate(line):
        for column, x in enumerate(line):
            point = np.array([x, y, np.hypot(x, y)])
            h = np.tanh(z @ latent.kernel.numpy() + latent.bias.numpy() + point @ field.kernel.numpy())
            h = np.tanh(h @ layer.kernel.numpy() + layer.bias.numpy())
            pixel = 1 / (1 + np.exp(-(h @ paint.kernel.numpy() + paint.bias.numpy())))
            np.testing.assert_allclose(network(z.astype(np.float32))[:, row, column], pixel, rtol=1e-4)


def test_a_repeated_layer_shares_its_weights():
    keys = {"output": [4, 4, 1], "activation": "relu", "leak": 0.5, "output_activation": "tanh"}
    once, network = build(architecture(**keys)), build(architecture(**keys, repeat=[1, 3, 1]))
    assert trainable(network) == trainable(once)
    z = np.array([[1.0, 2.0]], np.float32)
    layer, paint = network.get_layer("layer_2"), network.get_layer("paint")
    x = keras.Model(network.input, network.get_layer("first_relu").output)(z)
    for _ in range(3):
        x = tf.nn.leaky_relu(x @ layer.kernel + layer.bias, 0.5)
    np.testing.assert_allclose(network(z), tf.tanh(x @ paint.kernel + paint.bias), rtol=1e-5, atol=1e-6)


def test_the_hard_output_is_clipped_and_its_pixels_are_from_0_to_1():
    clipped = architecture(output_activation="hard")
    assert clipped.pixel_range == (0.0, 1.0)
    network = build(clipped)
    paint = network.get_layer("paint")
    paint.kernel.assign(tf.constant([[50.0], [-40.0], [30.0], [-20.0]]))
    z = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    unclipped = keras.Model(network.input, paint.output)(z).numpy()
    assert unclipped.min() < 0 or unclipped.max() > 1
    np.testing.assert_array_equal(network(z), np.clip(unclipped, 0, 1))


@pytest.mark.parametrize(("size", "grid"), [(64, 34), (9, 7), (10, 7)])
def test_a_tail_upsamples_and_convolves_to_the_exact_size(size, grid):
    with_tail = architecture(size=size, tail_kernel=5)
    network = build(with_tail)
    assert cppn.native_grid(with_tail.generator, with_tail.hwc) == (grid, grid)
    assert network.output_shape == (None, size, size, 1)


@pytest.mark.parametrize(
    ("generator", "words"),
    [
        ({"output": [5, 4, 2]}, "generator.output: the last entry is 2, but the images' channels are 1"),
        ({"output": [5]}, "generator.output: 1 entry, expected at least 2"),
        ({"repeat": [1, 1]}, "generator.repeat: 2 entries, but output has 3"),
        ({"repeat": [1, 2, 1]}, "generator.repeat: found 2 in entry 2, expected 1"),
        ({"leak": 0.1}, "generator.leak: a slope belongs to activation relu"),
        ({"third": "cube"}, "generator.third: found \"cube\", expected 'radius' or 'saddle'"),
    ],
)
def test_impossible_sections_are_one_line(generator, words):
    with pytest.raises(UsageError, match=r"^a: ") as caught:
        architecture(**generator)
    assert words in str(caught.value)


def test_clipped_pixels_keep_the_gradient_that_leads_back():
    x = tf.constant([-2.0, -2.0, 0.5, 0.5, 3.0, 3.0])
    upstream = tf.constant([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])  # a descent step moves x against it
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = cppn.hard(x)
        loss = tf.reduce_sum(upstream * y)
    np.testing.assert_array_equal(y, [0, 0, 0.5, 0.5, 1, 1])
    np.testing.assert_array_equal(tape.gradient(loss, x), [0, -1, 1, -1, 1, 0])
