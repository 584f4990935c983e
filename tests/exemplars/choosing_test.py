"""From lists to slots: the best when drawing, random ones in training."""

import numpy as np
import pytest

from tfglyph.exemplars.candidates import Candidates
from tfglyph.exemplars.choosing import CandidateTable, choose, draw_slots, kinds_of, stack
from tfglyph.exemplars.kinds import COLUMNS, Match


def made(characters, match=Match.IN_PLACE, level=1):
    count = len(characters)
    return Candidates(
        np.array(characters, np.int32),
        np.full(count, match, np.uint8),
        np.full(count, level, np.uint8),
        np.arange(200, 200 - count, -1).astype(np.uint8),
        np.tile(np.float32([0, 0, 1, 0.5]), (count, 1)),
        np.tile(np.float32([0, 0.42, 1, 1]), (count, 1)),
    )


LISTS = [made(range(10, 17)), made(range(20, 23)), made([10, 20, 30, 31, 32, 33, 34, 35], Match.STYLE, 0)]


@pytest.mark.parametrize(
    ("sizes", "most", "skip", "expected"),
    [
        ((3, 2, 1, 2), None, 0, {0: 10, 1: 11, 2: 12, 3: 20, 4: 21, 6: 30, 7: 31}),
        ((3, 2, 1, 2), None, 1, {0: 13, 1: 14, 2: 15, 3: 20, 4: 21, 6: 10, 7: 30}),
        ((3, 4, 1, 1), None, 0, {0: 10, 1: 11, 2: 12, 3: 20, 4: 21, 5: 22, 8: 30}),  # a slot that nothing fills
        ((3, 2, 1, 2), 1, 0, {0: 10, 3: 20, 6: 30, 7: 31}),
        ((3, 2, 1, 2), 0, 0, {6: 10, 7: 20}),
    ],
)
def test_the_best_of_each_list_are_in_its_slots(sizes, most, skip, expected):
    chosen, columns = choose(LISTS, sizes, most, skip)
    assert dict(zip(columns.tolist(), chosen.characters.tolist(), strict=True)) == expected
    slots = stack([(chosen, columns)], 9)
    assert {number: row for number, row in enumerate(slots.characters[0].tolist()) if row >= 0} == expected
    assert (slots.kinds[0, :, 0] > 0).tolist() == [number in expected for number in range(9)]


def test_kinds_are_match_level_likeness_and_box():
    assert kinds_of(LISTS[0])[1].tolist() == [Match.IN_PLACE, 1, 199, 0, 107, 255, 255]


def test_a_character_without_parts_has_its_style_alone():
    chosen, columns = choose(LISTS[-1:], (4, 4, 2, 3))
    assert chosen.characters.tolist() == [10, 20, 30] and set(chosen.matches) == {Match.STYLE}
    assert columns.tolist() == [10, 11, 12]


def test_slots_that_are_left_are_empty():
    slots = stack([choose(LISTS, (2, 2, 0, 1)), choose(LISTS, (2, 2, 0, 1), 0)], 6)
    assert slots.characters.tolist() == [[10, 11, 20, 21, 30, -1], [-1, -1, -1, -1, 10, -1]]
    assert slots.kinds.shape == (2, 6, COLUMNS) and not slots.kinds[slots.characters < 0].any()
    assert (slots.kinds[slots.characters >= 0][:, 0] > 0).all()
    np.testing.assert_array_equal(slots.sources[0, 0], [0, 0, 1, 0.5])
    assert stack([], 3).characters.shape == (0, 3)


def test_a_table_holds_the_lists():
    table = CandidateTable.of([LISTS, LISTS[-1:]], 3, 4)
    assert table.characters.tolist() == [
        [[10, 11, 12, 13], [20, 21, 22, -1], [-1] * 4, [10, 20, 30, 31]],
        [[-1] * 4, [-1] * 4, [-1] * 4, [10, 20, 30, 31]],
    ]
    np.testing.assert_array_equal(table.kinds[0, 0], kinds_of(LISTS[0])[:4])
    assert table.sources[0, 0, 0].tolist() == [0, 0, 255, 128] and not table.sources[0, 1, 3].any()


# === Draws for training ===

SIZES, SLOTS, DRAWINGS = (3, 3, 1, 2), 10, 400


def random_table(random, characters=50, lists=3, most=12):
    """A table in which lists share characters."""
    table = CandidateTable.of(
        [
            [
                made(random.permutation(characters)[: random.integers(0, most + 1)], Match(1 + number % 4), 1)
                for number in range(lists + 1)
            ]
            for _ in range(20)
        ],
        lists,
        most,
    )
    return table


@pytest.fixture(scope="module", params=range(3))
def drawn(request):
    random = np.random.default_rng(request.param)
    table = random_table(random)
    rows = random.integers(0, 20, DRAWINGS)
    available = (table.characters[rows] >= 0) & (random.random((DRAWINGS, 4, 12)) < 0.8)
    slots, flat = draw_slots(table, rows, available, SIZES, np.random.default_rng(9))
    return table, rows, available, slots, flat


def test_only_what_is_available_is_drawn(drawn):
    table, rows, available, slots, flat = drawn
    used = slots.characters >= 0
    assert used.sum() > DRAWINGS
    assert np.take_along_axis(available.reshape(DRAWINGS, -1), flat, 1)[used].all()
    expected = np.take_along_axis(table.characters[rows].reshape(DRAWINGS, -1), flat, 1)
    np.testing.assert_array_equal(slots.characters[used], expected[used])
    nothing, _ = draw_slots(table, rows, np.zeros_like(available), SIZES, np.random.default_rng(9))
    assert (nothing.characters == -1).all() and not nothing.kinds.any() and not nothing.sources.any()


def test_no_character_is_drawn_twice(drawn):
    *_, slots, _ = drawn
    for characters in slots.characters:
        used = characters[characters >= 0].tolist()
        assert len(used) == len(set(used))


def test_slots_say_what_they_hold(drawn):
    table, rows, _, slots, flat = drawn
    used = slots.characters >= 0
    assert slots.kinds.shape == (DRAWINGS, SLOTS, COLUMNS) and slots.kinds.dtype == np.int32
    assert not slots.kinds[~used].any() and not slots.sources[~used].any()
    kinds = np.take_along_axis(table.kinds[rows].reshape(DRAWINGS, -1, COLUMNS), flat[..., None], 1)
    np.testing.assert_array_equal(slots.kinds[used], kinds[used])
    np.testing.assert_array_equal(slots.sources[used], np.tile(np.float32([0, 0, 255, 128]) / 255, (used.sum(), 1)))


def test_no_list_gives_more_than_its_share(drawn):
    *_, slots, flat = drawn
    for number, limit in enumerate(SIZES):
        of_list = ((flat // 12 == number) & (slots.characters >= 0)).sum(1)
        assert of_list.max() == limit and of_list.min() == 0


def test_draws_depend_on_the_generator_alone(drawn):
    table, rows, available, slots, _ = drawn
    again, _ = draw_slots(table, rows, available, SIZES, np.random.default_rng(9))
    other, _ = draw_slots(table, rows, available, SIZES, np.random.default_rng(8))
    np.testing.assert_array_equal(again.characters, slots.characters)
    assert (other.characters != slots.characters).any()


def test_the_best_as_when_drawing():
    table = CandidateTable.of([[made(range(12)), made(range(20, 32)), made(range(40, 52))]], 2, 12)
    rows = np.zeros(400, np.int64)
    available = np.ones((400, 3, 12), bool)
    for best in (0.0, 0.6, 1.0):
        slots, _ = draw_slots(table, rows, available, (4, 4, 2), np.random.default_rng(0), best)
        drawn, _ = choose([made(range(12)), made(range(20, 32)), made(range(40, 52))], (4, 4, 2))
        share = (slots.characters[:, :10] == drawn.characters).all(1).mean()
        assert best * 0.9 - 0.07 < share < best * 0.9 + 0.07  # (now and then a part is missing)


def test_parts_and_slots_go_missing_now_and_then():
    table = CandidateTable.of([[made(range(12)), made(range(20, 32)), made(range(40, 52))]], 2, 12)
    rows, count = np.zeros(4000, np.int64), 4000
    slots, flat = draw_slots(table, rows, np.ones((count, 3, 12), bool), (4, 4, 2), np.random.default_rng(0))
    used = slots.characters >= 0
    for number in range(2):
        without = ~((flat // 12 == number) & used).any(1)
        assert 0.035 < without.mean() < 0.065
    styles = ((flat // 12 == 2) & used).sum(1)
    # Three in ten have as many as there are slots.
    np.testing.assert_allclose([(styles == n).mean() for n in range(3)], [0.7 / 3, 0.7 / 3, 0.3 + 0.7 / 3], atol=0.03)
    of_first = ((flat // 12 == 0) & used).sum(1)
    expected = 0.95 * np.array([0.7 / 4, 0.7 / 4, 0.7 / 4, 0.3 + 0.7 / 4])
    np.testing.assert_allclose([(of_first == number).mean() for number in range(1, 5)], expected, atol=0.03)
    # Not always the nearest, never the farthest: from at most two and a half times as many.
    positions = np.where((flat // 12 == 0) & used, flat % 12, -1)
    assert 5 <= positions.max() < 10
    several = of_first > 1
    nearest = positions.max(1)[several] == of_first[several] - 1
    assert 0.3 < nearest.mean() < 0.9, nearest.mean()


def test_drawn_slots_are_those_of_their_lists(drawn):
    *_, slots, flat = drawn
    used = slots.characters >= 0
    lists = np.broadcast_to(np.repeat(np.arange(4), SIZES), (DRAWINGS, 9))
    assert slots.characters.shape == (DRAWINGS, SLOTS) and not used[:, 9].any()
    np.testing.assert_array_equal((flat[:, :9] // 12)[used[:, :9]], lists[used[:, :9]])
    assert used[:, :9].any(0).all() and not used[:, :9].all(0).any()
