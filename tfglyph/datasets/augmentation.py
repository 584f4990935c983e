"""Small affine changes to batches: turned, shifted, scaled or sheared a little; off unless asked for."""

from dataclasses import dataclass, fields

from tfglyph.errors import UsageError

_LIMITS = {"rotate": 15.0, "shift": 0.2, "scale": 0.2, "shear": 15.0}


@dataclass(frozen=True)
class Augmentation:
    """How far images may be changed; every amount is drawn uniformly between minus and plus its limit.

    Attributes:
        rotate: float, degrees, at most 15.
        shift: float, share of the side, at most 0.2, for each direction.
        scale: float, share of the size, at most 0.2.
        shear: float, degrees, at most 15.
        flip: bool, whether half of the images are mirrored left to right. A mirrored character is a wrong
            character: a model trained on them draws wrong characters.
    """

    rotate: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    flip: bool = False

    def __post_init__(self):
        for name, limit in _LIMITS.items():
            amount = getattr(self, name)
            if not 0 <= amount <= limit:
                raise UsageError(f"augmentation {name}={amount} is not between 0 and {limit}: only small changes")

    def apply(self, images, seed, step, batch_size, batches_per_step=1, shard=(0, 1)):
        """Changes a batch; what happens to an image depends on seed, step and its place in the global batch.

        Args:
            images: uint8 tensor ``[k·batch_size/count, h, w, c]``, this worker's pieces.
            seed: int.
            step: int64 scalar tensor.
            batch_size: int, of the global batch.
            batches_per_step: int, k.
            shard: (index, count).

        Returns:
            uint8 tensor of the same shape; what comes in from outside is 0.
        """
        import tensorflow as tf

        index, count = shard
        piece = batch_size // count
        draws = tf.random.stateless_uniform(
            (batches_per_step, batch_size, 6), tf.stack([tf.cast(seed, tf.int64), step]), -1.0, 1.0
        )
        draws = tf.reshape(draws[:, index * piece : (index + 1) * piece], (-1, 6))  # (n, 6)
        height, width = images.shape[1:3]
        transforms = self._transforms(draws, float(height), float(width))
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=tf.cast(images, tf.float32),
            transforms=transforms,
            output_shape=[height, width],
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
            fill_value=0.0,
        )
        return tf.cast(tf.round(tf.clip_by_value(moved, 0.0, 255.0)), tf.uint8)  # (n, h, w, c)

    def _transforms(self, draws, height, width):
        """float32 ``[n, 8]``: coefficients that lead from a pixel of the result to one of the image."""
        import tensorflow as tf

        radians = 3.141592653589793 / 180
        angle, across, down, size, shear, side = tf.unstack(draws, axis=1)
        angle, shear = angle * (self.rotate * radians), tf.tan(shear * (self.shear * radians))
        size = 1.0 / (1.0 + size * self.scale)
        mirror = tf.where(side < 0, -1.0, 1.0) if self.flip else tf.ones_like(side)
        cosine, sine = tf.cos(angle) * size, tf.sin(angle) * size
        a, b = mirror * cosine, mirror * (cosine * shear - sine)
        c, d = sine, sine * shear + cosine
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        from_x, from_y = middle_x + across * (self.shift * width), middle_y + down * (self.shift * height)
        zero = tf.zeros_like(angle)
        rows = [
            a,
            b,
            middle_x - a * from_x - b * from_y,
            c,
            d,
            middle_y - c * from_x - d * from_y,
            zero,
            zero,
        ]
        return tf.stack(rows, axis=1)  # (n, 8)


def parse(text, flip=False):
    """The arguments of ``Augmentation``, as plain JSON, from text like ``rotate=3,shift=0.02``; empty for
    none.

    Raises:
        UsageError: an unknown change, or an amount that is no number or too large.
    """
    known = [entry.name for entry in fields(Augmentation) if entry.name != "flip"]
    amounts = {}
    for part in filter(None, (text or "").replace(" ", "").split(",")):
        name, _, amount = part.partition("=")
        try:
            amounts[name] = float(amount)
        except ValueError:
            raise UsageError(f"augmentation {part!r} is not like rotate=3; there are {', '.join(known)}") from None
        if name not in known:
            raise UsageError(f"no augmentation {name!r}; there are {', '.join(known)}")
    if flip:
        amounts["flip"] = True
    Augmentation(**amounts)
    return amounts
