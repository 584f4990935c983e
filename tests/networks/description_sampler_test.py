"""Sampled descriptions: halves of known ones, operators with their frequencies, each from its own seed."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from tfglyph.composition import tokenizer
from tfglyph.composition.tokens import operator_index, part_index, subtree
from tfglyph.networks.description_sampler import DescriptionSampler

CHARACTERS = ["酪", "酩", "酊", "鉻", "銘", "霧", "霖", "一"]


@pytest.fixture(scope="module")
def layer():
    layer = DescriptionSampler(16, name="imagined")
    layer.adapt(tokenizer().encode_characters(CHARACTERS))
    return layer


def draw(layer, pairs):
    return layer(tf.constant(pairs, tf.int64)).numpy()


def test_halves_of_one_operator_are_combined(layer):
    words = tokenizer()
    known = {"⿰": ("酉金", "各名丁"), "⿱": ("雨", "務林")}
    texts = Counter(words.spelled(row) for row in draw(layer, [(0, index) for index in range(700)]))
    possible = {sign + first + second for sign, parts in known.items() for first in parts[0] for second in parts[1]}
    assert set(texts) == possible
    across = sum(count for text, count in texts.items() if text[0] == "⿰")
    assert abs(across / 700 - 5 / 7) < 0.06  # as often as among the seven that have an operator
    assert abs(texts["⿰酉丁"] / across - 3 / 5 * 1 / 5) < 0.05  # parts are independent


def test_the_whole_description_goes_with_its_half(layer):
    words = tokenizer()
    for row in draw(layer, [(1, index) for index in range(50)]):
        np.testing.assert_array_equal(row, words.encode_text(words.spelled(row))[0])


def test_each_depends_on_its_own_pair(layer):
    pairs = [(3, index) for index in range(20)]
    np.testing.assert_array_equal(draw(layer, pairs)[7:9], draw(layer, pairs[7:9]))
    assert (draw(layer, pairs) != draw(layer, [(4, index) for index in range(20)])).any()


def test_all_can_be_written_down_and_read_again():
    characters = [chr(code) for code in range(0x4E00, 0x5200)]
    words, layer = tokenizer(), DescriptionSampler(2000)
    tokens = words.encode_characters(characters)
    layer.adapt(tokens)
    assert 0.9 * len(tokens) < layer.starts.numpy()[-1] < len(tokens)
    for row in draw(layer, [(5, index) for index in range(300)]):
        text = words.spelled(row)
        assert words.spelled(words.encode_text(text)[0]) == text, text


def test_too_many_are_sampled_evenly():
    tokens = tokenizer().encode_characters(CHARACTERS)
    small = DescriptionSampler(4)
    small.adapt(tokens)
    assert small.starts.numpy()[-1] == 4
    assert {tokenizer().spelled(row)[0] for row in small.descriptions.numpy()} == {"⿰", "⿱"}


def test_an_empty_table_gives_empty_descriptions():
    assert not draw(DescriptionSampler(4), [(0, 0)]).any()


def test_descriptions_with_a_part_that_has_neither_token_nor_parts_are_left_out():
    words, layer = tokenizer(), DescriptionSampler(4)
    whole, lacking = words.encode_characters(["酪", "酩"])
    lacking[part_index(1)] = 0  # 酉, which is taken apart, too: its parts remain
    still_described = lacking.copy()
    for slot in subtree(1):
        lacking[part_index(slot)] = 0
    lacking[operator_index(1)] = 0
    layer.adapt(np.stack([whole, lacking, still_described]))
    np.testing.assert_array_equal(layer.descriptions[:2], [whole, still_described])
    assert layer.starts.numpy()[-1] == 2
