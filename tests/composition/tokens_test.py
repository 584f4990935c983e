"""Tokens: fixed seats, parts at their places, and names that can be withheld."""

import numpy as np
import pytest
import tensorflow as tf

from tfglyph.composition import Tokenizer, parse, table, tokenizer
from tfglyph.composition.table import Table
from tfglyph.composition.tokens import FIRST_PART, LENGTH, UPPER, hide_names
from tfglyph.errors import UsageError

SMALL = Tokenizer(["酉", "各", "口", "夂"])
YOU, GE, KOU, ZHI = range(FIRST_PART, FIRST_PART + 4)
ACROSS, DOWN, ROW, REST_OF_ROW = 1, 2, 3, 13
TABLE = Table({"各": ("⿱", ("夂", "口"))})


def seats(tokens):
    """Operators and parts by seat, without the empty ones."""
    upper_and_all = tokens[:UPPER], tokens[UPPER:]
    return tuple({seat: int(token) for seat, token in enumerate(part) if token} for part in upper_and_all)


def test_each_part_has_its_seat():
    tree = TABLE.expanded(parse("⿰酉各"))
    assert seats(SMALL.encode(tree)) == ({0: ACROSS, 2: DOWN}, {1: YOU, 2: GE, 5: ZHI, 6: KOU})


def test_three_parts_are_two_and_the_rest():
    found = seats(SMALL.encode(parse("⿲酉口夂")))
    assert found == ({0: ROW, 2: REST_OF_ROW}, {1: YOU, 5: KOU, 6: ZHI})


def test_a_part_alone_sits_in_the_middle():
    assert seats(SMALL.encode(parse("口"))) == ({}, {0: KOU})


def test_the_character_itself_is_not_told():
    tree = TABLE.described("各")
    assert seats(SMALL.encode(tree)) == ({0: DOWN}, {1: ZHI, 2: KOU})


def test_rare_parts_are_told_by_their_own():
    known = Tokenizer(["酉", "口", "夂"])
    tree = TABLE.expanded(parse("⿰酉各"))
    assert 2 not in seats(known.encode(tree, strict=True))[1]
    with pytest.raises(UsageError, match="⿰酉木: the part 木 is too rare"):
        known.encode(parse("⿰酉木"), strict=True)
    with pytest.raises(UsageError, match="lies deeper than 3 levels"):
        SMALL.encode(parse("⿰酉⿰酉⿰酉⿰酉口"), strict=True)


def test_the_shipped_list_tells_nearly_all_characters_apart():
    common = [chr(code) for code in range(0x4E00, 0x9FA6)]
    tokens = tokenizer().encode_characters(common)
    assert tokens.shape == (len(common), LENGTH) and tokens.max() < tokenizer().vocabulary
    assert (tokens > 0).any(1).all()
    assert len(np.unique(tokens, axis=0)) >= len(common) - 20


def test_text_and_character_agree():
    for text in ("酪", "⿰酉各", "⿰酉⿱夂口"):
        np.testing.assert_array_equal(tokenizer().encode_text(text)[0], tokenizer().encode_characters(["酪"])[0])


def test_an_unknown_list_is_one_line():
    with pytest.raises(UsageError, match="no list of parts called 'parts-99'"):
        tokenizer("parts-99")


def test_only_names_that_are_told_twice_are_withheld():
    tokens = tf.constant(SMALL.encode(TABLE.expanded(parse("⿰酉各")))[None].repeat(2, 0))
    draws = np.ones((2, UPPER), np.float32)
    draws[1] = 0.0
    found = hide_names(tokens, tf.constant(draws), 0.5).numpy()
    np.testing.assert_array_equal(found[0], tokens[0])
    assert seats(found[1]) == ({0: ACROSS, 2: DOWN}, {1: YOU, 5: ZHI, 6: KOU})


def test_names_come_back_from_the_table():
    assert str(table().named(parse("⿰酉⿱六乂")).parts[1]) == "交"
