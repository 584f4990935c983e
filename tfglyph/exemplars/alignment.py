"""Exemplars put into place: the glyph moved and scaled so that the part that it shows fills the part's box."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfglyph.exemplars.kinds import BOX, SCALE, Match

MARGIN = 0.03  # of the side: how far around its box a moved part is kept; the rest shows other parts
LEAST = 1 / 64  # of the side: no box is thinner


def align(images: tf.Tensor, kinds: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
    """Moves the exemplars whose part is not at its place; the others stay as they are.

    Args:
        images: uint8 tensor (n, h, w, c), glyphs as the font draws them.
        kinds: int tensor (n, COLUMNS), see ``tfglyph.exemplars.kinds``.
        sources: float32 tensor (n, 4), the box (top, left, bottom, right) in [0, 1] in which each shows the part.

    Returns:
        uint8 tensor (n, h, w, c).
    """
    height, width = images.shape[1:3]
    targets = tf.cast(kinds[:, BOX], tf.float32) / SCALE  # (n, 4)
    is_moved = (kinds[:, 0] == Match.MOVED) | (kinds[:, 0] == Match.ALONE)
    rows = tf.where(is_moved)[:, 0]

    def moved() -> tf.Tensor:
        target, source = tf.gather(targets, rows), tf.gather(sources, rows)
        target_sides = tf.maximum(target[:, 2:] - target[:, :2], LEAST)
        scale = tf.maximum(source[:, 2:] - source[:, :2], LEAST) / target_sides  # (m, 2)
        first = source[:, :2] - target[:, :2] * scale
        # crop_and_resize puts the centres of the corner pixels at the crop's corners.
        last = first + scale
        half = 0.5 * scale / tf.constant([height, width], tf.float32)
        pixels = tf.constant([height, width], tf.float32)
        corners = tf.concat([first + half, last - half], 1) * tf.tile(pixels, [2])  # in pixels from the edge
        crops = (corners - 0.5) / (tf.tile(pixels, [2]) - 1)
        glyphs = tf.cast(tf.gather(images, rows), tf.float32)
        resized = tf.image.crop_and_resize(glyphs, crops, tf.range(tf.shape(rows)[0]), [height, width])
        kept = _inside(target, height, width)[..., None]
        return tf.cast(tf.round(tf.clip_by_value(resized * kept, 0.0, 255.0)), tf.uint8)

    return tf.cond(
        tf.size(rows) > 0, lambda: tf.tensor_scatter_nd_update(images, rows[:, None], moved()), lambda: images
    )


def _inside(boxes: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """float32 (n, h, w): 1 in each box and a margin around it, 0 elsewhere."""
    y, x = ((np.arange(pixels, dtype=np.float32) + 0.5) / pixels for pixels in (height, width))
    vertical = (y >= boxes[:, 0, None] - MARGIN) & (y <= boxes[:, 2, None] + MARGIN)
    horizontal = (x >= boxes[:, 1, None] - MARGIN) & (x <= boxes[:, 3, None] + MARGIN)
    return tf.cast(vertical[:, :, None] & horizontal[:, None, :], tf.float32)


def enlarge(images: Any, size: tuple[int, int]) -> tf.Tensor:
    """uint8 (n, h, w, c) at another size, for content glyphs: bicubic, clipped."""
    resized = tf.image.resize(images, size, method="bicubic", antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(resized, 0.0, 255.0)), tf.uint8)
