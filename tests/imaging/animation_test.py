"""tfglyph.imaging.animation: GIF and MP4 files that hold the frames."""

import imageio.v3
import numpy as np
import pytest
from PIL import Image

from tfglyph.errors import GlyphError, UsageError
from tfglyph.imaging import animation

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 6, 9, 1), dtype=np.uint8)


def test_a_grey_gif_holds_its_frames_in_32_greys_and_repeats_for_ever(tmp_path):
    path = animation.save_animation(tmp_path / "new" / "a.gif", FRAMES, fps=25)
    with Image.open(path) as image:
        assert image.n_frames == 5 and image.info["duration"] == 40 and image.info["loop"] == 0
    actual = imageio.v3.imread(path, plugin="pillow", mode="L")
    np.testing.assert_array_equal(actual, np.round(np.round(FRAMES[..., 0] * (31 / 255)) * (255 / 31)))
    assert [path.name for path in path.parent.iterdir()] == ["a.gif"]


def test_colours_survive_a_gif(tmp_path):
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    frames[0, :, :2], frames[1, :, 2:] = (255, 0, 0), (0, 0, 255)
    actual = imageio.v3.imread(animation.save_animation(tmp_path / "a.gif", frames), plugin="pillow", mode="RGB")
    np.testing.assert_array_equal(actual, frames)


def test_an_mp4_has_the_frames_the_speed_and_even_sides(tmp_path):
    smooth = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None, None] * 50, (5, 33, 48, 1))
    path = animation.save_animation(tmp_path / "a.mp4", smooth, fps=10)
    actual = imageio.v3.imread(path, plugin="FFMPEG")
    assert actual.shape == (5, 34, 48, 3)
    assert imageio.v3.immeta(path, plugin="FFMPEG")["fps"] == 10
    np.testing.assert_allclose(actual[:, 10, 20, 0], [0, 50, 100, 150, 200], atol=4)


def test_other_names_and_places_are_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.gif or \.mp4"):
        animation.save_animation(tmp_path / "a.webm", FRAMES)
    (tmp_path / "file").write_text("")
    with pytest.raises(GlyphError, match="cannot be written"):
        animation.save_animation(tmp_path / "file" / "a.gif", FRAMES)


def test_cells_stand_side_by_side_and_small_ones_are_enlarged():
    cells = np.stack([FRAMES] * 4)
    frames = animation.grid_frames(cells)
    plain = np.full((18, 24), 96)
    for top in (2, 10):
        for left in (2, 13):
            plain[top : top + 6, left : left + 9] = FRAMES[3, ..., 0]
    np.testing.assert_array_equal(frames[3, ::16, ::16, 0], plain)
    assert frames.shape == (5, 288, 384, 1)
