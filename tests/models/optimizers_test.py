"""The fused Adam against Keras's, variable for variable."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfglyph.models.optimizers import FusedAdam


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
