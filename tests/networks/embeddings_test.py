import keras
import numpy as np
import tensorflow as tf

from tfglyph.networks.embeddings import JoinedTokens, LabelEmbedding, TimeEmbedding, TokenEmbedding


def test_time_embedding_by_hand():
    found = TimeEmbedding(4)(tf.constant([0.0, 0.002])).numpy()
    # frequencies 1 and 10000^(-1/2) = 0.01, angles 2 and 0.02
    np.testing.assert_allclose(found[0], [0, 0, 1, 1], atol=1e-7)
    np.testing.assert_allclose(found[1], [np.sin(2), np.sin(0.02), np.cos(2), np.cos(0.02)], atol=1e-6)


def test_time_embedding_tells_late_times_apart_in_half_precision():
    layer = TimeEmbedding(8, dtype=keras.DTypePolicy("mixed_bfloat16"))
    found = layer(tf.constant([0.996, 0.998, 1.0]))
    assert found.dtype == tf.float32
    assert len(np.unique(found[:, 0])) == 3


def test_labels_below_zero_mean_none():
    layer = LabelEmbedding(3, 5)
    found = layer(tf.constant([0, 2, -1, -7])).numpy()
    table = layer.table.numpy()
    np.testing.assert_array_equal(found, table[[0, 2, 3, 3]])


def test_tokens_have_a_first_one_places_and_a_mask():
    layer = TokenEmbedding(vocabulary=4, length=2, width=6)
    vectors, mask = layer(tf.constant([[1, 1], [3, 0], [0, 0]]))
    np.testing.assert_array_equal(mask, [[True, True, True], [True, True, False], [True, False, False]])
    assert vectors.shape == (3, 3, 6)
    assert np.abs(vectors[0, 1] - vectors[0, 2]).max() > 0.01  # one token at two places
    np.testing.assert_array_equal(vectors[0, 0], vectors[2, 0])
    np.testing.assert_allclose(tf.reduce_mean(vectors, -1), np.zeros((3, 3)), atol=1e-6)


def test_joined_tokens_leave_out_what_is_not_there():
    layer = JoinedTokens(2)
    vectors = tf.constant([[[1.0, 3.0], [3.0, 5.0], [100.0, 100.0]]])
    found = layer(vectors, tf.constant([[True, True, False]]))
    seen = tf.constant([[1.0, 3.0, 3.0, 5.0, 0.0, 0.0]])
    np.testing.assert_allclose(found, layer.dense(seen), atol=1e-6)
