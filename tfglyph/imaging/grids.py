"""Image grids, labelled panels, tables of images, PNG files.

All functions map uint8 arrays to uint8 arrays. Brightness is never stretched to a batch's own minimum and maximum: that
would hide mode collapse.
"""

import dataclasses
import io
import math
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfglyph.files import PathLike, atomic_path, write_errors
from tfglyph.imaging.text import GlyphImages, draw_text, text_size

if TYPE_CHECKING:
    import PIL.Image

GAP_COLOUR = 96  # grey, neither ink nor background, so that the borders of images stay visible
MARGIN = 16


@dataclasses.dataclass(frozen=True)
class Panel:
    """One strip of a figure: a title, images side by side, and a line of text under each."""

    title: str
    images: np.ndarray
    """uint8 [n, h, w, c]"""
    labels: Sequence[str] = ()
    """One text per image, or none."""


# === Grids ===


def grid(images: np.ndarray, columns: int | None = None, padding: int = 2) -> np.ndarray:
    """Lays images out in rows.

    Args:
        images: uint8 [n, h, w, c], n at least 1.
        columns: int or None, images in a row; None: about as many as rows.
        padding: int, grey pixels between images and around them.

    Returns:
        uint8 [H, W, c]; cells without an image are grey.

    Raises:
        ValueError: the images are not uint8, not four-dimensional, or none.
    """
    images = _checked_images(images)
    count, height, width, channels = images.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    pitch_y, pitch_x = height + padding, width + padding
    canvas = np.full((rows * pitch_y + padding, columns * pitch_x + padding, channels), GAP_COLOUR, np.uint8)
    for index, image in enumerate(images):
        y = padding + index // columns * pitch_y
        x = padding + index % columns * pitch_x
        canvas[y : y + height, x : x + width] = image
    return canvas  # (rows * (h + padding) + padding, columns * (w + padding) + padding, c)


def enlarge(images: np.ndarray, factor: int) -> np.ndarray:
    """Every pixel repeated ``factor`` times along both axes: uint8 [n, h, w, c] to [n, h * factor, w * factor, c]."""
    return np.asarray(images).repeat(factor, axis=1).repeat(factor, axis=2)


def _checked_images(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise ValueError(f"expected uint8 images [n, h, w, c], received {images.dtype} {list(images.shape)}")
    return images


def _display_images(images: np.ndarray, height: int) -> np.ndarray:
    """RGB images of about ``height`` pixels: enlarged by a whole factor of at least 1."""
    images = _checked_images(images)
    if images.shape[-1] == 1:
        images = images.repeat(3, axis=-1)  # (n, h, w, 3)
    return enlarge(images[..., :3], max(1, round(height / images.shape[1])))


# === Pages with text ===


def panel_figure(
    title: str, panels: Sequence[Panel], glyphs: GlyphImages | None = None, image_height: int = 96
) -> np.ndarray:
    """Panels under each other on a white page.

    Args:
        title: str, the heading.
        panels: list of ``Panel``; all images of one size.
        glyphs: dict from character to uint8 image [h, w, c] for texts, or None; see ``tfglyph.imaging.text``.
        image_height: int, about how many pixels high an image is shown.

    Returns:
        uint8 [H, W, 3].
    """
    title_size, text = 28, 16
    strips = [_display_images(panel.images, image_height) for panel in panels]
    gap = 8
    width = max(
        [text_size(title, title_size, glyphs)]
        + [text_size(panel.title, text, glyphs) for panel in panels]
        + [len(strip) * (strip.shape[2] + gap) - gap for strip in strips]
    )
    label_heights = [text + 8 if panel.labels else 0 for panel in panels]
    height = (
        title_size
        + MARGIN
        + sum(text + 8 + strip.shape[1] + below + MARGIN for strip, below in zip(strips, label_heights, strict=True))
    )
    page = _page(width, height)
    draw_text(page, (MARGIN, MARGIN), title, title_size, glyphs)
    y = MARGIN + title_size + MARGIN
    for panel, strip, below in zip(panels, strips, label_heights, strict=True):
        draw_text(page, (MARGIN, y), panel.title, text, glyphs)
        y += text + 8
        for column, image in enumerate(strip):
            x = MARGIN + column * (strip.shape[2] + gap)
            _paste(page, image, x, y)
            if panel.labels:
                label = panel.labels[column]
                middle = x + (strip.shape[2] - text_size(label, text, glyphs)) / 2
                draw_text(page, (middle, y + strip.shape[1] + 4), label, text, glyphs)
        y += strip.shape[1] + below + MARGIN
    return np.asarray(page)  # (H, W, 3)


def table_figure(
    title: str,
    headers: Sequence[tuple[str, Sequence[str]]],
    rows: Sequence[tuple[str, Sequence[np.ndarray]]],
    glyphs: GlyphImages | None = None,
    image_height: int = 48,
) -> np.ndarray:
    """A table whose cells are groups of images.

    Args:
        title: str, the heading.
        headers: list of (title, texts): per group its title and one text per image.
        rows: list of (label, groups): str and uint8 images [n, h, w, c] per group, n as many as the header's texts.
        glyphs: as in ``panel_figure``.
        image_height: int, about how many pixels high an image is shown.

    Returns:
        uint8 [H, W, 3].
    """
    title_size, text, gap, group_gap = 24, 14, 4, 20
    display_rows = [(label, [_display_images(group, image_height) for group in groups]) for label, groups in rows]
    cell_height, cell_width = display_rows[0][1][0].shape[1:3]
    label_width = max(text_size(label, text, glyphs) for label, _ in rows) + group_gap
    starts: list[float] = []
    x = MARGIN + label_width
    for header, texts in headers:
        starts.append(x)
        group_width = max(len(texts) * (cell_width + gap) - gap, text_size(header, text, glyphs))
        x += group_width + group_gap
    width = max(x - group_gap - MARGIN, text_size(title, title_size, glyphs))
    top = MARGIN + title_size + MARGIN
    first_row = top + 2 * (text + 6)
    page = _page(width, first_row - MARGIN + len(rows) * (cell_height + gap))
    draw_text(page, (MARGIN, MARGIN), title, title_size, glyphs)
    for start, (header, texts) in zip(starts, headers, strict=True):
        draw_text(page, (start, top), header, text, glyphs)
        for column, label in enumerate(texts):
            middle = start + column * (cell_width + gap) + (cell_width - text_size(label, text, glyphs)) / 2
            draw_text(page, (middle, top + text + 6), label, text, glyphs)
    for row, (label, groups) in enumerate(display_rows):
        y = first_row + row * (cell_height + gap)
        draw_text(page, (MARGIN, y + (cell_height - text) // 2), label, text, glyphs)
        for start, group in zip(starts, groups, strict=True):
            for column, image in enumerate(group):
                _paste(page, image, start + column * (cell_width + gap), y)
    return np.asarray(page)  # (H, W, 3)


def beside(pages: Sequence[np.ndarray]) -> np.ndarray:
    """Pages side by side, white below the lower ones.

    Args:
        pages: list of uint8 [H, W, 3].

    Returns:
        uint8 [H, W, 3].
    """
    height = max(len(page) for page in pages)
    filled = [np.pad(page, [(0, height - len(page)), (0, 0), (0, 0)], constant_values=255) for page in pages]
    return np.concatenate(filled, axis=1)


def _page(width: float, height: float) -> "PIL.Image.Image":
    from PIL import Image  # slow: only where an image is drawn or written

    return Image.new("RGB", (math.ceil(width) + 2 * MARGIN, math.ceil(height) + 2 * MARGIN), (255, 255, 255))


def _paste(page: "PIL.Image.Image", image: np.ndarray, x: float, y: float) -> None:
    from PIL import Image  # slow: only where an image is drawn or written

    page.paste(Image.fromarray(image), (round(x), round(y)))


# === Files ===


def encode_png(image: np.ndarray) -> bytes:
    """PNG bytes of a uint8 image [h, w, c] with one, three or four channels.

    Raises:
        ValueError: the image is not uint8 or has another shape.
    """
    from PIL import Image  # slow: only where an image is drawn or written

    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] not in (1, 3, 4):
        raise ValueError(f"expected a uint8 image [h, w, 1, 3 or 4], received {image.dtype} {list(image.shape)}")
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "PNG")
    return buffer.getvalue()


def save_png(path: PathLike, image: np.ndarray) -> pathlib.Path:
    """Writes a PNG file atomically.

    Args:
        path: str or path; missing folders are made.
        image: uint8 [h, w, c], c one, three or four.

    Returns:
        pathlib.Path of the file.

    Raises:
        GlyphError: the file cannot be written.
    """
    path, data = pathlib.Path(path), encode_png(image)
    with write_errors(path), atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return path
