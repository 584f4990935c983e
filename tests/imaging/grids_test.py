"""tfglyph.imaging.grids and tfglyph.imaging.text: layout, fixed brightness, text without empty boxes, files."""

import os

import numpy as np
import pytest
from PIL import Image

from tfglyph.errors import GlyphError
from tfglyph.imaging import grids, text


def test_grid_places_images_row_by_row():
    images = np.arange(1, 6, dtype=np.uint8).reshape(5, 1, 1, 1)
    gap = grids.GAP_COLOUR
    actual = grids.grid(images, columns=3, padding=1)[..., 0]
    assert actual.tolist() == [
        [gap] * 7,
        [gap, 1, gap, 2, gap, 3, gap],
        [gap] * 7,
        [gap, 4, gap, 5, gap, gap, gap],
        [gap] * 7,
    ]


def test_grid_never_changes_brightness():
    images = np.full((4, 8, 8, 1), 127, np.uint8)
    images[0, 0, 0] = 129
    assert set(np.unique(grids.grid(images, padding=0))) == {127, 129}


@pytest.mark.parametrize(
    "images", [np.zeros((0, 4, 4, 1), np.uint8), np.zeros((1, 4, 4, 1)), np.zeros((4, 4), np.uint8)]
)
def test_grid_takes_uint8_only(images):
    with pytest.raises(ValueError, match="expected uint8 images"):
        grids.grid(images)


def test_enlarge_repeats_pixels():
    actual = grids.enlarge(np.uint8([[[[1], [2]]]]), 2)
    assert actual[..., 0].tolist() == [[[1, 1, 2, 2], [1, 1, 2, 2]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_keeps_every_byte(tmp_path, channels):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    path = grids.save_png(tmp_path / "new" / "image.png", image)
    with Image.open(path) as opened:
        np.testing.assert_array_equal(np.asarray(opened).reshape(image.shape), image)
    assert os.listdir(path.parent) == ["image.png"]


def test_unwritable_place_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GlyphError, match=r"image\.png: cannot be written: "):
        grids.save_png(tmp_path / "file" / "image.png", np.zeros((2, 2, 1), np.uint8))


def ink_of(string, glyphs=None):
    page = Image.new("RGB", (200, 60), (255, 255, 255))
    text.draw_text(page, (5, 5), string, 40, glyphs)
    return 255 - np.asarray(page)[..., 0]


def test_glyph_images_are_drawn_as_they_are():
    image = np.zeros((40, 40, 1), np.uint8)
    image[10:20, 5:30] = 255
    np.testing.assert_array_equal(ink_of("酪", {"酪": image})[5:45, 5:45], image[..., 0])


def test_a_character_without_any_font_stands_as_its_code_point():
    character = "\U000e1234"
    assert text.font_for(character) is None
    np.testing.assert_array_equal(ink_of(character), ink_of("U+E1234"))


def test_fonts_are_chosen_by_their_character_map(monkeypatch):
    missing, latin = "\u9149", text.latin_font()
    assert text.font_for("A") == latin
    characters = text._character_map(latin[0])
    assert characters.get_char_index(ord("A")) and not characters.get_char_index(ord(missing))
    assert text._character_map("/nowhere/font.ttf") is None
    monkeypatch.setattr(text, "_installed_fonts", lambda: [("/nowhere/font.ttf", 0)])
    text.font_for.cache_clear()
    try:
        assert text.font_for(missing) is None
        np.testing.assert_array_equal(ink_of(missing), ink_of("U+9149"))
    finally:
        text.font_for.cache_clear()


def test_text_size_is_the_drawn_width():
    image = np.full((32, 32, 1), 255, np.uint8)
    width = text.text_size("a = 0.25 酪", 40, {"酪": image})
    drawn = np.flatnonzero(ink_of("a = 0.25 酪", {"酪": image}).any(axis=0))
    assert drawn[-1] - 5 == pytest.approx(width, abs=4) or drawn[-1] == 199


def test_panel_figure_shows_all_images_unchanged():
    images = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 1), np.uint8)
    page = grids.panel_figure(
        "title",
        [grids.Panel("one", images, ["x", "y", "z"]), grids.Panel("two", images[:1])],
        image_height=8,
    )
    positions = [
        (y, x)
        for y in range(page.shape[0] - 7)
        for x in range(page.shape[1] - 7)
        if (page[y : y + 8, x : x + 8, 0] == images[0, ..., 0]).all()
    ]
    assert len(positions) == 2
    assert page.dtype == np.uint8 and page.shape[-1] == 3


def test_table_figure_has_one_row_per_entry():
    images = np.random.default_rng(2).integers(0, 256, (2, 16, 16, 1), np.uint8)
    headers = [("left", ["a"]), ("right", ["b"])]

    def height(count):
        return grids.table_figure("t", headers, [("r", [images[:1], images[1:]])] * count, image_height=16).shape[0]

    assert height(5) - height(4) == height(2) - height(1) == 20
