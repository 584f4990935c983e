"""The parser: trees of known descriptions, and one clear line for everything else."""

import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfglyph.composition import OPERATORS, Description, in_place, parse, table
from tfglyph.composition.forms import FORMS, LOOKALIKES
from tfglyph.errors import UsageError


def leaves(*names):
    return tuple(map(Description, names))


def test_a_description_is_a_tree():
    assert parse("⿰酉交") == Description(None, "⿰", leaves("酉", "交"))
    assert parse("⿲彳圭亍") == Description(None, "⿲", leaves("彳", "圭", "亍"))
    below = Description(None, "⿰", leaves("木", "木"))
    assert parse(" ⿱木 ⿰木木\n") == Description(None, "⿱", (Description("木"), below))
    assert parse("酪") == Description("酪")
    assert parse("⿰{37531}木").parts[0] == Description("{37531}")
    assert parse("⿱木⿰木木").depth() == 2 and str(parse("⿱木⿰木木")) == "⿱木⿰木木"


def test_radicals_stand_for_their_characters():
    assert parse("⿰⾣交") == parse("⿰酉交")  # U+2FA3, a Kangxi radical


@pytest.mark.parametrize(
    "text, message",
    [
        ("⿰酉", "⿰酉: position 3: ends here; expected the part 'right' of ⿰"),
        ("⿰⿰⿰", "position 4: ends here; expected the part 'left' of ⿰"),
        ("", "empty text: position 1: ends here; expected a character or one of"),
        ("  ", "empty text: position 3: ends here"),
        ("⿰ab", "position 2: 'a' is no part of a Chinese character; expected the part 'left' of ⿰"),
        ("⿲酉交", "ends here; expected the part 'right' of ⿲"),
        ("酉交", "position 2: '交' follows a complete description; expected the end; to put parts together, begin"),
        ("⿰酉交口", "position 4: '口' follows a complete description; expected the end"),
        ("⿰酉あ", r"'あ' \(U\+3042\) is in no decomposition"),
        ("⿰🙂木", r"'🙂' \(U\+1F642\) is in no decomposition"),
        ("⿰酉{1", r"position 3: expected a piece such as \{37531\} in braces"),
        ("龘" * 10_000, "a description of 10,000 characters; at most 100 can be read"),
        ("⿰" * 10_000, "a description of 10,000 characters; at most 100 can be read"),
    ],
)
def test_what_is_wrong_is_one_line(text, message):
    with pytest.raises(UsageError, match=message) as error:
        parse(text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


def trees(depth=3):
    named = st.sampled_from(list("酉交木口土{37531}"[:5])).map(Description)
    if not depth:
        return named
    parts = trees(depth - 1)
    joined = st.sampled_from(OPERATORS).flatmap(
        lambda operator: st.tuples(*[parts] * (3 if operator in "⿲⿳" else 2)).map(
            lambda children: Description(None, operator, children)
        )
    )
    return named | joined


@settings(max_examples=100, deadline=None)
@given(trees())
def test_spelling_and_parsing_are_inverse(tree):
    assert parse(str(tree)) == tree


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=OPERATORS + "酉交木a{}1 \n", max_size=30))
def test_any_text_is_a_tree_or_an_error(text):
    try:
        assert parse(str(parse(text))) == parse(text)
    except UsageError as error:
        assert "position" in str(error)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("⿰水交", "⿰氵交"),
        ("⿱竹⿰心交", "⿱⺮⿰忄交"),
        ("⿲水木水", "⿲氵木水"),
        ("⿺辵龍", "⿺辶龍"),
        ("⿰𧾷交", "⿰⻊交"),
        ("⿱交心", "⿱交心"),
        ("⿰交水", "⿰交水"),
        ("水", "水"),
        ("⿰⿱水火交", "⿰⿱水火交"),
    ],
)
def test_parts_take_the_form_of_their_position(typed, written):
    assert str(in_place(parse(typed))) == written


def test_forms_are_those_of_the_table_at_their_positions():
    """Each replacement stands at its position in existing ideographs, and what it replaces hardly ever does."""
    counts = collections.Counter()
    for name, (operator, parts) in table().spelled.items():
        if len(name) == 1 and "一" <= name <= "\u9fff":
            counts.update((operator, number, part) for number, part in enumerate(parts))
    for (operator, number), forms in FORMS.items():
        if operator in "⿲⿳":
            continue  # too few characters to count; the forms are those of ⿰ and ⿱
        for part, form in forms.items():
            assert counts[operator, number, form] >= 5, (operator, number, form)
            assert counts[operator, number, part] <= counts[operator, number, form] / 10, (operator, number, part)


def test_other_code_points_of_a_part_are_read_as_that_part():
    assert str(parse("⿰⺡交")) == "⿰氵交" and str(parse("⿱⺾⿰⺅⺉")) == "⿱艹⿰亻刂"
    assert str(parse("⿰⽔交")) == "⿰水交"  # Kangxi radicals by Unicode's own mapping
    assert set(LOOKALIKES.values()) <= table().known
