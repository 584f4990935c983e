"""Where the parts of characters really lie: registration of their own pictures.

The usual boxes of an operator (``tfglyph.composition.places``) know nothing of the parts: 艹 takes a quarter of 蕩, 立
half of 音. A part that is a character itself has a picture of its own; the box into which that is best scaled, within
the picture of a character with this part, is the part's *frame*. All pictures are those that come with the package
(TW-Kai at 32x32). Where there is no picture, the medians of characters that share a part stand in.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter

from tfglyph.composition.descriptions import Description
from tfglyph.composition.places import BOXES, WHOLE

BLUR = 0.8  # pixels of 32: no two glyphs have a stroke at the same place
LEAST_AGREEMENT = 0.6  # of Dice's coefficient, for a frame that is believed
LEAST_GLYPHS = 3  # of which a median is made
MOST_PARTS = 3
HALVES = tuple(np.round(np.arange(0.2, 0.71, 0.05), 2).tolist())  # where one part ends, or the other begins
ACROSS = ((0.0, 1.0), (0.0, 0.9), (0.1, 1.0), (0.1, 0.9), (0.2, 0.8))  # what a half takes of the other direction
INSIDE = tuple(
    itertools.product((0.0, 0.1, 0.2, 0.3, 0.4), (0.0, 0.1, 0.2, 0.3), (0.7, 0.8, 0.9, 1.0), (0.7, 0.8, 0.9, 1.0))
)
SHIFTS = (-0.08, 0.0, 0.08)

Boxes = Mapping[tuple[str, int, str], np.ndarray]
"""A box for a part by (operator, number of the part, the part's name)."""


def possible_frames(operator: str, number: int) -> np.ndarray:
    """The boxes among which that of a part is sought: float32 (k, 4), (top, left, bottom, right)."""
    usual = BOXES[operator][number]
    if operator in "⿰⿱":
        lines = [(0.0, half) for half in HALVES] if number == 0 else [(half, 1.0) for half in HALVES]
        pairs = itertools.product(lines, ACROSS)
        boxes = [
            (a[0], line[0], a[1], line[1]) if operator == "⿰" else (line[0], a[0], line[1], a[1]) for line, a in pairs
        ]
    elif operator in "⿲⿳":
        axis = 1 if operator == "⿲" else 0
        boxes = []
        for first, last in itertools.product(SHIFTS, SHIFTS):
            line = max(usual[axis] + first, 0.0), min(usual[axis + 2] + last, 1.0)
            boxes.append((0.0, line[0], 1.0, line[1]) if axis else (line[0], 0.0, line[1], 1.0))
    elif usual != WHOLE:  # within an enclosure
        boxes = list(INSIDE)
    else:
        boxes = [WHOLE]
    return np.array(boxes, np.float32)


def register(glyphs: np.ndarray, part: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box of each glyph into which a part's own picture fits best.

    Args:
        glyphs: float32 (n, s, s) in [0, 1].
        part: float32 (s, s).
        boxes: float32 (k, 4).

    Returns:
        (int64 (n,): rows of ``boxes``, float32 (n,): Dice's coefficient 2 Σ t g / Σ (t² + g²) within the box; t is
        the part's picture in the box, g the glyph).
    """
    down, across, inside = _matrices(boxes.tobytes(), part.shape[0])
    templates = (down @ part @ across.transpose(0, 2, 1)).reshape(len(boxes), -1)
    flat = glyphs.reshape(len(glyphs), -1)
    energy = np.square(templates).sum(1) + np.square(flat) @ inside.T  # (n, k)
    agreement = 2 * (flat @ templates.T) / np.maximum(energy, 1e-6)
    best = agreement.argmax(1)
    return best, agreement[np.arange(len(best)), best]


@lru_cache(maxsize=64)
def _matrices(boxes: bytes, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What ``register`` needs of k boxes: two times (k, s, s), and (k, s * s), 1 inside of each box."""
    corners = np.frombuffer(boxes, np.float32).reshape(-1, 4)
    down, across = (_line_matrices(corners[:, axis], corners[:, axis + 2], side) for axis in (0, 1))
    return down, across, (down.sum(2)[:, :, None] * across.sum(2)[:, None, :]).reshape(len(corners), -1)


def _line_matrices(first: np.ndarray, last: np.ndarray, side: int) -> np.ndarray:
    """float32 (k, s, s): matrices that scale a line of s pixels into the part [first, last] of another, 0 elsewhere."""
    centres = (np.arange(side) + 0.5) / side
    source = (centres[None] - first[:, None]) / (last - first)[:, None] * side - 0.5  # (k, s), in pixels
    weights = np.maximum(1 - np.abs(source[:, :, None] - np.arange(side)), 0)
    # (At its ends a line goes on as it is.)
    weights[:, :, 0] = np.where(source < 0, 1.0, weights[:, :, 0])
    weights[:, :, -1] = np.where(source > side - 1, 1.0, weights[:, :, -1])
    is_inside = (centres > first[:, None]) & (centres < last[:, None])
    return (weights * is_inside[:, :, None]).astype(np.float32)


def measure(
    described: Mapping[str, Description], pictures: Mapping[str, np.ndarray]
) -> tuple[dict[tuple[str, int], np.ndarray], Boxes, Boxes]:
    """The frames of all characters that can be measured, and their medians.

    Args:
        described: dict from character to Description.
        pictures: dict from character to uint8 (s, s).

    Returns:
        (dict from (character, number of the part) to float32 (4,); medians of a part's own frames, and of the frames of
        the part beside it, of parts that have ``LEAST_GLYPHS``).
    """
    planes = np.stack(list(pictures.values())) / np.float32(255)
    blurred = dict(zip(pictures, gaussian_filter(planes, (0, BLUR, BLUR)), strict=True))
    families: defaultdict[tuple[str, int, str], list[str]] = defaultdict(list)
    for character, tree in described.items():
        if character in blurred and tree.operator in BOXES and len(tree.parts) <= MOST_PARTS:
            for number, part in enumerate(tree.parts):
                families[tree.operator or "", number, part.part or ""].append(character)
    frames: dict[tuple[str, int], np.ndarray] = {}
    for (operator, number, name), members in families.items():
        if name not in blurred:
            continue
        boxes = possible_frames(operator, number)
        best, agreement = register(np.stack([blurred[member] for member in members]), blurred[name], boxes)
        for member, row, certainty in zip(members, best, agreement, strict=True):
            if certainty >= LEAST_AGREEMENT:
                frames[member, number] = boxes[row]
    own: dict[tuple[str, int, str], np.ndarray] = {}
    beside: dict[tuple[str, int, str], np.ndarray] = {}
    for key, members in families.items():
        _, number, _ = key
        for medians, which in ((own, number), (beside, 1 - number)):
            found = [frames[member, which] for member in members if (member, which) in frames]
            if len(found) >= LEAST_GLYPHS:
                medians[key] = np.median(found, axis=0).astype(np.float32)
    return frames, own, beside


def expected_frames(tree: Description, own: Boxes, beside: Boxes) -> list[np.ndarray]:
    """The frames of a tree's parts, from those of characters that share one of them: list of float32 (4,).

    The mean of the median of the part's own frames and of that of frames beside the other part, where there are both.
    """
    operator = tree.operator or ""
    result = []
    for number, part in enumerate(tree.parts):
        known = [own.get((operator, number, part.part or ""))]
        if len(tree.parts) == 2:
            known.append(beside.get((operator, 1 - number, tree.parts[1 - number].part or "")))
        found = [box for box in known if box is not None]
        usual = np.array(BOXES[operator][number] if operator in BOXES else WHOLE, np.float32)
        result.append(np.stack(found).mean(0) if found else usual)
    return result


def all_frames(
    trees: Sequence[Description], frames: Mapping[tuple[str, int], np.ndarray], own: Boxes, beside: Boxes
) -> np.ndarray:
    """float32 (n, MOST_PARTS, 4): the frames of the parts of n characters, measured or expected; zeros for none."""
    result = np.zeros((len(trees), MOST_PARTS, 4), np.float32)
    for row, tree in enumerate(trees):
        expected = expected_frames(tree, own, beside)[:MOST_PARTS]
        for number, box in enumerate(expected):
            result[row, number] = frames.get((tree.part or "", number), box)
    return result
