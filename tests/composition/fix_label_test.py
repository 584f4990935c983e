"""tools/fix_label.py: one label folded into the weights."""

import importlib.util
import pathlib

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.composing import CHARACTERS, TINY
from tfglyph.composition import tokenizer
from tfglyph.errors import UsageError

PATH = pathlib.Path(__file__).parents[2] / "tools" / "fix_label.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("fix_label", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_result_generates_what_the_label_does(tool):
    training = TINY["training"] | {"ema": {"decay": 0.9}}
    condition = TINY["condition"] | {"classes": 3, "names": ["one", "two", "three"]}
    model = tfglyph.build(TINY | {"condition": condition, "training": training})
    for seed, variable in enumerate(model.ema_networks["denoiser"].variables):
        variable.assign_add(0.1 * tf.random.stateless_normal(variable.shape, (seed, 1)))
    tokens = tokenizer().encode_characters(CHARACTERS[:4])
    pairs = [(1, index) for index in range(4)]
    by_label = [
        model.sample_pairs(pairs, tokens=tokens, label=label, steps=2, guidance=1.0).astype(int) for label in range(3)
    ]
    images = tool.with_fixed_label(model, 2).sample_pairs(pairs, tokens=tokens, steps=2, guidance=1.0)
    np.testing.assert_allclose(images, by_label[2], atol=1)
    assert abs(images - by_label[0]).max() > 5 and abs(images - by_label[1]).max() > 5


def test_a_model_without_labels_is_refused(tool):
    with pytest.raises(UsageError, match="tiny is not conditioned on labels and descriptions"):
        tool.with_fixed_label(tfglyph.build(TINY), 0)
