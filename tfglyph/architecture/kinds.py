"""Which section classes can describe which kind of network: one union per kind, distinguished by the key ``type``."""

from typing import Annotated

from pydantic import Tag

from tfglyph.architecture.core import discriminated_by_type
from tfglyph.architecture.cppn import CPPNGenerator
from tfglyph.architecture.networks import ConvDiscriminator, ConvEncoder, ConvGenerator
from tfglyph.architecture.resnet import ResNetDiscriminator, ResNetEncoder, ResNetGenerator

Encoder = Annotated[
    Annotated[ConvEncoder, Tag("conv")] | Annotated[ResNetEncoder, Tag("resnet")],
    discriminated_by_type("conv"),
]
Generator = Annotated[
    Annotated[ConvGenerator, Tag("conv")]
    | Annotated[ResNetGenerator, Tag("resnet")]
    | Annotated[CPPNGenerator, Tag("cppn")],
    discriminated_by_type("conv"),
]
Discriminator = Annotated[
    Annotated[ConvDiscriminator, Tag("conv")] | Annotated[ResNetDiscriminator, Tag("resnet")],
    discriminated_by_type("conv"),
]
