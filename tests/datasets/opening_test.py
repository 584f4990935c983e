"""Fonts as people name them and as they come: variable, without tables, coloured, with ink beyond the em square."""

import os
import pathlib

import numpy as np
import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable

from tests.helpers.sources import NUMERALS, block, write_font, write_variable_font
from tfglyph.cli import main
from tfglyph.datasets import DatasetSpec, load
from tfglyph.datasets.fontface import EMPTY, LACKING, MISSING, PICTURE, FontFace, faces
from tfglyph.datasets.fonts import open_faces, unique_names
from tfglyph.datasets.opening import FontSpec, parse_spec
from tfglyph.errors import GlyphError, UsageError


@pytest.fixture
def variable(tmp_path):
    return write_variable_font(tmp_path / "varied.ttf")


def width(face, character="一"):
    """Ems of a block's width."""
    return (face.render(character, 100)[60] / 255).sum() / 100


# === What is named ===


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a.ttf", FontSpec("a.ttf")),
        ("a.ttc#2", FontSpec("a.ttc", 2)),
        ("a.ttf#wght=700,wdth=90.5", FontSpec("a.ttf", None, {"wght": 700.0, "wdth": 90.5})),
        ("a.ttc#1, wght = 1e2 ,slnt=-10", FontSpec("a.ttc", 1, {"wght": 100.0, "slnt": -10.0})),
        ("a.ttf#Semi Bold", FontSpec("a.ttf", None, {}, "Semi Bold")),
        ("a.ttf#*,wdth=75", FontSpec("a.ttf", None, {"wdth": 75.0}, "*")),
        ("a#b.ttf#0", FontSpec("a#b.ttf", 0)),
        ("a.ttf#", FontSpec("a.ttf")),
    ],
)
def test_a_name_says_which_faces(text, expected):
    assert parse_spec(text) == expected


@pytest.mark.parametrize("text", ["a.ttf#wght=", "a.ttf#wght=bold", "a.ttf#wght=nan", "a.ttf#wght=inf", "a.ttf#A,B"])
def test_a_name_that_says_nothing_is_one_line(text):
    with pytest.raises(UsageError, match="expected the number of a face, axes such as wght=700") as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)


def test_a_file_whose_own_name_has_the_mark_is_that_file(tmp_path):
    path = write_font(tmp_path / "a#wght=3.ttf", name="Marked")
    assert [face.name for face in faces(path)] == ["Marked"]


# === Variable fonts ===


def test_axes_and_instances_choose_the_place(variable):
    assert width(faces(variable)[0]) == pytest.approx(0.1, abs=0.01)
    assert width(faces(f"{variable}#wght=900")[0]) == pytest.approx(0.9, abs=0.01)
    assert width(faces(f"{variable}#wght=500,wdth=60")[0]) == pytest.approx(0.5, abs=0.01)
    (black,) = faces(f"{variable}#black")
    assert width(black) == pytest.approx(0.9, abs=0.01) and black.name == "Varied Black"
    assert [width(face) for face in faces(f"{variable}#*")] == pytest.approx([0.1, 0.4, 0.9], abs=0.01)
    assert [width(FontFace(*face.key)) for face in faces(f"{variable}#*")] == pytest.approx([0.1, 0.4, 0.9], abs=0.01)
    face = faces(variable)[0]
    assert [(axis.tag, axis.minimum, axis.default, axis.maximum) for axis in face.axes] == [
        ("wght", 100, 100, 900),
        ("wdth", 50, 100, 100),
    ]
    assert [instance.name for instance in face.instances] == ["Thin", "Regular", "Black"]


@pytest.mark.parametrize(
    "selection, message",
    [
        ("wght=901", "wght=901 is outside the axis: wght 100 to 900, by default 100"),
        ("wgth=400", r"no axis 'wgth' \(did you mean wght\?\)"),
        ("Blakc", r"no instance 'Blakc' \(did you mean Black\?\); it has Thin, Regular, Black"),
    ],
)
def test_what_a_variable_font_lacks_is_one_line(variable, selection, message):
    with pytest.raises(UsageError, match=message):
        faces(f"{variable}#{selection}")


def test_a_font_that_does_not_vary_says_so(font):
    with pytest.raises(UsageError, match="it is no variable font"):
        faces(f"{font}#wght=400")


def test_several_places_of_one_file_are_several_fonts(variable, tmp_path, capsys):
    (tmp_path / "n.txt").write_text("一")
    spec = DatasetSpec(
        "fonts", options={"fonts": [f"{variable}#Thin", f"{variable}#Black"], "charset": f"{tmp_path}/n.txt"}
    )
    glyphs = spec.load(20, split="all")
    assert glyphs.label_names == ["Varied Thin", "Varied Black"] and len(glyphs) == 2
    assert (glyphs.images[:, 12, :, 0] / 255).sum(1) / 20 == pytest.approx([0.1, 0.9], abs=0.02)
    again = DatasetSpec.from_dict(spec.to_dict()).load(20, split="all")
    assert again.fingerprint == glyphs.fingerprint
    assert "default" not in capsys.readouterr().err


def test_an_axis_that_is_left_at_its_default_is_noted(variable, tmp_path, capsys):
    (tmp_path / "n.txt").write_text("一")
    load("fonts", 20, fonts=[variable], charset=f"{tmp_path}/n.txt")
    err = capsys.readouterr().err
    assert "variable font at its default: wght 100 to 900, by default 100" in err and "FILE#wght=900" in err
    load("fonts", 20, fonts=[f"{variable}#wght=400"], charset=f"{tmp_path}/n.txt")
    err = capsys.readouterr().err
    assert "at its default: wdth 50 to 100" in err and "wght 100" not in err


def test_variable_fonts_of_other_outlines_vary_too(tmp_path):
    """A WOFF2 file of a variable font is the same font."""
    font = TTFont(write_variable_font(tmp_path / "varied.ttf"))
    font.flavor = "woff2"
    font.save(tmp_path / "varied.woff2")
    assert width(faces(f"{tmp_path}/varied.woff2#wght=900")[0]) == pytest.approx(0.9, abs=0.01)


@pytest.fixture
def odd_instances(variable):
    """Fonts are about whose instances share a name, or lie outside their axes."""
    font = TTFont(variable)
    thin, regular, black = font["fvar"].instances
    black.coordinates["wght"] = 1200.0
    thin.subfamilyNameID = regular.subfamilyNameID
    font.save(variable)
    return variable


def test_instances_beyond_their_axis_are_drawn_at_its_end(odd_instances):
    assert width(faces(f"{odd_instances}#Black")[0]) == pytest.approx(0.9, abs=0.01)


def test_instances_of_one_name_have_to_be_told_apart(odd_instances):
    with pytest.raises(
        UsageError, match=r"several instances are called Regular: name one by wght=100,wdth=100 and wght=4"
    ):
        faces(f"{odd_instances}#Regular")
    assert len(faces(f"{odd_instances}#*")) == 3


# === Tables that are missing or damaged ===


def without(path, *tags):
    font = TTFont(path)
    for tag in tags:
        del font[tag]
    font.save(path)
    return path


def test_a_font_without_names_has_that_of_its_file(font):
    assert faces(without(font, "name"))[0].name == "blocks.ttf"
    assert faces(font)[0].render("一", 20).any()


@pytest.mark.parametrize("tag", ["hhea", "head", "maxp", "hmtx", "loca"])
def test_a_font_without_what_it_needs_is_one_line(font, tag):
    content = bytearray(pathlib.Path(font).read_bytes())
    directory = 12
    for entry in range(int.from_bytes(content[4:6], "big")):
        start = directory + 16 * entry
        if content[start : start + 4] == tag.encode():
            content[start : start + 4] = b"zzzz"
    pathlib.Path(font).write_bytes(content)
    with pytest.raises(GlyphError, match=r"blocks\.ttf: not a usable font") as caught:
        faces(font)
    assert "\n" not in str(caught.value) and "KeyError" not in str(caught.value)


@pytest.mark.parametrize(
    "ascent, descent, typographic",
    [(0, 0, (0, 0)), (30000, -30000, (800, -200)), (-200, 800, (0, 0)), (1, 0, (800, -200))],
)
def test_line_heights_of_nonsense_do_not_move_the_glyphs_out_of_sight(font, ascent, descent, typographic):
    altered = TTFont(font)
    altered["hhea"].ascent, altered["hhea"].descent = ascent, descent
    altered["OS/2"].sTypoAscender, altered["OS/2"].sTypoDescender = typographic
    altered["OS/2"].usWinAscent, altered["OS/2"].usWinDescent = 800, 200
    altered.save(font)
    face = FontFace(font)
    assert face.ascender == pytest.approx(800, abs=90)
    assert face.drawn(NUMERALS).cut == {}


def test_a_damaged_file_is_not_replaced_by_an_installed_font_of_its_name(tmp_path):
    """Pillow looks through the system's directories for a file of that name."""
    path = tmp_path / "DejaVuSans.ttf"
    font = TTFont(write_font(path))
    font["glyf"]
    font.save(path)
    content = pathlib.Path(path).read_bytes()
    path.write_bytes(content.replace(b"loca", b"zzzz", 1))
    with pytest.raises(GlyphError, match="not a usable font"):
        FontFace(path).render("一", 20)


@pytest.mark.skipif(os.name == "nt", reason="names on disk are text there")
def test_a_name_that_is_no_utf8(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xb0\xa1.ttf")
    write_font(path)
    assert faces(path)[0].render("一", 20).any()
    os.truncate(path, 100)
    with pytest.raises(GlyphError, match=r"\\xb0\\xa1\.ttf: not a usable font"):
        faces(path)


def test_woff2_without_its_package_names_it(tmp_path, monkeypatch):
    font = TTFont(write_font(tmp_path / "a.ttf"))
    font.flavor = "woff2"
    font.save(tmp_path / "a.woff2")
    assert faces(tmp_path / "a.woff2")[0].render("一", 20).any()
    monkeypatch.setattr("fontTools.ttLib.woff2.haveBrotli", False)
    with pytest.raises(GlyphError, match="pip install brotli"):
        faces(tmp_path / "a.woff2")


def test_a_damaged_woff2_does_not_ask_for_a_package_that_is_there(tmp_path):
    font = TTFont(write_font(tmp_path / "a.ttf"))
    font.flavor = "woff2"
    font.save(tmp_path / "a.woff2")
    content = bytearray((tmp_path / "a.woff2").read_bytes())
    content[-60:-20] = bytes(40)
    (tmp_path / "a.woff2").write_bytes(content)
    with pytest.raises(GlyphError, match=r"a\.woff2: not a usable font \(error: brotli: ") as caught:
        faces(tmp_path / "a.woff2")
    assert "pip" not in str(caught.value)


# === Pictures in place of outlines ===


def with_pictures(path, tag, keep_outlines):
    font = TTFont(path)
    if not keep_outlines:
        del font["glyf"], font["loca"]
    table = DefaultTable(tag)
    table.data = bytes(16)
    font[tag] = table
    font.save(path)
    return path


@pytest.mark.parametrize("tag", ["CBDT", "sbix", "SVG ", "EBDT"])
def test_a_font_of_pictures_alone_says_so(font, tag, tmp_path):
    path = with_pictures(font, tag, keep_outlines=False)
    with pytest.raises(GlyphError, match=f"no outlines, only .*{tag.strip()}"):
        faces(path)
    result = CliRunner().invoke(main, ["data", "fonts", path])
    assert isinstance(result.exception, GlyphError) and "lacks" not in result.stdout


def test_a_character_that_is_only_a_picture_is_counted_with_its_reason(tmp_path):
    path = with_pictures(write_font(tmp_path / "a.ttf", blanks="九十"), "SVG ", keep_outlines=True)
    drawn = FontFace(path).drawn("一九十丂")
    assert drawn.characters == ["一"] and drawn.reasons == {"九": PICTURE, "十": PICTURE, "丂": LACKING}
    (tmp_path / "n.txt").write_text("一九十")
    lines = CliRunner().invoke(main, ["data", "fonts", path, "--charset", str(tmp_path / "n.txt")]).stdout
    assert "2 characters (九十): only as a picture (SVG), which is not read" in lines


def test_why_a_character_is_not_drawn(tmp_path):
    path = write_font(tmp_path / "holes.ttf", boxes="十百千万", blanks="零", mapped_to_missing="億")
    reasons = FontFace(path).drawn("一十百千万零億丂").reasons
    assert reasons == {
        "十": MISSING,
        "百": MISSING,
        "千": MISSING,
        "万": MISSING,
        "零": EMPTY,
        "億": LACKING,
        "丂": LACKING,
    }


# === Ink and the frame ===


def hanging(path, bottom=-400, advance=None):
    """A font whose 二 hangs down to ``bottom``; the em square ends at -200."""
    write_font(path)
    font = TTFont(path)
    font["glyf"]["block1"] = block(100, bottom, 300, 600)
    if advance is not None:
        for glyph in font.getGlyphOrder():
            font["hmtx"][glyph] = (advance, 100)
    font.save(path)
    return str(path)


def test_ink_that_the_frame_cuts_off_is_measured(tmp_path):
    drawn = FontFace(hanging(tmp_path / "a.ttf")).drawn(NUMERALS)
    assert drawn.characters == list(NUMERALS) and list(drawn.cut) == ["二"]
    assert drawn.cut["二"] == pytest.approx(200 / 1000, abs=0.01)
    assert drawn.extent == pytest.approx((0, 0, 1, 1.2), abs=0.02)
    assert FontFace(tmp_path / "a.ttf").drawn(NUMERALS, "ink").cut == {}


def test_the_box_fit_holds_all_ink_and_keeps_the_baseline(tmp_path, capsys):
    path = hanging(tmp_path / "a.ttf")
    (tmp_path / "n.txt").write_text(NUMERALS)
    options = {"fonts": [path], "charset": f"{tmp_path}/n.txt"}
    cut, fitted = (load("fonts", 120, box=box, **options).images[..., 0] / 255.0 for box in ("advance", "fit"))
    # The ink of 二 is 0.2 by 1.0 em, of which the em square shows 0.8; all of it at 1/1.2 of the size is 0.2/1.44.
    assert cut[1].sum() / 120**2 == pytest.approx(0.16, abs=0.003)
    assert fitted[1].sum() / 120**2 == pytest.approx(0.2 / 1.44, abs=0.003)
    bottoms = [np.flatnonzero(image.sum(1) > 1)[-1] for image in fitted]
    assert bottoms[1] == 119 and set(bottoms[:1] + bottoms[2:]) == {119 - 40}
    err = capsys.readouterr().err
    assert "the frame cuts off ink of 1 character (二), up to 20% (二); --box fit holds it" in err


def test_a_glyph_that_the_frame_mostly_hides_is_left_out_with_a_line(tmp_path, capsys):
    path = hanging(tmp_path / "a.ttf", bottom=-3000)
    (tmp_path / "n.txt").write_text(NUMERALS)
    glyphs = load("fonts", 20, fonts=[path], charset=f"{tmp_path}/n.txt")
    assert "".join(glyphs.characters) == NUMERALS.replace("二", "")
    assert "skipped: " in (err := capsys.readouterr().err) and "1 character (二): more than half of the ink" in err
    assert len(load("fonts", 20, fonts=[path], charset=f"{tmp_path}/n.txt", box="fit")) == 8


def test_data_fonts_measures_the_box_that_is_used(tmp_path):
    path = hanging(tmp_path / "a.ttf")
    (tmp_path / "n.txt").write_text(NUMERALS)
    arguments = ["fonts", path, "--charset", str(tmp_path / "n.txt")]
    assert "cuts off ink of 1 character (二)" in CliRunner().invoke(main, ["data", *arguments]).stdout
    assert "cuts off" not in CliRunner().invoke(main, ["data", *arguments, "--box", "fit"]).stdout
    assert "cuts off" not in CliRunner().invoke(main, ["data", *arguments, "--box", "ink"]).stdout


def test_glyphs_without_advance_are_cut_or_left_out_but_never_silently(tmp_path):
    """Set at the middle of the frame, the block of 一 reaches from 0.6 to 0.7 em, that of 八 to 1.12."""
    face = FontFace(hanging(tmp_path / "a.ttf", bottom=0, advance=0))
    drawn = face.drawn(NUMERALS)
    assert drawn.cut["八"] == pytest.approx(0.12 / 0.52, abs=0.02) and "一" not in drawn.cut


def test_data_fonts_lists_axes_and_instances(variable):
    lines = CliRunner().invoke(main, ["data", "fonts", variable, f"{variable}#Black"]).stdout
    assert "axes: wght 100 to 900, by default 100; wdth 50 to 100, by default 100" in lines
    assert "instances: Thin, Regular, Black" in lines and "Varied Black" in lines


def test_fonts_of_one_name_get_different_labels_whatever_their_files(tmp_path):
    paths = []
    for folder in ("a", "b", "b/a"):
        (tmp_path / folder).mkdir(exist_ok=True)
        paths.append(write_font(tmp_path / folder / "same.ttf"))
    usable, _ = open_faces(paths)
    names = unique_names(usable)
    assert len(set(names)) == 3 and all(name.startswith("Blocks (") for name in names)
    assert unique_names(usable[:2]) == ["Blocks (a/same.ttf#0)", "Blocks (b/same.ttf#0)"]
