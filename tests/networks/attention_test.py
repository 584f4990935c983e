import numpy as np
import pytest
import tensorflow as tf

from tfglyph.networks import attention


def draws(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def plain(queries, keys, values):
    """The formula, all queries at once."""
    scores = tf.einsum("nhqd,nhkd->nhqk", queries, keys) / np.sqrt(queries.shape[-1])
    return tf.einsum("nhqk,nhkd->nhqd", tf.nn.softmax(scores), values)


def test_attention_by_hand():
    queries = tf.constant([[[[2.0]]]])
    keys = tf.constant([[[[np.log(3.0) / 2], [0.0]]]], tf.float32)  # scores ln 3 and 0: weights 3/4 and 1/4
    values = tf.constant([[[[8.0], [4.0]]]])
    assert attention.attend(queries, keys, values).numpy().item() == pytest.approx(7.0)


@pytest.mark.parametrize("chunk", [4, 8])
def test_chunks_equal_the_whole_forward_and_backward(chunk):
    queries, keys, values, upstream = (draws(2, 3, 16, 5, seed=seed) for seed in range(4))
    results = []
    for function in (plain, lambda *three: attention.attend(*three, chunk=chunk)):
        with tf.GradientTape() as tape:
            tape.watch([queries, keys, values])
            result = function(queries, keys, values)
        results.append((result, *tape.gradient(result, [queries, keys, values], upstream)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_chunks_equal_the_whole_inside_a_graph_with_an_unknown_batch_size():
    three = [draws(2, 1, 8, 4, seed=seed) for seed in range(3)]

    @tf.function(input_signature=[tf.TensorSpec([None, 1, 8, 4])] * 3)
    def gradients(queries, keys, values):
        with tf.GradientTape() as tape:
            tape.watch([queries, keys, values])
            loss = tf.reduce_sum(attention.attend(queries, keys, values, chunk=2) ** 2)
        return tape.gradient(loss, [queries, keys, values])

    with tf.GradientTape() as tape:
        tape.watch(three)
        loss = tf.reduce_sum(plain(*three) ** 2)
    for one, other in zip(gradients(*three), tape.gradient(loss, three), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_a_chunked_gradient_never_holds_all_scores():
    """No tensor of the compiled forward and backward pass has as many entries as queries times keys."""
    shape, chunk = (1, 1, 64, 2), 8

    @tf.function
    def gradients(queries, keys, values):
        with tf.GradientTape() as tape:
            tape.watch([queries, keys, values])
            loss = tf.reduce_sum(attention.attend(queries, keys, values, chunk=chunk))
        return tape.gradient(loss, [queries, keys, values])

    graph = gradients.get_concrete_function(*[tf.TensorSpec(shape)] * 3).graph
    graphs = [
        graph,
        *(function.graph for function in graph._functions.values() if hasattr(function, "graph")),
    ]
    sizes = [
        tensor.shape.num_elements()
        for some_graph in graphs
        for operation in some_graph.get_operations()
        for tensor in operation.outputs
        if tensor.shape.is_fully_defined()
    ]
    assert max(sizes) < 64 * 64


def test_masked_keys_have_no_influence():
    queries, keys, values = draws(2, 2, 3, 4), draws(2, 2, 5, 4, seed=1), draws(2, 2, 5, 4, seed=2)
    mask = tf.constant([[True] * 3 + [False] * 2, [True] * 5])
    masked = attention.attend(queries, keys, values, mask)
    np.testing.assert_allclose(masked[0], plain(queries[:1], keys[:1, :, :3], values[:1, :, :3])[0], atol=1e-6)
    np.testing.assert_allclose(masked[1], plain(queries[1:], keys[1:], values[1:])[0], atol=1e-6)


def test_heads_split_and_join():
    x = draws(2, 6, 8)
    split = attention.split_heads(x, 4)
    assert split.shape == (2, 4, 6, 2)
    np.testing.assert_array_equal(split[1, 2, 3], x[1, 3, 4:6])
    np.testing.assert_array_equal(attention.join_heads(split), x)


def test_self_attention_starts_as_the_identity_and_is_equivariant_to_permutations():
    layer = attention.SelfAttention(2, groups=2)
    x = draws(1, 3, 3, 4)
    np.testing.assert_array_equal(layer(x), x)
    layer.projection.kernel.assign(draws(4, 4, seed=5))
    order = np.random.default_rng(1).permutation(9)
    shuffled = tf.reshape(tf.gather(tf.reshape(x, [1, 9, 4]), order, axis=1), x.shape)
    expected = tf.reshape(tf.gather(tf.reshape(layer(x), [1, 9, 4]), order, axis=1), x.shape)
    assert np.abs(layer(x) - x).max() > 0.01
    np.testing.assert_allclose(layer(shuffled), expected, atol=1e-5)


def test_ganji_attention_has_its_projections_twice():
    layer = attention.ProjectedSelfAttention(4, groups=8)
    layer.build((None, 4, 4, 64))
    # group norm 2 C; 1x1 to q, k, v 3 C² + 3 C; in-projection the same; out-projection, last 1x1 C² + C each
    assert sum(int(np.prod(weight.shape)) for weight in layer.weights) == 8 * 64**2 + 10 * 64


def test_cross_attention_depends_on_positions_and_tokens():
    layer = attention.CrossAttention(2, groups=2)
    x = tf.ones([2, 2, 2, 4])
    context = draws(2, 3, 6)
    mask = tf.constant([[True, True, False]] * 2)
    np.testing.assert_array_equal(layer(x, context, mask), x)
    layer.projection.kernel.assign(draws(4, 4, seed=3))
    layer.positions.assign(draws(4, 4, seed=4))
    result = layer(x, context, mask).numpy()
    assert np.abs(result[0, 0, 0] - result[0, 1, 1]).max() > 1e-3  # equal pixels at different positions differ
    other = context + tf.constant([[[0.0], [0.0], [1.0]]])
    np.testing.assert_array_equal(layer(x, other, mask), result)  # a masked token
    assert np.abs(layer(x, context + 1.0, mask) - result).max() > 1e-3


@pytest.mark.parametrize("kind", ["SelfAttention", "ProjectedSelfAttention", "CrossAttention"])
def test_configuration_round_trip(kind):
    layer = getattr(attention, kind)(2, groups=4, name="it")
    copy = type(layer).from_config(layer.get_config())
    assert (copy.heads, copy.groups, copy.name) == (2, 4, "it")
