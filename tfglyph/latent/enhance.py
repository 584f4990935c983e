"""Better images nearby: ascent of the critic's score within a random subspace, never downhill, never far."""

import dataclasses

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.points import split_codes
from tfglyph.progress import progress

GROWTH, SHRINKAGE = 1.5, 0.5  # of an image's step size after a step that helped, and after one that did not
FIRST_STEP = 0.02  # of the trust region, at least: a flat critic's score would not change by a digit otherwise
SMALLEST_STEP = 1e-9  # relative to the trust region: an image that gains nothing by less has arrived


@dataclasses.dataclass(frozen=True)
class Enhanced:
    """Where images went."""

    latents: np.ndarray
    """float32 (n, d)"""
    scores: np.ndarray
    """float32 (steps + 1, n), the critic's score before and after each step; no column ever falls."""
    bases: np.ndarray
    """float64 (n, k, z_dim), an orthonormal basis of each image's subspace."""


def subspaces(seed, count, dimensions, z_dim):
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


def check_critic(model):
    """Raises UsageError for a model without a trained critic."""
    if "discriminator" not in model.networks:
        raise UsageError(f"{model.name}: a {model.architecture.mode} model has no critic whose score could rise")
    if model.is_loaded and "discriminator" not in model.run.manifest["tensors"]:
        raise UsageError(f"{model.run.prefix}: these weights come without their critic, so there is no score to climb")


def enhance(model, latents, steps=300, rate=0.01, dimensions=8, radius=2.0, seed=0, **options):
    """Gradient ascent of the critic's score with backtracking.

    Image i moves by B_i^T u_i, with u_i from a ball of ``radius``: the trust region. A step goes along the gradient,
    back into the ball, and counts only where the score is higher than before; else the image's step size halves.

    Args:
        model: a GlyphModel with a critic.
        latents: float32 (n, d); codes beside z stay.
        steps: int.
        rate: float, step size at first, times the gradient; where the critic is flat, a fiftieth of ``radius``.
        dimensions: int, of each image's random subspace; at most z_dim are used.
        radius: float, how far z may go; normal latents are about sqrt(z_dim) long.
        seed: int, decides the subspaces.
        **options: ``label``, for models that know classes.

    Returns:
        Enhanced.

    Raises:
        UsageError: the model has no critic.
    """
    import tensorflow as tf

    check_critic(model)
    latents, z_dim = np.asarray(latents, np.float32), split_codes(model)
    bases = subspaces(seed, len(latents), min(dimensions, z_dim), z_dim)

    @tf.function(autograph=False)
    def climb(points):
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = model.critic_score(model.generate(points, **options), **options)
        return score, tape.gradient(score, points)

    def look(moves):
        """Scores float32 (n,) and gradients float64 (n, k) within the subspaces."""
        score, gradient = climb(tf.constant(moved(latents, bases, moves)))
        return score.numpy(), np.einsum("nkd,nd->nk", bases, gradient.numpy()[:, :z_dim].astype(np.float64))

    moves = np.zeros(bases.shape[:2])  # (n, k)
    score, gradient = look(moves)
    slopes = np.maximum(np.linalg.norm(gradient, axis=1), 1e-300)
    sizes = np.maximum(rate, FIRST_STEP * radius / slopes)
    scores = [score]
    for _ in progress(range(steps), "climbing", unit="step"):
        trial = within(moves + sizes[:, None] * gradient, radius)
        tried = np.linalg.norm(trial - moves, axis=1) > SMALLEST_STEP * radius
        if not tried.any():
            break
        new_score, new_gradient = look(trial)
        better = tried & (new_score > score)
        moves = np.where(better[:, None], trial, moves)
        gradient = np.where(better[:, None], new_gradient, gradient)
        score = np.where(better, new_score, score)
        sizes = np.where(better, sizes * GROWTH, np.where(tried, sizes * SHRINKAGE, sizes))
        scores.append(score)
    return Enhanced(moved(latents, bases, moves), np.stack(scores), bases)


def moved(latents, bases, moves):
    """Latents after moves within subspaces: float32 (n, d) from float32 (n, d), (n, k, z_dim) and (n, k)."""
    latents = np.array(latents, np.float32)
    z_dim = bases.shape[2]
    latents[:, :z_dim] = latents[:, :z_dim] + np.einsum("nk,nkd->nd", moves, bases)
    return latents


def within(moves, radius):
    """Moves (n, k), those longer than ``radius`` shortened to it."""
    lengths = np.linalg.norm(moves, axis=1, keepdims=True)
    return moves * np.minimum(1.0, radius / np.maximum(lengths, 1e-300))
