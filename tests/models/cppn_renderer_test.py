"""tfglyph.models.cppn_renderer: bands equal one piece bit for bit, all sizes show one picture, memory is bounded."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.helpers.cppn import CRITIC, PLAIN
from tfglyph import datasets
from tfglyph.errors import UsageError
from tfglyph.models import build
from tfglyph.models.cppn_renderer import CPPNRenderer, render_file
from tfglyph.networks import cppn

TAIL = {**PLAIN, "activation": "relu", "leak": 0.1, "tail_kernel": 5, "scale": 2.0}
KINDS = {"plain": PLAIN, "tail": TAIL, "hard": {**PLAIN, "third": "saddle", "output_activation": "hard", "scale": 1.0}}


def build_cppn(kind="plain", size=12, channels=1):
    section = {**KINDS[kind], "output": [8, 8, channels]}
    return build(
        {
            "mode": "GAN",
            "hwc": [size, size, channels],
            "z_dim": 4,
            "generator": section,
            "discriminator": CRITIC,
        },
        seed=1,
    )


def at_once(model, latent, height, width):
    """The whole image in one piece and by the book: the grown kernel built, one convolution."""
    section, renderer = model.architecture.generator, model.renderer()
    native = model.architecture.hwc
    if section.tail_kernel is None:
        rows, columns = cppn.positions(height, native[0]), cppn.positions(width, native[1])
    else:
        grow_y, rows = renderer._tail_axis(section.tail_kernel, 0, height)
        grow_x, columns = renderer._tail_axis(section.tail_kernel, 1, width)
    grid = tf.constant(cppn.coordinates(section, rows, columns))
    x = renderer.coordinate_layer(renderer.latent_layer(latent[None]), grid=grid)
    x = renderer.activation(x)
    for layer, times in renderer.hidden_layers:
        for _ in range(times):
            x = renderer.activation(layer(x))
    if section.tail_kernel is None:
        return model.to_pixels(renderer.output_activation(renderer.last_layer(x)))[0].numpy()
    kernel = renderer.last_layer.kernel.numpy()
    kernel = np.repeat(np.repeat(kernel, grow_y, axis=0), grow_x, axis=1) / (grow_y * grow_x)
    doubled = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
    linear = tf.nn.conv2d(doubled, kernel, 1, "VALID")[:, :height, :width] + renderer.last_layer.bias
    return model.to_pixels(renderer.output_activation(linear))[0].numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_at_the_trained_size_a_canvas_is_what_decode_gives(kind, channels):
    model = build_cppn(kind, channels=channels)
    latents = model.latents([1, 2])
    difference = model.render(latents, 12, 12).astype(int) - model.decode(latents)
    assert np.abs(difference).max() <= 1 and (difference != 0).mean() < 0.01
    assert model.decode(latents).std() > 3  # not just grey


@pytest.mark.parametrize("mode", ["VAE", "VAE-GAN"])
def test_a_model_with_an_encoder_reconstructs_in_any_size(mode):
    critic = {"discriminator": CRITIC | {"feature_layer": 1}} if mode == "VAE-GAN" else {}
    encoder = {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]}
    files = {"mode": mode, "hwc": [12, 12, 1], "z_dim": 4, "encoder": encoder, "generator": PLAIN, **critic}
    model = build(files, seed=1)
    latents = 3.0 * model.encode(np.random.default_rng(0).integers(0, 256, (2, 12, 12, 1), np.uint8))
    decoded = model.decode(latents).astype(int)
    assert np.abs(model.render(latents, 12, 12) - decoded).max() <= 1 and decoded.std() > 3
    tripled = model.render(latents, 36, 36)[:, 1::3, 1::3]  # the middle pixel of nine lies where the small one does
    assert np.abs(tripled - decoded).max() <= 1


def test_channels_of_a_cppn_are_the_images():
    with pytest.raises(UsageError, match="the last entry is 1, but the images' channels are 3"):
        build(
            {
                "mode": "VAE",
                "hwc": [12, 12, 3],
                "z_dim": 4,
                "generator": PLAIN,
                "encoder": {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]},
            }
        )


@pytest.mark.parametrize(
    ("kind", "height", "width"), [("plain", 150, 97), ("hard", 64, 200), ("tail", 150, 97), ("tail", 37, 12)]
)
def test_bands_equal_the_image_rendered_at_once(kind, height, width):
    model = build_cppn(kind)
    latents = model.latents([5])
    rendered = model.render(latents, height, width)[0]
    assert rendered.shape == (height, width, 1)
    difference = np.abs(rendered.astype(int) - at_once(model, latents[0], height, width))
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3  # float32 sums in another order


@pytest.mark.parametrize("kind", ["plain", "tail"])
def test_the_cut_into_blocks_changes_no_bit(kind, monkeypatch):
    model = build_cppn(kind)
    latents = model.latents([5])
    whole = model.render(latents, 230, 101)
    for block, band in ((1 << 20, 1 << 20), (333, 7)):
        monkeypatch.setattr("tfglyph.models.cppn_renderer.BLOCK", block)
        monkeypatch.setattr("tfglyph.models.cppn_renderer.BAND", band)
        np.testing.assert_array_equal(model.render(latents, 230, 101), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_canvas_shows_the_same_picture(kind):
    model = build_cppn(kind, size=16)
    latents = model.latents([3])
    small = model.decode(latents)[0].astype(float)
    large = model.render(latents, 16 * 9, 16 * 6)[0].astype(float)
    error = np.mean((large.reshape(16, 9, 16, 6).mean(axis=(1, 3)) - small[..., 0]) ** 2)
    assert 10 * np.log10(255**2 / max(error, 1e-9)) > 30


def test_the_tails_kernel_grows_with_the_size():
    # The original's rule at a multiple f: a grid of size/2 + 2f for size - f + 1 pixels; 2 more give all of them at 4.
    renderer = build_cppn("tail", size=64).renderer()
    grow, positions = renderer._tail_axis(5, 0, 256)
    assert grow == 4 and len(positions) == 256 // 2 + 2 * 4 + 2
    grow, positions = renderer._tail_axis(5, 0, 64)
    assert grow == 1 and len(positions) == 34
    np.testing.assert_allclose(positions, np.linspace(-1, 1, 34), atol=1e-12)


def test_images_do_not_depend_on_their_neighbours():
    model = build_cppn()
    latents = model.latents([1, 2, 3])
    np.testing.assert_array_equal(model.render(latents, 40, 40)[1:2], model.render(latents[1:2], 40, 40))
    assert model.render(latents[:0], 20, 20).shape == (0, 20, 20, 1)


def test_what_waits_for_more_rows_does_not_grow_with_the_canvas():
    # Bands come as they are done: after the first ones only a window's height of lines has been computed.
    model = build_cppn("tail", size=16)
    renderer = model.renderer()
    heights = []
    original = renderer._block
    renderer._compiled_block = lambda latent, grid: (heights.append(grid.shape[0]), original(latent, grid))[1]
    bands = renderer.bands(model.latents([0])[0], 2048, 40)
    next(bands)
    assert 2 * sum(heights) <= 5 * 128 + 64 + 2 * max(heights)
    assert sum(len(band) for band in bands) + 64 == 2048


@pytest.mark.parametrize(("height", "width"), [(0, 5), (5, 1 << 20)])
def test_impossible_sizes_are_one_clear_line(height, width):
    model = build_cppn()
    with pytest.raises(UsageError, match="a side must be from 1 to"):
        model.render(model.latents([0]), height, width)


def test_only_cppns_render_any_size():
    model = build(
        {
            "mode": "GAN",
            "hwc": [8, 8, 1],
            "z_dim": 4,
            "discriminator": CRITIC,
            "generator": {"hwc": [4, 4, 2], "kernel": [[3, 3]], "stride": [[2, 2]], "output": [1]},
        }
    )
    with pytest.raises(UsageError, match="only a cppn renders any size"):
        model.render(model.latents([0]), 20, 20)


def test_a_canvas_file_holds_what_render_gives(tmp_path):
    model = build_cppn("tail", channels=3)
    inputs = model.renderer_inputs(model.latents([4]))
    render_file(tmp_path / "a.png", model.renderer(), inputs[0], 90, 70)
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), model.render(model.latents([4]), 90, 70)[0])
    assert isinstance(model.renderer(), CPPNRenderer)


@pytest.mark.slow
def test_a_plain_cppn_fits_a_glyph_and_renders_it_large():
    glyphs = datasets.load("cns", size=32)
    glyph = glyphs.images[glyphs.rows_by_character()["永"]]
    model = build("cppn-wgan-casia", seed=0)
    generator, latents = model.networks["generator"], model.latents([0])
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, 1000))
    target = model.from_pixels(glyph[None])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(generator(latents, training=True) - target))
        variables = generator.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    for _ in range(1000):
        step()
    large = model.render(latents, 512, 512)[0].astype(float)
    error = np.mean((large.reshape(32, 16, 32, 16).mean(axis=(1, 3)) - glyph[..., 0]) ** 2)
    assert 10 * np.log10(255**2 / error) > 20
