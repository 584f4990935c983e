import numpy as np
import pytest
import tensorflow as tf

from tfglyph.diffusion import SAMPLERS, guidance, paths, samplers
from tfglyph.diffusion.noise import image_noise

LINEAR = paths.VariancePreserving(paths.linear_betas(1000))
COSINE = paths.VariancePreserving(paths.cosine_betas(1000))
STRAIGHT = paths.Straight()
PATHS = {"linear": LINEAR, "cosine": COSINE, "straight": STRAIGHT}
MEAN, STD = 0.3, 0.5
MEANS, WEIGHTS, WIDTH = (-0.6, 0.5), (0.3, 0.7), 0.2


def gaussian(path, mean, std):
    """The exact denoiser of N(mean, deviation²): E[x_0 | x_t], computed in the dtype of x_t."""

    def denoise(x_t, time):
        alpha, sigma = (tf.cast(value, x_t.dtype) for value in path.alpha_sigma(time))
        variance = alpha**2 * std**2 + sigma**2
        images = mean + alpha * std**2 / variance * (x_t - alpha * mean)
        return images, (x_t - alpha * images) / sigma

    return denoise


def gaussian_answer(path, noise, mean, std):
    """Where the probability-flow ODE takes x_1 = noise: quantiles go to quantiles."""
    alpha, sigma = (float(value) for value in path.alpha_sigma(tf.constant(1.0, tf.float64)))
    return mean + std * (noise - alpha * mean) / np.sqrt(alpha**2 * std**2 + sigma**2)


def mixture(path, means, weights, std):
    """The exact denoiser of a mixture of Gaussians of one standard deviation: E[x_0 | x_t], elementwise."""
    means, weights = np.asarray(means), np.asarray(weights)

    def denoise(x_t, time):
        alpha, sigma = (tf.cast(value, x_t.dtype) for value in path.alpha_sigma(time))
        centres = tf.cast(means, x_t.dtype)
        variance = alpha**2 * std**2 + sigma**2
        offset = x_t[..., None] - alpha * centres  # (..., components)
        posterior = tf.nn.softmax(tf.math.log(tf.cast(weights, x_t.dtype)) - offset**2 / (2 * variance))
        images = tf.reduce_sum(posterior * (centres + alpha * std**2 / variance * offset), -1)  # (...)
        return images, (x_t - alpha * images) / sigma

    return denoise


def mixture_moments(means, weights, std):
    """Mean and variance of the mixture."""
    means, weights = np.asarray(means), np.asarray(weights)
    mean = np.sum(weights * means)
    return mean, std**2 + np.sum(weights * means**2) - mean**2


def pairs(seed, *indices):
    return tf.constant([[seed, index] for index in indices], tf.int64)


def draw(sampler, path, denoise, noise, steps):
    """Samples with the sampler's own timesteps, in the dtype of ``noise``, inside one graph."""

    def fresh(i):
        return tf.cast(image_noise(pairs(7, *range(len(noise))), i, noise.shape[1:]), noise.dtype)

    @tf.function
    def run(steps):
        timesteps = samplers.timesteps_for(sampler, path, steps)
        added = fresh if sampler == "ddpm" else None
        return samplers.sample(sampler, path, denoise, noise, timesteps, noise=added)

    return run(tf.constant(steps)).numpy()


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("sampler, order", [("ddim", 1), ("dpm++", 2), ("heun", 2)])
def test_order_on_a_gaussian(path, sampler, order):
    noise = tf.constant(np.linspace(-2.5, 2.5, 21), tf.float64)
    denoise = gaussian(path, MEAN, STD)
    answer = gaussian_answer(path, noise.numpy(), MEAN, STD)
    errors = [np.abs(draw(sampler, path, denoise, noise, n) - answer).mean() for n in (40, 80, 160)]
    slopes = -np.diff(np.log2(errors))
    assert (slopes > order - 0.15).all() and slopes[-1] < order + 0.35, slopes
    assert errors[-1] < (0.015 if order == 1 else 2e-4)


@pytest.mark.parametrize("path", [COSINE, STRAIGHT], ids=["cosine", "straight"])
@pytest.mark.parametrize("sampler, order", [("ddim", 1), ("dpm++", 2), ("heun", 2)])
def test_order_on_two_gaussians(path, sampler, order):
    noise = tf.constant(np.linspace(-2.5, 2.5, 21), tf.float64)
    denoise = mixture(path, MEANS, WEIGHTS, WIDTH)
    answer = draw("heun", path, denoise, noise, 1500)
    errors = [np.abs(draw(sampler, path, denoise, noise, n) - answer).mean() for n in (40, 80, 160)]
    slopes = -np.diff(np.log2(errors))
    assert (slopes > order - 0.15).all() and slopes[-1] < order + 0.35, slopes


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_mean_and_variance(path, sampler):
    noise = tf.constant(np.random.default_rng(0).normal(size=(1, 20_000)), tf.float32)
    steps = {"ddpm": 1000 if path is LINEAR else 300, "ddim": 400}.get(sampler, 40)
    tolerance = {"ddpm": 0.02, "ddim": 0.015}.get(sampler, 0.008)

    drawn = draw(sampler, path, gaussian(path, MEAN, STD), noise, steps)
    assert drawn.mean() == pytest.approx(MEAN, abs=tolerance)
    assert drawn.var() == pytest.approx(STD**2, rel=2 * tolerance)

    drawn = draw(sampler, path, mixture(path, MEANS, WEIGHTS, WIDTH), noise, steps)
    mean, variance = mixture_moments(MEANS, WEIGHTS, WIDTH)
    assert drawn.mean() == pytest.approx(mean, abs=tolerance)
    assert drawn.var() == pytest.approx(variance, rel=2 * tolerance)
    assert (drawn > 0).mean() == pytest.approx(WEIGHTS[1], abs=0.02)


def test_ddpm_is_ancestral_sampling_of_the_paper():
    """Ho et al. 2020, eq. 7, written with betas over four steps of a table of four."""
    betas = paths.cosine_betas(4)
    path = paths.VariancePreserving(betas)
    denoise = gaussian(path, MEAN, STD)
    x = start = np.array([[0.4], [-1.1]])
    draws = np.random.default_rng(3).normal(size=(4, 2, 1))
    kept = np.cumprod(1 - betas)
    for i, t in enumerate((3, 2, 1, 0)):
        before = kept[t - 1] if t else 1.0
        images, _ = denoise(tf.constant(x), tf.constant((t + 1) / 4, tf.float64))
        mean = np.sqrt(before) * betas[t] * images + np.sqrt(1 - betas[t]) * (1 - before) * x
        x = mean / (1 - kept[t]) + np.sqrt(betas[t] * (1 - before) / (1 - kept[t])) * draws[i]

    def noise(i):
        return tf.gather(tf.constant(draws), i)

    drawn = samplers.sample("ddpm", path, denoise, tf.constant(start), path.timesteps(4), noise=noise)
    np.testing.assert_allclose(drawn, x, atol=1e-8)


def test_eta_goes_from_ddim_to_ddpm():
    denoise = gaussian(COSINE, MEAN, STD)
    start = tf.constant([[0.4], [-1.1]], tf.float64)

    def noise(i):
        return tf.cast(image_noise(pairs(1, 0, 1), i, [1]), tf.float64)

    def run(sampler, eta):
        return samplers.sample(sampler, COSINE, denoise, start, COSINE.timesteps(10), eta, noise)

    plain = samplers.ddim(COSINE, denoise, start, COSINE.timesteps(10))
    np.testing.assert_array_equal(run("ddim", 0.0), plain)
    np.testing.assert_array_equal(run("ddim", 1.0), run("ddpm", 0.0))
    assert np.abs(run("ddim", 0.5) - plain).max() > 0.01


def test_dpm_solver_matches_its_algorithm():
    """Lu et al. 2022b, algorithm 2, with exponentials of lambda as printed, on three interior times."""
    timesteps = np.array([0.9, 0.7, 0.45, 0.2])
    denoise = mixture(COSINE, MEANS, WEIGHTS, WIDTH)
    x = start = np.array([0.5, -0.7, 1.5])
    alpha, sigma = (value.numpy() for value in COSINE.alpha_sigma(tf.constant(timesteps)))
    lam = np.log(alpha / sigma)
    before = None
    for i in range(1, 4):
        images = denoise(tf.constant(x), tf.constant(timesteps[i - 1]))[0].numpy()
        h = lam[i] - lam[i - 1]
        d = images
        if i > 1:
            r = (lam[i - 1] - lam[i - 2]) / h
            d = (1 + 1 / (2 * r)) * images - 1 / (2 * r) * before
        x = sigma[i] / sigma[i - 1] * x - alpha[i] * np.expm1(-h) * d
        before = images
    drawn = samplers.dpm_solver(COSINE, denoise, tf.constant(start), tf.constant(timesteps))
    np.testing.assert_allclose(drawn, x, rtol=1e-10)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_step_is_the_denoised_noise(path, sampler):
    noise = tf.constant([0.3, -0.8], tf.float64)
    denoise = gaussian(path, MEAN, STD)
    time = path.timesteps(1)[0]
    np.testing.assert_allclose(draw(sampler, path, denoise, noise, 1), denoise(noise, time)[0], atol=1e-9)


def test_the_denoiser_is_called_as_often_as_said_and_never_without_noise():
    for sampler in SAMPLERS:
        times = []

        def denoise(x_t, time, times=times):
            times.append(float(time))
            return gaussian(STRAIGHT, MEAN, STD)(x_t, time)

        timesteps = samplers.timesteps_for(sampler, STRAIGHT, 5)
        samplers.sample(sampler, STRAIGHT, denoise, tf.constant([0.1]), timesteps)
        assert len(times) == samplers.evaluations(sampler, 5)
        assert times[0] == pytest.approx(1) and min(times) > 0


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_inversion_round_trip(path):
    images = tf.constant(np.linspace(-0.9, 0.9, 13), tf.float64)
    denoise = mixture(path, MEANS, WEIGHTS, WIDTH)
    timesteps = path.timesteps(50)

    @tf.function
    def there_and_back(refinements):
        noise = samplers.invert(path, denoise, images, timesteps, refinements)
        return tf.reduce_max(tf.abs(samplers.ddim(path, denoise, noise, timesteps) - images))

    plain, refined, solved = (float(there_and_back(n)) for n in (0, 2, 20))
    assert refined < plain / 2 and refined < 0.04
    assert solved < 1e-3


def test_inversion_finds_the_noise_of_a_gaussian():
    noise = np.linspace(-2, 2, 9)
    images = gaussian_answer(STRAIGHT, noise, MEAN, STD)
    denoise = gaussian(STRAIGHT, MEAN, STD)
    errors = [
        np.abs(samplers.invert(STRAIGHT, denoise, tf.constant(images), STRAIGHT.timesteps(n)) - noise).max()
        for n in (50, 100)
    ]
    assert errors[1] < 0.55 * errors[0] < 0.04


def test_noise_of_an_image_depends_on_its_pair_and_the_draw_alone():
    many = image_noise(pairs(3, *range(6)), 2, [4, 4, 1]).numpy()
    np.testing.assert_array_equal(image_noise(pairs(3, 4, 1), 2, [4, 4, 1]), many[[4, 1]])
    for seed, draw_number in ((4, 2), (3, 1)):
        other = image_noise(pairs(seed, *range(6)), draw_number, [4, 4, 1])
        assert np.abs(other - many).min() > 0
    assert len(np.unique(many)) == many.size


def test_noise_is_standard_normal():
    drawn = image_noise(pairs(0, *range(200)), 0, [500]).numpy()
    assert drawn.mean() == pytest.approx(0, abs=0.01) and drawn.var() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1] == pytest.approx(0, abs=0.01)


def test_guidance_by_hand():
    conditional, unconditional = np.array([3.0]), np.array([1.0])
    guided = [guidance.guide(conditional, unconditional, scale)[0] for scale in (0.0, 1.0, 2.5)]
    assert guided == [1.0, 3.0, 6.0]
