"""The lists of preference: in place first, never the character itself, each character once."""

import numpy as np
import pytest

from tests.helpers.exemplars import TWELVE
from tfglyph.composition import describe, resolve
from tfglyph.composition.places import box_of
from tfglyph.exemplars.candidates import MOST, MOST_FOR_STYLE, Candidates, candidates
from tfglyph.exemplars.kinds import Match


@pytest.fixture(scope="module")
def twelve(index):
    present = np.zeros(len(index.characters), bool)
    present[[index.rows[character] for character in TWELVE]] = True
    return index.subset(present)


def found(index, some):
    """dict from character to Match."""
    return {index.characters[row]: Match(match) for row, match in zip(some.characters, some.matches, strict=True)}


def test_the_lists_of_a_description(twelve):
    left, right, style = candidates(twelve, resolve("⿰酉交"))
    assert found(twelve, left) == dict.fromkeys("酪酩酷", Match.IN_PLACE) | {"酉": Match.ALONE, "醬": Match.MOVED}
    assert found(twelve, right) == dict.fromkeys("校較鉸", Match.IN_PLACE) | {"交": Match.ALONE, "效": Match.MOVED}
    assert set(left.matches[:3]) == set(right.matches[:3]) == {Match.IN_PLACE}
    assert found(twelve, style) == dict.fromkeys(TWELVE, Match.STYLE)
    for some, level in ((left, 1), (right, 1), (style, 0)):
        assert set(some.levels) == {level}


def test_boxes_say_where_the_part_is_and_where_it_belongs(twelve):
    left, _, style = candidates(twelve, resolve("⿰酉交"))
    row = {twelve.characters[row]: number for number, row in enumerate(left.characters)}
    frame = twelve.frames_of(resolve("⿰酉交"))[0]
    np.testing.assert_array_equal(left.targets, np.broadcast_to(frame, (5, 4)))
    np.testing.assert_array_equal(left.sources[row["酪"]], left.targets[0])
    np.testing.assert_array_equal(left.sources[row["酉"]], [0, 0, 1, 1])
    np.testing.assert_array_equal(left.sources[row["醬"]], twelve.frames_of(describe("醬"))[1])
    assert left.sources[row["醬"]][0] > 0.3
    np.testing.assert_array_equal(style.targets, np.broadcast_to(np.float32([0, 0, 1, 1]), (12, 4)))


@pytest.mark.parametrize("character", TWELVE)
def test_a_character_is_never_its_own_exemplar(twelve, character):
    for some in candidates(twelve, describe(character)):
        assert twelve.rows[character] not in some.characters


@pytest.mark.parametrize("text", ["酪", "國", "⿱雨交", "⿰酉⿱雨交", "逎", "龘", "一", "⿰⿱口口⿱雨交"])
def test_of_all_characters(index, text):
    tree = resolve(text)
    *parts, style = candidates(index, tree)
    assert len(parts) == len(tree.parts)
    for some in (*parts, style):
        assert len(set(some.characters.tolist())) == len(some) <= (MOST_FOR_STYLE if some is style else MOST)
        assert index.rows.get(text, -1) not in some.characters
        assert ((some.sources >= 0) & (some.sources <= 1)).all() and some.likeness.dtype == np.uint8
    assert (np.diff(style.likeness.astype(int)) <= 0).all()
    for part, some in zip(tree.parts, parts, strict=True):
        in_place = some.matches == Match.IN_PLACE
        whole = in_place & (some.levels == 1)
        assert (np.diff(whole.astype(int)) <= 0).all()  # all of them before any other
        assert (np.diff(some.likeness[whole].astype(int)) <= 0).all()
        for row in some.characters[whole][:20]:
            other = describe(index.characters[row])
            assert other.operator == tree.operator and part.part in [each.part for each in other.parts]
        assert not (whole & (some.levels > 1)).any()


def test_parts_of_a_part_stand_in_for_it(index):
    """雪交 side by side is no part of any character; below it its own parts are found in their places."""
    left, right, _ = candidates(index, resolve("⿰酉⿱雨交"))
    assert len(left) and (left.levels == 1).any()
    deeper = right.levels == 2
    assert deeper.any() and set(right.matches[deeper]) == {Match.IN_PLACE}
    frame = tuple(index.frames_of(resolve("⿰酉⿱雨交"))[1].tolist())
    places = [((("⿰", 1), ("⿱", number))) for number in range(2)]
    boxes = np.float32([box_of(place, frame) for place in places])
    assert all((np.abs(boxes - target).max(1) < 1e-6).any() for target in right.targets[deeper])


def test_a_part_that_nobody_has_gives_an_empty_list(twelve):
    left, right, style = candidates(twelve, resolve("⿰酉鬼"))
    assert len(left) == 5 and len(right) == 0 and len(style) == 12


def test_lists_are_joined_and_taken_apart(twelve):
    left, right, _ = candidates(twelve, resolve("⿰酉交"))
    both = Candidates.joined([left, right])
    assert len(both) == 10
    np.testing.assert_array_equal(both.take(np.arange(5, 10)).characters, right.characters)
