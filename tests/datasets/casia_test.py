"""CASIA-HWDB files against the written-down format, and everything that can be wrong with them."""

import io
import struct
import zipfile

import numpy as np
import pytest

from tests.helpers.sources import encoded, glyph_like
from tfglyph.datasets import casia, load
from tfglyph.datasets.casia import as_characters
from tfglyph.datasets.gnt import TagError, read_records, write_gnt
from tfglyph.errors import GlyphError, UsageError


def records(content, name="x.gnt"):
    return list(read_records(io.BytesIO(content), name))


def sheet(random, height, width):
    """A handwritten-like picture: dark ink on 255, its ink reaching every edge."""
    picture = np.full((height, width), 255, np.uint8)
    picture[:, width // 2] = picture[height // 2] = random.integers(0, 100)
    return picture


@pytest.fixture
def pictures(random):
    return [sheet(random, 30 + i, 40 - 3 * i) for i in range(6)]


CHARACTERS = list("啊阿埃A丂啊")


@pytest.fixture
def file(tmp_path, pictures):
    path = tmp_path / "set" / "1.gnt"
    path.parent.mkdir()
    write_gnt(path, zip(CHARACTERS, pictures, strict=True))
    return path


# === The format ===


def test_a_record_byte_by_byte():
    content = struct.pack("<I", 16) + b"\xb0\xa1" + struct.pack("<HH", 3, 2) + bytes([255, 0, 1, 2, 3, 255])
    ((offset, character, picture),) = records(content)
    assert (offset, character) == (0, "啊")  # GB 2312 row 16, cell 1: the high byte comes first
    assert picture.tolist() == [[255, 0, 1], [2, 3, 255]]


def test_writer_and_reader_agree_and_the_bytes_are_these(tmp_path):
    write_gnt(tmp_path / "w.gnt", [("丂", np.array([[7], [255]], np.uint8)), ("A", np.array([[1, 2, 3]], np.uint8))])
    content = (tmp_path / "w.gnt").read_bytes()
    assert content.hex(" ") == "0c 00 00 00 81 40 01 00 02 00 07 ff 0d 00 00 00 41 00 03 00 01 00 01 02 03"
    assert [(offset, character, picture.tolist()) for offset, character, picture in records(content)] == [
        (0, "丂", [[7], [255]]),
        (12, "A", [[1, 2, 3]]),
    ]


def test_the_writer_refuses_what_the_format_cannot_hold(tmp_path):
    good = np.zeros((2, 2), np.uint8)
    for character, picture, message in (
        ("𠮟", good, "no GB18030 code of at most two bytes"),
        ("一", good.astype(float), "does not fit"),
        ("一", np.zeros((5000, 2), np.uint8), "does not fit"),
    ):
        with pytest.raises(GlyphError, match=message):
            write_gnt(tmp_path / "x.gnt", [(character, picture)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:-3], r"x\.gnt: cut off in the record at byte 46: 33 of 36 px"),
        (lambda c: c[:50], r"x\.gnt: cut off at byte 46, 4 bytes into the header"),
        (
            lambda c: c[:46] + b"\x2f" + c[47:],
            r"at byte 46 is no record: its size is stated as 47, 6x6 pixels would take 46",
        ),
        (lambda c: c + b"\0" * 10, r"at byte 92 is no record"),
        (lambda c: c[:46] + struct.pack("<I2sHH", 10, b"\xb0\xa1", 0, 6) + c[56:], "at byte 46 is no record"),
    ],
    ids=["cut", "header", "size", "tail", "empty"],
)
def test_a_size_that_does_not_fit_names_file_and_offset(change, message):
    one = struct.pack("<I2sHH", 46, b"\xb0\xa1", 6, 6) + bytes(36)
    with pytest.raises(GlyphError, match=message):
        records(change(one + one))


def test_a_tag_that_is_no_character_costs_one_record():
    def record(tag):
        return struct.pack("<I2sHH", 11, tag, 1, 1) + b"\0"

    content = record(b"\xb0\xa1") + record(b"\xff\xff") + record(b"\xb0\xa2")
    first, second, third = (character for _, character, _ in records(content))
    assert (first, third) == ("啊", "阿") and isinstance(second, TagError)
    assert "byte 11 has the tag ffff" in str(second)


# === The data set ===


def test_characters_labels_polarity_margin_and_aspect(file):
    glyphs = load("casia", size=64, datadir=file)
    assert glyphs.characters == CHARACTERS
    assert glyphs.label_names == ["A", "丂", "啊", "埃", "阿"]
    assert [glyphs.label_names[label] for label in glyphs.labels] == CHARACTERS
    for image, width, height in zip(glyphs.images[..., 0], range(40, 0, -3), range(30, 40), strict=False):
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        scale = 56 / max(width, height)  # a margin of 1/16 on each side leaves 56 of 64 pixels
        assert abs(tall - height * scale) <= 1 and abs(wide - width * scale) <= 1
        assert abs(rows[0] + rows[-1] - 63) <= 1 and abs(columns[0] + columns[-1] - 63) <= 1
        assert image.max() > 90 and image[0].max() == 0


def test_files_directories_and_archives_are_one_set(file, tmp_path):
    content = file.read_bytes()
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("HWDB/1.gnt", content)
        archive.writestr("readme.txt", "no data")
    alone = load("casia", size=32, datadir=file)
    for path in (file.parent, tmp_path / "set.zip"):
        glyphs = load("casia", size=32, datadir=path)
        np.testing.assert_array_equal(glyphs.images, alone.images)
        assert glyphs.characters == CHARACTERS
    (file.parent / "more").mkdir()
    (tmp_path / "set.zip").rename(file.parent / "more" / "set.zip")
    assert load("casia", size=32, datadir=file.parent).characters == CHARACTERS * 2


def test_charsets_choose_characters(file):
    chosen = load("casia", size=32, datadir=file, charset="gb2312-1")
    assert chosen.characters == list("啊阿埃啊") and chosen.label_names == ["啊", "埃", "阿"]


def test_what_stands_before_the_damage_is_used(file, capsys):
    content = file.read_bytes()
    file.write_bytes(content[:-5])
    (file.parent / "2.gnt").write_bytes(b"")
    (file.parent / "3.zip").write_bytes(b"PK\x03\x04 rubbish")
    glyphs = load("casia", size=32, datadir=file.parent)
    assert glyphs.characters == CHARACTERS[:-1]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4 and lines[-1].endswith("3 skipped")
    assert "3.zip: File is not a zip file" in lines[0]
    assert "1.gnt: cut off in the record at byte" in lines[1]
    assert "2.gnt: empty file" in lines[2]


def test_large_files_are_read_in_pieces(file, monkeypatch, capsys):
    content = file.read_bytes()
    whole = load("casia", size=32, datadir=file)
    monkeypatch.setattr(casia, "BYTES_IN_MEMORY", 2000)
    items = list(casia.work_items([(str(file), None)]))
    assert len(items) == 3 and [start for _, _, start, _ in items[1:]] == [stop for _, _, _, stop in items[:-1]]
    file.write_bytes(content + b"\0" * 7)
    again = load("casia", size=32, datadir=file)
    np.testing.assert_array_equal(again.images, whole.images)
    assert again.characters == whole.characters
    assert f"cut off at byte {len(content)}, 7 bytes into the header" in capsys.readouterr().err


def test_nothing_usable_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="needs --datadir"):
        load("casia")
    with pytest.raises(GlyphError, match="no such file or directory"):
        load("casia", datadir=tmp_path / "nowhere")
    (tmp_path / "x.gnt").write_bytes(b"rubbish that is no record")
    with pytest.raises(GlyphError, match=r"nothing usable in it \(1 skipped\)"):
        load("casia", datadir=tmp_path)
    (tmp_path / "y.zip").write_bytes(b"rubbish")
    with pytest.raises(GlyphError, match=r"y.zip: File is not a zip file"):
        load("casia", datadir=tmp_path / "y.zip")


# === Directories of images ===


@pytest.mark.parametrize(
    "names", ["丁一口", ["19969", "19968", "21475"], ["4e01", "4e00", "53e3"], ["U+4E01", "U+4E00", "U+53E3"]]
)
def test_a_directory_for_each_character(tmp_path, random, names):
    pictures = 255 - glyph_like(random, 3, 32)
    for name, picture in zip(names, pictures, strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(encoded(picture, "PNG"))
        (tmp_path / name / "2.png").write_bytes(encoded(picture, "PNG"))
    glyphs = load("casia", size=32, datadir=tmp_path)
    assert glyphs.characters == ["一", "一", "丁", "丁", "口", "口"]
    assert glyphs.label_names == ["一", "丁", "口"] and glyphs.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert glyphs.images.shape == (6, 32, 32, 1) and (glyphs.images[0] == glyphs.images[1]).all()
    assert not glyphs.images[:, :2].any()  # the margin


def test_class_numbers_stay_labels(tmp_path, random):
    assert as_characters(["00000", "00001"]) is None
    assert as_characters(["1", "2"]) is None
    assert as_characters(["dog", "cat"]) is None
    for name, picture in zip(("00000", "00001"), glyph_like(random, 2, 32), strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(encoded(picture, "PNG"))
    glyphs = load("casia", size=32, datadir=tmp_path)
    assert glyphs.characters is None and glyphs.label_names == ["00000", "00001"]
    with pytest.raises(UsageError, match="not named by character"):
        load("casia", size=32, datadir=tmp_path, charset="joyo")
