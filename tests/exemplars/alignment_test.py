"""A moved part fills its box, to the pixel; what is not to be moved stays as it is."""

import numpy as np
import pytest
import tensorflow as tf

from tfglyph.exemplars.alignment import MARGIN, align, enlarge
from tfglyph.exemplars.kinds import SCALE, Match

SIDE = 51  # pixels of five 255ths, so that boxes lie on the pixels' edges


def filled(box, side=SIDE):
    """uint8 (side, side, 1), 255 in a box of whole pixels."""
    image = np.zeros((side, side, 1), np.uint8)
    top, left, bottom, right = box
    image[top:bottom, left:right] = 255
    return image


def moved(image, source, target, match=Match.MOVED):
    kinds = [match, 1, 200, *(edge * SCALE // SIDE for edge in target)]
    sources = np.array([source], np.float32) / SIDE
    return align(tf.constant(image[None]), tf.constant([kinds], tf.int32), tf.constant(sources)).numpy()[0]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((0, 0, 51, 20), (0, 31, 51, 51)),  # from the left to the right
        ((10, 4, 20, 24), (3, 30, 13, 50)),
        ((0, 0, 40, 40), (10, 5, 30, 25)),  # to half of its size
        ((0, 2, 50, 22), (20, 2, 45, 22)),  # half as high
        ((0, 0, 51, 51), (17, 34, 34, 51)),  # to a third: a character alone
        ((4, 8, 20, 40), (4, 8, 20, 40)),
    ],
)
@pytest.mark.parametrize("match", [Match.MOVED, Match.ALONE])
def test_a_filled_box_is_moved_exactly_into_its_target(source, target, match):
    np.testing.assert_array_equal(moved(filled(source), source, target, match), filled(target))


def profile(first, last, new_first, new_last):
    """The values between 0 and 1 that a row of pixels, inked from ``first`` to ``last``, has after interpolation."""
    scale = (last - first) / (new_last - new_first)
    centres = (np.arange(SIDE) + 0.5 - new_first) * scale + first  # where each pixel of the result looks
    ink = np.zeros(SIDE)
    ink[first:last] = 1
    values = np.interp(centres, np.arange(SIDE) + 0.5, ink)
    near = (np.arange(SIDE) + 0.5 >= new_first - MARGIN * SIDE) & (np.arange(SIDE) + 0.5 <= new_last + MARGIN * SIDE)
    return values * near


def test_an_enlarged_box_has_the_edges_of_linear_interpolation():
    source, target = (10, 15, 20, 30), (5, 11, 35, 41)
    expected = np.outer(profile(10, 20, 5, 35), profile(15, 30, 11, 41)) * 255
    actual = moved(filled(source), source, target)[..., 0]
    np.testing.assert_allclose(actual, expected, atol=0.51)
    assert (actual[6:34, 12:40] == 255).all() and 0 < actual[5, 20] < 255


def test_other_parts_are_cut_off():
    image = filled((10, 10, 20, 20)) | filled((30, 10, 50, 50))
    result = moved(image, (10, 10, 20, 20), (0, 0, 10, 10))
    np.testing.assert_array_equal(result, filled((0, 0, 10, 10)))
    assert not moved(image, (22, 10, 28, 20), (22, 10, 28, 20)).any()


@pytest.mark.parametrize("match", [Match.NONE, Match.IN_PLACE, Match.STYLE, Match.CONTENT])
def test_what_is_in_its_place_stays(match):
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 1)).astype(np.uint8)
    np.testing.assert_array_equal(moved(image, (0, 0, 51, 20), (0, 31, 51, 51), match), image)


def test_of_several_each_goes_its_own_way():
    images = np.stack([filled((0, 0, 10, 10)), filled((5, 5, 15, 15)), filled((0, 0, 51, 51))])
    kinds = np.zeros((3, 7), np.int32)
    kinds[0] = [Match.MOVED, 1, 0, 50, 50, 100, 100]  # rows and columns 10 to 20
    kinds[1] = [Match.STYLE, 0, 0, 0, 0, 255, 255]
    kinds[2] = [Match.ALONE, 1, 0, 0, 170, 255, 255]  # a third as wide, at the right
    sources = np.array([[0, 0, 10, 10], [0, 0, 51, 51], [0, 0, 51, 51]], np.float32) / SIDE
    result = align(tf.constant(images), tf.constant(kinds), tf.constant(sources)).numpy()
    expected = [filled((10, 10, 20, 20)), images[1], filled((0, 34, 51, 51))]
    np.testing.assert_array_equal(result, expected)


def test_a_box_without_extent_is_no_division_by_zero():
    result = moved(filled((0, 0, 51, 51)), (7, 7, 7, 7), (9, 9, 9, 9))
    assert result.dtype == np.uint8


def test_frames_need_not_be_square():
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255
    kinds = tf.constant([[Match.MOVED, 1, 0, 0, 102, 255, 255]])  # from column 16 of 40
    right = align(tf.constant(image[None]), kinds, tf.constant([[0.0, 0.0, 1.0, 0.5]])).numpy()[0]
    np.testing.assert_array_equal(right[:, 17:39], 255)
    assert not right[:, :14].any()


def test_enlarging_keeps_what_is_even():
    images = np.full((2, 8, 8, 1), 200, np.uint8)
    np.testing.assert_array_equal(enlarge(tf.constant(images), (24, 20)), np.full((2, 24, 20, 1), 200))
