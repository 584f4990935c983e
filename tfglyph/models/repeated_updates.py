"""Several updates of one network within a training step."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Logs = dict[str, tf.Tensor]


def repeated_updates(
    update: Callable[[Any, tf.Tensor], tuple[tf.Tensor, Logs]],
    count: int,
    ok: tf.Tensor,
    replicas: int,
    stop_when: Callable[[Logs], tf.Tensor] | None = None,
    statistics: Sequence[Any] = (),
) -> tuple[tf.Tensor, Logs, tf.Tensor]:
    """``update(iteration, ok) -> (ok, logs)`` for iteration 0 to count - 1.

    On one device this is a loop in the graph, so that twenty updates of a network are traced as two. Optimizers cannot
    run in such a loop on several devices; there the updates stand one after the other, and those after an early exit
    change nothing.

    Args:
        update: function of an int or int32 tensor and a bool tensor; where ok is False it must update no weights.
        count: int, at least 1.
        ok: bool scalar tensor.
        replicas: int, devices that share the step.
        stop_when: function of the logs to a bool scalar tensor, the same on all devices: whether to end here; None:
            never.
        statistics: variables that an update may change whatever ok is.

    Returns:
        (ok, logs of the last update that counted, float32 scalar: how many did).
    """
    ok, logs = update(0, ok)
    if count == 1:
        return ok, logs, tf.constant(1.0)
    if replicas == 1:
        return _loop(update, count, ok, logs, stop_when)
    used = tf.constant(1.0)
    done = tf.constant(False)
    for iteration in range(1, count):
        if stop_when is None:
            ok, logs = update(iteration, ok)
            used += 1.0
            continue
        done = done | stop_when(logs)
        before = [tf.identity(variable.value) for variable in statistics]
        new_ok, new_logs = update(iteration, ok & ~done)
        for variable, value in zip(statistics, before, strict=True):
            variable.assign(tf.where(done, value, variable.value))
        ok = tf.where(done, ok, new_ok)
        logs = {name: tf.where(done, logs[name], value) for name, value in new_logs.items()}
        used += tf.cast(~done, tf.float32)
    return ok, logs, used


def _loop(
    update: Callable[[Any, tf.Tensor], tuple[tf.Tensor, Logs]],
    count: int,
    ok: tf.Tensor,
    logs: Logs,
    stop_when: Callable[[Logs], tf.Tensor] | None,
) -> tuple[tf.Tensor, Logs, tf.Tensor]:
    def goes_on(iteration: tf.Tensor, ok: tf.Tensor, logs: Logs) -> tf.Tensor:
        return (iteration < count) & ~stop_when(logs) if stop_when else iteration < count

    def step(iteration: tf.Tensor, ok: tf.Tensor, logs: Logs) -> tuple[tf.Tensor, tf.Tensor, Logs]:
        return iteration + 1, *update(iteration, ok)

    used, ok, logs = tf.while_loop(goes_on, step, (tf.constant(1), ok, logs), parallel_iterations=1)
    return ok, logs, tf.cast(used, tf.float32)
