"""Losses as pure functions of tensors, in float32 whatever the precision of the networks.

Every function takes tensors whose first axis is the batch and returns a scalar: summed over the values of one
example, averaged over the examples, unless it says otherwise.
"""

import math

import tensorflow as tf


def kl_divergence(mean, log_variance):
    """KL(N(mean, exp(log_variance)) || N(0, 1)), Kingma and Welling 2014 (https://arxiv.org/abs/1312.6114), app. B.

    Args:
        mean: float (n, z_dim).
        log_variance: float (n, z_dim).

    Returns:
        float32 scalar, nats: summed over z_dim, averaged over n.
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    per_dimension = tf.square(mean) + tf.exp(log_variance) - log_variance - 1.0
    return 0.5 * tf.reduce_mean(tf.reduce_sum(per_dimension, axis=-1))


def binary_cross_entropy(logits, label):
    """-[label * log(sigmoid(logits)) + (1 - label) * log(1 - sigmoid(logits))], averaged over all entries.

    Args:
        logits: float, any shape.
        label: float, 1 for real and 0 for generated.

    Returns:
        float32 scalar, nats.
    """
    logits = tf.cast(logits, tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.fill(tf.shape(logits), float(label)), logits))


def gaussian_negative_log_density(x, mean):
    """-log N(x; mean, 1), the similarity term of Larsen et al. 2016 (https://arxiv.org/abs/1512.09300), Eq. 7.

    Args:
        x: float (n, d), for instance the discriminator's features of real images.
        mean: float (n, d), those of their reconstructions.

    Returns:
        float32 scalar, nats: summed over d, averaged over n.
    """
    x, mean = tf.cast(x, tf.float32), tf.cast(mean, tf.float32)
    return tf.reduce_mean(tf.reduce_sum(0.5 * tf.square(x - mean) + 0.5 * math.log(2 * math.pi), axis=-1))
