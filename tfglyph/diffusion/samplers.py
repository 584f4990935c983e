"""Samplers: from noise to images along a path, in any number of steps; and DDIM inversion.

Each takes ``denoise(x_t, time) -> (images, noise)``, the model's prediction from x_t at one float64 scalar time, and
is made of TensorFlow operations only (a ``tf.while_loop`` over timesteps of any number), so an exported model contains
it. The timesteps fall from the noisiest to the cleanest; the last step, to t = 0, gives the denoised image itself, so
the denoiser is never called for a time without noise.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfglyph.diffusion.paths import Path, per_image

Denoise = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""(x_t, time) -> (x_0, noise)."""
Noise = Callable[[Any], tf.Tensor]
"""int32 scalar step -> standard normal noise of the shape of x_t."""


def timesteps_for(sampler: str, path: Path, steps: Any) -> tf.Tensor:
    """The times that suit a sampler: even for the first-order ones, curved for the second-order ones.

    Args:
        sampler: one of ``SAMPLERS``.
        path: ``Path``.
        steps: int or int32 scalar tensor, at least 1.

    Returns:
        float64 tensor [steps + 1], falling from 1 to 0.
    """
    return path.timesteps(steps, curved=sampler in ("dpm++", "heun"))


def evaluations(sampler: str, steps: int) -> int:
    """The number of calls of the denoiser in ``steps`` steps of ``sampler``."""
    return 2 * steps - 1 if sampler == "heun" else steps


def sample(
    sampler: str,
    path: Path,
    denoise: Denoise,
    x_t: tf.Tensor,
    timesteps: tf.Tensor,
    eta: Any = 0.0,
    noise: Noise | None = None,
) -> tf.Tensor:
    """Runs a sampler by name.

    Args:
        sampler: one of ``SAMPLERS``.
        path: ``Path``.
        denoise: callable ``(float32 [n, ...], float64 scalar) -> (images, noise)``, float32 [n, ...] each.
        x_t: float32 tensor [n, ...], x at the first of the timesteps.
        timesteps: float64 tensor [steps + 1], strictly falling.
        eta: noise added by ``ddim``, 0 (none) to 1 (as much as ``ddpm``).
        noise: callable ``int32 scalar step -> float32 [n, ...]``, standard normal; needed where noise is added.

    Returns:
        float32 tensor [n, ...], x at the last of the timesteps.
    """
    if sampler == "ddpm":
        return ddim(path, denoise, x_t, timesteps, eta=1.0, noise=noise)
    if sampler == "ddim":
        return ddim(path, denoise, x_t, timesteps, eta=eta, noise=noise)
    if sampler == "dpm++":
        return dpm_solver(path, denoise, x_t, timesteps)
    return heun(path, denoise, x_t, timesteps)


def ddim(
    path: Path, denoise: Denoise, x_t: tf.Tensor, timesteps: tf.Tensor, eta: Any = 0.0, noise: Noise | None = None
) -> tf.Tensor:
    """DDIM (Song et al. 2021, eq. 12 and 16); with ``eta`` 1, DDPM's ancestral sampling (Ho et al. 2020, eq. 7).

    The added variance is eta² times that of q(x_s | x_t, x_0), written for any path: with r = alpha_t / alpha_s,
    (sigma_t² - r² sigma_s²) sigma_s² / sigma_t².
    """

    def step(i: tf.Tensor, x_t: tf.Tensor) -> tf.Tensor:
        (alpha_t, sigma_t), (alpha_s, sigma_s) = path.alpha_sigma(timesteps[i]), path.alpha_sigma(timesteps[i + 1])
        images, predicted = denoise(x_t, timesteps[i])
        fresh = tf.maximum(sigma_t**2 - (alpha_t / alpha_s) ** 2 * sigma_s**2, 0.0)
        added = tf.cast(eta, tf.float64) * tf.sqrt(fresh) * sigma_s / sigma_t
        kept = tf.sqrt(tf.maximum(sigma_s**2 - added**2, 0.0))
        x_t = per_image(alpha_s, x_t) * images + per_image(kept, x_t) * predicted
        return x_t if noise is None else x_t + per_image(added, x_t) * noise(i)

    return _walk(step, x_t, timesteps)


def dpm_solver(path: Path, denoise: Denoise, x_t: tf.Tensor, timesteps: tf.Tensor) -> tf.Tensor:
    """DPM-Solver++ 2M (Lu et al. 2022b, algorithm 2): second order for one call of the denoiser a step.

    With lambda = ln(alpha / sigma), the image is extrapolated over half a step from this prediction and the one
    before. The first step has none before it and the last ends at lambda = infinity; both are first order, which keeps
    the second order of the whole.
    """

    def step(i: tf.Tensor, x_t: tf.Tensor, before: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        (alpha_t, sigma_t), (alpha_s, sigma_s) = path.alpha_sigma(timesteps[i]), path.alpha_sigma(timesteps[i + 1])
        images, _ = denoise(x_t, timesteps[i])
        alpha_r, sigma_r = path.alpha_sigma(timesteps[tf.maximum(i - 1, 0)])
        lambda_r, lambda_t, lambda_s = (
            tf.math.log(alpha / sigma) for alpha, sigma in ((alpha_r, sigma_r), (alpha_t, sigma_t), (alpha_s, sigma_s))
        )
        ratio = (lambda_s - lambda_t) / (2 * (lambda_t - lambda_r))
        usable = tf.logical_and(i > 0, sigma_s > 0)
        extrapolated = images + per_image(tf.where(usable, ratio, 0.0), x_t) * (images - before)
        kept = sigma_s / sigma_t
        x_t = per_image(kept, x_t) * x_t + per_image(alpha_s - alpha_t * kept, x_t) * extrapolated
        return x_t, images

    return _walk(step, x_t, timesteps, tf.zeros_like(x_t))


def heun(path: Path, denoise: Denoise, x_t: tf.Tensor, timesteps: tf.Tensor) -> tf.Tensor:
    """Heun's second-order method, two calls of the denoiser a step (Karras et al. 2022, algorithm 1).

    It integrates y = x / (alpha + sigma), which moves with velocity noise - x_0 as tau = sigma / (alpha + sigma)
    changes and is finite at both ends (see ``Path.straightened``). The last step, to sigma = 0, is Euler's.
    """

    # Prediction and correction are turns of one loop, so that the graph holds the network once: a graph with two of
    # them takes almost twice as long to trace and to optimize.

    def turn(
        k: tf.Tensor, x: tf.Tensor, position: tf.Tensor, slope: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        i, predicting = k // 2, k % 2 == 0
        images, noise = denoise(x, timesteps[i + k % 2])
        (total_t, tau_t), (total_s, tau_s) = path.straightened(timesteps[i]), path.straightened(timesteps[i + 1])
        position = tf.where(predicting, x / per_image(total_t, x), position)
        slope = tf.where(predicting, noise - images, 0.5 * (slope + noise - images))
        return k + 1, (position + per_image(tau_s - tau_t, x) * slope) * per_image(total_s, x), position, slope

    _, tau_last = path.straightened(timesteps[-1])
    turns = 2 * (tf.size(timesteps) - 1) - tf.cast(tau_last <= 0, tf.int32)
    none = tf.zeros_like(x_t)
    return tf.while_loop(lambda k, *_: k < turns, turn, (tf.constant(0), x_t, none, none))[1]


def invert(path: Path, denoise: Denoise, images: tf.Tensor, timesteps: tf.Tensor, refinements: int = 2) -> tf.Tensor:
    """DDIM inversion: the noise from which deterministic DDIM generates ``images`` (Song et al. 2021, section 4.3).

    Each step solves y_t = y_s + (tau_t - tau_s) velocity(y_t, t), the equation of the sampling step in the coordinates
    of ``heun``, by fixed-point iteration, so that sampling undoes the inversion; with no refinement it is the usual
    approximation, which takes the velocity at y_s for that at y_t.

    Args:
        path, denoise: as in ``sample``.
        images: float32 tensor [n, ...].
        timesteps: float64 tensor [steps + 1], falling: those of ``ddim``.
        refinements: int, fixed-point iterations after the first estimate.

    Returns:
        float32 tensor [n, ...], x at the first of the timesteps.
    """
    rising = tf.reverse(timesteps, [0])

    def step(i: tf.Tensor, x_t: tf.Tensor) -> tf.Tensor:
        (total_s, tau_s), (total_t, tau_t) = path.straightened(rising[i]), path.straightened(rising[i + 1])
        position, change = x_t / per_image(total_s, x_t), per_image(tau_t - tau_s, x_t)

        def refined(iteration: tf.Tensor, guess: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            denoised, noise = denoise(guess * per_image(total_t, x_t), rising[i + 1])
            return iteration + 1, position + change * (noise - denoised)

        # A loop in the graph rather than in Python: the network is traced once, not once for each estimate.
        _, guess = tf.while_loop(lambda iteration, _: iteration <= refinements, refined, (tf.constant(0), position))
        return guess * per_image(total_t, x_t)

    return _walk(step, images, rising)


def _walk(step: Callable[..., Any], x_t: tf.Tensor, timesteps: tf.Tensor, *memory: tf.Tensor) -> tf.Tensor:
    """Calls ``step(i, x_t, *memory)`` for each interval of the timesteps; returns the last ``x_t``."""

    def body(i: tf.Tensor, *state: tf.Tensor) -> tuple[tf.Tensor, ...]:
        new = step(i, *state)
        return i + 1, *(new if isinstance(new, tuple) else (new,))

    intervals = tf.size(timesteps) - 1
    return tf.while_loop(lambda i, *_: i < intervals, body, (tf.constant(0), x_t, *memory))[1]
