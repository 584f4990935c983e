import keras
import numpy as np
import tensorflow as tf

from tfglyph.networks.embeddings import JoinedTokens, LabelEmbedding, TimestepEmbedding, TokenEmbedding


def test_timestep_embedding_by_hand():
    vectors = TimestepEmbedding(4)(tf.constant([0.0, 0.002])).numpy()
    # frequencies 1 and 10000^(-1/2) = 0.01, angles 2 and 0.02
    np.testing.assert_allclose(vectors[0], [0, 0, 1, 1], atol=1e-7)
    np.testing.assert_allclose(vectors[1], [np.sin(2), np.sin(0.02), np.cos(2), np.cos(0.02)], atol=1e-6)


def test_timestep_embedding_distinguishes_late_times_in_half_precision():
    layer = TimestepEmbedding(8, dtype=keras.DTypePolicy("mixed_bfloat16"))
    vectors = layer(tf.constant([0.996, 0.998, 1.0]))
    assert vectors.dtype == tf.float32
    assert len(np.unique(vectors[:, 0])) == 3


def test_labels_below_zero_mean_none():
    layer = LabelEmbedding(3, 5)
    vectors = layer(tf.constant([0, 2, -1, -7])).numpy()
    np.testing.assert_array_equal(vectors, layer.table.numpy()[[0, 2, 3, 3]])


def test_tokens_have_a_first_vector_positions_and_a_mask():
    layer = TokenEmbedding(vocabulary=4, length=2, width=6)
    vectors, mask = layer(tf.constant([[1, 1], [3, 0], [0, 0]]))
    np.testing.assert_array_equal(mask, [[True, True, True], [True, True, False], [True, False, False]])
    assert vectors.shape == (3, 3, 6)
    assert np.abs(vectors[0, 1] - vectors[0, 2]).max() > 0.01  # one token at two positions
    np.testing.assert_array_equal(vectors[0, 0], vectors[2, 0])
    np.testing.assert_allclose(tf.reduce_mean(vectors, -1), np.zeros((3, 3)), atol=1e-6)


def test_joined_tokens_leave_out_masked_vectors():
    layer = JoinedTokens(2)
    vectors = tf.constant([[[1.0, 3.0], [3.0, 5.0], [100.0, 100.0]]])
    joined = layer(vectors, tf.constant([[True, True, False]]))
    masked = tf.constant([[1.0, 3.0, 3.0, 5.0, 0.0, 0.0]])
    np.testing.assert_allclose(joined, layer.dense(masked), atol=1e-6)
