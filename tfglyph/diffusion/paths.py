"""Paths from images to noise: x_t = alpha(t) x_0 + sigma(t) noise, for t from 0 (images) to 1 (noise).

Everything is computed in float64 and cast by the caller, because 1 - alpha² loses all its digits in float32 where
images are nearly clean.
"""

from typing import Any

import numpy as np
import tensorflow as tf


class Path:
    """The interface of a path for training and sampling.

    Subclasses give ``alpha_sigma``. Times are float64 tensors in [0, 1].
    """

    def alpha_sigma(self, times: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Coefficients of image and noise.

        Args:
            times: float64 tensor of any shape, in [0, 1].

        Returns:
            ``(alpha, sigma)``, float64 tensors of the same shape, both in [0, 1].
        """
        raise NotImplementedError

    def draw_times(self, uniform: tf.Tensor) -> tf.Tensor:
        """Training times from uniform draws.

        Args:
            uniform: float tensor [n] in [0, 1).

        Returns:
            float64 tensor [n] in (0, 1].
        """
        raise NotImplementedError

    def network_times(self, times: Any) -> tf.Tensor:
        """The times as a network is told them, which it multiplies by 1000: by default the times themselves.

        Args:
            times: float64 tensor of any shape, in [0, 1].

        Returns:
            float64 tensor of the same shape.
        """
        return times

    def timesteps(self, steps: Any, curved: bool = False) -> tf.Tensor:
        """The times a sampler visits: ``steps + 1`` of them, from 1 to exactly 0.

        Args:
            steps: int or int32 scalar tensor, at least 1.
            curved: False for even times, which with T steps are the entries of a table of T; True for
                tau = 1 - cos(pi u / 2), u even, in the coordinate of ``straightened``: steps that shrink in proportion
                to the remaining noise. The last step, to no noise at all, can only be of first order; second order
                samplers stay second order because it is short.

        Returns:
            float64 tensor [steps + 1], falling.
        """
        steps = tf.cast(steps, tf.int32)
        even = tf.cast(tf.range(steps, -1, -1), tf.float64) / tf.cast(steps, tf.float64)
        if not curved:
            return even
        _, noisiest = self.straightened(tf.ones([], tf.float64))
        return self.time_of(noisiest * (1.0 - tf.cos(np.pi / 2 * even)))

    def straightened(self, times: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """``(alpha + sigma, tau)`` with tau = sigma / (alpha + sigma).

        Every path is the straight one after a change of variables: x / (alpha + sigma) = (1 - tau) x_0 + tau noise.

        Args:
            times: float64 tensor of any shape.

        Returns:
            two float64 tensors of that shape.
        """
        alpha, sigma = self.alpha_sigma(times)
        return alpha + sigma, sigma / (alpha + sigma)

    def time_of(self, tau: Any) -> tf.Tensor:
        """The time at which sigma / (alpha + sigma) is ``tau``; float64 tensors of any shape."""
        raise NotImplementedError

    def mix(self, images: tf.Tensor, noise: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        """x_t = alpha(t) x_0 + sigma(t) noise.

        Args:
            images: float32 tensor [n, h, w, c].
            noise: float32 tensor [n, h, w, c], standard normal.
            times: float64 tensor [n].

        Returns:
            float32 tensor [n, h, w, c].
        """
        alpha, sigma = (per_image(value, images) for value in self.alpha_sigma(times))
        return alpha * images + sigma * noise


class VariancePreserving(Path):
    """alpha² + sigma² = 1, from a table of betas (Ho et al. 2020, eq. 4).

    Table entry i is t = i / T, entry 0 the clean image, so a sampler with T steps visits the table itself and one with
    fewer or more steps has times in between: ln alpha² is interpolated linearly in t, which is the continuous process
    whose noise rate is constant within each step of the table.

    Args:
        betas: float64 array [T] in (0, 1), the fraction of the variance that each step replaces by noise.
        indexed: bool; True: a network is told the entry's index in code that counts the noisy ones from 0, so that
            the time i / T is the position i - 1 in its sinusoidal table; False: the position 1000 i / T.
    """

    def __init__(self, betas: Any, indexed: bool = False):
        betas = np.asarray(betas, np.float64)
        self.indexed: bool = indexed
        self.steps: int = len(betas)
        self.log_alpha_squared: np.ndarray = np.concatenate([[0.0], np.cumsum(np.log1p(-betas))])

    def alpha_sigma(self, times: Any) -> tuple[tf.Tensor, tf.Tensor]:
        table = tf.constant(self.log_alpha_squared, tf.float64)
        position = tf.clip_by_value(tf.cast(times, tf.float64), 0.0, 1.0) * self.steps
        # A position that misses a table entry by rounding is that entry: T sampling steps are exactly the table.
        # (Not entry 0, where there is no noise to divide by.)
        entry = tf.round(position)
        position = tf.where((entry > 0) & (tf.abs(position - entry) < 1e-9), entry, position)
        below = tf.minimum(tf.floor(position), self.steps - 1)
        index = tf.cast(below, tf.int32)
        left, right = tf.gather(table, index), tf.gather(table, index + 1)
        log_alpha_squared = left + (position - below) * (right - left)
        return tf.exp(0.5 * log_alpha_squared), tf.sqrt(-tf.math.expm1(log_alpha_squared))

    def network_times(self, times: Any) -> tf.Tensor:
        if not self.indexed:
            return times
        return (tf.cast(times, tf.float64) * self.steps - 1.0) / 1000.0

    def time_of(self, tau: Any) -> tf.Tensor:
        table = tf.constant(self.log_alpha_squared, tf.float64)
        tau = tf.cast(tau, tf.float64)
        # alpha² = (1 - tau)² / ((1 - tau)² + tau²), then the table backwards.
        value = -tf.math.log1p((tau / (1.0 - tau)) ** 2)
        flat = tf.reshape(-value, [-1])
        index = tf.searchsorted(-table, flat, side="right") - 1
        index = tf.reshape(tf.clip_by_value(index, 0, self.steps - 1), tf.shape(tau))
        left, right = tf.gather(table, index), tf.gather(table, index + 1)
        fraction = tf.clip_by_value((value - left) / (right - left), 0.0, 1.0)
        return (tf.cast(index, tf.float64) + fraction) / self.steps

    def draw_times(self, uniform: tf.Tensor) -> tf.Tensor:
        """Uniform over the T entries of the table, as the original trains."""
        entry = tf.floor(tf.cast(uniform, tf.float64) * self.steps) + 1
        return entry / self.steps


class Straight(Path):
    """alpha = 1 - t, sigma = t: flow matching's straight line (Lipman et al. 2023; Liu et al. 2023).

    Training times are logit-normal (Esser et al. 2024, section 3.1): t = sigmoid(mean + std · normal), most often in
    the middle of the path, where the shape of a glyph is decided. A ``std`` of 0 means uniform times. The fraction
    ``pure_noise`` of them is 1, where sampling starts.
    """

    def __init__(self, mean: float = 0.0, std: float = 1.0, pure_noise: float = 0.0):
        self.mean: float = mean
        self.std: float = std
        self.pure_noise: float = pure_noise

    def alpha_sigma(self, times: Any) -> tuple[tf.Tensor, tf.Tensor]:
        times = tf.cast(times, tf.float64)
        return 1.0 - times, times

    def time_of(self, tau: Any) -> tf.Tensor:
        return tf.cast(tau, tf.float64)

    def draw_times(self, uniform: tf.Tensor) -> tf.Tensor:
        # The middle of its float32 cell keeps a draw of exactly 0 away from both ends of the path.
        uniform = tf.cast(uniform, tf.float64) * (1.0 - 2.0**-23) + 2.0**-24
        if self.pure_noise == 0:
            return self._times(uniform)
        on_path = 1.0 - self.pure_noise  # the draws above it are pure noise, those below are spread over the path again
        times = self._times(tf.minimum(uniform / max(on_path, 2.0**-24), 1.0 - 2.0**-24))
        return tf.where(uniform < on_path, times, 1.0)

    def _times(self, uniform: tf.Tensor) -> tf.Tensor:
        if self.std == 0:
            return uniform
        normal = tf.math.ndtri(uniform)
        return tf.sigmoid(self.mean + self.std * normal)


def linear_betas(steps: int) -> np.ndarray:
    """Ho et al. 2020, section 4: betas linear from 1e-4 to 0.02.

    These numbers are meant for about a thousand steps. Returns float64 array [steps].
    """
    return np.linspace(1e-4, 0.02, steps, dtype=np.float64)


def cosine_betas(steps: int, offset: float = 0.008, largest: float = 0.999) -> np.ndarray:
    """Nichol and Dhariwal 2021, eq. 17: alpha² follows a squared cosine; betas are clipped at ``largest``.

    Returns float64 array [steps].
    """
    angle = (np.arange(steps + 1, dtype=np.float64) / steps + offset) / (1 + offset) * np.pi / 2
    alpha_squared = np.cos(angle) ** 2
    return np.minimum(1 - alpha_squared[1:] / alpha_squared[:-1], largest)


def per_image(values: Any, images: tf.Tensor) -> tf.Tensor:
    """One number per image, or one for all, in a shape that multiplies images: [n, 1, 1, 1] or a scalar."""
    values = tf.cast(values, images.dtype)
    if values.shape.rank == 0:
        return values
    return tf.reshape(values, [-1] + [1] * (len(images.shape) - 1))  # (n, 1, 1, 1)
