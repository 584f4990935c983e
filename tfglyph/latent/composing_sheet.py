"""The sheet of composed characters: the variants of each description above its text, black on white."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfglyph.exemplars.kinds import Match
from tfglyph.imaging.grids import MARGIN, enlarge, table_figure
from tfglyph.imaging.text import draw_text, text_size

if TYPE_CHECKING:
    from tfglyph.models.composing import Composed, Request

TEXT_SIZE, GAP, IMAGE_HEIGHT = 18, 6, 96


def sheet(requests: "Sequence[Request]", images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lays composed images out with their descriptions.

    Args:
        requests: list of d Request.
        images: uint8 (d, v, h, w, c), ink 255.
        columns: int or None, descriptions in a row; None: 1, or 8 from nine descriptions on.

    Returns:
        uint8 (H, W, 3).
    """
    from PIL import Image  # slow: only where an image is drawn

    count, variants, height, _, channels = images.shape
    columns = min(columns or (1 if count < 9 else 8), count)
    target_height = IMAGE_HEIGHT if count * variants <= 64 else IMAGE_HEIGHT / 2
    large = enlarge(images.reshape(-1, *images.shape[2:]), max(1, round(target_height / height)))
    if channels == 1:
        large = np.broadcast_to(255 - large, (*large.shape[:3], 3))  # ink is black on paper
    large = large[..., :3].reshape(count, variants, *large.shape[1:3], 3)
    texts = [request.text if len(request.text) <= 16 else request.text[:15] + "…" for request in requests]
    pitch = large.shape[3] + GAP
    cell_width = max(variants * pitch, *(text_size(text, TEXT_SIZE) for text in texts)) + 2 * GAP
    cell_height = large.shape[2] + TEXT_SIZE + 4 * GAP
    rows = math.ceil(count / columns)
    page_size = math.ceil(columns * cell_width) + 2 * MARGIN, rows * cell_height + 2 * MARGIN
    page = Image.new("RGB", page_size, (255, 255, 255))
    for number, (text, row) in enumerate(zip(texts, large, strict=True)):
        x, y = MARGIN + number % columns * cell_width, MARGIN + number // columns * cell_height
        for variant, image in enumerate(row):
            page.paste(Image.fromarray(np.ascontiguousarray(image)), (round(x + variant * pitch), round(y)))
        middle = x + (variants * pitch - GAP - text_size(text, TEXT_SIZE)) / 2
        draw_text(page, (max(x, middle), y + large.shape[2] + GAP), text, TEXT_SIZE)
    return np.asarray(page)  # (H, W, 3)


def exemplar_sheet(requests: "Sequence[Request]", composed: "Composed") -> np.ndarray:
    """The first drawing of each description beside the glyphs that it was drawn from.

    Args:
        requests: list of d Request.
        composed: Composed, of these requests.

    Returns:
        uint8 (H, W, 3): a row for each description, the drawing first, then its exemplars, each in its place.
    """
    rows = []
    retrieved = composed.retrieved[0]
    for number, request in enumerate(requests):
        used = retrieved.exemplars[number, retrieved.kinds[number, :, 0] != Match.NONE]
        rows.append((request.text[:16], [composed.images[number, :1], used]))
    most = max(len(images[1]) for _, images in rows)
    rows = [(text, [drawn, _padded(used, most)]) for text, (drawn, used) in rows]
    return table_figure("Drawn from", [("drawn", [""]), ("from", [""] * most)], rows)


def _padded(images: np.ndarray, count: int) -> np.ndarray:
    """uint8 (count, h, w, c): the images, and as many empty ones as it takes."""
    return np.concatenate([images, np.zeros((count - len(images), *images.shape[1:]), np.uint8)])
