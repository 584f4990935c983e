"""The keys of an objective for the prior p(z) of a VAE or a VAE-GAN: normal, or with means that are sums over parts."""

from typing import Literal, Self

import pydantic

from tfglyph.architecture.core import NonNegative, Section, Size, invalid
from tfglyph.architecture.training import Optimizer

PARTS = "parts-1"
"""The shipped list of parts that the additive prior knows; lists never change, so checkpoints keep their meaning."""

PRIOR_OPTIMIZER = Optimizer(learning_rate=5e-3, beta1=0.9)
"""The default of the vectors: they begin at 0 and have to reach lengths of a few units."""


class PriorObjective(Section):
    """What the objectives of modes VAE and VAE-GAN share: the prior."""

    prior: Literal["normal", "parts"] = "normal"
    """p(z): normal is N(0, 1). parts is N(m, 1), where m is the sum of one learned vector for each part at the top of
    the character's description, a vector for each operator, place and part, so that latents add up as descriptions do;
    in training the data set has to name its characters. Images alone are encoded either way."""
    prior_vectors: Size = 3072
    """With the prior parts: number of learned vectors. The most common parts of the training data get one; others, and
    those that occur only once, add nothing to the mean."""
    residual_weight: NonNegative = 1.0
    """With the prior parts: weight of the squared distance between an image's latent and its prior mean, relative to
    the rest of the Kullback-Leibler term. Above 1, less of a latent is left that its parts do not explain."""
    recognition_weight: NonNegative = 0.0
    """With the prior parts: weight of -log p(part | z, the other parts), the classifier that the prior itself is by
    Bayes' rule, for each part at the top of the description. Above 0, latents of different parts keep apart."""

    @pydantic.model_validator(mode="after")
    def _keys_of_parts(self) -> Self:
        if self.prior != "parts":
            for key in ("prior_vectors", "residual_weight", "recognition_weight"):
                if getattr(self, key) != type(self).model_fields[key].default:
                    raise invalid(key, 'only the prior "parts" has it; leave it out')
        return self
