"""The embedded characters, and the same set from a font or from images."""

import os
import pathlib

import numpy as np
import pytest

from tests.helpers.sources import NUMERALS, encoded, glyph_like, write_font
from tfglyph.datasets import cns, installed_fonts, load
from tfglyph.datasets.charsets import CHARSETS, charset
from tfglyph.datasets.fontface import FontFace
from tfglyph.datasets.pack import PACK, pack, read_pack, write_pack
from tfglyph.errors import GlyphError, UsageError

FOUR_BLOCKS = NUMERALS[:4]


# === The pack ===


def test_the_pack_holds_what_it_says():
    glyphs = load("cns", size=32)
    assert glyphs.images.shape == (20_920, 32, 32, 1) and glyphs.images.dtype == np.uint8
    assert len(set(glyphs.characters)) == 20_920 and glyphs.characters == sorted(glyphs.characters)
    assert (glyphs.characters[0], glyphs.characters[20_901], glyphs.characters[-1]) == ("一", "龥", "\u9fcc")
    assert len(np.unique(glyphs.images)) == 32 and glyphs.images.min() == 0 and glyphs.images.max() == 255
    assert os.path.getsize(PACK) < 6_000_000


def test_glyphs_are_upright_white_on_black_and_whole():
    glyphs = load("cns")
    row_of = glyphs.rows_by_character()
    images = {character: glyphs.images[row_of[character], :, :, 0].astype(float) for character in "一上下卜人口"}
    rows = {character: image.sum(1) for character, image in images.items()}
    assert rows["一"][12:20].sum() > 0.9 * rows["一"].sum()  # one stroke across the middle
    assert rows["上"][24:28].max() > 2 * rows["上"][4:16].max()  # its long stroke is at the bottom
    assert rows["下"][4:9].max() > 2 * rows["下"][16:28].max()  # and here at the top
    columns = images["卜"].sum(0)
    stem = int(columns.argmax())
    assert columns[stem + 4 :].sum() > 10 * columns[: stem - 4].sum()  # the dot is to the right of the stem
    assert glyphs.images.mean() < 80  # more ground than ink
    edges = np.concatenate([glyphs.images[:, 0], glyphs.images[:, :, 0], glyphs.images[:, :, -1]], 1)
    assert (edges > 0).mean() < 0.001  # nothing is clipped at the top, left or right


def test_channels_repeat_and_the_pack_is_not_shared():
    glyphs = load("cns", channels=3)
    assert glyphs.images.shape == (20_920, 32, 32, 3)
    assert (glyphs.images[5, :, :, 0] == glyphs.images[5, :, :, 2]).all()


def test_pack_round_trip(tmp_path, random):
    images = random.integers(0, 256, (8, 5, 7), dtype=np.uint8)
    path = tmp_path / "pack.xz"
    write_pack(path, NUMERALS, images, 16, "test")
    characters, read = read_pack(path)
    assert characters == list(NUMERALS)
    np.testing.assert_array_equal(read, np.round(images / 17) * 17)  # sixteen levels, 17 apart
    first = path.read_bytes()
    write_pack(path, NUMERALS, images, 16, "test")
    assert path.read_bytes() == first


@pytest.mark.parametrize("damage", [b"", b"xz?", None])
def test_a_damaged_pack_is_one_line(tmp_path, damage):
    path = tmp_path / "pack.xz"
    path.write_bytes(pathlib.Path(PACK).read_bytes()[:1000] if damage is None else damage)
    with pytest.raises(GlyphError, match="damaged glyph pack"):
        read_pack(path)


@pytest.mark.slow
def test_the_pack_is_what_the_font_draws():
    try:
        face = FontFace(cns.find_font())
    except GlyphError as error:
        pytest.skip(str(error))
    characters, images = pack()
    for row in range(0, len(characters), 523):
        drawn = face.render(characters[row], 32).astype(int)
        assert abs(drawn - images[row]).max() <= 5  # half of one of 31 steps, and rounding


# === Other sizes ===


@pytest.fixture
def small_pack(monkeypatch):
    """As if the set had eight characters."""
    monkeypatch.setattr(cns, "pack", lambda: (list(NUMERALS), np.zeros((8, 32, 32), np.uint8)))
    monkeypatch.setattr(cns, "COUNT", 8)


def test_other_sizes_come_from_the_font(small_pack, tmp_path, monkeypatch):
    monkeypatch.setenv("TFGLYPH_CNS_FONT", write_font(tmp_path / "kai.ttf"))
    for size in (10, 20, 50):
        glyphs = load("cns", size=size)
        assert glyphs.characters == list(NUMERALS) and glyphs.labels is None
        expected = np.zeros((size, size))
        # The third block: x from 100 to 320, y from 0 to 500 units of 1000, the baseline 800 below the top.
        expected[round(0.3 * size) : round(0.8 * size), :] = 1
        inside = glyphs.images[2, :, :, 0] / 255.0
        np.testing.assert_allclose(inside.sum(), 0.22 * 0.5 * size**2, rtol=0.01)
        assert (inside[expected == 0] == 0).all()
        assert np.ptp(inside[expected == 1].reshape(-1, size), axis=0).max() == 0  # all its rows are alike


def test_the_split_is_the_same_at_every_size(small_pack, tmp_path, monkeypatch):
    monkeypatch.setenv("TFGLYPH_CNS_FONT", write_font(tmp_path / "kai.ttf"))
    parts = [load("cns", size=size, split="train", holdout=0.5).characters for size in (16, 24, 32)]
    assert parts[0] == parts[1] == parts[2] and 0 < len(parts[0]) < 8


def test_characters_that_a_font_lacks_are_named_and_left_out(small_pack, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TFGLYPH_CNS_FONT", write_font(tmp_path / "kai.ttf", characters=NUMERALS[:6]))
    assert load("cns", size=16).characters == list(NUMERALS[:6])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and "lacks U+4E03" in lines[0] and lines[-1].endswith("2 skipped")


def test_without_the_font_the_error_says_what_to_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFGLYPH_CNS_FONT", raising=False)
    monkeypatch.setattr(installed_fonts, "installed_font_directories", lambda: [])
    monkeypatch.setattr(cns.os.path, "isfile", lambda path: False)
    with pytest.raises(GlyphError, match=r"run \./get_data\.sh"):
        load("cns", size=64)


# === Images named by code point ===


def test_images_in_the_original_layout(tmp_path, random, capsys):
    pictures = glyph_like(random, 4)
    for character, picture, suffix in zip("丁一人口", pictures, ("png", "jpg", "png", "PNG"), strict=True):
        name = tmp_path / f"U{ord(character)}.{suffix}"
        name.write_bytes(encoded(picture, "JPEG" if suffix == "jpg" else "PNG"))
    (tmp_path / "cover.png").write_bytes(encoded(pictures[0], "PNG"))
    (tmp_path / f"U{ord('丁')}.jpg").write_bytes(encoded(pictures[0], "JPEG"))
    (tmp_path / "U20108.png").write_bytes(b"<html>")
    glyphs = load("cns", size=12, datadir=tmp_path)
    assert glyphs.characters == ["一", "丁", "人", "口"]
    np.testing.assert_array_equal(glyphs.images[[2, 3], :, :, 0], pictures[[2, 3]])
    err = capsys.readouterr().err
    assert "cover.png: its name is not U<decimal code point>" in err
    assert "the character 丁 is there already" in err and "U20108.png: not an image" in err
    assert err.rstrip().endswith("3 skipped")


def test_black_on_white_images_are_turned_over(tmp_path, random):
    pictures = glyph_like(random, 3)
    for character, picture in zip("一丁人", pictures, strict=True):
        (tmp_path / f"U{ord(character)}.png").write_bytes(encoded(255 - picture, "PNG"))
    for ink in (None, "black"):
        np.testing.assert_array_equal(load("cns", size=12, datadir=tmp_path, ink=ink).images[..., 0], pictures)
    np.testing.assert_array_equal(load("cns", size=12, datadir=tmp_path, ink="white").images[..., 0], 255 - pictures)


def test_a_directory_without_such_names(tmp_path, random):
    (tmp_path / "a.png").write_bytes(encoded(glyph_like(random, 1)[0], "PNG"))
    with pytest.raises(GlyphError, match="no image in it is named U<decimal"):
        load("cns", datadir=tmp_path)


# === Charsets ===


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("all", 20_920, "一", "\u9fcc"),
        ("big5-common", 5_401, "一", "籲"),
        ("gb2312-1", 3_755, "啊", "座"),
        ("tgh-1", 3_500, "一", "矗"),
        ("kana-latin", 217, "あ", "!"),
        ("joyo", 2_136, "一", "𠮟"),
        ("jisx0208", 6_355, "亜", "熙"),
    ],
)
def test_charsets(name, count, first, last):
    characters = charset(name).characters
    assert len(characters) == len(set(characters)) == count
    assert (characters[0], characters[-1]) == (first, last)
    assert f" {count:,} " in f" {CHARSETS[name][0]}"  # what `data list` says of it


def test_cns_takes_charsets(capsys):
    assert len(load("cns", charset="gb2312-1")) == 3_755
    assert len(load("cns", charset="big5-common")) == 5_401
    assert capsys.readouterr().err == ""
    assert len(load("cns", charset="joyo")) == 2_135
    assert capsys.readouterr().err == "charset joyo: 1 of 2,136 characters are not in cns: 𠮟\n"


def test_charset_files(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\ufeff酪 鉻\n鉸酪\n", encoding="utf-8")
    assert charset(str(path)).characters == ("酪", "鉻", "鉸")
    assert load("cns", charset=str(path)).characters == ["酪", "鉸", "鉻"]
    path.write_bytes("酪".encode("big5"))
    with pytest.raises(GlyphError, match="not UTF-8 text"):
        charset(str(path))
    path.write_text(" \n")
    with pytest.raises(GlyphError, match="no character in it"):
        charset(str(path))
    path.write_text("abc")
    with pytest.raises(UsageError, match="has none of the 3 characters"):
        load("cns", charset=str(path))
    with pytest.raises(UsageError, match=r"neither a text file nor one of all.*did you mean joyo"):
        charset("joyoo")
