"""Initial weights of ``init``: their range layer by layer, as PyTorch's layers begin, and zeros of biases before."""

import numpy as np
import pytest

import tfglyph
from tests.helpers.models import GAN
from tfglyph.errors import UsageError


def largest(layer):
    """(largest kernel, largest bias) of a layer, absolute values."""
    bias = np.abs(layer.bias).max() if layer.use_bias else None
    return np.abs(layer.kernel).max(), bias


def near(value, bound):
    return 0.6 * bound < value <= bound * (1 + 1e-6)


def test_torch_draws_kernels_and_biases_up_to_one_over_the_root_of_the_inputs():
    networks = tfglyph.build("vae-conv").networks
    for name, layer, inputs in [
        ("encoder", "conv_1", 9),
        ("encoder", "conv_4", 64 * 9),
        ("encoder", "mean", 8192),
        ("generator", "linear", 256),
        ("generator", "conv_1", 64 * 9),  # transposed: PyTorch counts its outputs
        ("generator", "conv_5", 32 * 9),
    ]:
        kernel, bias = largest(networks[name].get_layer(layer))
        assert near(kernel, inputs**-0.5) and near(bias, inputs**-0.5), layer


def test_the_vaes_last_layer_is_a_convolution_in_the_original():
    kernel, bias = largest(tfglyph.build("vae-resnet").networks["generator"].get_layer("paint"))
    assert near(kernel, 1 / 3) and bias <= 1 / 24 + 1e-6  # a transposed layer has 9 inputs, this one 64 * 9


def test_torch_glorot_is_glorot_but_for_transposed_convolutions():
    networks = tfglyph.build("gan-resnet-hinge-3").networks
    kernel, bias = largest(networks["discriminator"].get_layer("block_2_conv_1"))
    assert near(kernel, (6 / (2 * 256 * 9)) ** 0.5) and near(bias, (256 * 9) ** -0.5)
    kernel, _ = largest(networks["generator"].get_layer("block_1_conv_1"))
    assert near(kernel, (256 * 9) ** -0.5)
    kernel, _ = largest(networks["generator"].get_layer("linear"))
    assert near(kernel, (6 / (128 + 64 * 512)) ** 0.5)


@pytest.mark.parametrize(("name", "bound"), [("cppn-wgan-mnist", 1.0), ("cppn-wgan-mnist-hard", 3**-0.5)])
def test_coordinates_have_a_layer_each_or_one_together(name, bound):
    generator = tfglyph.build(name).networks["generator"]
    kernel = np.abs(generator.get_layer("coordinates").kernel.numpy())
    assert all(near(row.max(), bound) for row in kernel)
    assert near(largest(generator.get_layer("latent"))[1], 128**-0.5)


def test_masked_critics_divide_kernels_but_not_biases():
    layer = tfglyph.build("cppn-wgan-fonts").networks["discriminator"].get_layer("conv_2")
    kernel, bias = largest(layer)
    inputs = 64 * 25
    assert near(kernel, inputs**-0.5 / layer.pre.mean()) and near(bias, inputs**-0.5)


def test_infogans_kernels_are_normal_and_its_biases_pytorchs():
    networks = tfglyph.build("infogan-1x10-2").networks
    layer = networks["discriminator"].get_layer("conv_1")
    assert np.std(layer.kernel) == pytest.approx(0.02, rel=0.1) and near(largest(layer)[1], 48**-0.5)
    assert not networks["discriminator"].get_layer("logit").use_bias
    assert near(largest(networks["q_head"].get_layer("logits"))[1], 1 / 16)


def test_the_unets_biases_and_its_attention_begin_as_pytorchs():
    network = tfglyph.build("ddpm-unet-attention").networks["denoiser"]
    assert near(largest(network.get_layer("conv_in"))[1], 1 / 3)
    assert near(largest(network.get_layer("down_1_time"))[1], 1 / 16)
    attention = network.get_layer("down_1_attention")
    inputs = 128
    assert near(largest(attention.query_key_value)[0], inputs**-0.5)
    assert near(largest(attention.query_key_value)[1], inputs**-0.5)
    assert near(largest(attention.projections[1])[0], (6 / (4 * inputs)) ** 0.5)
    assert largest(attention.projections[1])[1] == 0 and largest(attention.joined)[1] == 0


@pytest.mark.parametrize("init", ["glorot", "fan-in"])
def test_other_biases_begin_at_zero(init):
    data = {**GAN, "discriminator": {**GAN["discriminator"], "init": init}}
    model = tfglyph.build(data)
    for layer in model.networks["discriminator"].layers:
        if getattr(layer, "use_bias", False):
            assert not np.any(layer.bias)


def test_masked_biases_need_masks():
    data = {**GAN, "discriminator": {**GAN["discriminator"], "mask_biases": True}}
    with pytest.raises(UsageError, match="mask_biases: there are no masks without compensate_border"):
        tfglyph.build(data)
