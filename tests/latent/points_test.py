"""tfglyph.latent.points: latents of seeds, characters and image files."""

import types

import numpy as np
import pytest
from PIL import Image

import tfglyph
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.datasets import Glyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent import points, sampling

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture(scope="module")
def model():
    return tfglyph.build(SMALL_VAEGAN)


def test_latents_of_seeds_are_those_of_sample(model):
    actual = points.seed_points(model, [7, 3, 7])
    np.testing.assert_array_equal(model.decode(actual.latents), model.sample_seeds([7, 3, 7]))
    assert actual.names == ["seed 7", "seed 3", "seed 7"] and actual.seeds == (7, 3, 7) and len(actual) == 3
    np.testing.assert_array_equal(actual.latents[0], actual.latents[2])


def test_images_are_encoded_and_keep_their_glyph_images(model):
    images = model.sample(2, seed=1)
    actual = points.image_points(model, images, ["酪", "a.png"])
    np.testing.assert_array_equal(actual.latents, model.encode(images))
    assert list(actual.glyph_images) == ["酪"]


def test_a_temperature_scales_z_alone(model):
    pairs = [(3, 0), (3, 1)]
    np.testing.assert_array_equal(sampling.sample_pairs(model, pairs), model.sample(2, seed=3))
    expected = model.decode(0.5 * model.latents_of_pairs(pairs))
    np.testing.assert_array_equal(sampling.sample_pairs(model, pairs, 0.5), expected)
    coded = types.SimpleNamespace(architecture=types.SimpleNamespace(z_dim=2))
    assert sampling.tempered(coded, [[1.0, 2, 0, 1]], 0.5).tolist() == [[0.5, 1, 0, 1]]


def test_missing_characters_are_all_named():
    glyphs = Glyphs("tiny", np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1), list("abc"))
    np.testing.assert_array_equal(points.find_characters(glyphs, "ca"), glyphs.images[[2, 0]])
    with pytest.raises(GlyphError, match=r"data set tiny lacks 酪 \(U\+916A\),  \(U\+0007\)"):
        points.find_characters(glyphs, "a酪\x07酪")


def test_an_image_file_becomes_white_ink_in_the_frame(tmp_path):
    dark_on_light = np.full((40, 20), 255, np.uint8)
    dark_on_light[10:30, 5:15] = 0
    Image.fromarray(dark_on_light).save(tmp_path / "glyph.png")
    actual = points.read_image(tmp_path / "glyph.png", (20, 20, 1))
    assert actual.shape == (20, 20, 1) and actual.dtype == np.uint8
    assert actual[10, 10, 0] == 255 and actual[0].max() == 0 and actual[:, :4].max() == 0


@pytest.mark.parametrize(("content", "message"), [(b"", "empty file"), (b"hello", "not an image"), (None, "no such")])
def test_files_that_are_no_images_are_one_line(tmp_path, content, message):
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        points.read_image(path, (8, 8, 1))
    assert "\n" not in str(caught.value)


def test_models_without_an_encoder_say_so():
    model = types.SimpleNamespace(name="gan", can_encode=False, architecture=types.SimpleNamespace(mode="GAN"))
    with pytest.raises(UsageError, match="a GAN model has no encoder"):
        points.check_can_encode(model)
