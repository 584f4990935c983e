"""tfglyph.outlines: shapes whose outline is known in closed form come back from their grey pictures."""

import dataclasses
import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tfglyph.outlines import (
    Calibration,
    Outline,
    OutlinePen,
    Tracing,
    calibrate,
    cubics,
    eased,
    overlap,
    render,
    to_svg,
    trace,
    without_overlaps,
)
from tfglyph.outlines.calibration import EASED, straight_share
from tfglyph.outlines.contours import find_contours, signed_area
from tfglyph.outlines.tracing import area

FINE = 16  # samples along a pixel's side by which exact coverage is approached


def coverage(inside, size: int = 64) -> np.ndarray:
    """uint8 (size, size): how much of each pixel lies where ``inside(x, y)`` is true, by FINE x FINE samples."""
    places = (np.arange(size * FINE) + 0.5) / FINE
    fine = inside(*np.meshgrid(places, places))
    return np.round(fine.reshape(size, FINE, size, FINE).mean((1, 3)) * 255).astype(np.uint8)


def box(left: float, top: float, right: float, bottom: float):
    return lambda x, y: (x > left) & (x < right) & (y > top) & (y < bottom)


def corners(outline: Outline) -> list[tuple[float, float]]:
    """Where segments begin, in order, of an outline of one contour."""
    (contour,) = outline.contours
    return [(float(segment[0][0]), float(segment[0][1])) for segment in contour]


def rotated(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """From the smallest point on, whatever point an outline begins with."""
    first = points.index(min(points))
    return points[first:] + points[:first]


def test_a_circle_is_four_arcs_within_a_sixteenth_of_a_pixel():
    outline = trace(coverage(lambda x, y: np.hypot(x - 31.3, y - 32.6) < 20.4))
    (contour,) = outline.contours
    assert [len(segment) for segment in contour] == [4, 4, 4, 4]
    radii = np.hypot(*(outline.polygons(32)[0] - [31.3, 32.6]).T)
    assert np.abs(radii - 20.4).max() < 1 / 16
    # Its extreme points are on the curve, with horizontal and vertical tangents.
    for segment in contour:
        tangent = segment[1] - segment[0]
        assert min(abs(tangent)) < 1e-9
    assert area(outline) == pytest.approx(math.pi * 20.4**2, rel=1e-3)


def test_a_ring_has_a_hole_that_turns_the_other_way():
    radius = lambda x, y: np.hypot(x - 32, y - 32)  # noqa: E731
    outline = trace(coverage(lambda x, y: (radius(x, y) < 24) & (radius(x, y) > 12)))
    signs = sorted(np.sign(signed_area(polygon)) for polygon in outline.polygons())
    assert signs == [-1, 1]
    assert area(outline) == pytest.approx(math.pi * (24**2 - 12**2), rel=2e-3)


def test_a_square_has_its_four_corners_to_a_twentieth_of_a_pixel():
    outline = trace(coverage(box(10.25, 20.5, 50.75, 44.125)))
    actual = rotated(corners(outline))
    expected = [(10.25, 20.5), (10.25, 44.125), (50.75, 44.125), (50.75, 20.5)]
    if actual[1] != pytest.approx(expected[1], abs=0.05):
        expected = [expected[0], *reversed(expected[1:])]
    assert len(actual) == 4
    assert np.abs(np.array(actual) - expected).max() < 0.05
    # Its sides are exactly horizontal and vertical, not nearly.
    assert all(min(abs(segment[1] - segment[0])) == 0 for segment in outline.contours[0])


def test_two_overlapping_bars_are_one_contour_of_twelve_corners():
    across, down = box(6.5, 27.25, 57.5, 36.75), box(26.75, 5.5, 36.5, 58.25)
    outline = trace(coverage(lambda x, y: across(x, y) | down(x, y)))
    points = np.array(corners(outline))
    expected = {(x, y) for x in (26.75, 36.5) for y in (5.5, 58.25, 27.25, 36.75)} | {
        (x, y) for x in (6.5, 57.5) for y in (27.25, 36.75)
    }
    assert len(points) == 12
    distances = np.hypot(*(points[:, None] - np.array(sorted(expected))[None]).transpose(2, 0, 1))
    assert distances.min(axis=1).max() < 0.06 and distances.min(axis=0).max() < 0.06


def test_a_slanted_square_keeps_its_corners():
    turn = math.radians(23)
    u = lambda x, y: (x - 32) * math.cos(turn) + (y - 32) * math.sin(turn)  # noqa: E731
    v = lambda x, y: (y - 32) * math.cos(turn) - (x - 32) * math.sin(turn)  # noqa: E731
    outline = trace(coverage(lambda x, y: (abs(u(x, y)) < 18) & (abs(v(x, y)) < 14)))
    points = np.array(corners(outline)) - 32
    assert len(points) == 4
    assert np.abs(np.hypot(*points.T) - math.hypot(18, 14)).max() < 0.1


def test_grey_says_where_an_edge_runs_within_a_pixel():
    for shift in (0.0, 0.2, 0.5, 0.8):
        outline = trace(coverage(box(20 + shift, 10, 40 + shift, 50)))
        assert min(x for x, _ in corners(outline)) == pytest.approx(20 + shift, abs=0.04)


def test_a_thin_stroke_gets_its_square_end_back_where_the_font_has_them():
    picture = coverage(box(8, 30.3, 56, 31.9))
    square = trace(picture, Tracing(square_ends=True))
    assert len(square.contours[0]) == 4
    assert min(x for x, _ in corners(square)) == pytest.approx(8, abs=0.15)
    assert len(trace(picture, Tracing(sharpness=0.5, square_ends=False)).contours[0]) > 4


def test_specks_are_left_out_and_an_empty_picture_has_no_outline():
    picture = coverage(box(10, 10, 40, 40))
    picture[60, 60] = 160
    assert len(trace(picture).contours) == 1
    assert len(trace(picture, Tracing(specks=0.01)).contours) == 2
    assert trace(np.zeros((64, 64, 1), np.uint8)).contours == ()


def test_curves_stay_within_the_tolerance_of_the_contour():
    picture = coverage(lambda x, y: np.hypot((x - 32) / 1.7, y - 32) < 14 + 2 * np.sin(5 * np.arctan2(y - 32, x - 32)))
    (contour,) = find_contours(picture)
    for tolerance in (0.1, 0.3):
        outline = trace(picture, Tracing(tolerance, straight=False))
        t = np.linspace(0, 1, 64)[:, None]
        curves = [
            s[0] + t * (s[1] - s[0]) if len(s) == 2 else cubics.evaluate(s[None], t.T)[0] for s in outline.contours[0]
        ]
        distances = np.hypot(*(contour[:, None] - np.concatenate(curves)[None]).transpose(2, 0, 1)).min(axis=1)
        assert distances.max() < tolerance + 0.06
    assert trace(picture, Tracing(0.3)).points < trace(picture, Tracing(0.1)).points


def test_a_cubic_is_found_again_from_its_points():
    cubic = np.array([[0.0, 0.0], [10.0, 25.0], [40.0, 30.0], [60.0, 5.0]])
    points = cubics.even_samples(cubics.evaluate(cubic[None], np.linspace(0, 1, 200)[None])[0])
    first, last = np.array([[10.0, 25.0]]) / math.hypot(10, 25), np.array([[-20.0, 25.0]]) / math.hypot(20, 25)
    for stiffness in (cubics.STIFF, cubics.LOOSE):
        found, error, _ = cubics.fit(points[None], first, last, np.full((1, 2), stiffness))
        assert error[0] < 0.05
        assert np.array_equal(found[0][[0, 3]], cubic[[0, 3]])
    found, _, _ = cubics.fit(points[None], first, last, np.full((1, 2), cubics.STIFF))
    assert (found[0, 1] - found[0, 0]) @ np.array([-first[0, 1], first[0, 0]]) == pytest.approx(0, abs=1e-9)
    head, tail = cubics.split(cubic, 0.3)
    whole = cubics.evaluate(cubic[None], np.array([[0.15, 0.3, 0.65]]))[0]
    parts = [
        cubics.evaluate(head[None], np.array([[0.5]]))[0, 0],
        head[3],
        cubics.evaluate(tail[None], np.array([[0.5]]))[0, 0],
    ]
    assert np.allclose(whole, parts)


def test_rendering_a_square_covers_its_pixels_exactly():
    square = np.array([[2.0, 3.0], [6.5, 3.0], [6.5, 7.0], [2.0, 7.0]])
    contour = tuple(np.stack([a, b]) for a, b in zip(square, np.roll(square, -1, 0), strict=True))
    picture = render(Outline((contour,)), 10)
    expected = np.zeros((10, 10))
    expected[3:7, 2:6] = 255
    expected[3:7, 6] = 127.5
    assert np.abs(picture - expected).max() <= 1
    assert overlap(picture, picture) == 1 and overlap(picture, np.zeros_like(picture)) == 0


def test_crossing_contours_are_united():
    pytest.importorskip("pathops")
    pen = OutlinePen(None)
    for left, top, right, bottom in ((0, 0, 30, 10), (10, -10, 20, 20)):
        pen.moveTo((left, top))
        for point in ((left, bottom), (right, bottom), (right, top)):
            pen.lineTo(point)
        pen.closePath()
    crossing = pen.outline
    united = without_overlaps(crossing)
    assert (len(crossing.contours), len(united.contours)) == (2, 1)
    assert area(united) == pytest.approx(300 + 300 - 100, abs=0.2)
    assert without_overlaps(united) is united


def test_the_share_of_straight_stems_by_hand():
    triangle = (np.array([[0.0, 0], [3, 0]]), np.array([[3.0, 0], [3, 4]]), np.array([[3.0, 4], [0, 0]]))
    assert straight_share([Outline((triangle,))]) == pytest.approx(7 / 12)
    assert straight_share([]) == 0


def test_calibration_learns_straightness_and_points_from_the_fonts_own_outlines():
    square = np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.6], [0.2, 0.6]])
    contour = tuple(np.stack([a, b]) for a, b in zip(square, np.roll(square, -1, 0), strict=True))
    found = calibrate([Outline((contour,))] * 2, [4, 4], 64)
    assert found.tracing.straight and found.straight == 1 and found.glyphs == 2
    assert found.iou > 0.99 and found.points == 4 == found.own_points
    angles = np.linspace(0, 2 * np.pi, 40)[:-1]
    blob = 0.5 + 0.3 * np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1 + 0.2 * np.sin(3 * angles))[:, None]
    curved = tuple(np.stack([a, b]) for a, b in zip(blob, np.roll(blob, -1, 0), strict=True))
    assert not calibrate([Outline((curved,))], [39], 64).tracing.straight
    assert calibrate([], [], 64).glyphs == 0


def test_trembling_edges_are_traced_with_more_tolerance_and_steady_ones_are_not():
    steady = coverage(box(12, 12, 50, 40))
    rough = steady.astype(float)
    rough[11:41, 11] = rough[11:41, 50] = np.random.default_rng(0).uniform(0, 90, 30)
    rough[11, 11:51] = rough[40, 11:51] = np.random.default_rng(1).uniform(0, 90, 40)
    found = Calibration(Tracing(), 0.99, 4.0, 4.0, 1.0, 1)
    assert eased(found, [steady] * 2) == Tracing() == eased(found, [])
    tracing = eased(found, [rough.astype(np.uint8)])
    assert tracing.tolerance in {factor * Tracing().tolerance for factor in EASED}
    assert trace(rough.astype(np.uint8), tracing).points < trace(rough.astype(np.uint8)).points
    circle = coverage(lambda x, y: np.hypot(x - 32, y - 32) < 12)
    kept = eased(dataclasses.replace(found, points=1.0, own_points=1.0), [circle])  # there is nothing to save
    before, after = (overlap(render(trace(circle, tracing), 64), circle) for tracing in (Tracing(), kept))
    assert after > before - 0.01


def test_svg_has_the_picture_s_size_and_the_outline_s_points():
    root = ElementTree.fromstring(to_svg(coverage(box(8, 8, 24, 24), 32)))
    assert root.attrib["viewBox"] == "0 0 32 32" and root.attrib["width"] == "32"
    (path,) = root
    numbers = [float(word) for word in path.attrib["d"].translate(str.maketrans("MLHVZ,", "      ")).split()]
    assert min(numbers) == pytest.approx(8, abs=0.05) and max(numbers) == pytest.approx(24, abs=0.05)
