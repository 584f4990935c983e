"""Sections of residual networks: parallel lists as for convolutions, one entry per block."""

from typing import Literal

from tfglyph.architecture.core import Flag, Fraction, Size
from tfglyph.architecture.networks import ConvStack, DiscriminatorStack, GeneratorStack


class ResNetEncoder(ConvStack):
    """Residual blocks with batch norm, then two linear heads, mean and log-variance.

    A block is conv, norm, ReLU, conv, norm, plus a shortcut, ReLU; its first convolution has the stride.
    """

    type: Literal["resnet"]
    leak: Fraction = 0.0
    """Slope of the leaky ReLU for negative inputs; 0 is the plain ReLU."""
    stem: Size | None = 64
    """Channels of the 3x3 convolution with norm and ReLU before the first block; null: none."""


class ResNetGenerator(GeneratorStack):
    """A linear layer to ``hwc``, then residual blocks of transposed convolutions."""

    type: Literal["resnet"]
    linear_bias: Flag = False
    """Whether the linear layer, which has neither norm nor activation, has a bias."""
    relu_after_sum: Flag = False
    """False: a block is the sum of a ReLU and the shortcut; true: the ReLU of the sum, as in an encoder."""
    tail: Size | None = None
    """null: the last entry is a block like the others. A number: it is a plain convolution to the image, preceded by
    one more 3x3 convolution with that many channels, norm and ReLU."""


class ResNetDiscriminator(DiscriminatorStack):
    """Residual blocks (conv, leaky ReLU, conv, leaky ReLU, plus a 1x1 shortcut), then one linear unit, the logit."""

    type: Literal["resnet"]
    batch_norm: Flag = False
    """Batch normalization after the convolutions of all blocks but the first."""
    leak: Fraction = 0.2
    """Slope of the leaky ReLU for negative inputs; 0 is the plain ReLU."""
