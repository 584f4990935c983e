"""The training loop: one for one device, several devices and several machines.

The order of events in a step:

1. The next batch, a pure function of seed and step.
2. ``model.train_step``: draws, losses, gradients, updates, EMA; the step counter moves on.
3. The callbacks: scalars, pictures, bad steps, checkpoint, evaluation, progress bar, TensorBoard.

Keras's ``fit`` fails with several workers (tensorflow issue 72388), and one loop for all keeps that order in one place.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfglyph.errors import GlyphError
from tfglyph.models.base import GlyphModel
from tfglyph.models.determinism import ordered_execution
from tfglyph.training.signals import AgreedStop

STOP_ASKED = "stop_asked"


def training_loop(
    model: GlyphModel,
    strategy: tf.distribute.Strategy,
    batches: Iterable[Any],
    steps: int,
    callbacks: Sequence[keras.callbacks.Callback],
    stop: AgreedStop,
) -> None:
    """Trains for a number of steps, or until all workers know that one of them was asked to stop.

    Args:
        model: GlyphModel, compiled, built and prepared within ``strategy.scope()``.
        strategy: tf.distribute.Strategy.
        batches: from ``tfglyph.training.strategy.distributed_batches``.
        steps: int, how many steps to make.
        callbacks: list of keras.callbacks.Callback, called in this order.
        stop: AgreedStop, which the callbacks know.

    Raises:
        GlyphError: another worker is gone.
    """
    names: list[str] = []  # of the logs; filled when the step is traced

    def replica_step(batch: dict[str, tf.Tensor], asked: tf.Tensor) -> tf.Tensor:
        logs = model.train_step(batch) | {STOP_ASKED: asked}
        names[:] = list(logs)
        return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])

    @tf.function(autograph=False, jit_compile=model.jit_compile, reduce_retracing=True)
    def training_step(batch: dict[str, tf.Tensor], asked: tf.Tensor) -> tf.Tensor:
        return strategy.reduce("MEAN", strategy.run(replica_step, args=(batch, asked)), axis=None)

    hooks = keras.callbacks.CallbackList(list(callbacks), model=model, epochs=1, steps=steps)
    model.stop_training = False
    hooks.on_train_begin()
    iterator = iter(batches)
    try:
        for index in range(steps):
            hooks.on_train_batch_begin(index)
            batch, asked = next(iterator), tf.constant(float(stop.asked), tf.float32)
            with ordered_execution(model.precision, strategy.num_replicas_in_sync):  # the same bits in every run
                values = training_step(batch, asked).numpy().tolist()
            logs = dict(zip(names, values, strict=True))
            stop.agree(logs.pop(STOP_ASKED))
            hooks.on_train_batch_end(index, logs)
            if model.stop_training:
                break
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError):
        if strategy.num_replicas_in_sync == 1:
            raise
        raise GlyphError(
            "another worker ended or is out of reach; start all of them again with --restore_from"
        ) from None
    hooks.on_train_end()
