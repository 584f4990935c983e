"""Image files of every kind, good and bad."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from tests.helpers.sources import encoded, png_bomb
from tfglyph.datasets.images import ImageError, decode, fit, read_bytes
from tfglyph.datasets.polarity import ink_is_dark

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOURS = np.stack([RAMP, RAMP.T, 255 - RAMP], -1)


def test_eight_bits_grey_and_rgb_stay_as_they_are():
    for array in (RAMP, COLOURS):
        image, notes = decode(encoded(array, "PNG"))
        np.testing.assert_array_equal(np.asarray(image), array)
        assert notes == []


def test_sixteen_bits_are_scaled_not_clipped():
    wide = (RAMP.astype(np.uint16) * 257)[::-1].copy()
    image, notes = decode(encoded(wide, "PNG"))
    np.testing.assert_array_equal(np.asarray(image), RAMP[::-1])
    assert notes == ["16 bits: reduced to 8"]


def test_palette():
    buffer = io.BytesIO()
    Image.fromarray(COLOURS // 64 * 64).quantize(64).save(buffer, "PNG")
    image, notes = decode(buffer.getvalue())
    assert image.mode == "RGB" and notes == ["palette: converted"]
    np.testing.assert_array_equal(np.asarray(image), COLOURS // 64 * 64)


def test_cmyk():
    buffer = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(buffer, "JPEG", quality=100)
    image, notes = decode(buffer.getvalue())
    assert notes == ["CMYK: converted to RGB"]
    assert abs(np.asarray(image).astype(int) - [255, 0, 0]).max() <= 3


def test_transparent_parts_lie_over_white():
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    pixels[1, 1] = (0, 0, 0, 51)  # a fifth opaque
    image, _ = decode(encoded(pixels, "PNG"))
    np.testing.assert_array_equal(np.asarray(image), [[[10, 20, 30], [255] * 3], [[255] * 3, [204] * 3]])
    grey, _ = decode(encoded(np.stack([RAMP, RAMP], -1), "PNG"))
    assert grey.mode == "L" and np.asarray(grey)[0, 0] == 255


def test_one_bit_is_black_and_white():
    buffer = io.BytesIO()
    Image.fromarray(RAMP > 99).save(buffer, "PNG")
    image, _ = decode(buffer.getvalue())
    np.testing.assert_array_equal(np.asarray(image), (RAMP > 99) * 255)


def test_exif_orientation_is_applied():
    for orientation, upright in ((6, np.rot90(RAMP, -1)), (3, RAMP[::-1, ::-1]), (2, RAMP[:, ::-1])):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image, _ = decode(encoded(RAMP, "PNG", exif=exif))
        np.testing.assert_array_equal(np.asarray(image), upright)


def test_animations_give_their_first_frame():
    frames = [Image.fromarray(RAMP), Image.fromarray(255 - RAMP)]
    for file_format in ("GIF", "TIFF", "PNG", "WEBP"):
        buffer = io.BytesIO()
        options = {"lossless": True} if file_format == "WEBP" else {}
        frames[0].save(buffer, file_format, save_all=True, append_images=frames[1:], **options)
        image, notes = decode(buffer.getvalue())
        np.testing.assert_array_equal(np.asarray(image), RAMP)
        assert "animated or of several pages: only the first is used" in notes


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><html>404</html>", "not an image \\(it begins with b'<!DOCTYPE html>"),
        (encoded(COLOURS, "PNG")[:70], "damaged"),
        (encoded(COLOURS, "JPEG")[:400], "damaged"),
        (encoded(COLOURS, "PNG")[:8], "not an image|damaged"),
        (png_bomb(), "more pixels than the limit|more than the limit"),
        (
            encoded(np.zeros((9000, 8000), np.uint8), "PNG"),
            "8000x9000 pixels are more than the limit of 67,108,864",
        ),
        (encoded(RAMP.astype(np.float32), "TIFF"), "pixels of mode F"),
    ],
    ids=["html", "png", "jpeg", "signature", "bomb", "large", "float"],
)
def test_what_is_no_image_is_one_line(content, reason):
    with pytest.raises(ImageError, match=reason) as caught:
        decode(content)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_images(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match=r"empty file \(0 bytes\)"):
        read_bytes(tmp_path / "empty.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="not a regular file"):
        read_bytes(tmp_path / "pipe.png")
    with open(tmp_path / "huge.png", "wb") as file:
        file.truncate((1 << 28) + 1)
    with pytest.raises(ImageError, match="268,435,457 bytes are more"):
        read_bytes(tmp_path / "huge.png")


# === Fitting ===


def test_shrinking_is_the_mean_over_areas():
    array = np.random.default_rng(0).integers(0, 256, (24, 24), dtype=np.uint8)
    small = fit(Image.fromarray(array), (6, 6, 1))
    means = array.reshape(6, 4, 6, 4).mean((1, 3))
    assert abs(small[..., 0] - means).max() <= 1  # two passes, each rounded


def test_the_aspect_is_kept_and_the_rest_is_background():
    wide = fit(Image.new("L", (20, 10), 200), (16, 16, 1))
    assert (wide[4:12] == 200).all() and (wide[:4] == 0).all() and (wide[12:] == 0).all()
    ink = fit(Image.new("L", (10, 20), 55), (16, 16, 3), invert=True)
    assert ink.shape == (16, 16, 3) and (ink[:, 4:12] == 200).all() and (ink[:, 12:] == 0).all()


def test_the_margin_stays_free():
    framed = fit(Image.new("L", (9, 9), 255), (16, 16, 1), margin=1 / 8)
    assert (framed[2:14, 2:14] == 255).all() and framed.sum() == 255 * 144


def test_images_of_the_right_size_are_not_touched():
    np.testing.assert_array_equal(fit(Image.fromarray(RAMP), (16, 16, 1))[..., 0], RAMP)
    np.testing.assert_array_equal(fit(Image.fromarray(RAMP), (16, 16, 1), invert=True)[..., 0], 255 - RAMP)


def test_borders():
    paper = np.full((8, 8), 250, np.uint8)
    paper[2:6, 2:6] = 0
    assert ink_is_dark(Image.fromarray(paper)) is True
    assert ink_is_dark(Image.fromarray(255 - paper)) is False
    assert ink_is_dark(Image.fromarray(np.full((8, 8), 128, np.uint8))) is None
