"""tfglyph.imaging.png_writer: PNG files that are written in pieces."""

import numpy as np
import pytest
from PIL import Image

from tfglyph.errors import GlyphError
from tfglyph.imaging.png_writer import PngWriter


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
