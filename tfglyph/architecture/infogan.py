"""Mode InfoGAN: a GAN whose codes can be read off its images (Chen et al. 2016, https://arxiv.org/abs/1606.03657)."""

from typing import Annotated, ClassVar, Literal

import pydantic

from tfglyph.architecture.codes import Codes
from tfglyph.architecture.core import MAXIMUM_LAYERS, Fraction, NonNegative, Size, invalid
from tfglyph.architecture.gan import GANArchitecture, GANObjective
from tfglyph.architecture.networks import NetworkSection
from tfglyph.architecture.training import Optimizer


class QHead(NetworkSection):
    """Q: linear layers with batch norm and leaky ReLU on the discriminator's features, then one linear output for the
    logits, one for the means and one for the log-variances of the codes."""

    output: Annotated[list[Size], pydantic.Field(max_length=MAXIMUM_LAYERS, default_factory=lambda: [256])]
    """Width of each layer before the outputs; the first is a convolution over the whole of the features."""
    leak: Fraction = 0.2
    """Slope of the leaky ReLU for negative inputs; 0 is the plain ReLU."""


class InfoGANObjective(GANObjective):
    """A GAN's, and the weights of the codes' terms in the loss of generator and Q."""

    categorical_weight: NonNegative = 1.0
    """lambda of each categorical code's cross-entropy."""
    continuous_weight: NonNegative = 0.1
    """lambda of each continuous code's Gaussian negative log likelihood."""


class InfoGANArchitecture(GANArchitecture):
    """Mode InfoGAN: generator, discriminator and Q head; Q is trained by the generator's optimizer."""

    trained: ClassVar[dict[str, Optimizer]] = {"generator": Optimizer(), "discriminator": Optimizer()}

    mode: Literal["InfoGAN"]
    q_head: QHead = QHead()
    codes: Codes
    objective: InfoGANObjective = InfoGANObjective()

    @pydantic.model_validator(mode="after")
    def _there_are_codes(self):
        if not self.codes.size:
            raise invalid("codes", "no code at all; expected categorical or continuous ones")
        return self
