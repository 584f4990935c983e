"""The mathematics of diffusion models: paths, targets, samplers, guidance. Knows no network.

Time runs from 0 (clean images) to 1 (pure noise). A *path* gives the mixture ``x_t = alpha(t) x_0 + sigma(t) noise``;
a *denoiser* is any callable ``(x_t, t) -> (x_0, noise)``; a *sampler* goes through timesteps from 1 to 0.
"""

from typing import Literal, get_args

Sampler = Literal["ddpm", "ddim", "dpm++", "heun"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)
