"""From glyphs to batches: the order is a pure function of (seed, epoch), and any step can be the first.

Batch b of the run belongs to epoch e = b // batches_per_epoch and holds the rows
``numpy.random.default_rng([seed, e]).permutation(n)`` from (b mod batches_per_epoch)·batch_size on. What is
left over at the end of an epoch is dropped; the next epoch's order brings it back. No iterator has state to
save.
"""

from functools import lru_cache

import numpy as np

from tfglyph.errors import UsageError

_STEPS_TOGETHER = 16
_BYTES_TOGETHER = 1 << 22


class Order:
    """Which rows of a set of n images are in which batch.

    Args:
        count: int, n.
        batch_size: int, images in a batch, over all workers.
        seed: int ≥ 0.

    Raises:
        UsageError: fewer images than one batch takes.
    """

    def __init__(self, count, batch_size, seed):
        if batch_size < 1:
            raise UsageError(f"batch size {batch_size} is not positive")
        if count < batch_size:
            raise UsageError(f"{count} images are too few for a batch of {batch_size}: use a smaller --batch_size")
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.batches_per_epoch = count // batch_size
        self.permutation = lru_cache(maxsize=4)(self._permutation)

    def _permutation(self, epoch):
        return np.random.default_rng([self.seed, epoch]).permutation(self.count)

    def rows(self, batch):
        """int64 ``[batch_size]``: the rows of global batch number ``batch``."""
        epoch, position = divmod(batch, self.batches_per_epoch)
        return self.permutation(epoch)[position * self.batch_size : (position + 1) * self.batch_size]

    def step_rows(self, step, batches_per_step=1, shard=(0, 1)):
        """int64 ``[batches_per_step * batch_size / shards]``: the rows of a step for one of several workers.

        Worker i of k gets the i-th of k equal pieces of every batch, so that the workers' pieces of a batch,
        one after the other, are that batch.
        """
        index, shards = shard
        piece = self.batch_size // shards
        batches = range(step * batches_per_step, (step + 1) * batches_per_step)
        return np.concatenate([self.rows(batch)[index * piece : (index + 1) * piece] for batch in batches])


def feed(glyphs, batch_size, seed, start_step=0, steps=None, batches_per_step=1, shard=(0, 1), augmentation=None):
    """A ``tf.data.Dataset`` of batches of a set, entered at any step.

    Args:
        glyphs: Glyphs with n images ``[n, h, w, c]``.
        batch_size: int, images in a global batch; at most n.
        seed: int ≥ 0, decides the order (and the augmentation).
        start_step: int ≥ 0, the first step: what came before is skipped at no cost.
        steps: int or None, how many steps to give; ``None`` goes on for ever.
        batches_per_step: int ≥ 1, k: step s holds the global batches s·k … s·k + k − 1, one after the other.
        shard: (index, count): this worker's piece of every global batch; ``batch_size`` is divisible by
            count.
        augmentation: Augmentation or None.

    Returns:
        ``tf.data.Dataset`` of dicts with ``images`` uint8 ``[k·batch_size/count, h, w, c]`` and, where the
        set has them, ``labels`` int32 ``[k·batch_size/count]`` and ``tokens`` int32 ``[k·batch_size/count, length]``.

    Raises:
        UsageError: fewer images than a batch, or a shard that does not exist or does not divide the batch.
    """
    index, shards = shard
    if not 0 <= index < shards or batch_size % shards:
        raise UsageError(f"worker {index} of {shards} cannot take its piece of a batch of {batch_size}")
    import tensorflow as tf

    order = Order(len(glyphs), batch_size, seed)
    height, width, channels = glyphs.images.shape[1:]
    length = batches_per_step * batch_size // shards
    known = {"labels": glyphs.labels, "tokens": glyphs.tokens}
    known = {name: np.asarray(values, np.int32) for name, values in known.items() if values is not None}

    # Python is asked for several steps at once: a call costs more than copying the images of a step.
    together = max(1, min(_STEPS_TOGETHER, _BYTES_TOGETHER // (length * height * width * channels)))

    def gather(first):
        rows = np.stack([order.step_rows(step, batches_per_step, shard) for step in range(first, first + together)])
        images = glyphs.images[rows.reshape(-1)].reshape(*rows.shape, height, width, channels)
        return images, *(values[rows] for values in known.values())

    def steps_from(first):
        dtypes = (tf.uint8, *(tf.int32 for _ in known))
        images, *told = tf.numpy_function(gather, [first], dtypes, stateful=False)
        images = tf.ensure_shape(images, (together, length, height, width, channels))
        told = [
            tf.ensure_shape(part, (together, length, *values.shape[1:]))
            for part, values in zip(told, known.values(), strict=True)
        ]
        return first + tf.range(together, dtype=tf.int64), images, *told

    def batch(step, images, *told):
        if augmentation is not None:
            images = augmentation.apply(images, seed, step, batch_size, batches_per_step, shard)
        return {"images": images, **dict(zip(known, told, strict=True))}

    dataset = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max - together, together)
    dataset = dataset.map(steps_from, num_parallel_calls=2, deterministic=True).unbatch()
    if steps is not None:
        dataset = dataset.take(steps)
    dataset = dataset.map(batch, num_parallel_calls=2, deterministic=True)
    return dataset.prefetch(4)
