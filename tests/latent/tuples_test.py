"""tfglyph.latent.tuples: files of tuples, what they may hold, and which tuples a data set has."""

import pytest

from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent.tuples import Tuple, known_tuples, read_tuples, split_characters


def read(tmp_path, content):
    path = tmp_path / "test.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tuples, problems = read_tuples(path)
    return ["".join(entry.characters) for entry in tuples], [line.replace(f"{path}:", "") for line in problems]


@pytest.mark.parametrize(
    "line",
    [
        "酪鉻鉸",
        "酪 鉻 鉸",
        "酪,鉻,鉸",
        "酪，鉻，鉸",
        "  酪、鉻 、鉸  ",
        "酪鉻鉸 # cheese",
        "酪\t鉻\u3000鉸",
        "\u200b酪鉻鉸\r",
    ],
)
def test_spellings_of_one_tuple(tmp_path, line):
    assert read(tmp_path, line + "\n") == (["酪鉻鉸"], [])


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff酪鉻鉸\n".encode(),
        "酪鉻鉸".encode("utf-16"),
        "\r\n\r\n酪鉻鉸\r\n".encode(),
        "酪鉻鉸\r".encode(),
    ],
)
def test_encodings_and_line_ends(tmp_path, content):
    assert read(tmp_path, content) == (["酪鉻鉸"], [])


def test_the_shipped_file_has_the_fourteen_tuples_of_the_original():
    tuples, problems = read_tuples("test.txt")
    assert not problems
    assert " ".join("".join(entry.characters) for entry in tuples) == (
        "趕超沼 鈷估俠 鉤釣杓 霧霏菲 豹釣鈳 惇淳潞 伏汰瀚 你妳如 釾鈹疲 貓喵唬 霖雲芸 綩婉婷 酪鉻鉸 驅軀躺"
    )
    assert tuples[12].number == 12 and tuples[12].title == "酪 − 鉻 + 鉸"


def test_every_wrong_line_is_named_and_the_others_are_kept(tmp_path):
    content = "# tuples\n酪鉻鉸\n酪鉻\n\n酪鉻鉸驅\n𠀀𠀁𠀂\n".encode() + b"\xff\xfa\n" + "驅軀躺".encode()
    good, problems = read(tmp_path, content)
    assert good == ["酪鉻鉸", "𠀀𠀁𠀂", "驅軀躺"]
    assert problems == [
        "3: found 2 characters (酪鉻), expected three: A B C",
        "5: found 4 characters (酪鉻鉸驅), expected three: A B C",
        "7: not UTF-8 text; save the file as UTF-8",
    ]


def test_messages_stay_short_and_printable(tmp_path):
    _, problems = read(tmp_path, "x" * 100_000 + "\n\x1b[2J\ue000a\n")
    assert problems[0] == "1: found 100000 characters (xxxxxxxxxxxx…), expected three: A B C"
    assert "\x1b" not in problems[1] and "U+E000" in problems[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no tuples"),
        (b"# nothing\n\n  \n", "no tuples"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "binary data"),
        (b"\xff\xfea", "neither UTF-8 nor UTF-16"),
        (b"a" * (1 << 20) + b"b", "larger than 1 MiB"),
    ],
)
def test_hopeless_files_are_one_line(tmp_path, content, message):
    with pytest.raises(GlyphError, match=message) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder_are_one_line(tmp_path):
    with pytest.raises(UsageError, match="no such file of tuples"):
        read_tuples(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be read"):
        read_tuples(tmp_path)


def test_lacking_characters_are_named_and_other_tuples_kept():
    entries = [Tuple(0, "t:1", ("a", "b", "c")), Tuple(1, "t:2", ("a", "酪", "酪"))]
    known, problems = known_tuples(entries, {"a", "b", "c"}, "tiny")
    assert known == entries[:1]
    assert problems == ["t:2: data set tiny lacks 酪 (U+916A)"]


def test_separators_are_no_characters():
    assert split_characters("酪，鉻、 a;\u200b\u3000；\n") == ["酪", "鉻", "a"]
