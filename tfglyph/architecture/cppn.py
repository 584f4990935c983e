"""The section of a compositional pattern-producing network: an image as a function of coordinates."""

from typing import Annotated, Literal, Self

import pydantic

from tfglyph.architecture.core import MAXIMUM_LAYERS, Fraction, Positive, invalid
from tfglyph.architecture.networks import Layers, NetworkSection, Window

Repeats = Annotated[list[Window], pydantic.Field(max_length=MAXIMUM_LAYERS)]


class CPPNGenerator(NetworkSection):
    """Every pixel is computed from its coordinates and z by the same small network (Stanley 2007).

    The first layer is linear(z) + linear(x, y, third coordinate), only the part for z with a bias. With ``init`` torch
    the coordinates' initial weights are uniform up to 1 (a linear map of each) with ``third`` radius, and up to
    sqrt(1/3) (one linear map of all) with saddle, as in the two original families.
    """

    type: Literal["cppn"]
    output: Layers
    """Width of each layer; the last is the image's channels."""
    repeat: Repeats | None = None
    """How many times in a row each layer is applied, with the same weights; null: once each. Only layers as wide as
    the one before can repeat, the first and the last layer never."""
    scale: Positive = 8.0
    """Coordinates x and y run over [-scale, scale] across the image."""
    third: Literal["radius", "saddle"] = "radius"
    """Third coordinate: sqrt(x^2 + y^2), or x^2 - y^2."""
    activation: Literal["tanh", "relu"] = "tanh"
    """After every layer but the last."""
    leak: Fraction = 0.0
    """Slope of the (leaky) ReLU for negative inputs."""
    tail_kernel: Annotated[int, pydantic.Field(strict=True, ge=1, le=15)] | None = None
    """null: the last layer is linear, pixel by pixel. A number: the layers before it compute half as many pixels each
    way, which are upsampled, and the last layer is a valid convolution with a square kernel of this size."""
    output_activation: Literal["tanh", "sigmoid", "hard"] = "sigmoid"
    """Last operation, which sets the pixel range: tanh [-1, 1], sigmoid [0, 1], hard: clipped to [0, 1]."""

    @property
    def repeats(self) -> list[int]:
        """How often each layer is applied, as a list."""
        return self.repeat or [1] * len(self.output)

    @pydantic.model_validator(mode="after")
    def _layers_can_repeat(self) -> Self:
        if len(self.output) < 2:
            raise invalid("output", "1 entry, expected at least 2: a first layer and the image's channels")
        if len(self.repeats) != len(self.output):
            raise invalid("repeat", f"{len(self.repeats)} entries, but output has {len(self.output)}; one per layer")
        for layer, times in enumerate(self.repeats):
            inner = 0 < layer < len(self.output) - 1
            if times > 1 and not (inner and self.output[layer] == self.output[layer - 1]):
                reason = "only a layer as wide as the one before can repeat"
                raise invalid("repeat", f"found {times} in entry {layer + 1}, expected 1: {reason}")
        if self.leak and self.activation != "relu":
            raise invalid("leak", "a slope belongs to activation relu; here it is tanh")
        return self
