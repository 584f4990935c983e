import numpy as np
import pytest
import tensorflow as tf

from tfglyph.diffusion import paths


def at(path, *times):
    alpha, sigma = path.alpha_sigma(tf.constant(times, tf.float64))
    return alpha.numpy(), sigma.numpy()


def every_path():
    return [
        paths.VariancePreserving(paths.linear_betas(1000)),
        paths.VariancePreserving(paths.cosine_betas(1024)),
        paths.Straight(),
    ]


def test_linear_betas_are_those_of_the_paper():
    betas = paths.linear_betas(1000)
    np.testing.assert_allclose(betas[[0, 1, 999]], [1e-4, 1.1991992e-4, 0.02], rtol=1e-6)
    alpha, _ = at(paths.VariancePreserving(betas), 0.001, 0.5, 1.0)
    np.testing.assert_allclose(alpha**2, [0.9999, 0.0785872, 4.0358298e-5], rtol=1e-6)


def test_cosine_betas_are_those_of_the_paper():
    betas = paths.cosine_betas(1000)
    # cos²(pi/2 (k/1000 + .008) / 1.008), computed by hand for the first, the middle and the clipped last step.
    np.testing.assert_allclose(betas[[0, 500, 999]], [4.1284222e-05, 0.0031557, 0.999], rtol=1e-5)
    alpha, _ = at(paths.VariancePreserving(betas), 0.5)
    expected = np.cos(0.508 / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(alpha**2, expected, rtol=1e-12)


def test_table_is_exact_at_its_entries_and_monotone_between():
    betas = paths.cosine_betas(8)
    path = paths.VariancePreserving(betas)
    alpha, sigma = at(path, *np.arange(9) / 8)
    np.testing.assert_allclose(alpha**2, np.concatenate([[1], np.cumprod(1 - betas)]), rtol=1e-13)
    assert sigma[0] == 0
    alpha, sigma = at(path, *np.linspace(0, 1, 1001))
    np.testing.assert_allclose(alpha**2 + sigma**2, 1, rtol=1e-14)
    assert (np.diff(alpha) < 0).all()


def test_sigma_keeps_its_digits_where_images_are_nearly_clean():
    _, sigma = at(paths.VariancePreserving(paths.linear_betas(1000)), 1e-9)
    np.testing.assert_allclose(sigma**2, -1e-6 * np.log1p(-1e-4), rtol=1e-9)


def test_straight_path():
    alpha, sigma = at(paths.Straight(), 0.0, 0.25, 1.0)
    np.testing.assert_array_equal(alpha, [1, 0.75, 0])
    np.testing.assert_array_equal(sigma, [0, 0.25, 1])


@pytest.mark.parametrize("path", every_path())
def test_time_of_undoes_straightened(path):
    times = tf.constant(np.linspace(0, 1, 777), tf.float64)
    total, tau = path.straightened(times)
    np.testing.assert_allclose(path.time_of(tau), times, atol=1e-9)
    alpha, sigma = path.alpha_sigma(times)
    np.testing.assert_allclose(total * tau, sigma, atol=1e-14)
    np.testing.assert_allclose(total * (1 - tau), alpha, atol=1e-14)


@pytest.mark.parametrize("path", every_path())
@pytest.mark.parametrize("curved", [False, True])
def test_timesteps_fall_from_noise_to_image_in_any_number_of_steps(path, curved):
    for steps in (1, 2, 7, 3000):
        times = path.timesteps(steps, curved).numpy()
        assert times.shape == (steps + 1,) and times[-1] == 0 and (np.diff(times) < 0).all()
        assert times[0] == pytest.approx(1, abs=1e-12)
        _, sigma = path.alpha_sigma(tf.constant(times))
        assert (sigma.numpy()[:-1] > 0).all()


def test_even_timesteps_of_a_table_visit_the_table():
    path = paths.VariancePreserving(paths.cosine_betas(1024))
    alpha, _ = path.alpha_sigma(path.timesteps(1024))
    np.testing.assert_allclose(np.log(alpha**2)[::-1], path.log_alpha_squared, rtol=1e-11)


def test_curved_timesteps_of_the_straight_path():
    np.testing.assert_allclose(paths.Straight().timesteps(2, curved=True), [1, 1 - np.sqrt(0.5), 0], atol=1e-15)


def test_table_training_times_are_its_entries_evenly():
    path = paths.VariancePreserving(paths.linear_betas(4))
    times = path.draw_times(tf.constant([0.0, 0.2, 0.3, 0.74, 0.76, 0.9999999]))
    np.testing.assert_allclose(times, [0.25, 0.25, 0.5, 0.75, 1, 1])


def test_logit_normal_times():
    times = paths.Straight(mean=0.5, std=2.0).draw_times(tf.constant([0.5, 0.8413447])).numpy()
    np.testing.assert_allclose(np.log(times / (1 - times)), [0.5, 2.5], atol=1e-5)
    extreme = paths.Straight().draw_times(tf.constant([0.0, 1 - 2.0**-24])).numpy()
    assert 0 < extreme[0] < extreme[1] < 1
    np.testing.assert_allclose(paths.Straight(std=0).draw_times(tf.constant([0.25])), [0.25], atol=1e-6)


def test_mix_scales_each_image_by_its_own_time():
    images, noise = np.ones((2, 1, 1, 1), np.float32), np.full((2, 1, 1, 1), 3, np.float32)
    x_t = paths.Straight().mix(images, noise, tf.constant([0.0, 0.5], tf.float64))
    np.testing.assert_allclose(x_t[:, 0, 0, 0], [1, 2])


def test_a_network_is_told_the_index_of_a_table_entry_or_its_fraction():
    betas = paths.cosine_betas(1024)
    entries = np.array([1.0, 512.0, 1024.0]) / 1024
    fraction, index = paths.VariancePreserving(betas), paths.VariancePreserving(betas, indexed=True)
    np.testing.assert_allclose(1000 * fraction.network_times(entries), 1000 * entries)
    np.testing.assert_allclose(1000 * index.network_times(entries), [0, 511, 1023], atol=1e-9)
    np.testing.assert_array_equal(paths.Straight().network_times(entries), entries)


@pytest.mark.parametrize("fraction", [0.15, 0.5])
def test_some_of_the_training_times_are_pure_noise(fraction):
    uniform = tf.constant((np.arange(4000) + 0.5) / 4000, tf.float32)
    times = paths.Straight(0.5, 1.0, fraction).draw_times(uniform).numpy()
    noise = times == 1
    assert noise.sum() == round(4000 * fraction)
    # The others are spread over the path as all were: the same quantiles.
    plain = paths.Straight(0.5, 1.0).draw_times(uniform).numpy()
    quantiles = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(np.quantile(times[~noise], quantiles), np.quantile(plain, quantiles), atol=2e-3)
    assert times.min() > 0 and times[~noise].max() < 1


def test_all_or_none_of_the_training_times_are_pure_noise():
    uniform = tf.constant([0.0, 0.3, 0.7, 1 - 2**-24], tf.float32)
    np.testing.assert_array_equal(paths.Straight(pure_noise=1.0).draw_times(uniform), [1, 1, 1, 1])
    np.testing.assert_array_equal(
        paths.Straight(pure_noise=0.0).draw_times(uniform), paths.Straight().draw_times(uniform)
    )
    uniform_times = paths.Straight(std=0.0, pure_noise=0.5).draw_times(tf.constant([0.1, 0.4, 0.6, 0.9], tf.float32))
    np.testing.assert_allclose(uniform_times, [0.2, 0.8, 1, 1], atol=1e-6)
