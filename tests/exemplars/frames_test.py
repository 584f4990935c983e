"""Registration of parts against pictures whose parts are put where the test wants them."""

import numpy as np
import pytest

from tfglyph.composition.descriptions import Description
from tfglyph.composition.places import BOXES, WHOLE
from tfglyph.exemplars.frames import (
    LEAST_GLYPHS,
    _line_matrices,
    all_frames,
    expected_frames,
    measure,
    possible_frames,
    register,
)

SIDE = 32


def look(seed):
    """Thick random strokes: float32 (32, 32)."""
    random = np.random.default_rng(seed)
    picture = np.zeros((SIDE, SIDE), np.float32)
    for start in random.integers(2, 26, 4):
        picture[start : start + 3, 3:29] = 1
    for start in random.integers(2, 26, 3):
        picture[3:29, start : start + 3] = 1
    return picture


def placed(part, box):
    """A picture scaled into a box, by the nearest pixel."""
    top, left, bottom, right = box
    centres = (np.arange(SIDE) + 0.5) / SIDE
    rows, columns = ((centres - first) / (last - first) for first, last in ((top, bottom), (left, right)))
    inside = ((rows > 0) & (rows < 1))[:, None] & ((columns > 0) & (columns < 1))[None]
    nearest = [np.clip((each * SIDE).astype(int), 0, SIDE - 1) for each in (rows, columns)]
    return np.where(inside, part[nearest[0]][:, nearest[1]], 0).astype(np.float32)


@pytest.mark.parametrize("operator", BOXES)
def test_possible_frames_are_boxes_near_the_usual_one(operator):
    for number, usual in enumerate(BOXES[operator]):
        boxes = possible_frames(operator, number)
        assert ((boxes >= 0) & (boxes <= 1)).all() and (boxes[:, :2] < boxes[:, 2:]).all()
        assert np.abs(boxes - np.float32(usual)).max(1).min() < 0.13
    if operator not in "⿰⿱⿲⿳":
        np.testing.assert_array_equal(possible_frames(operator, 0), [WHOLE])


@pytest.mark.parametrize(
    ("operator", "number"), [("⿰", 0), ("⿰", 1), ("⿱", 0), ("⿱", 1), ("⿲", 1), ("⿸", 1), ("⿴", 1)]
)
def test_the_box_is_found(operator, number):
    part, boxes = look(3), possible_frames(operator, number)
    chosen = np.arange(0, len(boxes), max(1, len(boxes) // 12))
    found, agreement = register(np.stack([placed(part, boxes[row]) for row in chosen]), part, boxes)
    assert np.abs(boxes[found] - boxes[chosen]).max() <= 0.051
    assert agreement.min() > 0.7
    _, other = register(np.stack([placed(look(8), boxes[row]) for row in chosen]), part, boxes)
    assert other.mean() < agreement.mean() - 0.15


def test_agreement_is_dices_coefficient():
    part, box = look(1), np.float32([[0, 0, 1, 0.5]])
    glyph = placed(part, box[0]) + placed(look(2), (0, 0.5, 1, 1))
    _, (agreement,) = register(glyph[None], part, box)
    down, across = (
        _line_matrices(np.float32([0]), np.float32([1]), SIDE),
        _line_matrices(np.float32([0]), np.float32([0.5]), SIDE),
    )
    template = (down @ part @ across.transpose(0, 2, 1))[0]
    inside = np.zeros((SIDE, SIDE))
    inside[:, :16] = 1
    expected = 2 * (template * glyph).sum() / ((template**2).sum() + (inside * glyph**2).sum())
    np.testing.assert_allclose(agreement, expected, atol=1e-5)


def test_a_line_in_the_whole_box_is_itself():
    np.testing.assert_allclose(_line_matrices(np.float32([0]), np.float32([1]), SIDE)[0], np.eye(SIDE), atol=1e-5)
    half = _line_matrices(np.float32([0.5]), np.float32([1]), SIDE)[0]
    assert not half[:16].any() and np.allclose(half[16:].sum(1), 1)


def tree(name, operator, *parts):
    return Description(name, operator, tuple(Description(part) for part in parts))


def test_medians_stand_in_where_there_is_no_picture():
    """A above something takes a quarter; B is below; C has no picture of its own."""
    a, b, others = look(1), look(2), [look(seed) for seed in range(10, 10 + LEAST_GLYPHS)]
    top, bottom = np.float32([0, 0, 0.25, 1]), np.float32([0.25, 0, 1, 1])
    pictures = {"a": a, "b": b}
    described = {}
    for number, other in enumerate(others):
        name, part = "stuv"[number], "wxyz"[number]
        pictures |= {part: other, name: placed(a, top) + placed(other, bottom)}
        described[name] = tree(name, "⿱", "a", part)
    frames, own, beside = measure(described, {name: np.round(255 * each) for name, each in pictures.items()})
    assert np.abs(frames["s", 0] - top).max() < 0.11 and np.abs(frames["s", 1] - bottom).max() < 0.11
    assert set(own) == {("⿱", 0, "a")} and set(beside) == {("⿱", 0, "a")}
    first, other = expected_frames(tree(None, "⿱", "a", "c"), own, beside)
    assert np.abs(first - top).max() < 0.11 and np.abs(other - bottom).max() < 0.11
    usual = expected_frames(tree(None, "⿰", "a", "c"), own, beside)
    np.testing.assert_array_equal(usual, np.float32(BOXES["⿰"]))
    table = all_frames([described["s"], tree("q", "⿱", "a", "c"), Description("a")], frames, own, beside)
    np.testing.assert_array_equal(table[0, :2], [frames["s", 0], frames["s", 1]])
    np.testing.assert_array_equal(table[1, :2], [first, other])
    assert not table[2].any() and not table[:, 2].any()
