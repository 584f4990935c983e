"""What a denoiser predicts, how to compute image and noise from it, and the weight of each time in the loss.

With x = alpha x_0 + sigma noise, every target is a linear mixture of image and noise, so any of them together with
x gives both back:

===========  =====================================  ==========================================
target       definition                             where it comes from
===========  =====================================  ==========================================
noise        noise                                  Ho et al. 2020, eq. 14
x0           x_0                                    the image itself
v            alpha noise - sigma x_0                Salimans and Ho 2022, appendix D
velocity     noise - x_0                            Lipman et al. 2023: d x / d t on the straight path
===========  =====================================  ==========================================
"""

from typing import Any

import tensorflow as tf

from tfglyph.diffusion.paths import per_image

TARGETS = ("noise", "x0", "v", "velocity")
WEIGHTS = ("uniform", "min-snr")
SMALLEST = 1e-8  # below every alpha and sigma of a table, above what float32 divides badly by


def make(target: str, images: tf.Tensor, noise: tf.Tensor, alpha: Any, sigma: Any) -> tf.Tensor:
    """The training target.

    Args:
        target: one of ``TARGETS``.
        images, noise: float32 tensors [n, h, w, c].
        alpha, sigma: float tensors [n] or scalars.

    Returns:
        float32 tensor [n, h, w, c].
    """
    if target == "noise":
        return noise
    if target == "x0":
        return images
    if target == "velocity":
        return noise - images
    return per_image(alpha, images) * noise - per_image(sigma, images) * images


def read(target: str, prediction: tf.Tensor, x_t: tf.Tensor, alpha: Any, sigma: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Image and noise from a prediction, the inverse of ``make``.

    The image needs alpha > 0 for ``noise``, the noise needs sigma > 0 for ``x0``; ``v`` and ``velocity`` are good
    everywhere. Where the divisor vanishes the result is finite but meaningless (samplers clip it).

    Args:
        target: one of ``TARGETS``.
        prediction: float32 tensor [n, h, w, c].
        x_t: float32 tensor [n, h, w, c].
        alpha, sigma: float tensors [n] or scalars.

    Returns:
        ``(images, noise)``, float32 tensors [n, h, w, c].
    """
    alpha, sigma = per_image(alpha, x_t), per_image(sigma, x_t)
    if target == "noise":
        return (x_t - sigma * prediction) / tf.maximum(alpha, SMALLEST), prediction
    if target == "x0":
        return prediction, noise_of(prediction, x_t, alpha, sigma)
    if target == "velocity":
        total = alpha + sigma
        return (x_t - sigma * prediction) / total, (x_t + alpha * prediction) / total
    total = alpha**2 + sigma**2
    return (alpha * x_t - sigma * prediction) / total, (sigma * x_t + alpha * prediction) / total


def noise_of(images: tf.Tensor, x_t: tf.Tensor, alpha: Any, sigma: Any) -> tf.Tensor:
    """The noise that turns ``images`` into ``x_t``: (x_t - alpha x_0) / sigma, float32 [n, h, w, c]."""
    alpha, sigma = per_image(alpha, x_t), per_image(sigma, x_t)
    return (x_t - alpha * images) / tf.maximum(sigma, SMALLEST)


def loss_weight(weight: str, target: str, alpha: Any, sigma: Any, gamma: float = 5.0) -> tf.Tensor:
    """The weight of the squared error of ``target`` at each time.

    ``uniform`` is 1. ``min-snr`` (Hang et al. 2023, eq. 8 and its table for other targets) gives the squared error of
    the image a weight of min(SNR, gamma) with SNR = alpha²/sigma², whatever the network predicts: the error of a
    target is ``gain`` times that of the image, so its weight is min(SNR, gamma) / gain².

    Args:
        weight: one of ``WEIGHTS``.
        target: one of ``TARGETS``.
        alpha, sigma: float64 tensors [n]; sigma > 0, and alpha > 0 where the target is noise.
        gamma: the upper limit of the signal-to-noise ratio.

    Returns:
        float32 tensor [n].
    """
    alpha, sigma = tf.cast(alpha, tf.float64), tf.cast(sigma, tf.float64)
    if weight == "uniform":
        return tf.ones_like(alpha, tf.float32)
    gain = {
        "noise": alpha / sigma,
        "x0": tf.ones_like(alpha),
        "v": (alpha**2 + sigma**2) / sigma,
        "velocity": (alpha + sigma) / sigma,
    }[target]
    return tf.cast(tf.minimum((alpha / sigma) ** 2, gamma) / gain**2, tf.float32)
