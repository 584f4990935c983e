"""Mode InfoGAN: a GAN that learns to infer its latent codes from images (Chen et al. 2016, arXiv:1606.03657)."""

from typing import Annotated, Literal, Self

import pydantic

from tfglyph.architecture.codes import Codes
from tfglyph.architecture.core import MAXIMUM_LAYERS, Fraction, NonNegative, Size, invalid
from tfglyph.architecture.gan import AdversarialArchitecture, GANObjective
from tfglyph.architecture.networks import NetworkSection


class QHead(NetworkSection):
    """Q: linear layers with batch norm and leaky ReLU on the discriminator's features, then one linear output for the
    logits, one for the means and one for the log-variances of the codes."""

    output: Annotated[list[Size], pydantic.Field(max_length=MAXIMUM_LAYERS)] = pydantic.Field(
        default_factory=lambda: [256]
    )
    """Width of each layer before the outputs; the first is a convolution over the whole feature map."""
    leak: Fraction = 0.2
    """Slope of the leaky ReLU for negative inputs; 0 is the plain ReLU."""


class InfoGANObjective(GANObjective):
    """The objective of mode GAN, and the weights of the codes' terms in the loss of generator and Q."""

    categorical_weight: NonNegative = 1.0
    """Weight (lambda) of the cross-entropy of each categorical code."""
    continuous_weight: NonNegative = 0.1
    """Weight (lambda) of the Gaussian negative log-likelihood of each continuous code."""


class InfoGANArchitecture(AdversarialArchitecture):
    """Mode InfoGAN: generator, discriminator and Q head; Q is trained by the generator's optimizer."""

    mode: Literal["InfoGAN"]
    q_head: QHead = QHead()
    codes: Codes
    objective: InfoGANObjective = InfoGANObjective()

    @pydantic.model_validator(mode="after")
    def _has_codes(self) -> Self:
        if not self.codes.size:
            raise invalid("codes", "no code at all; expected categorical or continuous ones")
        return self
