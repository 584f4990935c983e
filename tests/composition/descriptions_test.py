"""The parser: trees of known descriptions, and one clear line for everything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfglyph.composition import OPERATORS, Description, parse
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
            lambda found: Description(None, operator, found)
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
