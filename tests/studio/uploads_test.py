"""tfglyph.studio.uploads: only a child reads what somebody drops; what is no usable font is one line."""

import pathlib
import re
import time

import numpy as np
import pytest
from fontTools.ttLib import TTFont, newTable

from tests.helpers import fonts
from tfglyph.datasets.fontface import faces
from tfglyph.errors import GlyphError, UsageError
from tfglyph.studio import uploads

SHAPE = (32, 32, 1)


def write_noise(path: pathlib.Path) -> pathlib.Path:
    path.write_bytes(bytes(range(256)) * 4)
    return path


def write_bitmaps(path: pathlib.Path) -> pathlib.Path:
    font = TTFont(fonts.write(path))
    del font["glyf"], font["loca"]
    font["EBDT"] = newTable("EBDT")
    font["EBDT"].compile = lambda _: b"\0\2\0\0"
    font.save(path)
    return path


def write_without_han(path: pathlib.Path) -> pathlib.Path:
    return fonts.write(path, characters="abc")


def write_endless(path: pathlib.Path) -> pathlib.Path:
    return fonts.write_subroutine_bomb(path, endless=True)


def test_a_child_draws_the_glyphs_and_this_process_reads_nothing(tmp_path, monkeypatch):
    path = str(fonts.write(tmp_path / "a.otf", "CFF ", empty="晶"))
    expected = faces(path)[0].render("語", 32)
    for name in ("tfglyph.fontfiles.opening.TTFont", "tfglyph.datasets.fontface.opened"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("this process reads the font"))
    monkeypatch.setattr(
        "tfglyph.datasets.fontface.ImageFont.FreeTypeFont", lambda *_, **__: pytest.fail("this process reads the font")
    )
    with uploads.uploaded_font(path) as upload:
        assert sorted(upload.source.characters) == sorted(fonts.CHARACTERS)
        np.testing.assert_array_equal(upload.source.glyph("語", SHAPE)[..., 0], expected)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_noise, r"bad\.ttf: not a font: expected TTF, OTF, TTC, WOFF or WOFF2"),
        (write_bitmaps, r"bad\.ttf: a bitmap font \(EBDT\); only fonts of outlines can be completed"),
        (write_without_han, r"bad\.ttf: it draws no Han character, so there is nothing to draw others after"),
        (fonts.write_claims, r"bad\.ttf: not a usable font \(.*\)"),
        (write_endless, r"bad\.ttf: .*is damaged.*"),
    ],
    ids=["noise", "bitmaps", "no Han", "memory", "endless"],
)
def test_a_bad_file_is_one_line_that_names_it_as_it_was_uploaded(tmp_path, write, message):
    path = str(write(tmp_path / "bad.ttf"))
    with pytest.raises(GlyphError) as caught, uploads.uploaded_font(path):
        pytest.fail("it was opened")
    line = str(caught.value)
    assert "\n" not in line and str(tmp_path) not in line
    assert re.fullmatch(message, line), line


def test_a_font_that_takes_too_long_is_ended_and_the_next_one_is_read(tmp_path, monkeypatch):
    bomb = str(fonts.write_subroutine_bomb(tmp_path / "bomb.otf", endless=False))
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "SECONDS", 1.5)
        start = time.monotonic()
        words = r"^bomb\.otf: not a usable font \(reading it takes more than 1\.5 seconds\)$"
        with pytest.raises(GlyphError, match=words), uploads.uploaded_font(bomb):
            pytest.fail("it was opened")
        assert time.monotonic() - start < 120
    with uploads.uploaded_font(str(fonts.write(tmp_path / "good.ttf"))) as upload:
        assert upload.source.glyph("木", SHAPE).max() == 255


def test_a_large_file_is_not_looked_at(tmp_path, monkeypatch):
    path = str(fonts.write(tmp_path / "a.ttf"))
    monkeypatch.setattr(uploads, "LARGEST", 100)
    monkeypatch.setattr(uploads, "Guard", lambda *_: pytest.fail("a child was started"))
    with pytest.raises(UsageError, match=r"^a\.ttf: 0 MiB; at most 0 here"), uploads.uploaded_font(path):
        pytest.fail("it was opened")
