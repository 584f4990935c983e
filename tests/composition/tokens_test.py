"""Tokens: fixed slots for operators and parts, and the way back to descriptions."""

import numpy as np
import pytest

from tfglyph.composition import Tokenizer, parse, table, tokenizer
from tfglyph.composition.table import Table
from tfglyph.composition.tokens import (
    FIRST_PART,
    LENGTH,
    SLOTS,
    UPPER,
    children,
    operator_index,
    parent,
    part_index,
    subtree,
)
from tfglyph.errors import UsageError

SMALL = Tokenizer(["酉", "各", "口", "夂"])
YOU, GE, KOU, ZHI = range(FIRST_PART, FIRST_PART + 4)
ACROSS, DOWN, ROW, REST_OF_ROW = 1, 2, 3, 13
TABLE = Table({"各": ("⿱", ("夂", "口"))})


def slots(tokens):
    """Operators and parts by slot, without the empty ones."""
    operators = {slot: int(tokens[operator_index(slot)]) for slot in range(UPPER) if tokens[operator_index(slot)]}
    return operators, {slot: int(tokens[part_index(slot)]) for slot in range(SLOTS) if tokens[part_index(slot)]}


def test_the_heap_of_slots():
    assert [children(slot) for slot in range(3)] == [(1, 2), (3, 4), (5, 6)]
    assert [parent(slot) for slot in range(1, 7)] == [0, 0, 1, 1, 2, 2]
    assert subtree(2) == (2, 5, 6, 11, 12, 13, 14)
    with pytest.raises(ValueError, match="slot 0 is the whole"):
        parent(0)
    indices = [*map(operator_index, range(UPPER)), *map(part_index, range(SLOTS))]
    assert sorted(indices) == list(range(LENGTH))


def test_each_part_has_its_slot():
    tree = TABLE.expanded(parse("⿰酉各"))
    assert slots(SMALL.encode(tree)) == ({0: ACROSS, 2: DOWN}, {1: YOU, 2: GE, 5: ZHI, 6: KOU})


def test_three_parts_are_two_and_the_rest():
    assert slots(SMALL.encode(parse("⿲酉口夂"))) == ({0: ROW, 2: REST_OF_ROW}, {1: YOU, 5: KOU, 6: ZHI})


def test_a_part_alone_is_the_whole():
    assert slots(SMALL.encode(parse("口"))) == ({}, {0: KOU})


def test_the_character_itself_has_no_token():
    tree = TABLE.described("各")
    assert slots(SMALL.encode(tree)) == ({0: DOWN}, {1: ZHI, 2: KOU})


def test_rare_parts_are_described_by_their_own_parts():
    known = Tokenizer(["酉", "口", "夂"])
    tree = TABLE.expanded(parse("⿰酉各"))
    assert 2 not in slots(known.encode(tree, strict=True))[1]
    with pytest.raises(UsageError, match="⿰酉木: the part 木 is too rare"):
        known.encode(parse("⿰酉木"), strict=True)
    with pytest.raises(UsageError, match="lies deeper than 3 levels"):
        SMALL.encode(parse("⿰酉⿰酉⿰酉⿰酉口"), strict=True)


def test_the_shipped_list_distinguishes_nearly_all_characters():
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


def test_characters_have_a_token_as_parts_of_others():
    np.testing.assert_array_equal(SMALL.encode_as_parts("口木酉"), [KOU, 0, YOU])
    assert SMALL.names[KOU - 1] == "口" and SMALL.encode_as_parts("").shape == (0,)


def test_names_come_back_from_the_table():
    assert str(table().named(parse("⿰酉⿱六乂")).parts[1]) == "交"
