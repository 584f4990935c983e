"""A - B + C of descriptions: what cancels gives an exact answer, and what does not is said."""

import pytest

from tfglyph.composition.arithmetic import add_descriptions
from tfglyph.composition.parsing import resolve
from tfglyph.errors import UsageError
from tfglyph.evaluation.tuples import part_tuples
from tfglyph.latent.tuples import read_tuples


def total(a, b, c):
    result = add_descriptions(a, b, c)
    return result.text, result.character


def left_over(a, b, c):
    result = add_descriptions(a, b, c)
    assert result.tree is None and result.text == "" and result.character is None
    return [str(part) for part in result.left_over]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("酪鉻鉸", ("⿰酉交", "𨠦")),  # a rare character, which CNS lacks
        ("霖雲芸", ("⿱艹林", "菻")),  # above and below
        ("鉤釣杓", ("⿰木句", "枸")),
        ("驅軀躺", ("⿰馬尚", None)),
        ("林杓釣", ("⿰金木", "鈢")),  # a part that occurs twice: the right 木 stays, the left one goes
        ("杓林林", ("⿰木勺", "杓")),  # B and C are the same: nothing happens to A
        ("林林杓", ("⿰木勺", "杓")),
        ("林林林", ("⿰木木", "林")),
        ("江河湖", None),  # of three parts that differ on the right only
    ],
)
def test_characters(terms, expected):
    if expected is None:
        assert left_over(*terms) == ["+ ⿰ right 工", "− ⿰ right 可", "+ ⿰ right 胡"]
    else:
        assert total(*terms) == expected


def test_branches_cancel_inside():
    # The right branches differ above and below: ⿱六乂 - ⿱夂乂 + ⿱夂口 = ⿱六口, beside 氵 - 木 + 木.
    assert total("⿰氵⿱六乂", "⿰木⿱夂乂", "⿰木⿱夂口") == (f"⿰氵{resolve('⿱六口')}", None)
    # A named branch and its parts are the same: 交 is ⿱六乂, 各 is ⿱夂口.
    assert total("⿰氵交", "⿰木⿱六乂", "⿰木各")[0] == "⿰氵各"
    assert total("⿰氵交", "⿰木⿱六口", "⿰木各")[0] == "⿰氵⿱夂乂"
    deep = ("⿰氵⿱艹⿰木火", "⿰氵⿱竹⿰木土", "⿰金⿱竹⿰口土")
    assert total(*deep)[0] == "⿰金⿱艹吙"


def test_the_result_is_called_by_the_names_of_its_branches():
    result = add_descriptions("⿰氵⿱六口", "⿰木⿱夂口", "⿰木⿱夂乂")
    assert result.text == "⿰氵交" and result.character == resolve("⿰氵⿱六乂").part
    assert result.tree.parts[1].operator == "⿱"  # and whole: its branches are there


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        # The places of 皮 are others, so it does not cancel; 金 does.
        ("釾鈹疲", ["+ ⿰ right 牙", "− ⿰ right 皮", "+ ⿸ around from the upper left 疒", "+ ⿸ inside 皮"]),
        ("伏汰瀚", ["+ ⿰ right 犬", "− ⿰ right 太", "+ ⿰ right 翰"]),
        ("木林木", ["+ 2 木", "− ⿰ left 木", "− ⿰ right 木"]),  # a whole is not one of its parts
        # Nothing in common.
        ("⿱艹林口⿰金勺", None),
    ],
)
def test_what_does_not_cancel_is_left_over(terms, expected):
    if expected is None:
        assert left_over("⿱艹林", "⿴囗木", "⿰金勺") == [
            "+ ⿱ above 艹",
            "+ ⿱ below 林",
            "− ⿴ around 囗",
            "− ⿴ inside 木",
            "+ ⿰ left 金",
            "+ ⿰ right 勺",
        ]
    else:
        assert left_over(*terms) == expected


def test_left_over_parts_inside_say_where_they_are():
    assert left_over("⿰氵⿱艹木", "⿰氵⿱竹火", "⿰氵⿱竹土") == [
        "+ ⿰ right ⿱ below 木",
        "− ⿰ right ⿱ below 火",
        "+ ⿰ right ⿱ below 土",
    ]


def test_three_parts():
    assert total("⿲氵交各", "⿲木交口", "⿲木交口")[0] == "⿲氵交各"
    assert total("⿲氵交各", "⿲木交各", "⿲木金口")[0] == "⿲氵金口"
    assert left_over("⿲氵交各", "⿰氵交", "⿰木交")[0] == "+ ⿲ left 氵"


def test_every_tuple_of_the_benchmark_gives_its_fourth_character():
    for entry in part_tuples("test")[::10]:
        assert add_descriptions(entry.a, entry.b, entry.c).tree == resolve(entry.d, 12)


def test_eleven_of_the_fourteen_tuples_cancel():
    entries, _ = read_tuples("test.txt")
    answers = [add_descriptions(*entry.characters).text for entry in entries]
    assert [entry.title.replace(" ", "") for entry, text in zip(entries, answers, strict=True) if not text] == [
        "趕−超+沼",
        "伏−汰+瀚",
        "釾−鈹+疲",
    ]


def test_what_is_no_description_is_one_line():
    with pytest.raises(UsageError, match="か"):
        add_descriptions("か", "鉻", "鉸")
