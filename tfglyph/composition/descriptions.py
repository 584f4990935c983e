"""Ideographic description sequences (Unicode 15, section 18.2) as trees."""

import re
from dataclasses import dataclass

OPERATORS = "⿰⿱⿲⿳⿴⿵⿶⿷⿸⿹⿺⿻"
# Of Unicode 15.1. The table uses neither, and no model has learnt them; as descriptions they are read and shown.
NEWER_OPERATORS = "\u2ffc\u2ffd"
# Operators that change a part (mirror, turn, take a part away, "something like"), which no tree here can hold.
UNSUPPORTED = {
    "\u2ffe": "mirrors a part",
    "\u2fff": "turns a part",
    "\u31ef": "takes a part away",
    "\u303e": "says that a part is only similar",
}
ARITY = {operator: 3 if operator in "⿲⿳" else 2 for operator in OPERATORS + NEWER_OPERATORS}
UNNAMED = re.compile(r"\{(\d{1,6})\}")

# Where the parts of each operator lie, for people.
POSITIONS: dict[str, tuple[str, ...]] = {
    "⿰": ("left", "right"),
    "⿱": ("above", "below"),
    "⿲": ("left", "middle", "right"),
    "⿳": ("above", "middle", "below"),
    "⿴": ("around", "inside"),
    "⿵": ("around from above", "inside"),
    "⿶": ("around from below", "inside"),
    "⿷": ("around from the left", "inside"),
    "⿸": ("around from the upper left", "inside"),
    "⿹": ("around from the upper right", "inside"),
    "⿺": ("around from the lower left", "inside"),
    "⿻": ("one", "across it"),
    "\u2ffc": ("around from the right", "inside"),
    "\u2ffd": ("around from the lower right", "inside"),
}


@dataclass(frozen=True)
class Description:
    """A part: a character that has a name, or an operator over parts, or both.

    Attributes:
        part: str, a character or ``{number}``; None where only the parts are known.
        operator: one of ``OPERATORS``; None for a part that is not taken apart.
        parts: tuple of Description, as many as the operator joins.
    """

    part: str | None = None
    operator: str | None = None
    parts: "tuple[Description, ...]" = ()

    def __str__(self) -> str:
        """The shortest sequence that says this: a named part is its name."""
        return self.part if self.part is not None else self.spelled()

    def spelled(self) -> str:
        """str: the operator and its parts, one level deep; the name where there is no operator."""
        return self.operator + "".join(map(str, self.parts)) if self.operator else self.part or ""

    def depth(self) -> int:
        """int: levels of operators."""
        return 1 + max(part.depth() for part in self.parts) if self.operator else 0

    def show(self, indent: str = "", position: str = "") -> str:
        """The tree as lines of text, each part after its position."""
        name = " ".join(filter(None, (self.part, self.operator)))
        lines = [f"{indent}{position + ': ' if position else ''}{name}"]
        for where, part in zip(POSITIONS.get(self.operator or "", ()), self.parts, strict=False):
            lines.append(part.show(indent + "  ", where))
        return "\n".join(lines)
