"""tfglyph.latent.arithmetic: terms as people type them, and the page with its neighbours."""

import types

import numpy as np
import pytest
from PIL import Image

from tfglyph.datasets import Glyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent import arithmetic, nearest
from tfglyph.latent import tuples as validation

GLYPHS = Glyphs("tiny", np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4, 1) * 3, list("abcde"))


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
    assert arithmetic.plain(name) == kept


def test_the_page_shows_the_nearest_under_every_result():
    class Identity:
        encodes, architecture = True, types.SimpleNamespace(mode="DDPM")

        def encode(self, images):
            return images.reshape(len(images), -1).astype(np.float32)

        def decode(self, latents):
            return np.clip(latents, 0, 255).astype(np.uint8).reshape(-1, 4, 4, 1)

    (triple,) = arithmetic.parse_terms(["abc"])
    (computed,) = validation.compute(Identity(), arithmetic.term_images([triple], (4, 4, 1), GLYPHS))
    found = nearest.searchers(Identity(), GLYPHS)["pixels"](arithmetic.results(computed))
    assert found.rows.shape == (6, 1)
    assert found.rows[[2, 5], 0].tolist() == [1, 1]  # a - b + c is b in this set, in latents as in pixels
    with_neighbours = arithmetic.figure(triple, computed, {"pixels": found}, GLYPHS)
    without = arithmetic.figure(triple, computed, {}, None)
    assert with_neighbours.shape[0] > without.shape[0] and with_neighbours.dtype == np.uint8
