"""Which sections can stand where: one union per kind of network, told apart by ``type``."""

from tfglyph.architecture.core import one_of
from tfglyph.architecture.cppn import CPPNGenerator
from tfglyph.architecture.networks import ConvDiscriminator, ConvEncoder, ConvGenerator
from tfglyph.architecture.resnet import ResNetDiscriminator, ResNetEncoder, ResNetGenerator

Encoder = one_of("conv", conv=ConvEncoder, resnet=ResNetEncoder)
Generator = one_of("conv", conv=ConvGenerator, resnet=ResNetGenerator, cppn=CPPNGenerator)
Discriminator = one_of("conv", conv=ConvDiscriminator, resnet=ResNetDiscriminator)
