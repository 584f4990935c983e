"""The decomposition table turned around: which characters have a part, and where."""

import numpy as np
import pytest

from tfglyph.composition import describe, resolve
from tfglyph.composition.places import box_of, places
from tfglyph.composition.table import DEEPEST, table
from tfglyph.datasets.pack import pack
from tfglyph.exemplars.part_index import BLURRED, put_together

LEFT, RIGHT = (("⿰", 0),), (("⿰", 1),)


def names(index, rows):
    return {index.characters[row] for row in rows}


def test_every_part_of_a_character_leads_back_to_it(index):
    for character in np.random.default_rng(0).permutation(index.characters)[:300]:
        row = index.rows[character]
        for place, branch in places(table().described(character, DEEPEST), DEEPEST):
            if branch.part is not None:
                assert row in index.at_place(place, branch.part), (character, place)
                rows, numbers = index.anywhere(branch.part)
                assert (row, index.place_number(place)) in zip(rows.tolist(), numbers.tolist(), strict=True)


def test_what_is_found_has_the_part(index):
    rows = index.at_place(LEFT, "酉")
    assert {"酪", "酩", "酷"} <= names(index, rows) and not {"校", "酉", "醬"} & names(index, rows)
    for character in sorted(names(index, rows))[:100]:
        tree = describe(character)
        assert tree.operator == "⿰" and tree.parts[0].part == "酉"
    rows, numbers = index.anywhere("交")
    found = {(index.characters[row], index.places[number]) for row, number in zip(rows, numbers, strict=True)}
    assert {("交", ()), ("效", LEFT), ("校", RIGHT)} <= found


@pytest.mark.parametrize(("place", "part"), [(LEFT, "no such part"), ((("⿿", 0),), "酉"), (LEFT, None)])
def test_what_nobody_has_is_not_found(index, place, part):
    assert len(index.at_place(place, part)) == 0


def test_what_nobody_has_is_nowhere(index):
    assert [len(found) for found in index.anywhere("no such part")] == [0, 0]
    assert index.place_number((("⿿", 0),)) is None


def test_a_subset_finds_its_own_alone(index):
    present = np.zeros(len(index.characters), bool)
    present[[index.rows[character] for character in "酪校交"]] = True
    subset = index.subset(present)
    assert names(subset, subset.at_place(LEFT, "酉")) == {"酪"} and names(subset, subset.present) == set("酪校交")
    assert names(subset, subset.anywhere("交")[0]) == {"校", "交"}
    assert len(index.at_place(LEFT, "酉")) > 100  # which itself stays whole
    assert subset.rows is index.rows


def test_boxes_are_those_of_the_places(index):
    for number in range(0, len(index.places), 97):
        np.testing.assert_array_equal(index.boxes[number], np.float32(box_of(index.places[number])))
    assert box_of((("⿱", 0), ("⿰", 1))) == (0, 0.42, 0.52, 1)
    np.testing.assert_allclose(box_of((("⿱", 0), ("⿰", 1)), (0.0, 0.1, 0.3, 0.9)), (0, 0.1 + 0.42 * 0.8, 0.3, 0.9))


def test_boxes_of_occurrences_lie_in_the_frames_of_their_characters(index):
    rows, places = index.anywhere("湯")
    boxes = index.boxes_in(rows, places)
    for row, number, box in zip(rows.tolist(), places.tolist(), boxes, strict=True):
        place, character = index.places[number], index.characters[row]
        frame = index.frames_of(describe(character))[place[0][1]] if place else None
        np.testing.assert_allclose(box, box_of(place, None if frame is None else tuple(frame.tolist())), atol=1e-6)
    assert (boxes != index.boxes[places]).any()


@pytest.mark.parametrize(
    ("text", "number", "edge", "least", "most"),
    [
        ("蕩", 1, 0, 0.1, 0.3),  # 湯 begins right below 艹, at .42 by the usual box
        ("⿱艹酉", 1, 0, 0.1, 0.35),  # nobody has drawn this one
        ("刻", 0, 3, 0.55, 0.75),  # 亥 leaves little to 刂
        ("沐", 1, 1, 0.2, 0.4),
        ("疸", 1, 1, 0.1, 0.4),
    ],
)
def test_frames_know_how_wide_parts_are(index, text, number, edge, least, most):
    assert least <= index.frames_of(resolve(text))[number][edge] <= most


def test_looks_are_the_glyphs_of_the_package(index):
    known, images = pack()
    for number in (0, 5000, 20000):
        expected = images[number].reshape(16, 2, 16, 2).mean((1, 3)).reshape(-1) / 255
        np.testing.assert_allclose(index.looks(index.rows[known[number]]), expected, atol=0.5 / 255)


def test_distances_are_root_mean_squared_and_what_is_blurred_is_farther(index):
    drawn = set(pack()[0])
    some = np.random.default_rng(1).permutation(len(index.characters))[:50]
    vector = index.looks(index.rows["酪"])
    expected = np.sqrt(np.square(index.looks(some) - vector).mean(1))
    expected += [0.0 if index.characters[row] in drawn else BLURRED for row in some]
    np.testing.assert_allclose(index.distances(vector, some), expected, atol=1e-4)
    assert index.distances(vector, [index.rows["酪"]])[0] < 1e-3


def test_a_description_looks_like_characters_with_its_parts(index):
    tree = resolve("⿰酉國")
    assert tree.part not in index.rows
    vector = index.vector(tree)
    assert vector.shape == (256,) and vector.min() >= 0 and vector.max() <= 1
    alike = [index.characters[row] for row in np.argsort(index.distances(vector, index.present))[:30]]
    parts = [[part.part for part in describe(character).parts] for character in alike]
    assert sum("酉" in each for each in parts) > 10 and sum("國" in each for each in parts) > 5


def test_pieces_that_are_sharp_in_their_own_places_are_all_kept():
    one, two = np.full((2, 256), 0.5, np.float32)
    one[:4], two[4:8] = 1, 1
    together = put_together([one, two])
    assert together.max() == 1 and together[:8].min() > together[8:].max()
    np.testing.assert_array_equal(put_together([one]), one)
