"""The fused Adam against Keras's, variable for variable; schedules of rate and beta1."""

import math

import keras
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from tfglyph.architecture.training import Optimizer
from tfglyph.models.optimizers import FusedAdam, beta1_at, make_optimizer, rate_at


def run(kind, steps=5, **options):
    """Weights and the optimizer's variables after a few steps, a gradient of which is zero."""
    starts = [np.linspace(-1.0, 1.0, size, dtype=np.float32) for size in (5, 3)]
    variables = [keras.Variable(start, name=f"v{len(start)}") for start in starts]
    optimizer = kind(learning_rate=0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-4, name="adam", **options)
    optimizer.build(variables)
    apply = tf.function(lambda gradients: optimizer.apply(gradients, variables))
    random = np.random.default_rng(0)
    for _ in range(steps):
        apply([tf.constant(random.normal(size=5), tf.float32), tf.zeros(3)])
    return {variable.path: variable.numpy() for variable in [*variables, *optimizer.variables]}


@pytest.mark.parametrize(
    ("stock", "options"),
    [
        (keras.optimizers.Adam, {}),
        (keras.optimizers.Adam, {"global_clipnorm": 0.5}),
        (keras.optimizers.AdamW, {"weight_decay": 0.3}),
    ],
)
def test_fused_adam_is_adam(stock, options):
    found, expected = run(FusedAdam, **options), run(stock, **options)
    assert list(found) == list(expected)  # paths, which checkpoints are checked by
    for path in found:
        np.testing.assert_allclose(found[path], expected[path], rtol=1e-6, atol=1e-7)


def test_the_first_step_moves_by_the_rate():
    weights = run(FusedAdam, steps=1)
    moved = weights["v5"] - np.linspace(-1.0, 1.0, 5, dtype=np.float32)
    np.testing.assert_allclose(np.abs(moved), 0.01, rtol=1e-2)  # m / sqrt(v) is the sign of the gradient
    np.testing.assert_array_equal(weights["v3"], np.linspace(-1.0, 1.0, 3, dtype=np.float32))


def test_sparse_gradients_fall_back_to_the_stock_step():
    table = keras.Variable(np.ones((3, 2), np.float32), name="table")
    optimizer = FusedAdam(learning_rate=0.1)
    optimizer.build([table])
    optimizer.apply([tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([3, 2]))], [table])
    np.testing.assert_allclose(table.numpy(), [[1, 1], [0.9, 0.9], [1, 1]], atol=1e-5)


# === Schedules ===


def pytorchs_one_cycle(stage, stages, start, middle, end):
    """The value of a stage of PyTorch's OneCycleLR with its default of 30% of rising, written out."""
    turn = 0.3 * stages - 1
    if stage <= turn:
        return middle + (start - middle) * (1 + math.cos(math.pi * stage / turn)) / 2
    return end + (middle - end) * (1 + math.cos(math.pi * (stage - turn) / (stages - 1 - turn))) / 2


def test_stages_hold_the_rate_as_a_schedule_that_is_stepped_once_an_epoch():
    section = Optimizer(learning_rate=1e-3, schedule="one-cycle", schedule_stages=100, beta1_cycle=(0.95, 0.85))
    for step in (0, 80, 81, 2400, 5000, 8099):  # 81 steps an epoch
        epoch = step // 81
        rate = pytorchs_one_cycle(epoch, 100, 4e-5, 1e-3, 4e-9)
        assert float(rate_at(section, tf.constant(float(step)), 8100.0)) == pytest.approx(rate, rel=1e-4), step
        beta = pytorchs_one_cycle(epoch, 100, 0.95, 0.85, 0.95)
        assert float(beta1_at(section, tf.constant(float(step)), 8100.0)) == pytest.approx(beta, rel=1e-5), step


def test_a_cosine_in_stages_is_that_of_the_epoch():
    section = Optimizer(learning_rate=2.0, schedule="cosine", schedule_stages=100)
    rates = [float(rate_at(section, tf.constant(float(step)), 32200.0)) for step in (0, 321, 322, 32199)]
    expected = [1 + math.cos(math.pi * epoch / 100) for epoch in (0, 0, 1, 99)]
    np.testing.assert_allclose(rates, expected, rtol=1e-5, atol=1e-6)


def test_without_stages_a_schedule_is_what_it_was():
    section = Optimizer(learning_rate=1.0, schedule="one-cycle")
    rates = [float(rate_at(section, tf.constant(step), 100.0)) for step in (0.0, 15.0, 30.0, 65.0, 100.0)]
    np.testing.assert_allclose(rates, [0.04, 0.52, 1.0, 0.500002, 4e-6], rtol=1e-4)
    assert float(beta1_at(Optimizer(beta1=0.3), 7.0, 100.0)) == pytest.approx(0.3)


def test_beta1_follows_its_cycle_within_adam():
    section = Optimizer(learning_rate=0.1, schedule="one-cycle", beta1_cycle=(0.95, 0.85))
    step = tf.Variable(0, dtype=tf.int64)
    variable = keras.Variable(np.zeros(1, np.float32), name="v")
    optimizer = make_optimizer(section, 10, step, False, "adam")
    optimizer.build([variable])
    mean = 0.0
    for _ in range(5):
        beta = float(beta1_at(section, tf.cast(step, tf.float32), 10.0))
        mean = beta * mean + (1 - beta) * 2.0
        optimizer.apply([tf.constant([2.0])], [variable])
        step.assign_add(1)
    momentum = next(v for v in optimizer.variables if "momentum" in v.path)
    np.testing.assert_allclose(momentum.numpy(), mean, rtol=1e-5)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"beta1_cycle": (0.9, 0.8)}, "goes with the schedule one-cycle, but this is constant"),
        ({"schedule_stages": 10}, "goes with a schedule that has no warm-up"),
    ],
)
def test_keys_of_schedules_that_are_not_there(keys, words):
    with pytest.raises(pydantic.ValidationError, match=words):
        Optimizer(**keys)
