"""The plan: what the font has, what is asked, how well each is covered by the font's own parts, how long it takes."""

import collections
import enum
from dataclasses import dataclass, field

import numpy as np

from tfglyph.completion.asking import Asked, Wanted, few
from tfglyph.composition.descriptions import Description
from tfglyph.composition.places import Place
from tfglyph.composition.table import DEEPEST
from tfglyph.errors import GlyphError
from tfglyph.exemplars.part_index import PartIndex, part_index
from tfglyph.fontfiles.opening import FontFile, is_han

# To draw, trace and insert, on two cores: .06 in a plain sans, .14 where outlines have many points.
SECONDS_PER_GLYPH = 0.1


class Cover(enum.IntEnum):
    """How the font shows the parts of a character; better is larger."""

    NOWHERE = 0
    UNDIVIDED = 1
    PIECES = 2
    ELSEWHERE = 3
    SOME_IN_PLACE = 4
    IN_PLACE = 5


WORDS = {
    Cover.IN_PLACE: "with all parts in place",
    Cover.SOME_IN_PLACE: "with some parts in place, the others elsewhere",
    Cover.ELSEWHERE: "with their parts elsewhere in other characters",
    Cover.PIECES: "with parts that are put together from their parts",
    Cover.UNDIVIDED: "that are not made of parts; only the font's style is known",
    Cover.NOWHERE: "with parts that the font has nowhere, which are left out",
}


@dataclass(frozen=True)
class Plan:
    """What completing a font comes to.

    Attributes:
        file: FontFile.
        asked: Asked.
        covers: list of Cover, one for each of ``asked.wanted``.
        to_draw: list of Wanted: those of ``asked.wanted`` that can be drawn.
    """

    file: FontFile
    asked: Asked
    covers: list[Cover]
    to_draw: list[Wanted] = field(default_factory=list)

    def lines(self, seconds: float, variants: int = 1) -> list[str]:
        """The plan for a person.

        Args:
            seconds: float, how long a glyph takes.
            variants: int, drawings of each.
        """
        file = self.file
        ideographs = sum(is_han(code) for code in file.drawn)
        result = [f"{file.family}: {ideographs:,} Han characters, {file.glyph_count:,} glyphs"]
        result += [f"  note: {note}" for note in file.notes]
        counts = collections.Counter(self.covers)
        count = len(self.asked.wanted) + len(self.asked.present) + len(self.asked.unknown)
        result.append(f"asked for: {count:,}; it has {len(self.asked.present):,} of them")
        for cover in sorted(WORDS, reverse=True):
            if counts[cover]:
                result.append(f"  {counts[cover]:,} {WORDS[cover]}{self._examples(cover)}")
        if self.asked.unknown:
            unknown = self.asked.unknown
            result.append(f"  {len(unknown):,} that are no known Han characters, left out: {few(unknown)}")
        new = [wanted for wanted in self.to_draw if wanted.text != chr(wanted.code)]
        if new:
            listed = ", ".join(f"{w.text} U+{w.code:04X}" for w in new[:10]) + ", …" * (len(new) > 10)
            result.append(f"  {len(new):,} without a code point, in the Private Use Area: {listed}")
        drawings = f", {variants} drawings of each" if variants > 1 else ""
        duration = spelled_time(seconds * variants * len(self.to_draw))
        result.append(f"to draw: {len(self.to_draw):,}{drawings}; about {duration} on two cores")
        return result

    def _examples(self, cover: Cover) -> str:
        if cover >= Cover.ELSEWHERE:
            return ""
        texts = [w.text for w, c in zip(self.asked.wanted, self.covers, strict=True) if c == cover]
        return f": {few(texts)}"


def plan(file: FontFile, asked: Asked) -> Plan:
    """Plans the completion of a font.

    Args:
        file: FontFile.
        asked: Asked, what is asked of that font.

    Raises:
        GlyphError: more glyphs are asked for than fit into the font.
    """
    index = part_index()
    present = np.zeros(len(index.characters), bool)
    present[[index.rows[chr(code)] for code in file.drawn if chr(code) in index.rows]] = True
    subset = index.subset(present)
    covers = [cover(subset, wanted.tree) for wanted in asked.wanted]
    to_draw = [w for w, c in zip(asked.wanted, covers, strict=True) if c != Cover.NOWHERE]
    if len(to_draw) > file.room:
        raise GlyphError(
            f"{file.path}: {len(to_draw):,} glyphs do not fit: it has {file.glyph_count:,} of 65,535; "
            f"ask for at most {file.room:,}, with --text or a file after --charset"
        )
    return Plan(file, asked, covers, to_draw)


def cover(index: PartIndex, tree: Description) -> Cover:
    """How the glyphs of an index show the parts of a character."""
    if not tree.parts:
        return Cover.UNDIVIDED
    found = [_part_cover(index, part, ((tree.operator or "", number),)) for number, part in enumerate(tree.parts)]
    if min(found) == Cover.IN_PLACE:
        return Cover.IN_PLACE
    if Cover.IN_PLACE in found and min(found) > Cover.NOWHERE:
        return Cover.SOME_IN_PLACE if min(found) == Cover.ELSEWHERE else Cover.PIECES
    return min(found)


def _part_cover(index: PartIndex, part: Description, place: Place) -> Cover:
    if len(index.at_place(place, part.part)):
        return Cover.IN_PLACE
    if len(index.anywhere(part.part)[0]):
        return Cover.ELSEWHERE
    if not part.parts or len(place) >= DEEPEST:
        return Cover.NOWHERE
    pieces = [
        _part_cover(index, piece, (*place, (part.operator or "", number))) for number, piece in enumerate(part.parts)
    ]
    return Cover.PIECES if min(pieces) > Cover.NOWHERE else Cover.NOWHERE


def spelled_time(seconds: float) -> str:
    """A duration for a person: ``40 seconds``, ``7 minutes``, ``2.5 hours``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} second{'s' * (round(seconds) > 1)}"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
