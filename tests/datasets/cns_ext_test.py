"""The rare characters beside those of CNS, from small fonts."""

import numpy as np
import pytest

from tests.helpers.sources import write_font
from tfglyph.datasets import cns, cns_ext, installed_fonts, load
from tfglyph.errors import GlyphError, UsageError

COMMON, RARE, RARER = "一七下中丸英", "㐀㐁", "𠀧𠀨𦰈"


@pytest.fixture
def small_fonts(tmp_path, monkeypatch):
    """As if CNS had six characters, and the two fonts few more."""
    monkeypatch.chdir(tmp_path)
    for module in (cns, cns_ext):
        monkeypatch.setattr(module, "pack", lambda: (list(COMMON), np.zeros((6, 32, 32), np.uint8)))
    monkeypatch.setattr(installed_fonts, "installed_font_directories", lambda: [])
    monkeypatch.setenv("TFGLYPH_CNS_FONT", write_font(tmp_path / "kai.ttf", COMMON + RARE + "あ"))
    (tmp_path / "fonts").mkdir()
    return write_font(tmp_path / "fonts" / cns_ext.EXT_FONT_FILE, RARER + "🀀𨠦")


def test_common_characters_come_first_and_then_the_rare_ones_of_the_table(small_fonts):
    glyphs = load("cns-ext", size=16)
    assert "".join(glyphs.characters) == COMMON + RARE + RARER  # no あ, no 🀀, and not ⿰酉交
    assert glyphs.images.shape == (11, 16, 16, 1)
    assert (glyphs.images.reshape(11, -1).max(1) == 255).all()
    widths = (glyphs.images[..., 0].max(1) > 0).sum(1).tolist()  # the k-th block of a font is wider by 0.06 of 16
    assert widths[0] == widths[8] < widths[7] and widths[2] == widths[10]  # the rarer ones are of the second font


def test_a_character_is_on_one_side_in_both_sets(small_fonts):
    for split in ("train", "holdout"):
        both = load("cns-ext", size=16, split=split, holdout=0.4).characters
        alone = load("cns", size=16, split=split, holdout=0.4).characters
        assert [c for c in both if c in COMMON] == alone and 0 < len(alone) < 6


def test_two_code_points_that_are_described_alike_are_on_one_side(small_fonts):
    glyphs = load("cns-ext", size=16)
    rows = glyphs.rows_by_character()
    assert glyphs.keys[rows["𦰈"]] == glyphs.keys[rows["英"]]
    assert len(set(glyphs.keys.tolist())) == 10


def test_what_is_missing_is_one_line(small_fonts, tmp_path):
    with pytest.raises(UsageError, match="'cns-ext' is drawn from its fonts and takes no --datadir"):
        load("cns-ext", size=16, datadir=str(tmp_path))
    (tmp_path / "fonts" / cns_ext.EXT_FONT_FILE).rename(tmp_path / "fonts" / "else.ttf")
    message = r"data set 'cns-ext' needs the font TW-Kai-Ext-B-98_1.ttf: run \./get_data.sh"
    with pytest.raises(GlyphError, match=message):
        load("cns-ext", size=16)
