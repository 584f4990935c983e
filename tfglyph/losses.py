"""Losses as pure functions of tensors, in float32 whatever the precision of the networks.

Every function takes tensors (or what converts to them) whose first axis is the batch and returns a scalar: summed over
the values of one example, averaged over the examples, unless it says otherwise.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import tensorflow as tf

AdversarialLoss = Literal["bce", "hinge", "wasserstein", "least-squares"]
"""The names of ``discriminator_loss`` and ``generator_loss``."""


def kl_divergence(mean: Any, log_variance: Any, prior_mean: Any = None) -> tf.Tensor:
    """KL(N(mean, exp(log_variance)) || N(prior_mean, 1)), Kingma and Welling 2014 (arXiv 1312.6114), app. B.

    Args:
        mean: float (n, z_dim).
        log_variance: float (n, z_dim).
        prior_mean: float (n, z_dim); None: 0.

    Returns:
        float32 scalar, nats: summed over z_dim, averaged over n.
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    residual = mean if prior_mean is None else mean - tf.cast(prior_mean, tf.float32)
    per_dimension = tf.square(residual) + tf.exp(log_variance) - log_variance - 1.0
    return 0.5 * tf.reduce_mean(tf.reduce_sum(per_dimension, axis=-1))


def half_squared_distance(x: Any, y: Any) -> tf.Tensor:
    """|x - y|^2 / 2, the part of ``kl_divergence`` that the means make.

    Args:
        x: float (n, d).
        y: float (n, d).

    Returns:
        float32 scalar: summed over d, averaged over n.
    """
    x, y = tf.cast(x, tf.float32), tf.cast(y, tf.float32)
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(x - y), axis=-1))


def binary_cross_entropy(logits: Any, label: float) -> tf.Tensor:
    """-[label * log(sigmoid(logits)) + (1 - label) * log(1 - sigmoid(logits))], averaged over all entries.

    Args:
        logits: float, any shape.
        label: float, 1 for real and 0 for generated.

    Returns:
        float32 scalar, nats.
    """
    logits = tf.cast(logits, tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.fill(tf.shape(logits), float(label)), logits))


def gaussian_negative_log_density(x: Any, mean: Any) -> tf.Tensor:
    """-log N(x; mean, 1), the similarity term of Larsen et al. 2016 (https://arxiv.org/abs/1512.09300), Eq. 7.

    Args:
        x: float (n, d), for instance the discriminator's features of real images.
        mean: float (n, d), those of their reconstructions.

    Returns:
        float32 scalar, nats: summed over d, averaged over n.
    """
    x, mean = tf.cast(x, tf.float32), tf.cast(mean, tf.float32)
    return tf.reduce_mean(tf.reduce_sum(0.5 * tf.square(x - mean) + 0.5 * math.log(2 * math.pi), axis=-1))


# === Images ===


def image_binary_cross_entropy(logits: Any, images: Any) -> tf.Tensor:
    """-log p(images) of independent Bernoulli pixels, the likelihood of a VAE on pixels in [0, 1].

    Args:
        logits: float (n, h, w, c), log-odds of ink.
        images: float (n, h, w, c) in [0, 1].

    Returns:
        float32 scalar, nats: summed over pixels, averaged over n.
    """
    logits, images = tf.cast(logits, tf.float32), tf.cast(images, tf.float32)
    return tf.reduce_mean(per_example_sum(tf.nn.sigmoid_cross_entropy_with_logits(images, logits)))


def image_gaussian(mean: Any, images: Any, std: float = 1.0) -> tf.Tensor:
    """-log p(images) of independent N(mean, std^2) pixels, without the constant log(std * sqrt(2 pi)).

    Args:
        mean: float (n, h, w, c).
        images: float (n, h, w, c).
        std: float, standard deviation in units of the pixels.

    Returns:
        float32 scalar, nats: summed over pixels, averaged over n.
    """
    error = (tf.cast(images, tf.float32) - tf.cast(mean, tf.float32)) / std
    return 0.5 * tf.reduce_mean(per_example_sum(tf.square(error)))


# === Adversarial ===


def discriminator_loss(kind: AdversarialLoss, real: Any, generated: Any) -> tf.Tensor:
    """What the discriminator minimizes.

    Args:
        kind: "bce" (Goodfellow et al. 2014, Eq. 1), "hinge" (Lim and Ye 2017, Eq. 14), "wasserstein" (Arjovsky et al.
            2017, Eq. 3) or "least-squares" (Mao et al. 2017, Eq. 9, with targets 1 and 0).
        real: float (n, 1), scores of real images.
        generated: float (m, 1), scores of generated ones.

    Returns:
        float32 scalar.
    """
    real, generated = tf.cast(real, tf.float32), tf.cast(generated, tf.float32)
    if kind == "bce":
        return binary_cross_entropy(real, 1.0) + binary_cross_entropy(generated, 0.0)
    if kind == "hinge":
        return tf.reduce_mean(tf.nn.relu(1.0 - real)) + tf.reduce_mean(tf.nn.relu(1.0 + generated))
    if kind == "wasserstein":
        return tf.reduce_mean(generated) - tf.reduce_mean(real)
    return 0.5 * (tf.reduce_mean(tf.square(real - 1.0)) + tf.reduce_mean(tf.square(generated)))


def generator_loss(kind: AdversarialLoss, generated: Any) -> tf.Tensor:
    """What the generator minimizes: bce in its non-saturating form; hinge and wasserstein both raise the score.

    Args:
        kind: as for ``discriminator_loss``.
        generated: float (n, 1), scores of generated images.

    Returns:
        float32 scalar.
    """
    generated = tf.cast(generated, tf.float32)
    if kind == "bce":
        return binary_cross_entropy(generated, 1.0)
    if kind == "least-squares":
        return 0.5 * tf.reduce_mean(tf.square(generated - 1.0))
    return -tf.reduce_mean(generated)


def accuracy(kind: AdversarialLoss, real: Any, generated: Any) -> tf.Tensor:
    """The discriminator's balanced accuracy: the mean of its accuracies on real and on generated images.

    The threshold between real and generated is 0, for least-squares 1/2; a Wasserstein critic has none, so it is midway
    between the mean scores.

    Args:
        kind: as for ``discriminator_loss``.
        real: float (n, 1), scores of real images.
        generated: float (m, 1), scores of generated ones.

    Returns:
        float32 scalar in [0, 1].
    """
    real, generated = tf.cast(real, tf.float32), tf.cast(generated, tf.float32)
    midway = 0.5 * (tf.reduce_mean(real) + tf.reduce_mean(generated))
    threshold = {"least-squares": 0.5, "wasserstein": midway}.get(kind, 0.0)
    real_accuracy = tf.reduce_mean(tf.cast(real > threshold, tf.float32))
    generated_accuracy = tf.reduce_mean(tf.cast(generated < threshold, tf.float32))
    return 0.5 * (real_accuracy + generated_accuracy)


# === Penalties ===


def mixtures(real: Any, generated: Any, fraction: Any) -> tf.Tensor:
    """Points on the straight lines between pairs of images, where Gulrajani et al. 2017 penalize (algorithm 1, line 6).

    Args:
        real, generated: float (n, h, w, c).
        fraction: float (n, 1, 1, 1) in [0, 1), the weight of the real image.

    Returns:
        float32 (n, h, w, c).
    """
    return fraction * tf.cast(real, tf.float32) + (1.0 - fraction) * tf.cast(generated, tf.float32)


def scores_and_gradient_norms(
    score: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Scores, and the Euclidean norm of the gradient of each with respect to its image; differentiable, also at norm 0.

    Args:
        score: function of images (n, h, w, c) to float (n, 1), each image's score depending on that image.
        images: float32 (n, h, w, c).

    Returns:
        float (n, 1) and float32 (n,).
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        scores = score(images)
        total = tf.reduce_sum(tf.cast(scores, tf.float32))
    squares = per_example_sum(tf.square(tf.cast(tape.gradient(total, images), tf.float32)))  # (n,)
    # The root's slope at 0 is infinite, and infinity times 0 is NaN; both branches must be finite.
    positive = squares > 0.0
    return scores, tf.where(positive, tf.sqrt(tf.where(positive, squares, 1.0)), 0.0)


def gradient_penalty(norms: Any) -> tf.Tensor:
    """(norm - 1)^2, averaged: Gulrajani et al. 2017 (https://arxiv.org/abs/1704.00028), Eq. 3, without its weight.

    Args:
        norms: float (n,), from ``scores_and_gradient_norms`` at ``mixtures``.
    """
    return tf.reduce_mean(tf.square(tf.cast(norms, tf.float32) - 1.0))


def r1_penalty(norms: Any) -> tf.Tensor:
    """norm^2 / 2, averaged: Mescheder et al. 2018 (https://arxiv.org/abs/1801.04406), Eq. 9, without its weight gamma.

    Args:
        norms: float (n,), from ``scores_and_gradient_norms`` at real images.
    """
    return 0.5 * tf.reduce_mean(tf.square(tf.cast(norms, tf.float32)))


# === Mutual information ===


def categorical_information(codes: Any, logits: Any) -> tf.Tensor:
    """Lower bound on the mutual information of a categorical code and the image: H(c) + E[log Q(c|x)].

    Chen et al. 2016 (https://arxiv.org/abs/1606.03657), Eq. 5, for a code whose categories are equally likely.

    Args:
        codes: float (n, num_categories), one-hot.
        logits: float (n, num_categories), Q's.

    Returns:
        float32 scalar, nats: at most log(num_categories), and 0 for a Q that is always uniform.
    """
    logits = tf.cast(logits, tf.float32)
    cross_entropy = tf.nn.softmax_cross_entropy_with_logits(tf.cast(codes, tf.float32), logits)  # (n,)
    return math.log(logits.shape[-1]) - tf.reduce_mean(cross_entropy)


def continuous_information(codes: Any, means: Any, log_variances: Any) -> tf.Tensor:
    """The same bound for continuous codes that are uniform on (-1, 1), where H(c) = log 2, with a Gaussian Q.

    Args:
        codes: float (n, m) in (-1, 1).
        means: float (n, m), Q's.
        log_variances: float (n, m), Q's.

    Returns:
        float32 (m,), nats for each code; without an upper limit, as the codes are real numbers.
    """
    codes, means, log_variances = (tf.cast(tensor, tf.float32) for tensor in (codes, means, log_variances))
    error = tf.square(codes - means) * tf.exp(-log_variances)
    log_density = -0.5 * (math.log(2 * math.pi) + log_variances + error)  # (n, m)
    return math.log(2.0) + tf.reduce_mean(log_density, axis=0)


def per_example_sum(values: tf.Tensor) -> tf.Tensor:
    """Sums everything but the first axis: float (n, ...) -> float (n,)."""
    return tf.reduce_sum(tf.reshape(values, [tf.shape(values)[0], -1]), axis=-1)
