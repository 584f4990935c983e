"""tfglyph.latent.arithmetic: the formula in latents and in pixels, and terms as people type them."""

import numpy as np
import pytest
from PIL import Image

from tests.helpers.latent import PixelLatents
from tfglyph.datasets import Glyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent import analogy, arithmetic, pixel_analogy

GLYPHS = Glyphs("tiny", np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4, 1) * 3, list("abcde"))


@pytest.mark.parametrize("scale", [0.25, 1.0, 3.0])
def test_analogy_is_the_formula(scale):
    a, b, c = np.float32([[1, 2], [3, 5], [7, 11]])
    np.testing.assert_allclose(analogy(a, b, c, scale), scale * np.float32([5, 8]))


def test_pixel_analogy_clips_at_both_ends():
    a, b, c = np.uint8([[10, 250, 100]]), np.uint8([[20, 10, 50]]), np.uint8([[5, 20, 60]])
    actual = pixel_analogy(a, b, c)
    assert actual.dtype == np.uint8
    assert actual.tolist() == [[0, 255, 110]]


def test_compute_does_the_sums_of_the_document():
    a, b, c = GLYPHS.images[[3, 1, 2]].astype(int)
    (result,) = arithmetic.compute(PixelLatents((4, 4, 1)), GLYPHS.images[[3, 1, 2]][None])
    np.testing.assert_array_equal(result.originals, result.reconstructions)
    expected = [np.clip(np.floor(scale * (a - b + c)), 0, 255) for scale in (0.25, 0.5, 1, 2, 3)]
    np.testing.assert_array_equal(result.generated, expected)
    np.testing.assert_array_equal(result.pixels[0], np.clip(a - b + c, 0, 255))
    np.testing.assert_array_equal(result.results, [*expected, result.pixels[0]])


# === Terms ===


def names(triples):
    return ["".join(term.name for term in triple) for triple in triples]


@pytest.mark.parametrize("words", [["酪鉻鉸"], ["酪", "鉻", "鉸"], ["酪鉻", " 鉸"], ["酪，鉻、鉸"]])
def test_characters_stand_together_or_apart(words):
    assert names(arithmetic.parse_terms(words)) == ["酪鉻鉸"]


def test_files_take_the_place_of_characters(tmp_path):
    Image.fromarray(np.full((4, 4), 200, np.uint8)).save(tmp_path / "mine.png")
    triples = arithmetic.parse_terms([str(tmp_path / "mine.png"), "bc", "ade"])
    assert names(triples) == ["mine.pngbc", "ade"]
    images = arithmetic.term_images(triples, (4, 4, 1), GLYPHS)
    assert images.shape == (2, 3, 4, 4, 1)
    np.testing.assert_array_equal(images[0, 1:], GLYPHS.images[[1, 2]])
    np.testing.assert_array_equal(images[1], GLYPHS.images[[0, 3, 4]])
    np.testing.assert_array_equal(images[0, 0], np.full((4, 4, 1), 200))  # neither light nor dark at its edge


def test_wrong_terms_are_one_line():
    with pytest.raises(UsageError, match=r"takes three terms, found 2 \(酪 鉻\)"):
        arithmetic.parse_terms(["酪鉻"])
    with pytest.raises(UsageError, match="takes three terms, found 0"):
        arithmetic.parse_terms([" "])
    for path in ("here/x.png", "glyph.png"):
        with pytest.raises(UsageError, match=f"{path}: no such image file"):
            arithmetic.parse_terms([path, "b", "c"])
    with pytest.raises(GlyphError, match="data set tiny lacks 酪"):
        arithmetic.term_images(arithmetic.parse_terms(["酪ab"]), (4, 4, 1), GLYPHS)


@pytest.mark.parametrize(
    ("name", "kept"), [("酪", "酪"), ("/", "U002F"), ("my glyph.png", "my_glyph"), ("x" * 40, "x" * 16)]
)
def test_terms_as_parts_of_file_names(name, kept):
    assert arithmetic.file_name_part(name) == kept
