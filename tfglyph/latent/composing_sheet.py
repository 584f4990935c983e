"""The sheet of composed characters: each description under its variants, black on white."""

import math

import numpy as np

from tfglyph.imaging.grids import MARGIN, enlarge
from tfglyph.imaging.text import draw_text, text_size

TEXT, GAP, SHOWN = 18, 6, 96


def sheet(asked, images, columns=None):
    """Lays composed images out with their descriptions.

    Args:
        asked: list of d Request.
        images: uint8 (d, v, h, w, c), ink 255.
        columns: int or None, descriptions in a row; None: 1, or 8 from nine descriptions on.

    Returns:
        uint8 (H, W, 3).
    """
    from PIL import Image

    count, variants, height, _, channels = images.shape
    columns = min(columns or (1 if count < 9 else 8), count)
    factor = max(1, round(SHOWN / height)) if count * variants <= 64 else max(1, round(SHOWN / 2 / height))
    shown = enlarge(images.reshape(-1, *images.shape[2:]), factor)
    shown = 255 - shown if channels == 1 else shown  # ink is black on paper
    shown = np.broadcast_to(shown, (*shown.shape[:3], 3)) if channels == 1 else shown[..., :3]
    shown = shown.reshape(count, variants, *shown.shape[1:])
    texts = [request.text if len(request.text) <= 16 else request.text[:15] + "…" for request in asked]
    pitch = shown.shape[3] + GAP
    wide = max(variants * pitch, *(text_size(text, TEXT) for text in texts)) + 2 * GAP
    high = shown.shape[2] + TEXT + 4 * GAP
    rows = math.ceil(count / columns)
    page = Image.new("RGB", (math.ceil(columns * wide) + 2 * MARGIN, rows * high + 2 * MARGIN), (255, 255, 255))
    for number, (text, row) in enumerate(zip(texts, shown, strict=True)):
        x, y = MARGIN + number % columns * wide, MARGIN + number // columns * high
        for variant, image in enumerate(row):
            page.paste(Image.fromarray(np.ascontiguousarray(image)), (round(x + variant * pitch), round(y)))
        middle = x + (variants * pitch - GAP - text_size(text, TEXT)) / 2
        draw_text(page, (max(x, middle), y + shown.shape[2] + GAP), text, TEXT)
    return np.asarray(page)  # (H, W, 3)
