"""The conditioning inputs of a denoiser, and tokens that are dropped in training."""

import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Condition, Tokens
from tfglyph.composition import Tokenizer, parse
from tfglyph.composition.table import Table
from tfglyph.composition.tokens import UPPER, part_index
from tfglyph.networks.denoiser_conditioning import denoiser_inputs, embed, hide_names


def test_inputs_are_those_of_the_condition():
    tokens = Tokens(vocabulary=5, length=2, width=8)
    shapes = {
        None: {},
        Condition(classes=3): {"labels": (None,)},
        Condition(tokens=tokens): {"tokens": (None, 2)},
        Condition(classes=3, tokens=tokens): {"labels": (None,), "tokens": (None, 2)},
        Condition(tokens=Tokens(parts="parts-1", sketches=4)): {"tokens": (None, 22), "sketches": (None, 8, 8, 6)},
    }
    for condition, expected in shapes.items():
        inputs = denoiser_inputs((8, 8, 1), condition)
        assert {name: tensor.shape for name, tensor in inputs.items()} == {
            "images": (None, 8, 8, 1),
            "times": (None,),
            **expected,
        }


def test_the_embedding_sums_what_there_is():
    condition = Condition(classes=3, tokens=Tokens(vocabulary=5, length=2, width=8))
    embedding, context = embed(denoiser_inputs((8, 8, 1), condition), 16, condition, hidden=True)
    assert embedding.shape == (None, 16)
    assert [tensor.shape for tensor in context] == [(None, 3, 8), (None, 3)]
    embedding, context = embed(denoiser_inputs((8, 8, 1), None), 16, None, hidden=False)
    assert embedding.shape == (None, 16) and context is None


def test_only_tokens_of_parts_that_are_described_by_their_own_parts_are_dropped():
    tree = Table({"各": ("⿱", ("夂", "口"))}).expanded(parse("⿰酉各"))
    tokens = Tokenizer(["酉", "各", "口", "夂"]).encode(tree)
    draws = np.stack([np.ones(UPPER), np.zeros(UPPER)]).astype(np.float32)
    hidden = hide_names(tf.constant(np.stack([tokens, tokens])), tf.constant(draws), 0.5).numpy()
    np.testing.assert_array_equal(hidden[0], tokens)
    assert (hidden[1] != tokens).nonzero()[0].tolist() == [part_index(2)] and hidden[1, part_index(2)] == 0  # 各
