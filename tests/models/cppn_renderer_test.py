"""ConditionalGAN at any size: bands equal one piece bit for bit, the picture stays the same, memory does not grow."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.helpers.cppn import CRITIC, PLAIN
from tfglyph.errors import GlyphError, UsageError
from tfglyph.imaging.png_writer import PngWriter
from tfglyph.models import build
from tfglyph.models.cppn_renderer import CPPNRenderer, render_file
from tfglyph.networks import cppn

TAIL = {**PLAIN, "activation": "relu", "leak": 0.1, "tail_kernel": 5, "scale": 2.0}
KINDS = {"plain": PLAIN, "tail": TAIL, "hard": {**PLAIN, "third": "saddle", "output_activation": "hard", "scale": 1.0}}


def model(kind="plain", size=12, channels=1):
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
    section, painter = model.architecture.generator, model.renderer()
    native = model.architecture.hwc
    if section.tail_kernel is None:
        rows, columns = cppn.positions(height, native[0]), cppn.positions(width, native[1])
    else:
        (grow_y, rows), (grow_x, columns) = painter._tail_axis(0, height), painter._tail_axis(1, width)
    x = painter.field(painter.latent(latent[None]), grid=tf.constant(cppn.coordinates(section, rows, columns)))
    x = painter.activation(x)
    for layer, times in painter.hidden:
        for _ in range(times):
            x = painter.activation(layer(x))
    if section.tail_kernel is None:
        return model.to_pixels(painter.finish(painter.paint(x)))[0].numpy()
    kernel = np.repeat(np.repeat(painter.paint.kernel.numpy(), grow_y, axis=0), grow_x, axis=1) / (grow_y * grow_x)
    doubled = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
    painted = tf.nn.conv2d(doubled, kernel, 1, "VALID")[:, :height, :width] + painter.paint.bias
    return model.to_pixels(painter.finish(painted))[0].numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_at_the_trained_size_a_canvas_is_what_decode_gives(kind, channels):
    found = model(kind, channels=channels)
    latents = found.latents([1, 2])
    difference = found.render(latents, 12, 12).astype(int) - found.decode(latents)
    assert np.abs(difference).max() <= 1 and (difference != 0).mean() < 0.01
    assert found.decode(latents).std() > 3  # not just grey


@pytest.mark.parametrize("mode", ["VAE", "VAE-GAN"])
def test_a_model_that_encodes_paints_what_it_was_shown_in_any_size(mode):
    critic = {"discriminator": CRITIC | {"feature_layer": 1}} if mode == "VAE-GAN" else {}
    encoder = {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]}
    files = {"mode": mode, "hwc": [12, 12, 1], "z_dim": 4, "encoder": encoder, "generator": PLAIN, **critic}
    found = build(files, seed=1)
    latents = 3.0 * found.encode(np.random.default_rng(0).integers(0, 256, (2, 12, 12, 1), np.uint8))
    decoded = found.decode(latents).astype(int)
    assert np.abs(found.render(latents, 12, 12) - decoded).max() <= 1 and decoded.std() > 3
    tripled = found.render(latents, 36, 36)[:, 1::3, 1::3]  # the middle pixel of nine lies where the small one does
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
def test_bands_equal_the_image_painted_at_once(kind, height, width):
    found = model(kind)
    latents = found.latents([5])
    painted = found.render(latents, height, width)[0]
    assert painted.shape == (height, width, 1)
    difference = np.abs(painted.astype(int) - at_once(found, latents[0], height, width))
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3  # float32 sums in another order


@pytest.mark.parametrize("kind", ["plain", "tail"])
def test_the_cut_into_blocks_changes_no_bit(kind, monkeypatch):
    found = model(kind)
    latents = found.latents([5])
    whole = found.render(latents, 230, 101)
    for block, band in ((1 << 20, 1 << 20), (333, 7)):
        monkeypatch.setattr("tfglyph.models.cppn_renderer.BLOCK", block)
        monkeypatch.setattr("tfglyph.models.cppn_renderer.BAND", band)
        np.testing.assert_array_equal(found.render(latents, 230, 101), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_canvas_shows_the_same_picture(kind):
    found = model(kind, size=16)
    latents = found.latents([3])
    small = found.decode(latents)[0].astype(float)
    large = found.render(latents, 16 * 9, 16 * 6)[0].astype(float)
    error = np.mean((large.reshape(16, 9, 16, 6).mean(axis=(1, 3)) - small[..., 0]) ** 2)
    assert 10 * np.log10(255**2 / max(error, 1e-9)) > 30


def test_the_tails_kernel_grows_with_the_size():
    # The original's rule at a multiple f: a grid of size/2 + 2f for size - f + 1 pixels; 2 more give all of them at 4.
    painter = model("tail", size=64).renderer()
    grow, positions = painter._tail_axis(0, 256)
    assert grow == 4 and len(positions) == 256 // 2 + 2 * 4 + 2
    grow, positions = painter._tail_axis(0, 64)
    assert grow == 1 and len(positions) == 34
    np.testing.assert_allclose(positions, np.linspace(-1, 1, 34), atol=1e-12)


def test_images_do_not_depend_on_their_neighbours():
    found = model()
    latents = found.latents([1, 2, 3])
    np.testing.assert_array_equal(found.render(latents, 40, 40)[1:2], found.render(latents[1:2], 40, 40))
    assert found.render(latents[:0], 20, 20).shape == (0, 20, 20, 1)


def test_what_waits_for_more_rows_does_not_grow_with_the_canvas():
    # Bands come as they are done: after the first ones only a window's height of lines has been asked for.
    found = model("tail", size=16)
    painter = found.renderer()
    asked = []
    original = painter._paint_block
    painter._block = lambda latent, grid: (asked.append(grid.shape[0]), original(latent, grid))[1]
    bands = painter.bands(found.latents([0])[0], 2048, 40)
    next(bands)
    assert 2 * sum(asked) <= 5 * 128 + 64 + 2 * max(asked)
    assert sum(len(band) for band in bands) + 64 == 2048


@pytest.mark.parametrize(("height", "width"), [(0, 5), (5, 1 << 20)])
def test_impossible_sizes_are_one_clear_line(height, width):
    found = model()
    with pytest.raises(UsageError, match="a side must be from 1 to"):
        found.render(found.latents([0]), height, width)


def test_only_cppns_paint_any_size():
    found = build(
        {
            "mode": "GAN",
            "hwc": [8, 8, 1],
            "z_dim": 4,
            "discriminator": CRITIC,
            "generator": {"hwc": [4, 4, 2], "kernel": [[3, 3]], "stride": [[2, 2]], "output": [1]},
        }
    )
    with pytest.raises(UsageError, match="only a cppn renders any size"):
        found.render(found.latents([0]), 20, 20)


# === Files ===


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_written_in_pieces_reads_back(tmp_path, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (70, 31, channels), dtype=np.uint8)
    with PngWriter(tmp_path / "new" / "a.png", 70, 31, channels) as file:
        for start in (0, 1, 5, 64):
            file.write(pixels[start : {0: 1, 1: 5, 5: 64, 64: 70}[start]])
    with Image.open(tmp_path / "new" / "a.png") as image:
        image.verify()
    with Image.open(tmp_path / "new" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(70, 31, channels), pixels)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_an_image_that_is_not_finished_leaves_no_file(tmp_path):
    path = tmp_path / "a.png"
    with pytest.raises(GlyphError, match="3 rows were written of an image of 8"), PngWriter(path, 8, 4, 1) as file:
        file.write(np.zeros((3, 4, 1), np.uint8))
    with pytest.raises(KeyboardInterrupt), PngWriter(tmp_path / "a.png", 8, 4, 1):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GlyphError, match="cannot be written"), PngWriter(tmp_path / "file" / "a.png", 1, 1, 1):
        pass


def test_a_canvas_file_holds_what_render_gives(tmp_path):
    found = model("tail", channels=3)
    inputs = found.renderer_inputs(found.latents([4]))
    render_file(tmp_path / "a.png", found.renderer(), inputs[0], 90, 70)
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), found.render(found.latents([4]), 90, 70)[0])
    assert isinstance(found.renderer(), CPPNRenderer)


@pytest.mark.slow
def test_a_plain_cppn_fits_a_glyph_and_renders_it_large():
    import keras

    from tfglyph import datasets

    glyphs = datasets.load("cns", size=32)
    glyph = glyphs.images[glyphs.index("永")]
    found = build("cppn-wgan-casia", seed=0)
    generator, latents = found.networks["generator"], found.latents([0])
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, 1000))
    target = found.from_pixels(glyph[None])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(generator(latents, training=True) - target))
        variables = generator.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    for _ in range(1000):
        step()
    large = found.render(latents, 512, 512)[0].astype(float)
    error = np.mean((large.reshape(32, 16, 32, 16).mean(axis=(1, 3)) - glyph[..., 0]) ** 2)
    assert 10 * np.log10(255**2 / error) > 20
