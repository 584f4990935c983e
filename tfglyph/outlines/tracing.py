"""From a grey picture of a glyph to curves: corners, straight stems, extreme points, few points.

    outline = trace(image)                       # in pixels, y down
    outline.draw(pen, scale, dx, dy)             # to any fontTools pen, y up

The order of events for each contour: corners are found and put back where the pixels rounded them off; horizontal and
vertical runs become straight; what is left is fitted by cubics that keep the tangents, cut where they must be, joined
again where one will do, and cut exactly at their extremes.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from fontTools.pens.areaPen import AreaPen

from tfglyph.outlines import cubics
from tfglyph.outlines.contours import FINE_SIDE, STEP, find_contours
from tfglyph.outlines.corners import find_corners, meeting_point, side_line

DEPTH = 6  # times that a run is cut in two at most
AXES = np.eye(2)
SLOPE = 0.06  # tangent of the angle within which an edge counts as horizontal or vertical
LEAST_RUN = 10  # samples of a straight run: two and a half pixels
BEND = 0.012  # sagitta of half a run, as a share of its length, from which on it is an arc
FREE_BEND = 0.005  # the same where curves go on at both ends
MARGIN = 2  # samples beside a corner that say nothing


@dataclasses.dataclass(frozen=True)
class Tracing:
    """How to trace; ``tfglyph.outlines.calibrate`` chooses for a font.

    Attributes:
        tolerance: float, pixels: how far a curve may run from the edge of the ink.
        sharpness: float: see ``find_corners``.
        square_ends: bool: see ``find_corners``.
        straight: bool: whether edges that are nearly horizontal or vertical are made so.
        specks: float, square pixels: smaller contours are left out.
        side: int, to how many pixels along a side the picture is enlarged, at least, to follow its contours; see
            ``find_contours``. All lengths here stay those of the picture's own pixels.
    """

    tolerance: float = 0.12
    sharpness: float = 2.0
    square_ends: bool = False
    straight: bool = True
    specks: float = 0.5
    side: int = FINE_SIDE


@dataclasses.dataclass(frozen=True)
class Outline:
    """Closed contours of lines and cubics, in pixels with y down.

    Attributes:
        contours: tuple of contours; each a tuple of segments, float64 (2, 2) for a line or (4, 2) for a cubic, where
            each begins at the end of the one before.
    """

    contours: tuple[tuple[np.ndarray, ...], ...]

    @property
    def points(self) -> int:
        """Points, on and off the curve."""
        return sum(len(segment) - 1 for contour in self.contours for segment in contour)

    def draw(self, pen: Any, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0) -> None:
        """Draws with a fontTools segment pen, y up: a point (x, y) goes to (dx + scale x, dy − scale y)."""
        for contour in self.contours:
            moved = [np.array([dx, dy]) + np.array([scale, -scale]) * segment for segment in contour]
            pen.moveTo(tuple(moved[0][0]))
            for segment in moved[:-1] if len(moved[-1]) == 2 else moved:
                if len(segment) == 2:
                    pen.lineTo(tuple(segment[1]))
                else:
                    pen.curveTo(*(tuple(point) for point in segment[1:]))
            pen.closePath()  # which draws the last line

    def polygons(self, steps: int = 8) -> list[np.ndarray]:
        """The contours as closed polygons, float64 (n, 2), a cubic as ``steps`` lines."""
        t = np.arange(steps) / steps
        result = []
        for contour in self.contours:
            parts = [s[:1] if len(s) == 2 else cubics.evaluate(s[None], t[None])[0] for s in contour]
            result.append(np.concatenate(parts))
        return result


@dataclasses.dataclass
class _Node:
    """Where one segment ends and the next begins.

    ``index`` is the contour's point there. At a smooth node the curve has the unit ``tangent``; at a corner it is None.
    """

    index: int
    point: np.ndarray
    tangent: np.ndarray | None = None


@dataclasses.dataclass
class _Run:
    """Part of a contour between two nodes: a line, or points for curves with tangents into the run at both ends."""

    start: _Node
    end: _Node
    points: np.ndarray
    line: bool = False
    first: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(2))
    last: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(2))


def trace(image: np.ndarray, tracing: Tracing | None = None) -> Outline:
    """The outline of a glyph.

    Args:
        image: uint8 (h, w) or (h, w, 1), ink 255 on 0; grey says how much of a pixel is covered.
        tracing: Tracing or None for its defaults.

    Returns:
        Outline, in pixels from the upper left corner of the picture; empty where there is no ink.
    """
    tracing = tracing or Tracing()
    contours = find_contours(image, tracing.specks, tracing.side)
    runs = [_runs(points, tracing) for points in contours]
    curves = [run for contour in runs for run in contour if not run.line]
    fitted = dict(zip(map(id, curves), _fit(curves, tracing.tolerance), strict=True))
    result = []
    for contour in runs:
        segments = []
        for run in contour:
            if run.line:
                segments.append(np.stack([run.start.point, run.end.point]))
            else:
                segments += [piece for cubic in fitted[id(run)] for piece in _at_extremes(cubic)]
        segments = _joined_lines(segments)
        if len(segments) > 1:
            result.append(tuple(segments))
    return Outline(tuple(result))


# === Nodes ===


def _runs(points: np.ndarray, tracing: Tracing) -> list[_Run]:
    """A closed contour (n, 2) as runs between corners and the ends of straight stems."""
    nodes = [
        _Node(corner.index, corner.point) for corner in find_corners(points, tracing.sharpness, tracing.square_ends)
    ]
    stems = _stems(points, [node.index for node in nodes]) if tracing.straight else []
    nodes = _with_stem_ends(points, nodes, stems)
    if not nodes:
        nodes = _at_the_sides(points)
    elif len(nodes) == 1:
        opposite = (nodes[0].index + len(points) // 2) % len(points)
        nodes.append(_smooth_node(points, opposite))
        nodes.sort(key=lambda node: node.index)
    runs = []
    for number, start in enumerate(nodes):
        end = nodes[(number + 1) % len(nodes)]
        runs.append(_run(points, start, end, stems, tracing))
    _meet(runs)
    for run in runs:
        _finish(run)
    return runs


def _stems(points: np.ndarray, corners: list[int]) -> list[tuple[int, int, int, float]]:
    """Runs of points that are nearly horizontal or vertical.

    Returns:
        list of (first index, number of points, axis that is constant, its value).
    """
    count = len(points)
    found = []
    blocked = np.zeros(count, bool)
    for corner in corners:
        blocked[(corner + np.arange(-MARGIN + 1, MARGIN)) % count] = True
    direction = np.roll(points, -3, 0) - np.roll(points, 3, 0)
    for axis in (0, 1):
        flat = (np.abs(direction[:, axis]) < SLOPE * np.abs(direction[:, 1 - axis])) & ~blocked
        for first, length in _stretches(flat):
            inside = points[(first + np.arange(length)) % count, axis]
            free = not (blocked[(first - 1) % count] or blocked[(first + length) % count])
            if length >= LEAST_RUN and inside.max() - inside.min() < 0.3 and not _bends(inside, free):
                found.append((first, length, axis, float(np.median(inside))))
    return found


def _bends(values: np.ndarray, free: bool) -> bool:
    """Whether the coordinate that should be constant runs like the top of an arc, not like a stem.

    ``free`` ends are no corners: then it takes less to be an arc.
    """
    places = np.linspace(-1, 1, len(values))
    sag = abs(np.polynomial.polynomial.polyfit(places, values, 2)[2])
    return bool(sag > (FREE_BEND if free else BEND) * len(values) * STEP)


def _stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of True in a circular array: (first index, length)."""
    if flags.all():
        return [(0, len(flags))]
    rises = np.flatnonzero(flags & ~np.roll(flags, 1))
    falls = np.flatnonzero(~flags & np.roll(flags, 1))
    return [(int(rise), int((falls[np.searchsorted(falls, rise) % len(falls)] - rise) % len(flags))) for rise in rises]


def _with_stem_ends(points: np.ndarray, corners: list[_Node], stems: list[tuple[int, int, int, float]]) -> list[_Node]:
    """The corners, and smooth nodes where a stem ends in a curve, in the order of the contour."""
    count = len(points)
    nodes = list(corners)
    taken = np.array([node.index for node in corners], int)
    for first, length, axis, value in stems:
        for index in (first, first + length - 1):
            index %= count
            distance = np.abs((taken - index + count // 2) % count - count // 2)
            if len(taken) and distance.min() <= 2 * MARGIN + 4:
                continue
            inside = points[(index + (1 if index == first % count else -1)) % count] - points[index]
            tangent = AXES[1 - axis] * np.sign((inside if index == first % count else -inside)[1 - axis])
            point = points[index].copy()
            point[axis] = value
            nodes.append(_Node(index, point, tangent))
    nodes.sort(key=lambda node: node.index)
    return [node for number, node in enumerate(nodes) if number == 0 or node.index - nodes[number - 1].index > 1]


def _smooth_node(points: np.ndarray, index: int) -> _Node:
    direction = points[(index + 3) % len(points)] - points[index - 3]
    return _Node(index, points[index], direction / max(float(np.hypot(*direction)), 1e-12))


def _at_the_sides(points: np.ndarray) -> list[_Node]:
    """The outermost points of a contour without corners, whose tangents are horizontal and vertical."""
    nodes = {}
    for axis in (0, 1):
        for index in (int(points[:, axis].argmin()), int(points[:, axis].argmax())):
            node = _smooth_node(points, index)
            if node.tangent is not None:
                node.tangent = AXES[1 - axis] * (np.sign(node.tangent[1 - axis]) or 1.0)
            nodes[index] = node
    chosen = [nodes[index] for index in sorted(nodes)]
    return [n for number, n in enumerate(chosen) if number == 0 or n.index - chosen[number - 1].index > 3]


# === Runs ===


def _between(points: np.ndarray, start: int, end: int) -> np.ndarray:
    """Points from index ``start`` to ``end`` of a closed contour, both included."""
    length = (end - start) % len(points) or len(points)
    return points[(start + np.arange(length + 1)) % len(points)]


def _run(
    points: np.ndarray,
    start: _Node,
    end: _Node,
    stems: list[tuple[int, int, int, float]],
    tracing: Tracing,
) -> _Run:
    inside = _between(points, start.index, end.index)
    low = MARGIN if start.tangent is None else 0
    high = MARGIN if end.tangent is None else 0
    kept = inside[low : len(inside) - high] if len(inside) - low - high >= 3 else inside
    run = _Run(start, end, kept)
    middle = (start.index + len(inside) // 2) % len(points)
    for first, length, axis, value in stems:
        if (middle - first) % len(points) < length and length >= 0.6 * len(kept):
            run.line = True
            run.points = np.array(kept)
            run.points[:, axis] = value
            return run
    if start.tangent is None and end.tangent is None:
        point, direction = side_line(kept)
        normal = np.array([-direction[1], direction[0]])
        straight = float(np.abs((kept - point) @ normal).max()) < 0.8 * tracing.tolerance
        run.line = straight or len(inside) <= 2 * MARGIN + 2
        level = int(np.abs(direction).argmin())
        if straight and tracing.straight and len(kept) > 2 and abs(direction[level]) < SLOPE:
            # A stem that is too short to be found as one, such as the end of a stroke.
            run.points = np.array(kept)
            run.points[:, level] = np.median(kept[:, level])
    return run


def _meet(runs: list[_Run]) -> None:
    """Puts each corner where its sides, if they are straight, meet."""
    for before, after in zip(runs, [*runs[1:], runs[0]], strict=True):
        node = before.end
        sides = [side_line(run.points) for run in (before, after) if run.line and len(run.points) > 2]
        if node.tangent is not None:
            continue
        if len(sides) == 2:
            meeting = meeting_point(*sides[0], *sides[1])
            if meeting is not None and np.hypot(*(meeting - node.point)) < 1.5:
                node.point = meeting
        elif len(sides) == 1:
            point, direction = sides[0]
            node.point = point + direction * ((node.point - point) @ direction)
    # A short side takes its direction from both corners; those of long straight stems stay exact.
    for run in runs:
        if run.line and len(run.points) > 2:
            spread = np.ptp(run.points, axis=0)
            for axis in (0, 1):
                if spread[axis] == 0:
                    for node in (run.start, run.end):
                        node.point = node.point.copy()
                        node.point[axis] = run.points[0, axis]


def _finish(run: _Run) -> None:
    """Sets ends and tangents of a curve, now that the nodes are where they belong."""
    if run.line:
        return
    middle = run.points[1:-1] if len(run.points) > 3 else run.points
    ends = run.start.point[None], run.end.point[None]
    run.points = np.concatenate([ends[0], middle, ends[1]])
    run.first = run.start.tangent if run.start.tangent is not None else _end_tangent(run.points)
    run.last = -run.end.tangent if run.end.tangent is not None else _end_tangent(run.points[::-1])


def _end_tangent(points: np.ndarray) -> np.ndarray:
    """The unit tangent at the first of some points, from a parabola through the first pixel and a half."""
    few = points[: max(3, min(len(points), 1 + round(2.0 / STEP)))]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(few, axis=0).T))])
    offsets = few - few[0]
    basis = np.stack([along, along**2], axis=1)
    solution = np.linalg.lstsq(basis, offsets, rcond=None)[0][0]
    chord = few[-1] - few[0]
    if solution @ chord <= 0.3 * np.hypot(*solution) * np.hypot(*chord):
        solution = chord
    return np.asarray(solution / max(float(np.hypot(*solution)), 1e-12))


# === Curves ===


def _fit(runs: Sequence[_Run], tolerance: float) -> list[list[np.ndarray]]:
    """Cubics for each run: as few as keep within ``tolerance``."""
    pieces: list[list[_Run]] = [[run] for run in runs]
    fitted: dict[int, np.ndarray] = {}
    open_runs = list(runs)
    for depth in range(DEPTH + 1):
        if not open_runs:
            break
        halves: dict[int, list[_Run]] = {}
        for run, cubic, error, worst in _fitted(open_runs):
            if error <= tolerance or depth == DEPTH or len(run.points) < 8:
                fitted[id(run)] = cubic
            else:
                halves[id(run)] = _halves(run, worst)
        pieces = [[part for piece in row for part in halves.get(id(piece), [piece])] for row in pieces]
        open_runs = [part for parts in halves.values() for part in parts]
    for _ in range(3):
        if not _merge(pieces, fitted, tolerance):
            break
    return [[fitted[id(piece)] for piece in row] for row in pieces]


def _fitted(runs: Sequence[_Run]) -> list[tuple[_Run, np.ndarray, float, float]]:
    """(run, cubic, error, where along it the error is largest, from 0 to 1) for each run."""
    points = np.stack([cubics.even_samples(run.points) for run in runs])
    first, last = np.stack([run.first for run in runs]), np.stack([run.last for run in runs])
    ends = [(run.start.tangent, run.end.tangent) for run in runs]
    stiffness = np.array([[cubics.LOOSE if end is None else cubics.STIFF for end in pair] for pair in ends])
    solved, errors, worst = cubics.fit(points, first, last, stiffness)
    share = worst / (cubics.SAMPLES - 1)
    return list(zip(runs, solved, errors.tolist(), share.tolist(), strict=True))


def _halves(run: _Run, worst: float) -> list[_Run]:
    """A run cut in two where its curve fits worst, but not near its ends."""
    count = len(run.points)
    index = min(max(round(worst * (count - 1)), round(0.25 * count), 3), count - 1 - round(0.25 * count), count - 4)
    reach = min(6, index, count - 1 - index)
    direction = run.points[index + reach] - run.points[index - reach]
    tangent = direction / max(float(np.hypot(*direction)), 1e-12)
    node = _Node(-1, run.points[index], tangent)
    return [
        _Run(run.start, node, run.points[: index + 1], first=run.first, last=-tangent),
        _Run(node, run.end, run.points[index:], first=tangent, last=run.last),
    ]


def _merge(pieces: list[list[_Run]], fitted: dict[int, np.ndarray], tolerance: float) -> bool:
    """Joins neighbours that one cubic fits as well; whether there were any."""
    pairs = []
    for row in pieces:
        for before, after in itertools.pairwise(row):
            both = np.concatenate([before.points, after.points[1:]])
            pairs.append((row, before, after, _Run(before.start, after.end, both, first=before.first, last=after.last)))
    if not pairs:
        return False
    results = _fitted([pair[3] for pair in pairs])
    joined = False
    used: set[int] = set()
    order = sorted(range(len(pairs)), key=lambda number: results[number][2])
    for number in order:
        row, before, after, run = pairs[number]
        _, cubic, error, _ = results[number]
        if error > tolerance or id(before) in used or id(after) in used:
            continue
        used |= {id(before), id(after)}
        place = next(position for position, piece in enumerate(row) if piece is before)
        row[place : place + 2] = [run]
        fitted[id(run)] = cubic
        joined = True
    return joined


def _at_extremes(cubic: np.ndarray, least: float = 0.4) -> list[np.ndarray]:
    """A cubic, cut where it is horizontal or vertical, if it bulges there by ``least`` pixels beyond both its ends."""
    cuts = []
    for axis in (0, 1):
        a, b, c, d = cubic[:, axis]
        for t in _roots(d - 3 * c + 3 * b - a, 2 * (a - 2 * b + c), b - a):
            if 0.05 < t < 0.95:
                value = float(cubics.evaluate(cubic[None], np.array([[t]]))[0, 0, axis])
                if min(abs(value - a), abs(value - d)) >= least:
                    cuts.append((t, axis))
    pieces, done = [], 0.0
    rest = cubic
    for t, axis in sorted(cuts):
        if t - done < 0.05:
            continue
        head, rest = cubics.split(rest, (t - done) / (1 - done))
        # Exactly horizontal or vertical there, whatever the arithmetic left over.
        head[2, axis] = rest[1, axis] = head[3, axis]
        pieces.append(head)
        done = t
    return [*pieces, rest]


def _roots(a: float, b: float, c: float) -> list[float]:
    """The real roots of a t² + b t + c."""
    if abs(a) < 1e-9:
        return [-c / b] if abs(b) > 1e-9 else []
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return []
    # Citardauq: no difference of nearly equal numbers.
    q = -(b + math.copysign(math.sqrt(discriminant), b)) / 2
    return [q / a] + ([c / q] if abs(q) > 1e-12 else [])


def _joined_lines(segments: list[np.ndarray]) -> list[np.ndarray]:
    """Without lines of no length, and with neighbouring lines of one direction as one."""
    result: list[np.ndarray] = []
    for segment in segments:
        if len(segment) == 2:
            step = segment[1] - segment[0]
            if np.hypot(*step) < 1e-6:
                continue
            if result and len(result[-1]) == 2:
                before = result[-1][1] - result[-1][0]
                cross = abs(before[0] * step[1] - before[1] * step[0])
                if cross < 1e-6 * np.hypot(*before) * np.hypot(*step) and before @ step > 0:
                    result[-1] = np.stack([result[-1][0], segment[1]])
                    continue
        result.append(segment)
    return result


def area(outline: Outline) -> float:
    """Square pixels inside an outline whose holes turn the other way."""
    pen = AreaPen()
    outline.draw(pen)
    return abs(float(pen.value))
