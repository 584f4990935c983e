"""Sampling at a temperature."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.latent.points import with_z

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel


def sample_pairs(model: "GlyphModel", pairs: Any, temperature: float | None = None, **options: Any) -> np.ndarray:
    """Images of (seed, index) pairs, each a function of its pair alone.

    Args:
        model: a GlyphModel.
        pairs: int (n, 2).
        temperature: float, factor on z; codes stay. None gives ``model.sample_pairs``, 0 the same image everywhere.
        **options: what the model's ``sample`` takes.

    Returns:
        uint8 (n, h, w, c).
    """
    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    if temperature is None:
        return model.sample_pairs(pairs, **options)
    if "temperature" in model.sampling_options:
        return model.sample_pairs(pairs, temperature=float(temperature), **options)
    return model.decode(tempered(model, model.latents_of_pairs(pairs), temperature), **options)


def tempered(model: "GlyphModel", latents: Any, temperature: float) -> np.ndarray:
    """Latents (n, d) with z multiplied by ``temperature``."""
    z = np.asarray(latents)[:, : model.architecture.z_dim] * np.float32(temperature)
    return with_z(latents, z)
