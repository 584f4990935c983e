"""The decomposition table: known characters, no cycles, no gaps, and its size."""

import pathlib

import pytest

from tfglyph.composition import Description, describe, in_place, parse, table
from tfglyph.composition.descriptions import ARITY
from tfglyph.composition.table import Table, read_line
from tfglyph.errors import UsageError
from tfglyph.files import package_file


@pytest.mark.parametrize(
    "character, spelled",
    [
        ("酪", "⿰酉各"),
        ("交", "⿱六乂"),
        ("國", "⿴囗或"),
        ("同", "⿵冂𠮛"),
        ("凶", "⿶凵乂"),
        ("匠", "⿷匚斤"),
        ("病", "⿸疒丙"),
        ("氧", "⿹气羊"),
        ("達", "⿺辶垟"),
        ("街", "⿲彳圭亍"),
        ("森", "⿱木林"),
        ("酉", "⿻兀日"),
    ],
)
def test_known_characters(character, spelled):
    assert describe(character, 1).spelled() == spelled


def test_every_entry_has_the_parts_of_its_operator():
    for part, (operator, parts) in table().spelled.items():
        assert len(parts) == ARITY[operator] and part not in parts


def test_no_character_is_made_of_itself():
    depth = {}

    def visit(part):
        assert depth.get(part, 0) is not None, f"{part} leads back to itself"
        if part not in depth:
            depth[part] = None
            depth[part] = 1 + max(map(visit, table().spelled.get(part, ("", ()))[1]), default=0)
        return depth[part]

    assert max(map(visit, table().spelled)) < 30


def test_nearly_every_common_character_is_there():
    common = [chr(code) for code in range(0x4E00, 0x9FA6)]
    assert sum(part in table().known for part in common) == len(common)
    assert sum(part in table().spelled for part in common) > 0.98 * len(common)


def test_rare_characters_are_there_too():
    rare = [chr(code) for code in (*range(0x3400, 0x4DB6), *range(0x20000, 0x2A6D7))]
    assert sum(part in table().known for part in rare) == len(rare)
    assert table().spelled["𨠦"] == ("⿰", ("酉", "交"))
    assert table().named(parse("⿰酉交")).part == "𨠦"


def test_the_file_is_small():
    assert len(package_file("composition", "data", "decomposition.txt.xz").read_bytes()) < 1_000_000


def test_branches_are_named_and_leaves_taken_apart():
    tree = table().named(parse("⿰酉⿱六乂"))
    assert str(tree.parts[1]) == "交" and tree.part == "𨠦"
    assert table().named(parse("⿱雨馬")).part is None
    assert table().named(parse("⿰酉各")).part == "酪"
    deep = table().expanded(tree, 2)
    assert deep.parts[0].spelled() == "⿻兀日" and deep.parts[1].parts[0] == Description("六")
    assert table().expanded(parse("⿰酉⿰木⿰木⿰木木"), 1).depth() == 4  # what is written out stays


def test_the_sheet_of_the_documentation_shows_what_does_not_exist():
    lines = pathlib.Path(__file__).parents[2].joinpath("docs", "compose-64.txt").read_text(encoding="utf-8").split("\n")
    trees = [table().named(in_place(parse(line))) for line in lines if line and line[0] != "#"]
    assert len(trees) == 64 and [tree.part for tree in trees if tree.part] == ["𨠦"]


def test_an_unknown_character_is_one_line():
    with pytest.raises(UsageError, match="'あ' is not in the decomposition table"):
        describe("あ")


def test_a_truncated_line_is_an_error():
    assert read_line("{5}⿰{6}木") == ("{5}", ("⿰", ("{6}", "木")))
    with pytest.raises(ValueError, match="酪⿰酉"):
        read_line("酪⿰酉")


def test_a_tree_is_shown_with_positions():
    small = Table({"酪": ("⿰", ("酉", "各"))})
    assert small.described("酪").show() == "酪 ⿰\n  left: 酉\n  right: 各"
