"""Small changes to batches: rotation, shift, scale, stretch, shear, weight of the strokes; off by default."""

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tfglyph.errors import UsageError

if TYPE_CHECKING:
    import tensorflow as tf

_LIMITS = {"rotate": 15.0, "shift": 0.2, "scale": 0.2, "shear": 15.0, "stretch": 0.2, "weight": 0.03, "spare": 1.0}
SHARPNESS = 1.5  # how much grey is steepened after a change, which blurs


@dataclass(frozen=True)
class Augmentation:
    """How far images may be changed; every amount is drawn uniformly between minus and plus its limit.

    Attributes:
        rotate: float, degrees, at most 15.
        shift: float, fraction of the side, at most 0.2, for each direction.
        scale: float, fraction of the size, at most 0.2.
        shear: float, degrees, at most 15.
        stretch: float, fraction of the size, at most 0.2, for height and width each by itself.
        weight: float, fraction of the side, at most 0.03, by which strokes grow or shrink on each side.
        spare: float, fraction of the images that stay as they are; not drawn.
        flip: bool, whether half of the images are mirrored left to right. A mirrored character is a wrong character:
            a model trained on them draws wrong characters.
    """

    rotate: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    stretch: float = 0.0
    weight: float = 0.0
    spare: float = 0.0
    flip: bool = False

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            amount = getattr(self, name)
            if not 0 <= amount <= limit:
                raise UsageError(f"augmentation {name}={amount} is not between 0 and {limit}: only small changes")

    def apply(self, images: "tf.Tensor", seed: int, step: "tf.Tensor") -> "tf.Tensor":
        """Changes the images of a step; what happens to image i depends on seed, step and i.

        Args:
            images: uint8 tensor ``[n, h, w, c]``.
            seed: int.
            step: int64 scalar tensor.

        Returns:
            uint8 tensor ``[n, h, w, c]``; what comes in from outside is 0.
        """
        import tensorflow as tf  # slow: seconds; whoever only looks at data does without

        count, (height, width) = tf.shape(images)[0], images.shape[1:3]
        seeds = tf.stack([tf.cast(seed, tf.int64), step])
        draws = tf.random.stateless_uniform((count, 6), seeds, -1.0, 1.0)  # (n, 6)
        # (Drawn by themselves: what older runs draw stays the same.)
        more = tf.random.stateless_uniform((count, 4), seeds + tf.constant([1 << 32, 0], tf.int64), -1.0, 1.0)  # (n, 4)
        transforms = self._transforms(draws, more[:, :2], float(height), float(width))  # (n, 8)
        changed = tf.raw_ops.ImageProjectiveTransformV3(
            images=tf.cast(images, tf.float32),
            transforms=transforms,
            output_shape=[height, width],
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
            fill_value=0.0,
        )
        if self.weight:
            changed = _grown(changed, more[:, 2] * (self.weight * min(height, width)), self.weight * min(height, width))
            changed = (changed - 127.5) * SHARPNESS + 127.5
        changed = tf.cast(tf.round(tf.clip_by_value(changed, 0.0, 255.0)), tf.uint8)  # (n, h, w, c)
        if self.spare:
            changed = tf.where((more[:, 3] < 2 * self.spare - 1)[:, None, None, None], images, changed)
        return changed

    def _transforms(self, draws: "tf.Tensor", stretches: "tf.Tensor", height: float, width: float) -> "tf.Tensor":
        """float32 ``[n, 8]``: coefficients that lead from a pixel of the result to one of the image.

        Args:
            draws: float32 ``[n, 6]`` in [-1, 1): rotation, shift to the right, shift down, scale, shear, mirror.
            stretches: float32 ``[n, 2]`` in [-1, 1): in width and in height.
            height: float, pixels.
            width: float, pixels.
        """
        import tensorflow as tf  # slow: as above

        radians = math.pi / 180
        angle, right, down, scale, shear, side = tf.unstack(draws, axis=1)  # (n,) each
        angle, shear = angle * (self.rotate * radians), tf.tan(shear * (self.shear * radians))
        scale = 1.0 / (1.0 + scale * self.scale)
        mirror = tf.where(side < 0, -1.0, 1.0) if self.flip else tf.ones_like(side)
        cosine, sine = tf.cos(angle) * scale, tf.sin(angle) * scale
        a, b = mirror * cosine, mirror * (cosine * shear - sine)
        c, d = sine, sine * shear + cosine
        if self.stretch:
            wider, higher = tf.unstack(1.0 / (1.0 + stretches * self.stretch), axis=1)
            a, c, b, d = a * wider, c * wider, b * higher, d * higher
        center_x, center_y = (width - 1) / 2, (height - 1) / 2
        from_x, from_y = center_x + right * (self.shift * width), center_y + down * (self.shift * height)
        zero = tf.zeros_like(angle)
        offset_x, offset_y = center_x - a * from_x - b * from_y, center_y - c * from_x - d * from_y
        return tf.stack([a, b, offset_x, c, d, offset_y, zero, zero], axis=1)  # (n, 8)


def _grown(images: "tf.Tensor", pixels: "tf.Tensor", most: float) -> "tf.Tensor":
    """Grey images whose ink grows, or shrinks where ``pixels`` is negative, by that many pixels on all sides.

    Args:
        images: float32 ``[n, h, w, c]``.
        pixels: float32 ``[n]``, between -most and most; fractions blend two whole numbers.
        most: float, pixels.
    """
    import tensorflow as tf  # slow: as above

    # What shrinks is what grows when ink and ground change places.
    is_growing = (pixels > 0)[:, None, None, None]
    images = tf.where(is_growing, images, -images)
    left = tf.abs(pixels)[:, None, None, None]
    for _ in range(math.ceil(most)):
        images += tf.clip_by_value(left, 0.0, 1.0) * (tf.nn.max_pool2d(images, 3, 1, "SAME") - images)
        left -= 1.0
    return tf.where(is_growing, images, -images)


def parse(text: str | None, flip: bool = False) -> dict[str, Any]:
    """The arguments of ``Augmentation``, as plain JSON, from text like ``rotate=3,shift=0.02``; empty for none.

    Raises:
        UsageError: an unknown change, or an amount that is no number or too large.
    """
    names = [entry.name for entry in fields(Augmentation) if entry.name != "flip"]
    amounts: dict[str, Any] = {}
    for part in filter(None, (text or "").replace(" ", "").split(",")):
        name, _, amount = part.partition("=")
        try:
            amounts[name] = float(amount)
        except ValueError:
            raise UsageError(f"augmentation {part!r} is not like rotate=3; there are {', '.join(names)}") from None
        if name not in names:
            raise UsageError(f"no augmentation {name!r}; there are {', '.join(names)}")
    if flip:
        amounts["flip"] = True
    Augmentation(**amounts)
    return amounts
