"""Gradient accumulation: a batch in parts, one after another; the gradient of the whole in the memory of a part."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tfglyph.errors import UsageError

Logs = dict[str, tf.Tensor]
Computed = tuple[Logs, Any, Logs]
"""What is computed of a batch: (float32 scalars that are means over its images, a tree of gradients of such means,
tensors (n, ...) with a row for each image)."""


def in_microbatches(
    compute: Callable[[Any], Computed], data: Any, count: int, variables: Any, rows: Sequence[str] = ()
) -> Computed:
    """``compute(data)``, of ``count`` equal parts of the data one after another.

    Means and gradients are the means of those of the parts: up to rounding those of the whole, as long as an image's
    results do not depend on the others. Batch normalization makes them depend: its statistics are those of a part.

    Args:
        compute: function of a tree as ``data`` to ``Computed``.
        data: tree of tensors (n, ...): all that differs between images, random draws too.
        count: int, a divisor of n; with 1, ``compute`` is simply called.
        variables: tree of variables, as that of the gradients.
        rows: list of str, the names in the third result of ``compute``.

    Returns:
        As ``compute``; with more than one part gradients are dense and rows float32.

    Raises:
        UsageError: ``count`` is no divisor of n.
    """
    if count == 1:
        return compute(data)
    first = tf.nest.flatten(data)[0]
    images = first.shape[0]
    if images is not None and images % count:
        raise UsageError(f"microbatches: {images} images of a device are no multiple of {count}")
    size = tf.shape(first)[0] // count
    names: list[str] = []  # of the means; known when ``compute`` has been traced

    def body(index: tf.Tensor, kept: list[tf.TensorArray], gradients: list[tf.Tensor]) -> tuple[Any, ...]:
        part = tf.nest.map_structure(lambda values: values[index * size : (index + 1) * size], data)
        # A function of its own, for its kernels: where operations run one after the other (``determinism``), TensorFlow
        # does not optimize the body of a loop for the processor, but does so for a function that the body calls.
        function = compute if tf.executing_eagerly() else tf.function(compute, autograph=False)
        means, more, of_images = function(part)
        names[:] = list(means)
        values = [tf.stack(list(means.values())), *(tf.cast(of_images[name], tf.float32) for name in rows)]
        # (A gradient of an embedding is sparse until it is added up.)
        summed = [
            total + tf.convert_to_tensor(gradient) / count
            for total, gradient in zip(gradients, tf.nest.flatten(more), strict=True)
        ]
        return index + 1, [array.write(index, value) for array, value in zip(kept, values, strict=True)], summed

    arrays = [tf.TensorArray(tf.float32, size=count) for _ in (None, *rows)]
    zeros = [tf.zeros(variable.shape) for variable in tf.nest.flatten(variables)]
    state = (tf.constant(0), arrays, zeros)
    _, (stacked, *kept), gradients = tf.while_loop(lambda index, *_: index < count, body, state, parallel_iterations=1)
    means = sum(tf.unstack(stacked.stack() / count, count))  # (in order, so that the bits are always the same)
    return (
        dict(zip(names, tf.unstack(means, len(names)), strict=True)),
        tf.nest.pack_sequence_as(variables, gradients),
        {name: array.concat() for name, array in zip(rows, kept, strict=True)},
    )
