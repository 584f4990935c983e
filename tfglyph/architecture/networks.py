"""The sections that describe one network each: flat, with parallel lists per layer, in the style of the original.

A section's ``type`` names its builder in ``tfglyph.networks``; ``conv`` is what a section without ``type`` means.
"""

from typing import Annotated, Literal, Self

import pydantic

from tfglyph.architecture.core import MAXIMUM_LAYERS, Flag, Fraction, NonNegative, Positive, Section, Size, invalid

Window = Annotated[int, pydantic.Field(strict=True, ge=1, le=64)]
Pair = Annotated[tuple[Window, Window], pydantic.Field(description="height and width")]
Layers = Annotated[list[Size], pydantic.Field(min_length=1, max_length=MAXIMUM_LAYERS)]
Pairs = Annotated[list[Pair], pydantic.Field(min_length=1, max_length=MAXIMUM_LAYERS)]
Shape = tuple[Size, Size, Size]


class NetworkSection(Section):
    """What every network section may hold."""

    l2_reg: NonNegative = pydantic.Field(default=0.0, alias="l2-reg")
    """Weight decay: l2-reg * 1/2 * sum(w^2) over the kernels of convolutions and linear layers enters the loss."""
    init_std: Positive | None = None
    """Standard deviation of normal initial kernels (and of batch-norm scales around 1); null: as ``init`` says."""
    init: Literal["glorot", "fan-in", "torch", "torch-glorot"] = "glorot"
    """Uniform initial kernels without an init_std: glorot, up to sqrt(6 / (inputs + outputs)); fan-in, up to
    sqrt(1 / inputs); torch, kernels and biases up to sqrt(1 / inputs), as PyTorch's layers begin; torch-glorot, the
    same with glorot kernels in all but transposed convolutions. The first two begin with biases of 0."""


class ConvStack(NetworkSection):
    """A stack of convolutions: parallel lists, one entry per layer (per block in residual networks)."""

    type: str
    """Kind of network."""
    kernel: Pairs
    """Height and width of each layer's kernel."""
    stride: Pairs
    """Vertical and horizontal stride of each layer."""
    output: Layers
    """Output channels of each layer."""
    batch_norm: Flag = True
    """Batch normalization (decay 0.9, epsilon 1e-5) after the convolutions that the network's kind allows."""
    bias: Flag | None = None
    """Biases of the convolutions (and of a generator's first linear layer); null: wherever no batch norm follows."""
    leak: Fraction = 0.02
    """Slope of the leaky ReLU for negative inputs; 0 is the plain ReLU."""
    padding: Literal["same", "torch"] = "same"
    """Where a convolution's zero padding lies, if it cannot be the same on both sides (stride 2): same, TensorFlow's
    rule, one pixel more after the image than before; torch, PyTorch's with padding = (kernel - 1) // 2, one more
    before. Transposed convolutions likewise."""

    @pydantic.model_validator(mode="after")
    def _lists_are_parallel(self) -> Self:
        layers = len(self.kernel)
        for key in ("stride", "output"):
            if len(getattr(self, key)) != layers:
                raise invalid(key, f"{len(getattr(self, key))} entries, but kernel has {layers}; one per layer")
        return self


class ConvEncoder(ConvStack):
    """Convolutions, batch norm and leaky ReLU; then two linear heads, mean and log-variance."""

    type: Literal["conv"] = "conv"


class DiscriminatorStack(ConvStack):
    """What discriminators have in common."""

    feature_layer: Annotated[int, pydantic.Field(strict=True, ge=1, le=MAXIMUM_LAYERS)] | None = None
    """1-based layer whose activations are the learned similarity metric of a VAE-GAN and the input of an InfoGAN's Q
    head; null: the last but one."""
    spectral_norm: Flag = False
    """Divide each kernel by its largest singular value (Miyato et al. 2018)."""
    compensate_border: Flag = False
    """Masks around each convolution that make up for the zero padding at the image's border."""
    mask_biases: Flag = False
    """With compensate_border: whether the output mask also multiplies the biases, as in the original. The mask is
    1/36 inside the image for a 5x5 kernel of stride 2; biases outside of it learn that many times faster than
    kernels."""
    logit_bias: Flag = True
    """Whether the last linear unit has a bias."""
    output_activation: Literal["linear", "sigmoid"] = "linear"
    """Last operation on the logit; sigmoid confines a Wasserstein or least-squares critic to [0, 1]."""

    @pydantic.model_validator(mode="after")
    def _feature_layer_exists(self) -> Self:
        if self.feature_layer is not None and self.feature_layer > len(self.output):
            raise invalid("feature_layer", f"found {self.feature_layer}, but there are {len(self.output)} layers")
        if self.mask_biases and not self.compensate_border:
            raise invalid("mask_biases", "there are no masks without compensate_border; leave this out")
        return self


class ConvDiscriminator(DiscriminatorStack):
    """Convolutions (the first without batch norm) and leaky ReLU; then one linear unit, the logit."""

    type: Literal["conv"] = "conv"


class GeneratorStack(ConvStack):
    """What generators have in common that begin with a linear layer to a tensor of a given shape."""

    hwc: Shape
    """Height, width and channels of the tensor that the linear layer computes from the latent."""
    leak: Fraction = 0.0
    """Slope of the leaky ReLU for negative inputs; 0 is the plain ReLU."""
    z_activation: Literal["linear", "tanh"] = "linear"
    """The generator's first operation on z; tanh is the modification that the VAE-GAN document describes."""
    output_activation: Literal["tanh", "sigmoid"] = "tanh"
    """Last operation, which sets the pixel range: tanh [-1, 1], sigmoid [0, 1]."""

    def image_size(self) -> tuple[int, int]:
        """Height and width of the images."""
        height, width, _ = self.hwc
        for vertical, horizontal in self.stride:
            height, width = height * vertical, width * horizontal
        return height, width


class ConvGenerator(GeneratorStack):
    """A linear layer to ``hwc``, then transposed convolutions with batch norm and ReLU; the last has neither."""

    type: Literal["conv"] = "conv"
    first_norm: Literal["unit", "channel"] = "unit"
    """Statistics of the first batch norm: one pair for each unit of the linear layer, or for each channel of hwc."""
