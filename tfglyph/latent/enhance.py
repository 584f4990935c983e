"""Improving samples by gradient ascent on the discriminator's (critic's) score.

Each image stays in a random subspace of the latent space and within a trust region around its start, and a step that
does not raise its score is not taken.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.pretrained import with_critic
from tfglyph.progress import progress

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

GROWTH, SHRINKAGE = 1.5, 0.5  # of an image's step size after a step that helped, and after one that did not
FIRST_STEP = 0.02  # of the trust region, at least: a flat critic's score would not change by a digit otherwise
SMALLEST_STEP = 1e-9  # relative to the trust region: an image that gains nothing by less has converged


@dataclasses.dataclass(frozen=True)
class Enhanced:
    """The result of a gradient ascent."""

    latents: np.ndarray
    """float32 (n, d), after the last step"""
    scores: np.ndarray
    """float32 (steps + 1, n), the critic's score before and after each step; no column ever falls."""
    bases: np.ndarray
    """float64 (n, k, z_dim), an orthonormal basis of each image's subspace."""


def subspaces(seed: int, count: int, dimensions: int, z_dim: int) -> np.ndarray:
    """A random subspace for each image.

    Args:
        seed: int.
        count: int, images; the subspace of image i depends on ``seed`` and i alone.
        dimensions: int, of a subspace, at most z_dim.
        z_dim: int.

    Returns:
        float64 (count, dimensions, z_dim), orthonormal rows.
    """
    draws = [np.random.default_rng([seed, index]).standard_normal((dimensions, z_dim)) for index in range(count)]
    return np.stack([np.linalg.qr(draw.T)[0].T for draw in draws])


def check_critic(model: "GlyphModel") -> None:
    """Raises UsageError for a model without a trained critic."""
    if "discriminator" not in model.networks:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model has no critic, so there is no score to raise{_offer()}"
        )
    if model.is_loaded and "discriminator" not in model.run.manifest["tensors"]:
        raise UsageError(
            f"{model.run.prefix}: these weights come without their critic, so there is no score to raise{_offer()}"
        )


def _offer() -> str:
    """The end of a message: the shipped weights that have a critic."""
    names = with_critic()
    return f"; shipped weights with a critic: --pretrained {' or '.join(names)}" if names else ""


def enhance(
    model: "GlyphModel",
    latents: Any,
    steps: int = 300,
    rate: float = 0.01,
    dimensions: int = 8,
    radius: float = 2.0,
    seed: int = 0,
    **options: Any,
) -> Enhanced:
    """Gradient ascent on the critic's score with backtracking.

    Image i is at z_i + B_i^T u_i with |u_i| <= ``radius``, the trust region. A step goes along the gradient, is
    projected back into the ball, and is taken only where it raises the score; else the image's step size halves.

    Args:
        model: a GlyphModel with a critic.
        latents: float32 (n, d), the starting points; codes beside z stay.
        steps: int.
        rate: float, the first step size, times the gradient; where the critic is flat, a fiftieth of ``radius``.
        dimensions: int, of each image's random subspace; at most z_dim are used.
        radius: float, how far z may move; normal latents are about sqrt(z_dim) long.
        seed: int, decides the subspaces.
        **options: ``label``, for models with classes.

    Returns:
        Enhanced.

    Raises:
        UsageError: the model has no critic.
    """
    import tensorflow as tf  # slow: see tfglyph.latent

    check_critic(model)
    latents, z_dim = np.asarray(latents, np.float32), model.architecture.z_dim
    bases = subspaces(seed, len(latents), min(dimensions, z_dim), z_dim)

    @tf.function(autograph=False)
    def score_and_gradient(points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = model.critic_score(model.generate(points, **options), **options)
        return score, tape.gradient(score, points)

    def evaluate(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores float32 (n,) and gradients float64 (n, k) within the subspaces."""
        score, gradient = score_and_gradient(tf.constant(add_offsets(latents, bases, offsets)))
        return score.numpy(), np.einsum("nkd,nd->nk", bases, gradient.numpy()[:, :z_dim].astype(np.float64))

    offsets = np.zeros(bases.shape[:2])  # (n, k), u of each image
    score, gradient = evaluate(offsets)
    slopes = np.maximum(np.linalg.norm(gradient, axis=1), 1e-300)
    step_sizes = np.maximum(rate, FIRST_STEP * radius / slopes)
    scores = [score]
    for _ in progress(range(steps), "gradient ascent", unit="step"):
        new_offsets = project_to_ball(offsets + step_sizes[:, None] * gradient, radius)
        active = np.linalg.norm(new_offsets - offsets, axis=1) > SMALLEST_STEP * radius
        if not active.any():
            break
        new_score, new_gradient = evaluate(new_offsets)
        better = active & (new_score > score)
        offsets = np.where(better[:, None], new_offsets, offsets)
        gradient = np.where(better[:, None], new_gradient, gradient)
        score = np.where(better, new_score, score)
        step_sizes = np.where(better, step_sizes * GROWTH, np.where(active, step_sizes * SHRINKAGE, step_sizes))
        scores.append(score)
    return Enhanced(add_offsets(latents, bases, offsets), np.stack(scores), bases)


def add_offsets(latents: Any, bases: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """z + B^T u for each image: float32 (n, d) from float32 (n, d), (n, k, z_dim) and (n, k)."""
    latents = np.array(latents, np.float32)
    z_dim = bases.shape[2]
    latents[:, :z_dim] = latents[:, :z_dim] + np.einsum("nk,nkd->nd", offsets, bases)
    return latents


def project_to_ball(offsets: np.ndarray, radius: float) -> np.ndarray:
    """Offsets (n, k), those longer than ``radius`` shortened to it."""
    lengths = np.linalg.norm(offsets, axis=1, keepdims=True)
    return offsets * np.minimum(1.0, radius / np.maximum(lengths, 1e-300))
