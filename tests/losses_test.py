"""Losses and penalties against hand-computed numbers and closed forms."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from tfglyph import losses

REAL, GENERATED = [[2.0], [-1.0]], [[-3.0], [0.5], [1.0]]


def softplus(x):
    return math.log1p(math.exp(x))


# === Evidence lower bound ===


def test_kl_of_two_gaussians_by_hand():
    # 1/2 (m^2 + v - log v - 1): (0, 1) gives 0; (2, 1) gives 2; (1, 4) gives (1 + 4 - log 4 - 1) / 2.
    mean, log_variance = [[0.0, 2.0], [1.0, 0.0]], [[0.0, 0.0], [math.log(4), 0.0]]
    assert float(losses.kl_divergence(mean, log_variance)) == pytest.approx((2 + (4 - math.log(4)) / 2) / 2)


def test_kl_from_a_prior_with_a_mean_is_its_integral():
    mean, std, prior_mean = 0.7, 0.5, -1.1
    posterior, prior = scipy.stats.norm(mean, std), scipy.stats.norm(prior_mean, 1.0)
    integral, _ = scipy.integrate.quad(lambda x: posterior.pdf(x) * (posterior.logpdf(x) - prior.logpdf(x)), -6, 8)
    found = losses.kl_divergence([[mean]], [[2 * math.log(std)]], [[prior_mean]])
    assert float(found) == pytest.approx(integral, rel=1e-5)
    # |m - m0|^2 / 2 of it is the distance of the means; summed over z, averaged over images.
    assert float(losses.half_squared_distance([[mean]], [[prior_mean]])) == pytest.approx(1.8**2 / 2)
    means, zeros = [[1.0, 2.0], [0.0, 3.0]], np.zeros((2, 2))
    assert float(losses.kl_divergence(means, zeros, [[1.0, 0.0], [0.0, 0.0]])) == pytest.approx((2 + 4.5) / 2)
    assert float(losses.half_squared_distance(means, zeros)) == pytest.approx((2.5 + 4.5) / 2)


def test_gaussian_negative_log_density_by_hand():
    x, mean = [[1.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]
    assert float(losses.gaussian_negative_log_density(x, mean)) == pytest.approx(2.5 / 2 + math.log(2 * math.pi))


def test_image_cross_entropy_sums_over_pixels_and_averages_over_images():
    logits = np.array([[0.0, 2.0], [-2.0, 30.0]]).reshape(2, 1, 2, 1)
    images = np.array([[0.5, 1.0], [0.0, 1.0]]).reshape(2, 1, 2, 1)
    expected = (math.log(2) + softplus(-2) + softplus(-2) + 0.0) / 2
    assert float(losses.image_binary_cross_entropy(logits, images)) == pytest.approx(expected, rel=1e-6)


def test_image_gaussian_by_hand():
    mean, images = np.zeros((2, 1, 2, 1)), np.array([[1.0, 2.0], [0.0, -1.0]]).reshape(2, 1, 2, 1)
    assert float(losses.image_gaussian(mean, images)) == pytest.approx((2.5 + 0.5) / 2)
    assert float(losses.image_gaussian(mean, images, std=0.5)) == pytest.approx(4 * (2.5 + 0.5) / 2)


# === Adversarial ===


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [
        (
            "bce",
            (softplus(-2) + softplus(1)) / 2 + (softplus(-3) + softplus(0.5) + softplus(1)) / 3,
            (softplus(3) + softplus(-0.5) + softplus(-1)) / 3,
        ),
        ("hinge", (0 + 2) / 2 + (0 + 1.5 + 2) / 3, 1.5 / 3),
        ("wasserstein", -1.5 / 3 - 0.5, 1.5 / 3),
        ("least-squares", (1 + 4) / 4 + (9 + 0.25 + 1) / 6, (16 + 0.25 + 0) / 6),
    ],
)
def test_adversarial_losses_by_hand(kind, discriminator, generator):
    assert float(losses.discriminator_loss(kind, REAL, GENERATED)) == pytest.approx(discriminator, rel=1e-5)
    assert float(losses.generator_loss(kind, GENERATED)) == pytest.approx(generator, rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bce", (1 / 2 + 1 / 3) / 2),
        ("hinge", (1 / 2 + 1 / 3) / 2),
        ("wasserstein", (1 / 2 + 1 / 3) / 2),
        ("least-squares", (1 / 2 + 1 / 3) / 2),
    ],
)
def test_accuracy_by_hand(kind, expected):
    # Thresholds: 0, 0, (1/2 - 1/2) / 2 = 0, 1/2; at the threshold itself (0.5 under least-squares) neither is right.
    assert float(losses.accuracy(kind, REAL, GENERATED)) == pytest.approx(expected)


def test_the_accuracy_of_a_wasserstein_critic_does_not_depend_on_an_offset():
    shifted = [[score + 100] for (score,) in REAL], [[score + 100] for (score,) in GENERATED]
    assert float(losses.accuracy("wasserstein", *shifted)) == pytest.approx(5 / 12)


# === Penalties ===


def test_penalties_of_a_linear_critic_in_closed_form():
    # The gradient of w.x + b is w everywhere: |w| = 3 gives (3 - 1)^2 and 9/2, whatever the images.
    weights = np.array([2.0, -1.0, 2.0, 0.0], np.float32).reshape(4, 1)
    images = tf.random.stateless_normal([5, 2, 2, 1], [1, 2])

    def score(x):
        return tf.reshape(x, [-1, 4]) @ weights + 7.0

    scores, norms = losses.scores_and_gradient_norms(score, images)
    np.testing.assert_allclose(scores, score(images))
    np.testing.assert_allclose(norms, np.full(5, 3.0), rtol=1e-6)
    assert float(losses.gradient_penalty(norms)) == pytest.approx(4.0)
    assert float(losses.r1_penalty(norms)) == pytest.approx(4.5)


def test_the_gradient_of_the_penalty_on_a_linear_critic_in_closed_form():
    # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|
    weights = tf.Variable([[2.0], [-1.0], [2.0], [0.0]])
    images = tf.random.stateless_normal([5, 2, 2, 1], [1, 2])
    with tf.GradientTape() as tape:
        _, norms = losses.scores_and_gradient_norms(lambda x: tf.reshape(x, [-1, 4]) @ weights, images)
        penalty = losses.gradient_penalty(norms)
    np.testing.assert_allclose(tape.gradient(penalty, weights), 4 / 3 * weights.numpy(), rtol=1e-5)


def test_a_critic_without_any_slope_has_a_penalty_of_one_and_a_finite_gradient():
    weights = tf.Variable(tf.zeros([4, 1]))
    with tf.GradientTape() as tape:
        _, norms = losses.scores_and_gradient_norms(lambda x: tf.reshape(x, [-1, 4]) @ weights, tf.ones([3, 2, 2, 1]))
        penalty = losses.gradient_penalty(norms)
    assert float(penalty) == 1.0
    np.testing.assert_array_equal(tape.gradient(penalty, weights), np.zeros((4, 1)))


def test_slopes_far_below_one_are_measured_too():
    _, norms = losses.scores_and_gradient_norms(lambda x: 1e-12 * tf.reshape(x, [-1, 1]), tf.ones([2, 1, 1, 1]))
    np.testing.assert_allclose(norms, np.full(2, 1e-12), rtol=1e-5)


def test_mixtures_lie_between():
    real, generated = tf.fill([2, 1, 1, 1], 3.0), tf.fill([2, 1, 1, 1], -1.0)
    fraction = tf.reshape([0.25, 1.0], [2, 1, 1, 1])
    np.testing.assert_allclose(tf.reshape(losses.mixtures(real, generated, fraction), [-1]), [0.0, 3.0])


# === Mutual information ===


def test_information_of_a_categorical_code_on_known_logits():
    codes = np.eye(4)[[0, 1, 2, 3]]
    assert float(losses.categorical_information(codes, np.zeros((4, 4)))) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.categorical_information(codes, 50.0 * codes)) == pytest.approx(math.log(4), rel=1e-5)
    # Right with probability 1/2, else spread over the other three: log 4 + log 1/2 = log 2.
    logits = np.log(np.where(codes == 1, 1 / 2, 1 / 6))
    assert float(losses.categorical_information(codes, logits)) == pytest.approx(math.log(2), rel=1e-5)
    # A Q that is sure and wrong is worse than a uniform one.
    assert float(losses.categorical_information(codes, 5.0 * np.roll(codes, 1, axis=1))) < -2.0


def test_information_of_continuous_codes_by_hand():
    codes, means = [[0.5, -1.0], [-0.5, 1.0]], [[0.5, 0.0], [-0.5, 0.0]]
    log_variances = [[math.log(0.01), 0.0], [math.log(0.01), 0.0]]
    # log 2 - 1/2 log(2 pi), and then + log(10) for a code read off exactly with a standard
    # deviation of 0.1, - 1/2 for a miss by 1.
    constant = math.log(2) - 0.5 * math.log(2 * math.pi)
    actual = losses.continuous_information(codes, means, log_variances)
    np.testing.assert_allclose(actual, [constant + math.log(10), constant - 0.5], rtol=1e-5)


def test_a_q_that_always_gives_the_prior_has_almost_no_information():
    # Uniform on (-1, 1) has variance 1/3; the best Gaussian guess of it loses 1/2 log(2 pi e / 12) to the truth.
    codes = np.linspace(-1, 1, 100_001)[:, None]
    actual = losses.continuous_information(codes, np.zeros_like(codes), np.full_like(codes, math.log(1 / 3)))
    assert float(actual[0]) == pytest.approx(-0.5 * math.log(2 * math.pi * math.e / 12), abs=1e-4)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_losses_are_computed_in_float32(kind):
    scores = tf.constant([[300.0], [-300.0]], kind)
    for loss in ("bce", "hinge", "wasserstein", "least-squares"):
        actual = losses.discriminator_loss(loss, scores, scores)
        assert actual.dtype == tf.float32 and np.isfinite(actual)  # 300^2 overflows float16
