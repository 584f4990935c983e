"""InfoGAN's networks: the original's parameter counts."""

import pytest

from tests.helpers.networks import trainable
from tfglyph.architecture import load_architecture
from tfglyph.networks import builder
from tfglyph.networks.heads import build_q_head


@pytest.mark.parametrize(
    ("name", "codes"), [("infogan-1x10-2", 12), ("infogan-10x10-2", 102), ("infogan-10x10-20", 120)]
)
def test_trainable_parameters_are_those_of_the_original(name, codes):
    architecture = load_architecture(name)
    assert architecture.latent_size == 100 + codes
    generator = builder("generator", architecture.generator)(architecture.generator, architecture.latent_size)
    discriminator = builder("discriminator", architecture.discriminator)(architecture.discriminator, architecture.hwc)
    features = discriminator.output_shape[1][1]
    q_head = build_q_head(architecture.q_head, features, architecture.codes.categorical, architecture.codes.continuous)
    assert generator.output_shape == (None, 64, 64, 3)
    assert trainable(generator) == 3_675_008 + (codes - 12) * 4 * 4 * 512
    assert features == 4 * 4 * 512
    assert trainable(discriminator) == 2_757_440 + features  # trunk and D head
    outputs = sum(architecture.codes.categorical) + 2 * architecture.codes.continuous
    assert trainable(q_head) == 2_101_262 + (outputs - 14) * 257
