"""From glyphs to batches: the order is a pure function of (seed, epoch), and any step can be the first.

Batch b of the run belongs to epoch e = b // batches_per_epoch and holds the rows
``numpy.random.default_rng([seed, e]).permutation(n)`` from (b mod batches_per_epoch)·batch_size on. What is left over
at the end of an epoch is dropped; the next epoch's order brings it back. No iterator has state to save.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tfglyph.datasets.augmentation import Augmentation
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError

if TYPE_CHECKING:
    import tensorflow as tf

_STEPS_AT_ONCE = 16
_BYTES_AT_ONCE = 1 << 22


class Companions(Protocol):
    """What belongs to each image of a batch besides its own columns, such as the exemplars that it is drawn from."""

    @property
    def signature(self) -> dict[str, tuple[Any, tuple[int, ...]]]:
        """What ``gather`` gives for each image: dict from name to (numpy dtype, shape)."""

    def gather(self, rows: np.ndarray, step: int) -> dict[str, np.ndarray]:
        """Arrays ``[n, …]`` for the images in ``rows``, int64 ``[n]``, of a step; a function of these two alone."""

    def finish(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The batch as the model takes it, from dict of tensors to dict of tensors."""


class Order:
    """Which rows of a set of n images are in which batch.

    Args:
        count: int, n.
        batch_size: int, images in a batch.
        seed: int ≥ 0.

    Raises:
        UsageError: fewer images than one batch takes.
    """

    def __init__(self, count: int, batch_size: int, seed: int):
        if batch_size < 1:
            raise UsageError(f"batch size {batch_size} is not positive")
        if count < batch_size:
            raise UsageError(f"{count} images are too few for a batch of {batch_size}: use a smaller --batch_size")
        self.count: int = count
        self.batch_size: int = batch_size
        self.seed: int = seed
        self.batches_per_epoch: int = count // batch_size
        self.permutation = lru_cache(maxsize=4)(self._permutation)

    def _permutation(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.count)

    def rows(self, batch: int) -> np.ndarray:
        """int64 ``[batch_size]``: the rows of batch number ``batch``."""
        epoch, position = divmod(batch, self.batches_per_epoch)
        return self.permutation(epoch)[position * self.batch_size : (position + 1) * self.batch_size]

    def step_rows(self, step: int, batches_per_step: int = 1) -> np.ndarray:
        """int64 ``[batches_per_step * batch_size]``: the rows of a step's batches, one after the other."""
        batches = range(step * batches_per_step, (step + 1) * batches_per_step)
        return np.concatenate([self.rows(batch) for batch in batches])


def feed(
    glyphs: Glyphs,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    steps: int | None = None,
    batches_per_step: int = 1,
    augmentation: Augmentation | None = None,
    companions: Companions | None = None,
) -> "tf.data.Dataset":
    """A ``tf.data.Dataset`` of batches of a set, entered at any step.

    Args:
        glyphs: Glyphs with n images ``[n, h, w, c]``.
        batch_size: int, images in a batch; at most n.
        seed: int ≥ 0, decides the order (and the augmentation).
        start_step: int ≥ 0, the first step: what came before is skipped at no cost.
        steps: int or None, how many steps to give; ``None`` goes on for ever.
        batches_per_step: int ≥ 1, k: step s holds the batches s·k … s·k + k − 1, one after the other.
        augmentation: Augmentation or None.
        companions: Companions or None, what else belongs to each image.

    Returns:
        ``tf.data.Dataset`` of dicts with ``images`` uint8 ``[k·batch_size, h, w, c]`` and, where the set has them,
        ``labels`` int32 ``[k·batch_size]`` and ``tokens`` int32 ``[k·batch_size, length]``; and what ``companions``
        make of it.

    Raises:
        UsageError: fewer images than a batch.
    """
    import tensorflow as tf  # slow: seconds; whoever only looks at data does without

    order = Order(len(glyphs), batch_size, seed)
    height, width, channels = glyphs.images.shape[1:]
    count = batches_per_step * batch_size
    arrays = {"labels": glyphs.labels, "tokens": glyphs.tokens}
    columns = {name: np.asarray(values, np.int32) for name, values in arrays.items() if values is not None}
    signature = {name: (np.int32, values.shape[1:]) for name, values in columns.items()}
    if companions is not None:
        signature |= companions.signature

    # Python is called for several steps at once: a call costs more than copying the images of a step.
    at_once = max(1, min(_STEPS_AT_ONCE, _BYTES_AT_ONCE // (count * height * width * channels)))

    def gather(first: int) -> tuple[np.ndarray, ...]:
        rows = np.stack([order.step_rows(step, batches_per_step) for step in range(first, first + at_once)])
        images = glyphs.images[rows.reshape(-1)].reshape(*rows.shape, height, width, channels)
        values = {name: column[rows] for name, column in columns.items()}
        if companions is not None:
            steps = [companions.gather(of_step, first + number) for number, of_step in enumerate(rows)]
            values |= {name: np.stack([step[name] for step in steps]) for name in companions.signature}
        return images, *(values[name] for name in signature)

    def steps_from(first: Any) -> tuple[Any, ...]:
        dtypes = (tf.uint8, *(tf.as_dtype(dtype) for dtype, _ in signature.values()))
        images, *parts = tf.numpy_function(gather, [first], dtypes, stateful=False)
        images = tf.ensure_shape(images, (at_once, count, height, width, channels))
        parts = [
            tf.ensure_shape(part, (at_once, count, *shape))
            for part, (_, shape) in zip(parts, signature.values(), strict=True)
        ]
        return first + tf.range(at_once, dtype=tf.int64), images, *parts

    def as_channels(x: Any) -> Any:
        """(n, h, w, c), or (n, k, h, w, c) as (n, h, w, k c)."""
        return x if x.shape.rank == 4 else tf.reshape(tf.transpose(x, [0, 2, 3, 1, 4]), [count, height, width, -1])

    def from_channels(x: Any, shape: Any) -> Any:
        if len(shape) == 4:
            return x
        _, slots, height, width, channels = shape
        return tf.transpose(tf.reshape(x, [count, height, width, slots, channels]), [0, 3, 1, 2, 4])

    def batch(step: Any, images: Any, *parts: Any) -> dict[str, Any]:
        values = {"images": images, **dict(zip(signature, parts, strict=True))}
        if companions is not None:
            values = companions.finish(values)
        if augmentation is not None:
            # What shows the same style changes in the same way: the other glyphs are further channels of the image.
            pictures = [name for name in ("images", "exemplars") if name in values]
            joined = [as_channels(values[name]) for name in pictures]
            changed = augmentation.apply(tf.concat(joined, -1), seed, step)
            for name, part in zip(pictures, tf.split(changed, [each.shape[-1] for each in joined], -1), strict=True):
                values[name] = from_channels(part, values[name].shape)
        return values

    dataset = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max - at_once, at_once)
    dataset = dataset.map(steps_from, num_parallel_calls=2, deterministic=True).unbatch()
    if steps is not None:
        dataset = dataset.take(steps)
    dataset = dataset.map(batch, num_parallel_calls=2, deterministic=True)
    return dataset.prefetch(4)
