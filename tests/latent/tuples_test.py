"""tfglyph.latent.tuples: the file of tuples, what it may hold, and the figures."""

import numpy as np
import pytest
from PIL import Image

from tfglyph.datasets import Glyphs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent import tuples as validation


def read(tmp_path, content):
    path = tmp_path / "test.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tuples, problems = validation.read_tuples(path)
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
    tuples, problems = validation.read_tuples("test.txt")
    assert not problems
    assert " ".join("".join(entry.characters) for entry in tuples) == (
        "趕超沼 鈷估俠 鉤釣杓 霧霏菲 豹釣鈳 惇淳潞 伏汰瀚 你妳如 釾鈹疲 貓喵唬 霖雲芸 綩婉婷 酪鉻鉸 驅軀躺"
    )
    assert tuples[12].number == 12 and tuples[12].title == "酪 − 鉻 + 鉸"


def test_every_bad_line_is_named_and_the_good_ones_are_kept(tmp_path):
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
        validation.read_tuples(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be read"):
        validation.read_tuples(tmp_path)


GLYPHS = Glyphs("tiny", np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1) * 10, list("abcda"))


class Identity:
    """Its latents are the pixels."""

    def encode(self, images):
        return images.reshape(len(images), -1).astype(np.float32)

    def decode(self, latents):
        return np.clip(latents, 0, 255).astype(np.uint8).reshape(-1, 2, 2, 1)


def test_characters_are_found_by_their_first_image():
    assert validation.character_rows(GLYPHS) == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_digits_are_found_by_label():
    digits = Glyphs("digits", GLYPHS.images, labels=np.int32([1, 0, 1, 2, 0]), label_names=["0", "1", "2"])
    assert validation.character_rows(digits) == {"1": 0, "0": 1, "2": 3}
    with pytest.raises(GlyphError, match="does not say which character"):
        validation.character_rows(Glyphs("faces", GLYPHS.images))


def test_lacking_characters_are_named_and_other_tuples_kept():
    entries = [validation.Tuple(0, "t:1", ("a", "b", "c")), validation.Tuple(1, "t:2", ("a", "酪", "酪"))]
    good, problems = validation.known_tuples(entries, validation.character_rows(GLYPHS), "tiny")
    assert good == entries[:1]
    assert problems == ["t:2: data set tiny lacks 酪 (U+916A)"]


def test_compute_does_the_sums_of_the_document():
    a, b, c = GLYPHS.images[[3, 1, 2]].astype(int)
    result = validation.compute(Identity(), GLYPHS.images[[3, 1, 2]][None])[0]
    np.testing.assert_array_equal(result.originals, result.reconstructions)
    expected = [np.clip(np.floor(scale * (a - b + c)), 0, 255) for scale in (0.25, 0.5, 1, 2, 3)]
    np.testing.assert_array_equal(result.generated, expected)
    np.testing.assert_array_equal(result.pixels[0], np.clip(a - b + c, 0, 255))


def test_draw_writes_a_figure_per_tuple_and_a_sheet_per_hundred(tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "SHEET_ROWS", 2)
    entries = [validation.Tuple(number, "t", ("a", "b", "c")) for number in (0, 2, 13)]
    paths = validation.draw(Identity(), GLYPHS, entries, tmp_path, "tiny model")
    assert [path.name for path in paths] == [
        "test-arith-00.png",
        "test-arith-02.png",
        "contact-sheet.png",
        "test-arith-13.png",
        "contact-sheet-2.png",
    ]
    for path in paths:
        with Image.open(path) as image:
            assert image.mode == "RGB" and min(image.size) > 100
