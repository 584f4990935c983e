"""Training steps give the same bits every time, whatever else the machine does."""

import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.eager import context

from benchmarks.determinism import BUSY
from tfglyph.models.determinism import SINGLE_THREADED, ordered_execution
from tfglyph.training import loop

WIDTH, DEPTH = 2048, 8  # TensorFlow rewrites sums where a step needs some hundred megabytes, so that few are in memory


def gradients_of_shared_kernels(width: int, depth: int):
    """A function of three passes through the same kernels, whose gradients are sums of four terms each."""
    random = np.random.default_rng(0)
    kernels = [tf.Variable(random.random((width, width), np.float32) * (2 / width)) for _ in range(depth)]
    inputs = [tf.constant(random.random((4, width), np.float32)) for _ in range(3)]

    @tf.function(autograph=False)
    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            losses = [tf.nn.l2_loss(kernel) for kernel in kernels]
            for x in inputs:
                for kernel in kernels:
                    x = tf.tanh(x @ kernel)
                losses.append(tf.reduce_sum(tf.square(x)))
            loss = tf.add_n(losses)
        return tape.gradient(loss, kernels)

    return gradients


def operations(function) -> Counter[str]:
    """The operations that TensorFlow really runs for a function."""
    context.context().enable_graph_collection()
    try:
        function()
        graphs = context.context().export_run_metadata().function_graphs
    finally:
        context.context().disable_graph_collection()
    found: Counter[str] = Counter()
    for graph in graphs:
        found.update(node.op for node in graph.post_optimization_graph.node)
    return found


def test_no_sum_of_gradients_becomes_an_accumulation_in_order_of_arrival():
    if tf.config.get_visible_devices("GPU"):
        pytest.skip("the graph optimizer decides by the memory of the CPU")
    assert operations(gradients_of_shared_kernels(WIDTH, DEPTH))["AssignAdd"]  # or the rest proves nothing
    with ordered_execution():
        found = operations(gradients_of_shared_kernels(WIDTH, DEPTH))
    assert found["AddN"] >= DEPTH and not found["AssignAdd"] and not found["TemporaryVariable"]


def test_options_of_other_functions_are_as_they_were(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "2")  # as on two cores
    before = context.context().function_call_options
    with ordered_execution():
        assert context.context().function_call_options.executor_type == SINGLE_THREADED
        for options in ({"replicas": 2}, {"precision": "mixed_bfloat16"}):
            with ordered_execution(**options):
                assert context.context().function_call_options.executor_type is None
                config = context.context().function_call_options.as_attrs()["config_proto"]
                rewriting = config_pb2.ConfigProto.FromString(config).graph_options.rewrite_options
                assert rewriting.memory_optimization == rewriting.NO_MEM_OPT
    assert context.context().function_call_options is before


def test_training_runs_in_it(monkeypatch):
    """The loop is the only place where a training step is called."""
    assert loop.ordered_execution is ordered_execution


def test_conditions_and_loops_work_in_it():
    @tf.function
    def collatz(n: tf.Tensor) -> tf.Tensor:
        steps = tf.constant(0)
        while n > 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps

    with ordered_execution():
        assert int(collatz(tf.constant(27))) == 111


@contextlib.contextmanager
def busy_machine(processes: int = 2) -> Iterator[None]:
    """Within, other processes work and sleep in turns of milliseconds."""
    running = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_repetitions_on_a_busy_machine_are_equal_bit_for_bit():
    """Without ``ordered_execution`` up to all of the repetitions differ from the first."""
    function = gradients_of_shared_kernels(WIDTH, DEPTH)
    with busy_machine(), ordered_execution():
        results = {b"".join(gradient.numpy().tobytes() for gradient in function()) for _ in range(12)}
    assert len(results) == 1


@pytest.mark.slow
def test_training_steps_of_the_vaegan_on_a_busy_machine_are_equal_bit_for_bit():
    import tfglyph

    model = tfglyph.build("vaegan", seed=3)
    model.prepare_training(100)
    variables = [variable for group in model.groups().values() for _, variable in group]
    first = [variable.numpy() for variable in variables]
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 1), dtype=np.uint8)
    batch = {"images": tf.constant(images), "labels": tf.zeros(8, tf.int32)}
    step = tf.function(model.train_step, autograph=False)
    results = set()
    with busy_machine(), ordered_execution():
        for _ in range(6):
            for variable, value in zip(variables, first, strict=True):
                variable.assign(value)
            for _ in range(2):
                step(batch)
            results.add(b"".join(np.asarray(variable.numpy()).tobytes() for variable in variables))
    assert len(results) == 1


@pytest.mark.parametrize(("threads", "executor"), [("1", ""), ("2", SINGLE_THREADED)])
def test_one_thread_for_all_operations_does_not_wait_for_itself(monkeypatch, threads, executor):
    """On one core, or with TF_NUM_INTEROP_THREADS=1, a condition in a step would wait for ever under that executor."""
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", threads)
    with ordered_execution():
        options = context.context().function_call_options
        assert (options.executor_type or "") == executor
        assert options.config_proto_serialized  # sums stay sums whatever the executor
