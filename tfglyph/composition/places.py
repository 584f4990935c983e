"""Where the parts of characters lie: paths of operators, and the boxes that they lead to.

A place is a path from the whole character down, one (operator, number of the part) a level: the 酉 of 酪 is at
((⿰, 0),), the 口 of its 各 at ((⿰, 1), (⿱, 1)). Boxes are (top, left, bottom, right) of the whole, from 0 to 1.
"""

from collections.abc import Iterator

from tfglyph.composition.descriptions import Description

Box = tuple[float, float, float, float]
Place = tuple[tuple[str, int], ...]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

BOXES: dict[str, tuple[Box, ...]] = {
    "⿰": ((0, 0, 1, 0.5), (0, 0.42, 1, 1)),
    "⿱": ((0, 0, 0.52, 1), (0.42, 0, 1, 1)),
    "⿲": ((0, 0, 1, 0.36), (0, 0.3, 1, 0.7), (0, 0.64, 1, 1)),
    "⿳": ((0, 0, 0.36, 1), (0.3, 0, 0.7, 1), (0.64, 0, 1, 1)),
    "⿴": ((0, 0, 1, 1), (0.2, 0.2, 0.85, 0.8)),
    "⿵": ((0, 0, 1, 1), (0.28, 0.18, 0.96, 0.82)),
    "⿶": ((0, 0, 1, 1), (0.05, 0.18, 0.75, 0.82)),
    "⿷": ((0, 0, 1, 1), (0.15, 0.2, 0.85, 0.97)),
    "⿸": ((0, 0, 1, 1), (0.28, 0.22, 1, 1)),
    "⿹": ((0, 0, 1, 1), (0.28, 0.02, 0.97, 0.75)),
    "⿺": ((0, 0, 1, 1), (0, 0.26, 0.82, 1)),
    "⿻": ((0, 0, 1, 1), (0, 0, 1, 1)),
}
"""The usual boxes of an operator's parts. Neighbours overlap a little: no two typefaces divide a square alike."""


def box_of(place: Place, first: Box | None = None) -> Box:
    """The box of a place: each level's box lies in the one above.

    Args:
        place: Place.
        first: Box of the first step, where more is known of it than the operator says; None: the usual one.
    """
    top, left, bottom, right = WHOLE
    if first is not None and place:
        (top, left, bottom, right), place = first, place[1:]
    for operator, number in place:
        inner = BOXES[operator][number] if operator in BOXES else WHOLE
        height, width = bottom - top, right - left
        top, left, bottom, right = (
            top + inner[0] * height,
            left + inner[1] * width,
            top + inner[2] * height,
            left + inner[3] * width,
        )
    return top, left, bottom, right


def places(tree: Description, depth: int, path: Place = ()) -> Iterator[tuple[Place, Description]]:
    """Every branch of a tree with its place, from the whole down.

    Args:
        tree: Description, taken apart.
        depth: int, levels below the whole.
        path: Place of ``tree`` itself.

    Yields:
        (Place, Description).
    """
    yield path, tree
    if tree.operator is not None and len(path) < depth:
        for number, part in enumerate(tree.parts):
            yield from places(part, depth, (*path, (tree.operator, number)))
