"""The same bits every time: training steps whose sums are always added in one order.

TensorFlow runs operations of a step at once where it can, and two of its decisions then depend on what else the machine
does. Its graph optimizer may turn a sum of three gradients or more into an accumulation in the order in which they
arrive, and does so where little memory is free (``memory_optimization``); and a sum begins with the first of its terms
whose memory nobody else still reads. ``enable_op_determinism`` covers neither. In floating point another order is
another result.

Within ``ordered_execution`` the first is off, and on a CPU the operations of a step in float32 run one after the other,
in one order, each still on all threads. docs/how-to/reliability.md has what that costs.
"""

import contextlib
import os
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.core.protobuf import rewriter_config_pb2
from tensorflow.python.eager import context

SINGLE_THREADED = "SINGLE_THREADED_EXECUTOR"


def inter_op_threads() -> int:
    """How many operations TensorFlow runs at once: as configured, else the cores that this process may use."""
    configured = tf.config.threading.get_inter_op_parallelism_threads()
    return configured or int(os.environ.get("TF_NUM_INTEROP_THREADS") or 0) or _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def ordered_execution(precision: str = "float32", replicas: int = 1) -> Iterator[None]:
    """Within, ``tf.function``s that this thread traces and calls give the same bits for the same inputs.

    TensorFlow has no public switch for it; tests/keras_internals_test.py names what is used here.

    Args:
        precision: str, the dtype policy. In mixed precision sums are not turned into accumulations either, but
            operations may still run at once: there it would cost more, and only float32 is promised to the bit.
        replicas: int, devices that share a step. Several wait for each other, so their operations cannot run one after
            the other; they are promised the same result within a tolerance alone.
    """
    before = context.context().function_call_options
    config = context.context().config
    config.graph_options.rewrite_options.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
    one_by_one = precision == "float32" and replicas == 1 and not tf.config.get_visible_devices("GPU")
    # Under that executor an operation that calls a function waits on a thread of the pool that the function needs as
    # well: for ever, if the pool has one thread. But one thread has an order of its own.
    one_by_one = one_by_one and inter_op_threads() > 1
    executor = SINGLE_THREADED if one_by_one else None
    context.context().function_call_options = context.FunctionCallOptions(executor, config)
    try:
        yield
    finally:
        context.context().function_call_options = before
