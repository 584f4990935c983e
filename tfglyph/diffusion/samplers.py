"""Samplers: from noise to images along a path, in as many steps as wanted; and DDIM's way back.

Each takes ``denoise(mixed, time) -> (images, noise)``, the model's view of x_t at one float64 scalar time,
and is made of TensorFlow operations only (a ``tf.while_loop`` over a grid of any length), so an exported
model contains it. The grid falls from the noisiest time to the cleanest; the last step to t = 0 is the
denoised image itself, so the denoiser is never asked about a time without noise.
"""

import tensorflow as tf

from tfglyph.diffusion.paths import per_image

SAMPLERS = ("ddpm", "ddim", "dpm++", "heun")


def grid_for(sampler, path, steps):
    """The times that suit a sampler: even for the first-order ones, curved for the second-order ones.

    Args:
        sampler: one of ``SAMPLERS``.
        path: ``Path``.
        steps: int or int32 scalar tensor, at least 1.

    Returns:
        float64 tensor [steps + 1], falling from 1 to 0.
    """
    return path.grid(steps, curved=sampler in ("dpm++", "heun"))


def evaluations(sampler, steps):
    """How often ``sampler`` calls the denoiser in ``steps`` steps: int."""
    return 2 * steps - 1 if sampler == "heun" else steps


def sample(sampler, path, denoise, mixed, grid, eta=0.0, noise=None):
    """Run a sampler by name.

    Args:
        sampler: one of ``SAMPLERS``.
        path: ``Path``.
        denoise: callable ``(float32 [n, ...], float64 scalar) -> (images, noise)``, float32 [n, ...] each.
        mixed: float32 tensor [n, ...], x at the first time of the grid.
        grid: float64 tensor [steps + 1], strictly falling.
        eta: noise added by ``ddim``, 0 (none) to 1 (as much as ``ddpm``).
        noise: callable ``int32 scalar step -> float32 [n, ...]``, standard normal; needed where noise is
            added.

    Returns:
        float32 tensor [n, ...], x at the last time of the grid.
    """
    if sampler == "ddpm":
        return ddim(path, denoise, mixed, grid, eta=1.0, noise=noise)
    if sampler == "ddim":
        return ddim(path, denoise, mixed, grid, eta=eta, noise=noise)
    if sampler == "dpm++":
        return dpm_solver(path, denoise, mixed, grid)
    return heun(path, denoise, mixed, grid)


def ddim(path, denoise, mixed, grid, eta=0.0, noise=None):
    """DDIM (Song et al. 2021, eq. 12 and 16); with ``eta`` 1 it is DDPM's ancestral sampling (Ho et al.
    2020, eq. 7).

    The added variance is eta² times that of q(x_s | x_t, x_0), written for any path: with r = alpha_t /
    alpha_s, (sigma_t² - r² sigma_s²) sigma_s² / sigma_t².
    """

    def step(k, mixed):
        (alpha_t, sigma_t), (alpha_s, sigma_s) = path.alpha_sigma(grid[k]), path.alpha_sigma(grid[k + 1])
        images, predicted = denoise(mixed, grid[k])
        fresh = tf.maximum(sigma_t**2 - (alpha_t / alpha_s) ** 2 * sigma_s**2, 0.0)
        added = tf.cast(eta, tf.float64) * tf.sqrt(fresh) * sigma_s / sigma_t
        kept = tf.sqrt(tf.maximum(sigma_s**2 - added**2, 0.0))
        mixed = per_image(alpha_s, mixed) * images + per_image(kept, mixed) * predicted
        return mixed if noise is None else mixed + per_image(added, mixed) * noise(k)

    return _walk(step, mixed, grid)


def dpm_solver(path, denoise, mixed, grid):
    """DPM-Solver++ 2M (Lu et al. 2022b, algorithm 2): second order for one call of the denoiser a step.

    With lambda = ln(alpha / sigma), the image is extrapolated over half a step from this prediction and the
    one before. The first step has none before it and the last ends at lambda = infinity; both are first
    order, which keeps the second order of the whole.
    """

    def step(k, mixed, before):
        (alpha_t, sigma_t), (alpha_s, sigma_s) = path.alpha_sigma(grid[k]), path.alpha_sigma(grid[k + 1])
        images, _ = denoise(mixed, grid[k])
        alpha_r, sigma_r = path.alpha_sigma(grid[tf.maximum(k - 1, 0)])
        lambda_r, lambda_t, lambda_s = (
            tf.math.log(alpha / sigma) for alpha, sigma in ((alpha_r, sigma_r), (alpha_t, sigma_t), (alpha_s, sigma_s))
        )
        ratio = (lambda_s - lambda_t) / (2 * (lambda_t - lambda_r))
        usable = tf.logical_and(k > 0, sigma_s > 0)
        extrapolated = images + per_image(tf.where(usable, ratio, 0.0), mixed) * (images - before)
        kept = sigma_s / sigma_t
        mixed = per_image(kept, mixed) * mixed + per_image(alpha_s - alpha_t * kept, mixed) * extrapolated
        return mixed, images

    return _walk(step, mixed, grid, tf.zeros_like(mixed))


def heun(path, denoise, mixed, grid):
    """Heun's second-order method, two calls of the denoiser a step (Karras et al. 2022, algorithm 1).

    It integrates y = x / (alpha + sigma), which moves with velocity noise - x_0 as tau = sigma / (alpha +
    sigma) changes and is finite at both ends (see ``Path.straightened``). The last step, to sigma = 0, is
    Euler's.
    """

    def step(k, mixed):
        (total_t, tau_t), (total_s, tau_s) = path.straightened(grid[k]), path.straightened(grid[k + 1])
        images, noise = denoise(mixed, grid[k])
        position, change = mixed / per_image(total_t, mixed), per_image(tau_s - tau_t, mixed)
        euler = (position + change * (noise - images)) * per_image(total_s, mixed)

        def corrected():
            images_s, noise_s = denoise(euler, grid[k + 1])
            slope = 0.5 * (noise - images + noise_s - images_s)
            return (position + change * slope) * per_image(total_s, mixed)

        return tf.cond(tau_s > 0, corrected, lambda: euler)

    return _walk(step, mixed, grid)


def invert(path, denoise, images, grid, refinements=2):
    """The noise from which deterministic DDIM draws ``images`` (Song et al. 2021, section 4.3, run
    backwards).

    Each backward step solves y_t = y_s + (tau_t - tau_s) velocity(y_t, t), the forward step's own equation
    in the coordinates of ``heun``, by fixed-point iteration, so that the way back undoes the way there; with
    no refinement it is the usual approximation, which takes the velocity at y_s for that at y_t.

    Args:
        path, denoise: as in ``sample``.
        images: float32 tensor [n, ...].
        grid: float64 tensor [steps + 1], falling: the grid that ``ddim`` will use.
        refinements: int, fixed-point iterations after the first estimate.

    Returns:
        float32 tensor [n, ...], x at the first time of the grid.
    """
    rising = tf.reverse(grid, [0])

    def step(k, mixed):
        (total_s, tau_s), (total_t, tau_t) = path.straightened(rising[k]), path.straightened(rising[k + 1])
        position, change = mixed / per_image(total_s, mixed), per_image(tau_t - tau_s, mixed)

        def refined(iteration, guess):
            denoised, noise = denoise(guess * per_image(total_t, mixed), rising[k + 1])
            return iteration + 1, position + change * (noise - denoised)

        # A loop in the graph rather than in Python: the network is traced once, not once for each estimate.
        _, guess = tf.while_loop(lambda iteration, _: iteration <= refinements, refined, (tf.constant(0), position))
        return guess * per_image(total_t, mixed)

    return _walk(step, images, rising)


def _walk(step, mixed, grid, *memory):
    """``step(k, mixed, *memory)`` for each interval of the grid; returns the last ``mixed``."""

    def body(k, *state):
        new = step(k, *state)
        return k + 1, *(new if isinstance(new, tuple) else (new,))

    intervals = tf.size(grid) - 1
    return tf.while_loop(lambda k, *_: k < intervals, body, (tf.constant(0), mixed, *memory))[1]
