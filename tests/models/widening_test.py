"""A wider network that begins as a narrower one is the same function, and one that learns."""

import copy

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.exemplars import SMALL, disturbed, random_sets
from tfglyph.models import build
from tfglyph.runs import checkpoints


@pytest.fixture
def prefix(tmp_path):
    checkpoints.save_weights(tmp_path / "model.ckpt-1", disturbed(small([8, 16], 1)).groups(), {"step": 1})
    return tmp_path / "model.ckpt-1"


def small(output, seed):
    data = copy.deepcopy(SMALL)
    data["denoiser"]["output"] = output
    return build(data, seed=seed, precision="float32")


def take_over(prefix, model):
    return checkpoints.take_over(prefix, {name: [network.variables] for name, network in model.networks.items()})


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("output", [[24, 16], [8, 48], [16, 32]])
def test_the_wider_network_is_the_same_function(prefix, output):
    narrow, wide = small([8, 16], 2), small(output, 3)
    for model in (narrow, wide):
        assert all(taken == every for taken, every in take_over(prefix, model).values())
    sets = random_sets(4, narrow.exemplars.slots)
    latents = narrow.prior(tf.constant([[0, 0], [0, 1], [0, 2], [0, 3]]))
    one, other = (model.generate(latents, steps=1, **sets).numpy() for model in (narrow, wide))
    assert one.std() > 0.05
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.usefixtures("eagerly")
def test_copies_are_read_differently(prefix):
    """Copies of a channel that are read alike would stay equal for ever."""
    wide = small([24, 16], 3)
    take_over(prefix, wide)
    kernel = wide.networks["denoiser"].get_layer("conv_out").kernel.numpy()
    assert (kernel[:, :, 0::3] != kernel[:, :, 1::3]).mean() > 0.9


def test_what_is_no_whole_number_of_times_as_wide_is_left(prefix):
    wide = small([24, 24], 3)
    assert all(0 < taken <= every for taken, every in take_over(prefix, wide).values())
    kernel = wide.networks["denoiser"].get_layer("middle_1_conv_2").kernel
    np.testing.assert_array_equal(kernel, np.zeros_like(kernel))
