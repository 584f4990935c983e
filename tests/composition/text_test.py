"""Texts as characters: what people paste, at every entrance alike. Literals of such characters are escapes."""

import pathlib
import unicodedata

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import tfglyph
from tests.helpers.sources import NUMERALS, encoded, glyph_like, write_font
from tfglyph.cli import main
from tfglyph.composition import parse, table, tokenizer
from tfglyph.composition.descriptions import NEWER_OPERATORS, OPERATORS
from tfglyph.composition.parsing import read_lines
from tfglyph.composition.text import OWN_RADICALS, equivalent, invisible, read, read_names, read_single
from tfglyph.datasets import load
from tfglyph.datasets.charsets import charset
from tfglyph.errors import UsageError
from tfglyph.latent.arithmetic import parse_terms
from tfglyph.latent.tuples import read_tuples, split_characters

COMPATIBILITY = [
    chr(c) for c in (*range(0xF900, 0xFAE0), *range(0x2F800, 0x2FA1E)) if unicodedata.category(chr(c)) == "Lo"
]
RADICALS = [chr(c) for c in (*range(0x2E80, 0x2EF4), *range(0x2F00, 0x2FD6)) if unicodedata.category(chr(c)) == "So"]
# What is written, what is meant, and how the note begins.
SAMPLES = [
    ("\u845b\U000e0100", ["\u845b"], "left out: 1 variation selector"),
    ("\u4e00\ufe00\u4e01\ufe0e\ufe0f", ["\u4e00", "\u4e01"], "left out: 3 variation selectors"),
    ("\u304b\u3099\u306f\u309a", ["\u304c", "\u3071"], "put together: 2 characters"),
    ("\u1112\u1161\u11ab\u1100\u1161", ["\ud55c", "\uac00"], "put together: 2 characters"),
    ("e\u0301", ["\u00e9"], "put together: 1 character"),
    ("\ufeff\u4ea4", ["\u4ea4"], "left out: 1 byte-order mark"),
    ("\u4e00\u200b\u4e8c\u200d\u4e09\u2060", ["\u4e00", "\u4e8c", "\u4e09"], "left out: 1 zero-width space, 2 joiners"),
    ("\u202a\u4e00\u202c\u200e", ["\u4e00"], "left out: 3 direction marks"),
    ("\uf902\uf9b4", ["\u8eca", "\u9818"], "read: U+F902 as \u8eca, U+F9B4 as \u9818"),
    ("\U0002f81a", [unicodedata.normalize("NFC", "\U0002f81a")], "read: U+2F81A"),
    ("\u2f94\u2ed6", ["\u8a00", "\u961d"], "read: U+2F94 as \u8a00, U+2ED6 as \u961d"),
    ("\u4e00\x07\u00ad", ["\u4e00"], "left out: 1 control character, 1 soft hyphen"),
    ("\u4e00\udcb0\ud800", ["\u4e00"], "left out: 1 byte that is no UTF-8, 1 half of a character"),
    ("\u304b\u0301", ["\u304b\u0301"], None),
    ("\ue000\U0002ebf0\U000f0000", ["\ue000", "\U0002ebf0", "\U000f0000"], None),
    ("A \u4e00\u3000\n\t\u00e9", ["A", "\u4e00", "\u00e9"], None),
    ("", [], None),
]


# === The function ===


@pytest.mark.parametrize("written, meant, note", SAMPLES)
def test_the_characters_that_are_meant(written, meant, note):
    reading = read(written)
    assert reading.characters == meant
    assert (reading.note() or "").startswith(note or "") and (note is None) == (reading.note() is None)
    assert read(reading.text) == type(reading)(reading.text)  # reading again changes nothing


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=20))
def test_every_text_has_characters_that_can_be_printed_on_one_line_or_stands_apart(text):
    reading = read(text)
    assert all(not character.isspace() and not any(map(invisible, character)) for character in reading.characters)
    assert unicodedata.is_normalized("NFC", reading.text)
    assert "".join(reading.characters) == "".join(reading.text.split())
    (reading.note() or "").encode()


def test_what_no_single_code_point_stands_for_is_named(capsys):
    assert read_single("\u304b\u0301\u304c\u304b\u3099 \uf902", "--text") == ["\u304c", "\u304c", "\u8eca"]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "--text: left out, as no single code point stands for them: U+304B U+0301" in lines[1]


def test_names_have_one_note_for_all(capsys):
    assert read_names(["\uf902", "\u304b\u3099", "\u4e00"], "x") == ["\u8eca", "\u304c", "\u4e00"]
    assert capsys.readouterr().err.count("\n") == 1


def test_no_literal_in_the_package_is_a_compatibility_ideograph():
    """Unless as an escape: an editor that normalizes would replace it, and 454 of 460 were refused once."""
    for folder in (pathlib.Path(tfglyph.__file__).parent, pathlib.Path(__file__).parents[1]):
        for path in folder.rglob("*.py"):
            assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8")), path


# === Compatibility ideographs and radicals in descriptions ===


def test_every_compatibility_ideograph_is_read_as_the_unified_one():
    assert len(COMPATIBILITY) > 1000
    known = table().typed
    read_as = {written: unicodedata.normalize("NFC", written) for written in COMPATIBILITY}
    for written, meant in read_as.items():
        if meant in known:
            assert parse(f"\u2ff0{written}\u4ea4") == parse(f"\u2ff0{meant}\u4ea4")
    assert sum(meant in known for meant in read_as.values()) > 900


def test_every_radical_is_read_as_a_part_that_the_table_has():
    known, learned = table().typed, set(tokenizer().parts)
    unknown = [radical for radical in RADICALS if equivalent(radical) not in known]
    assert unknown == ["\u2e9b"] or not unknown  # none but a variant that no character is made of
    assert set(RADICALS) & learned == OWN_RADICALS
    assert all(equivalent(radical) == radical for radical in OWN_RADICALS)


@pytest.mark.parametrize(
    "written, meant",
    [
        ("\u2ff0\u2ed6\u4ea4", "\u2ff0\u961d\u4ea4"),
        ("\u2ff0\u4ea4\u2ecf", "\u2ff0\u4ea4\u961d"),
        ("\u2ffa\u2ecc\u2ef0", "\u2ffa\u8fb6\u9f99"),
        ("\u2ff0\u2ee2\u2ea0", "\u2ff0\u9a6c\u6c11"),
        ("\u2ff0\uf902\u4ea4", "\u2ff0\u8eca\u4ea4"),
        ("\ufeff\u2ff0\u9149\u200b\u4ea4\ufe00", "\u2ff0\u9149\u4ea4"),
    ],
)
def test_descriptions_say_what_they_mean(written, meant):
    assert str(parse(written)) == meant
    tokenizer().encode_text(written)  # models know all of these parts


@pytest.mark.parametrize("operator", NEWER_OPERATORS)
def test_operators_of_unicode_15_1_are_read_and_no_model_knows_them(operator):
    tree = parse(f"{operator}\u9149\u4ea4")
    assert tree.operator == operator and [part.part for part in tree.parts] == ["\u9149", "\u4ea4"]
    assert tree.show().splitlines()[1].strip().startswith("around from the")
    with pytest.raises(UsageError, match="no model has learnt the operator"):
        tokenizer().encode_text(f"\u2ff0\u6728{operator}\u9149\u4ea4")


@pytest.mark.parametrize("operator", ["\u2ffe", "\u2fff", "\u31ef", "\u303e"])
def test_operators_that_change_a_part_are_called_that(operator):
    with pytest.raises(UsageError, match=r"position 2: the operator . \(U\+[0-9A-F]{4}\), which .*, is not supported"):
        parse(f"\u2ff0{operator}\u9149\u4ea4")


def test_the_old_operators_keep_their_tokens():
    assert "".join(tokenizer().names[:12]) == OPERATORS and len(OPERATORS) == 12


# === Every entrance ===

TEXT = "\ufeff\uf902\U000e0100 \u304b\u3099\u200b \u2f00"  # three characters
MEANT = ["\u8eca", "\u304c", "\u4e00"]


def test_charset_files(tmp_path, capsys):
    path = tmp_path / "set.txt"
    path.write_text(TEXT + "\u4e00 \u304b\u0301", encoding="utf-8")
    assert list(charset(str(path)).characters) == MEANT
    err = capsys.readouterr().err
    assert f"{path}: left out: 1 byte-order mark" not in err  # the mark at a file's beginning belongs to the encoding
    assert "1 variation selector" in err and "no single code point stands for them: U+304B U+0301" in err
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        path.write_bytes(TEXT.removeprefix("\ufeff").encode(encoding))
        assert list(charset(str(path)).characters) == MEANT


def test_files_of_tuples(tmp_path, capsys):
    path = tmp_path / "tuples.txt"
    path.write_text(f"{TEXT}\n\u4e00,\u4e8c,\u4e09\n", encoding="utf-8")
    tuples, problems = read_tuples(path)
    assert [list(entry.characters) for entry in tuples] == [MEANT, ["\u4e00", "\u4e8c", "\u4e09"]] and not problems
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_files_of_tuples_in_every_unicode_encoding(tmp_path, encoding):
    (tmp_path / "tuples.txt").write_bytes("\u4e00\u4e8c\u4e09\n\u56db\u4e94\u516d\n".encode(encoding))
    assert len(read_tuples(tmp_path / "tuples.txt")[0]) == 2


def test_terms_and_tuples_of_the_studio():
    assert split_characters(TEXT) == MEANT
    assert [term.name for term in parse_terms([TEXT])[0]] == MEANT


def test_files_of_descriptions_name_the_line_of_a_mistake(tmp_path):
    path = tmp_path / "asked.txt"
    path.write_text("\u2ff0\u9149\u4ea4\n# nothing\n\n\u2ff0\u9149\n", encoding="utf-8")
    assert [line.location for line in read_lines(path)] == [f"{path}:1", f"{path}:4"]
    result = CliRunner().invoke(main, ["compose", "--file", str(path)])
    assert isinstance(result.exception, UsageError) and str(result.exception).startswith(f"{path}:4: ")


def test_decompose(capsys):
    result = CliRunner().invoke(main, ["data", "decompose", TEXT.replace("\u304b\u3099", "\u4e8c")])
    assert result.exit_code == 0
    assert next(line for line in result.stdout.splitlines() if not line.startswith(" ")).startswith("\u8eca")


def test_fonts_count_characters_and_not_code_points(tmp_path):
    font = write_font(tmp_path / "a.ttf")
    (tmp_path / "set.txt").write_text("".join(c + "\ufe00" for c in NUMERALS), encoding="utf-8")
    result = CliRunner().invoke(main, ["data", "fonts", font, "--charset", str(tmp_path / "set.txt"), "--missing"])
    assert result.stdout.startswith("100.00%       8 of 8")


@pytest.mark.parametrize("set_name", ["casia"])
def test_names_of_folders(tmp_path, set_name, capsys):
    """macOS stores names decomposed; archives hold selectors and radicals."""
    random = np.random.default_rng(1)
    for name in ("\u304b\u3099", "\u8eca\U000e0100", "\u2f00"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "1.png").write_bytes(encoded(glyph_like(random, 1)[0], "PNG"))
    glyphs = load(set_name, 16, datadir=tmp_path / "set")
    assert sorted(glyphs.characters) == sorted(["\u304c", "\u8eca", "\u4e00"])
    assert "put together: 1 character" in capsys.readouterr().err
