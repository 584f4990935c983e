import numpy as np
import pytest
import tensorflow as tf

from tfglyph.diffusion import paths, targets

PATHS = [paths.VariancePreserving(paths.cosine_betas(1000)), paths.Straight()]


def test_targets_by_hand():
    image, noise = tf.constant([[[[2.0]]]]), tf.constant([[[[10.0]]]])
    made = {name: targets.make(name, image, noise, [0.8], [0.6]).numpy().item() for name in targets.TARGETS}
    assert made == pytest.approx({"noise": 10, "x0": 2, "v": 0.8 * 10 - 0.6 * 2, "velocity": 8})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("target", targets.TARGETS)
def test_reading_undoes_making(path, target):
    rng = np.random.default_rng(0)
    images, noise = (tf.constant(rng.normal(size=(5, 2, 3, 1)), tf.float32) for _ in range(2))
    times = tf.constant([0.05, 0.3, 0.5, 0.7, 0.95], tf.float64)
    alpha, sigma = path.alpha_sigma(times)
    x_t = path.mix(images, noise, times)
    read = targets.read(target, targets.make(target, images, noise, alpha, sigma), x_t, alpha, sigma)
    np.testing.assert_allclose(read[0], images, atol=2e-5)
    np.testing.assert_allclose(read[1], noise, atol=2e-5)
    np.testing.assert_allclose(targets.noise_of(images, x_t, alpha, sigma), noise, atol=2e-5)


@pytest.mark.parametrize("target", ["v", "velocity"])
def test_v_and_velocity_are_good_at_both_ends(target):
    images, noise = tf.constant([[[[0.5]]]]), tf.constant([[[[-2.0]]]])
    for alpha, sigma in ((1.0, 0.0), (0.0, 1.0)):
        x_t = alpha * images + sigma * noise
        read = targets.read(target, targets.make(target, images, noise, alpha, sigma), x_t, alpha, sigma)
        np.testing.assert_allclose([read[0], read[1]], [images, noise], atol=1e-6)


def test_min_snr_by_hand():
    # alpha² = .9, sigma² = .1: SNR 9, capped at 5; alpha² = .5: SNR 1. Hang et al.: noise min(SNR, 5)/SNR,
    # x0 min(SNR, 5), v min(SNR, 5)/(SNR + 1).
    alpha, sigma = np.sqrt([0.9, 0.5]), np.sqrt([0.1, 0.5])
    expected = {
        "noise": [5 / 9, 1],
        "x0": [5, 1],
        "v": [5 / 10, 1 / 2],
        "velocity": [5 / (np.sqrt(0.9 / 0.1) + 1) ** 2, 1 / 4],
    }
    for target, value in expected.items():
        np.testing.assert_allclose(targets.loss_weight("min-snr", target, alpha, sigma), value, rtol=1e-6)
        np.testing.assert_array_equal(targets.loss_weight("uniform", target, alpha, sigma), [1, 1])
    capped = targets.loss_weight("min-snr", "x0", alpha, sigma, gamma=2.0)
    np.testing.assert_allclose(capped, [2, 1], rtol=1e-6)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_min_snr_weighs_the_error_of_the_image_equally_for_every_target(target):
    path = PATHS[0]
    times = tf.constant([0.1, 0.6], tf.float64)
    alpha, sigma = path.alpha_sigma(times)
    rng = np.random.default_rng(1)
    images, noise, error = (tf.constant(rng.normal(size=(2, 4, 4, 1)), tf.float32) for _ in range(3))
    x_t = path.mix(images, noise, times)
    right = targets.make(target, images, noise, alpha, sigma)
    # The prediction that reads as images + error.
    wrong_noise = targets.noise_of(images + error, x_t, alpha, sigma)
    wrong = targets.make(target, images + error, wrong_noise, alpha, sigma)
    weight = targets.loss_weight("min-snr", target, alpha, sigma)
    loss = weight * tf.reduce_mean((wrong - right) ** 2, [1, 2, 3])
    snr = np.minimum((alpha / sigma).numpy() ** 2, 5)
    np.testing.assert_allclose(loss, snr * tf.reduce_mean(error**2, [1, 2, 3]), rtol=1e-4)
