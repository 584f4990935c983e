"""Several updates of one network within a training step."""

import tensorflow as tf


def repeat(turn, count, ok, replicas, leave=None, statistics=()):
    """``turn(index, ok) -> (ok, logs)`` for index 0 to count - 1.

    On one device this is a loop in the graph, so that twenty updates of a network are traced as two. Optimizers cannot
    run in such a loop on several devices; there the turns stand one after the other, and those after an early exit
    change nothing.

    Args:
        turn: function of an int or int32 tensor and a bool tensor; where ok is False it must update no weights.
        count: int, at least 1.
        ok: bool scalar tensor.
        replicas: int, devices that share the step.
        leave: function of the logs to a bool scalar tensor, the same on all devices: whether to end here; None: never.
        statistics: variables that a turn may change whatever ok is.

    Returns:
        (ok, logs of the last turn that counted, float32 scalar: how many did).
    """
    ok, logs = turn(0, ok)
    if count == 1:
        return ok, logs, tf.constant(1.0)
    if replicas == 1:
        return _loop(turn, count, ok, logs, leave)
    used = tf.constant(1.0)
    done = tf.constant(False)
    for index in range(1, count):
        if leave is None:
            ok, logs = turn(index, ok)
            used += 1.0
            continue
        done = done | leave(logs)
        before = [tf.identity(variable.value) for variable in statistics]
        turn_ok, turn_logs = turn(index, ok & ~done)
        for variable, value in zip(statistics, before, strict=True):
            variable.assign(tf.where(done, value, variable.value))
        ok = tf.where(done, ok, turn_ok)
        logs = {name: tf.where(done, logs[name], value) for name, value in turn_logs.items()}
        used += tf.cast(~done, tf.float32)
    return ok, logs, used


def _loop(turn, count, ok, logs, leave):
    def goes_on(index, ok, logs):
        return (index < count) & ~leave(logs) if leave else index < count

    def step(index, ok, logs):
        return index + 1, *turn(index, ok)

    used, ok, logs = tf.while_loop(goes_on, step, (tf.constant(1), ok, logs), parallel_iterations=1)
    return ok, logs, tf.cast(used, tf.float32)
