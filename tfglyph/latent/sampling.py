"""New glyphs at a temperature."""

import numpy as np

from tfglyph.latent.points import split_codes, with_z


def sample_pairs(model, pairs, temperature=None, **options):
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


def tempered(model, latents, temperature):
    """Latents (n, d) with z multiplied by ``temperature``."""
    z = np.asarray(latents)[:, : split_codes(model)] * np.float32(temperature)
    return with_z(latents, z)
