"""Glyphs of fonts, with fonts made for the purpose: every picture is known in closed form."""

import pathlib

import numpy as np
import pytest
from fontTools.ttLib import TTCollection, TTFont

from tests.helpers.sources import NUMERALS, write_font
from tfglyph.datasets import installed_fonts, kanji, load
from tfglyph.datasets.fontface import FontFace, faces
from tfglyph.datasets.fonts import coverage, open_faces, unique_names
from tfglyph.errors import GlyphError, UsageError


@pytest.fixture
def numerals(tmp_path):
    path = tmp_path / "numerals.txt"
    path.write_text(NUMERALS)
    return str(path)


def block_image(number, size):
    """float ``[size, size]``: the fraction of each pixel that block ``number`` covers."""

    def covered(low, high):
        edges = np.arange(size + 1) / size
        return np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) * size

    return np.outer(covered(0.3, 0.8), covered(0.1, 0.2 + 0.06 * number))


# === Faces ===


@pytest.mark.parametrize("size", [7, 16, 40, 100, 300])
def test_glyphs_are_drawn_as_typeset_by_area(font, size):
    face = FontFace(font)
    for number, character in enumerate(NUMERALS):
        drawn = face.render(character, size) / 255.0
        # FreeType rounds outlines to whole pixels of the large drawing where it hints them.
        np.testing.assert_allclose(drawn, block_image(number, size), atol=0.02 + size / 256 * 0.26)


def test_ink_box_centres_without_scaling(font):
    face = FontFace(font)
    for character in NUMERALS:
        centred = face.render(character, 50, "ink").astype(float)
        typeset = face.render(character, 50).astype(float)
        np.testing.assert_allclose(centred.sum(), typeset.sum(), rtol=0.01)
        rows, columns = np.indices(centred.shape)
        middle = ((rows * centred).sum() / centred.sum(), (columns * centred).sum() / centred.sum())
        np.testing.assert_allclose(middle, (24.5, 24.5), atol=0.15)


def test_what_a_font_does_not_really_draw_is_left_out(tmp_path):
    path = write_font(tmp_path / "holes.ttf", boxes="十百千万", blanks="零〇", mapped_to_missing="億兆")
    face = FontFace(path)
    assert face.drawable(NUMERALS + "十百千万零〇億兆丂") == list(NUMERALS)
    assert "億" not in face and "十" in face
    with pytest.raises(GlyphError, match=r"holes\.ttf: it lacks U\+4E02"):
        face.render("丂", 16)


def test_a_copy_of_the_missing_glyph_box_is_left_out(tmp_path):
    path = write_font(tmp_path / "copy.ttf")
    font = TTFont(path)
    font["glyf"]["block7"] = font["glyf"][".notdef"]
    font.save(path)
    assert FontFace(path).drawable(NUMERALS) == list(NUMERALS[:7])


def test_two_or_three_variants_drawn_alike_are_kept(tmp_path):
    path = write_font(tmp_path / "alike.ttf", boxes="戶户戸")
    assert FontFace(path).drawable("戶户戸一") == list("戶户戸一")


def test_collections_have_faces(tmp_path):
    paths = [write_font(tmp_path / f"{name}.ttf", name=name) for name in ("First", "Second", "Third")]
    collection = TTCollection()
    collection.fonts = [TTFont(path) for path in paths]
    collection.save(tmp_path / "all.ttc")
    assert [face.name for face in faces(tmp_path / "all.ttc")] == ["First", "Second", "Third"]
    (second,) = faces(f"{tmp_path}/all.ttc#1")
    assert second.name == "Second" and second.render("一", 16).any()
    with pytest.raises(GlyphError, match="not a usable font"):
        faces(f"{tmp_path}/all.ttc#7")


@pytest.mark.parametrize("content", [b"", b"no font at all", b"ttcf\0\1\0\0\0\0\0\0", b"\0\1\0\0", None])
def test_damaged_fonts_are_one_line(tmp_path, font, content):
    path = tmp_path / "damaged.ttf"
    path.write_bytes(pathlib.Path(font).read_bytes()[:700] if content is None else content)
    with pytest.raises(GlyphError, match=r"damaged\.ttf: not a usable font") as caught:
        faces(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(GlyphError, match="No such file"):
        faces(tmp_path / "nowhere.ttf")


# === The data set ===


def test_one_image_for_each_font_and_character(tmp_path, numerals, capsys):
    directory = tmp_path / "set"
    directory.mkdir()
    write_font(directory / "a.ttf", name="Alpha")
    write_font(directory / "b.otf", name="Beta", characters=NUMERALS[:5])
    (directory / "c.ttf").write_bytes(b"rubbish")
    (directory / "readme.txt").write_text("not a font")
    glyphs = load("fonts", size=25, fonts=[str(directory)], charset=numerals)
    assert glyphs.label_names == ["Alpha", "Beta"]
    assert glyphs.characters == list(NUMERALS) + list(NUMERALS[:5])
    assert glyphs.labels.tolist() == [0] * 8 + [1] * 5
    np.testing.assert_allclose(glyphs.images[10, :, :, 0] / 255, block_image(2, 25), atol=0.06)
    err = capsys.readouterr().err
    assert err.count("c.ttf: not a usable font") == 1 and "passed over: 1 .txt" in err
    assert err.rstrip().endswith("1 skipped, 1 used with a note")
    same = load("fonts", size=25, datadir=directory, charset=numerals)
    assert same.fingerprint == glyphs.fingerprint


def test_a_long_list_of_fonts_is_named_in_short(tmp_path, numerals, capsys):
    good = [write_font(tmp_path / f"{number}.ttf") for number in range(5)]
    bad = tmp_path / "bad.ttf"
    bad.write_bytes(b"no font")
    for _ in range(2):
        load("fonts", fonts=[*map(str, good), str(bad)], charset=numerals)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"{tmp_path}/0.ttf, {tmp_path}/1.ttf, {tmp_path}/2.ttf and 3 more: 1 skipped when it was prepared"
    )


def test_all_fonts_drawings_of_a_character_are_on_one_side(tmp_path, numerals):
    paths = [write_font(tmp_path / f"{name}.ttf", name=name) for name in "ab"]
    train = load("fonts", size=16, fonts=paths, charset=numerals, split="train", holdout=0.5)
    holdout = load("fonts", size=16, fonts=paths, charset=numerals, split="holdout", holdout=0.5)
    assert not set(train.characters) & set(holdout.characters)
    assert len(train) + len(holdout) == 16 and sorted(train.labels.tolist())[: len(train) // 2] == [0] * (
        len(train) // 2
    )


def test_samples_are_shifted_and_squeezed_within_bounds(font, numerals):
    glyphs = load("fonts", size=64, fonts=[font], charset=numerals, samples=200, sample_seed=3)
    assert len(glyphs) == 200 and set(glyphs.characters) == set(NUMERALS)
    edges = []
    for image, character in zip(glyphs.images[..., 0] / 255.0, glyphs.characters, strict=True):
        rows, columns = image.max(1), image.max(0)
        top = np.argmax(rows > 0.5)
        left, right = np.argmax(columns > 0.5), 64 - np.argmax(columns[::-1] > 0.5)
        number = NUMERALS.index(character)
        # Squeezes of s and t pixels move a point p of 64 to s + p(1 - (s + t)/64); shifts add ±1.
        assert -1 - 4 * 0.3 <= top - 0.3 * 64 <= 1 + 3 * 0.7 + 0.5
        assert (left - 6.4) >= -1 - 3 * 0.1 - 0.5 and left - 6.4 <= 1 + 3 * 0.9 + 0.5
        width = (0.1 + 0.06 * number) * 64
        assert width * (1 - 6 / 64) - 1 <= right - left <= width + 1
        edges.append((top, left))
    assert len(set(edges)) > 5
    again = load("fonts", size=64, fonts=[font], charset=numerals, samples=200, sample_seed=3)
    other = load("fonts", size=64, fonts=[font], charset=numerals, samples=200, sample_seed=4)
    assert again.fingerprint == glyphs.fingerprint != other.fingerprint
    plain = load("fonts", size=64, fonts=[font], charset=numerals)
    assert len(plain) == 8


def test_ink_box_is_another_set(font, numerals):
    typeset = load("fonts", size=20, fonts=[font], charset=numerals)
    centred = load("fonts", size=20, fonts=[font], charset=numerals, box="ink")
    assert centred.images[0, :, 9:11].any() and not typeset.images[0, :, 9:11].any()


def test_frames_need_not_be_square(font, numerals):
    glyphs = load("fonts", size=(20, 30), channels=3, fonts=[font], charset=numerals)
    square = load("fonts", size=20, fonts=[font], charset=numerals)
    assert glyphs.images.shape == (8, 20, 30, 3)
    np.testing.assert_array_equal(glyphs.images[:, :, 5:25, 1], square.images[..., 0])


def test_impossible_requests(font, tmp_path, numerals):
    with pytest.raises(UsageError, match="needs --fonts FILE or DIR"):
        load("fonts")
    with pytest.raises(GlyphError, match="no font that can be used"):
        load("fonts", fonts=[str(tmp_path / "nowhere")])
    with pytest.raises(GlyphError, match="none of the 1 fonts has any of the 3,755 characters"):
        load("fonts", fonts=[write_font(tmp_path / "latin.ttf", characters="abc")])
    with pytest.raises(UsageError, match="box 'tight'"):
        load("fonts", fonts=[font], box="tight")
    with pytest.raises(UsageError, match="samples -1 is negative"):
        load("fonts", fonts=[font], samples=-1)
    with pytest.raises(UsageError, match="takes no option 'ink', only fonts, charset"):
        load("fonts", fonts=[font], ink="black")
    with pytest.raises(UsageError, match="size 0x0"):
        load("fonts", size=0, fonts=[font])
    with pytest.raises(UsageError, match="4 channels"):
        load("fonts", channels=4, fonts=[font])


def test_coverage_and_names(tmp_path):
    (tmp_path / "more").mkdir()
    first = write_font(tmp_path / "a.ttf", characters=NUMERALS[:3])
    second = write_font(tmp_path / "more" / "b.ttf")
    usable, problems = open_faces([first, str(tmp_path / "more"), second])
    assert [len(characters) for characters in coverage(usable, NUMERALS)] == [3, 8] and problems == []
    assert unique_names(usable) == ["Blocks (a.ttf#0)", "Blocks (b.ttf#0)"]


def test_kanji_from_a_font(font, tmp_path, monkeypatch):
    glyphs = load("kanji", font=font)
    assert glyphs.images.shape == (8, 48, 48, 1) and set(glyphs.characters) == set(NUMERALS) and glyphs.labels is None
    monkeypatch.setattr(installed_fonts, "installed_font_directories", lambda: [str(tmp_path)])
    with pytest.raises(GlyphError, match="install the Debian package fonts-ipafont-mincho"):
        load("kanji")
    write_font(tmp_path / "ipag.ttf", name="Gothic")
    assert kanji.find_font() == str(tmp_path / "ipag.ttf")
    write_font(tmp_path / "ipam.ttf", name="Mincho")
    assert kanji.find_font() == str(tmp_path / "ipam.ttf")
    assert load("kanji").images.shape == (8, 48, 48, 1)
