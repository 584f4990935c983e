"""Mode VAE: Kingma and Welling 2014, "Auto-encoding variational Bayes" (https://arxiv.org/abs/1312.6114)."""

from typing import Literal, Self

import pydantic

from tfglyph.architecture.core import Count, NonNegative, Positive, invalid
from tfglyph.architecture.families import Architecture, check_generated_size
from tfglyph.architecture.kinds import Encoder, Generator
from tfglyph.architecture.part_prior import PriorObjective
from tfglyph.architecture.training import Optimizer


class VAEObjective(PriorObjective):
    """The negative evidence lower bound: summed over the pixels and channels of an image, averaged over images."""

    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    """p(x|z): bernoulli is binary cross-entropy on pixels in [0, 1] (a sigmoid generator); gaussian is a squared error
    on pixels in [-1, 1] (a tanh generator)."""
    std: Positive = 1.0
    """Standard deviation of the gaussian likelihood, in units of the model's pixels."""
    kl_weight: NonNegative = 1.0
    """Weight of the Kullback-Leibler term (beta of Higgins et al. 2017)."""
    kl_warmup_steps: Count = 0
    """Steps over which kl_weight grows linearly from 0 to its value; 0: no warm-up."""


class VAEArchitecture(Architecture):
    """Mode VAE: encoder and generator (the decoder)."""

    mode: Literal["VAE"]
    encoder: Encoder
    generator: Generator
    objective: VAEObjective = VAEObjective()

    @property
    def trained(self) -> dict[str, Optimizer]:  # type: ignore[override]  # depends on the prior here
        optimizer = Optimizer(learning_rate=1e-3, beta1=0.9)
        return self.with_prior({"encoder": optimizer, "generator": optimizer})

    @pydantic.model_validator(mode="after")
    def _sections_fit(self) -> Self:
        check_generated_size(self)
        activation = self.generator.output_activation
        expected = {"bernoulli": "sigmoid", "gaussian": "tanh"}[self.objective.likelihood]
        if activation != expected:
            raise invalid(
                "generator.output_activation",
                f'found "{activation}", expected {expected} for the {self.objective.likelihood} likelihood',
            )
        if self.objective.likelihood == "bernoulli" and self.objective.std != 1.0:
            raise invalid("objective.std", "only the gaussian likelihood has one")
        return self
