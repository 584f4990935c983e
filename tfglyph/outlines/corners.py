"""Where a contour has a corner that the pixels have rounded off.

A pixel averages over its area, so at half coverage a sharp corner of a right angle becomes a small round one, 0.29
pixels inside. Lines through the contour on both sides of the bend meet at the true corner. A bend that really is round
leaves far more room between that meeting point and the contour; this is how the two are told apart.
"""

import dataclasses
import math

import numpy as np

from tfglyph.outlines.contours import STEP

GAP = 2  # samples beside a corner that the pixels have rounded off: half a pixel
REACH = 12  # samples on each side that say where a side runs: three pixels
LEAST_TURN = math.radians(28)
ROUNDED_OFF = 0.27  # pixels from a corner of a right angle to half coverage, about
NOISE = 0.06  # pixels
WIDEST_END = 2.4  # pixels: wider strokes show both corners of their ends


@dataclasses.dataclass(frozen=True)
class Corner:
    """A corner of a contour.

    Attributes:
        index: int, the contour's point that is nearest.
        point: float64 (2,), where it was before the pixels rounded it off.
    """

    index: int
    point: np.ndarray


def side_line(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line nearest to points (n, 2), n ≥ 2: a point on it and its unit direction, along the points."""
    middle = points.mean(axis=0)
    x, y = (points - middle).T
    angle = math.atan2(2 * float(x @ y), float(x @ x - y @ y)) / 2  # of the principal axis
    direction = np.array([math.cos(angle), math.sin(angle)])
    return middle, direction if direction @ (points[-1] - points[0]) >= 0 else -direction


def meeting_point(point: np.ndarray, direction: np.ndarray, other: np.ndarray, along: np.ndarray) -> np.ndarray | None:
    """Where two lines meet; None where they are nearly parallel."""
    cross = direction[0] * along[1] - direction[1] * along[0]
    if abs(cross) < 0.12:
        return None
    between = other - point
    result: np.ndarray = point + direction * ((between[0] * along[1] - between[1] * along[0]) / cross)
    return result


def turning(points: np.ndarray, gap: int = GAP, reach: int = 6) -> np.ndarray:
    """By how much a closed contour (n, 2) turns around each point: radians (n,), signed."""
    ahead = np.roll(points, -reach, 0) - np.roll(points, -gap, 0)
    behind = np.roll(points, gap, 0) - np.roll(points, reach, 0)
    cross = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    return np.asarray(np.arctan2(cross, np.sum(ahead * behind, axis=1)))


def _candidates(points: np.ndarray) -> list[int]:
    """Points where the contour turns most, and by enough to be a corner."""
    turns = np.abs(turning(points))
    # A narrow look finds corners that lie so close that a wide one sees a single bend.
    narrow = np.abs(turning(points, 1, 4))
    strength = np.maximum(turns, narrow) + 0.25 * np.abs(turning(points, 0, 2))
    around = np.stack([np.roll(strength, shift) for shift in (-2, -1, 1, 2)])
    peak = (strength >= around.max(axis=0)) & (np.maximum(turns, narrow) > LEAST_TURN)
    chosen: list[int] = []
    for index in np.flatnonzero(peak):
        if chosen and index - chosen[-1] < 3:
            if strength[index] > strength[chosen[-1]]:
                chosen[-1] = int(index)
        else:
            chosen.append(int(index))
    if len(chosen) > 1 and chosen[0] + len(points) - chosen[-1] < 3:
        chosen.pop()
    return chosen


def find_corners(points: np.ndarray, sharpness: float = 2.0, square_ends: bool = False) -> list[Corner]:
    """The corners of a closed contour.

    Args:
        points: float64 (n, 2), evenly sampled at ``STEP`` pixels.
        sharpness: float, how many times the room that pixels leave at a sharp corner still counts as one. Below 1
            nearly everything is round; 4 makes corners of tight curves.
        square_ends: bool, whether the end of a stroke that is so thin that its two corners became one bend gets them
            back. At that size pixels do not tell a square end from a round one.

    Returns:
        list of Corner in the order of the contour.
    """
    count = len(points)
    candidates = _candidates(points)
    corners = []
    for number, index in enumerate(candidates):
        following = candidates[(number + 1) % len(candidates)]
        previous = candidates[number - 1]
        ahead = _side(points, index, 1, (following - index) % count or count)
        behind = _side(points, index, -1, (index - previous) % count or count)
        point, direction = side_line(behind[::-1])
        other, along = side_line(ahead)
        meeting = meeting_point(point, direction, other, along)
        if meeting is None:
            if square_ends:
                corners += _square_end(points, index, (point, direction), (other, along))
            continue
        turn = math.acos(float(np.clip(direction @ along, -1.0, 1.0)))
        if turn < LEAST_TURN:
            continue
        near = points[np.arange(index - 4, index + 5) % count]
        room = float(np.hypot(*(near - meeting).T).min())
        half_angle = (math.pi - turn) / 2
        if room <= sharpness * ROUNDED_OFF / math.tan(max(half_angle, 0.15)) + NOISE and room < 2.5:
            nearest = int(np.hypot(*(near - meeting).T).argmin())
            corners.append(Corner((index - 4 + nearest) % count, meeting))
    return _distinct(corners)


def _square_end(
    points: np.ndarray, index: int, before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]
) -> list[Corner]:
    """The two corners of a thin stroke's end, whose sides are the lines ``before`` and ``after`` the bend."""
    outwards = before[1] - after[1]
    outwards = outwards / max(float(np.hypot(*outwards)), 1e-12)
    across = np.array([-outwards[1], outwards[0]])
    width = abs(float((after[0] - before[0]) @ across))
    if before[1] @ after[1] > -0.9 or not 0.5 < width < WIDEST_END:
        return []
    count, half = len(points), max(1, round(width / 2 / STEP))
    near = points[np.arange(index - 4, index + 5) % count]
    # Of a stroke that is thinner than a pixel, the blurred end falls below half coverage earlier than the end.
    reach = float((near @ outwards).max()) + max(0.0, 0.5 / width - 0.5)
    ends = (line[0] + outwards * (reach - line[0] @ outwards) for line in (before, after))
    return [Corner((index + shift) % count, end) for shift, end in zip((-half, half), ends, strict=True)]


def _side(points: np.ndarray, index: int, sense: int, room: int) -> np.ndarray:
    """Points of one side of a bend, from near to far, as far as the next bend leaves the contour alone."""
    far = min(REACH, room - GAP, len(points) // 4)
    near = GAP + 1 if far >= GAP + 2 else max(1, far - 1)
    return points[(index + sense * np.arange(near, max(far, near + 1) + 1)) % len(points)]


def _distinct(corners: list[Corner]) -> list[Corner]:
    """Without those that share their point of the contour with the one before."""
    ordered = sorted(corners, key=lambda corner: corner.index)
    return [c for number, c in enumerate(ordered) if number == 0 or c.index - ordered[number - 1].index >= 2]


assert STEP == 0.25, "the numbers of samples above are quarters of a pixel"
