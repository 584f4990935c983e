"""Made-up styles of fonts: as bold, wide and slanted as asked, and as crisp as the font itself."""

import numpy as np
import pytest

from tests.helpers.sources import write_font, write_variable_font
from tfglyph.datasets import load
from tfglyph.datasets.fontface import FontFace, faces
from tfglyph.datasets.styles import LEAST_STROKE, PROBES, Style, StyledFace, draw_style
from tfglyph.errors import GlyphError, UsageError

pytest.importorskip("freetype")

SIDE = 250  # pixels: the em, in which font units are quarters of a pixel


@pytest.fixture
def block(font):
    """The face of a font whose 一 is a block from (100, 0) to (200, 500) of 1000 units."""
    return FontFace(font)


def edges(image):
    """Top, left, bottom, right of ink in pixels, by the amount of ink in the rows and columns."""
    rows, columns = np.flatnonzero(image.max(1) > 127), np.flatnonzero(image.max(0) > 127)
    return rows[0], columns[0], rows[-1] + 1, columns[-1] + 1


def styled(face, character="一", side=SIDE, **style):
    return StyledFace(face, Style(**style)).render(character, side)


def test_no_style_is_the_font_itself(block):
    for character in "一八":
        for side in (SIDE, 64, 25):
            difference = styled(block, character, side).astype(int) - block.render(character, side)
            assert np.abs(difference).mean() < 1.5 and np.abs(difference).max() < 140  # an edge's pixel
    assert edges(styled(block)) == (75, 25, 200, 50)


@pytest.mark.parametrize(("bold_x", "bold_y"), [(0.04, 0.0), (0.0, 0.04), (0.08, 0.02), (-0.04, -0.1)])
def test_bolder_is_bolder_by_the_width_asked_for(block, bold_x, bold_y):
    top, left, bottom, right = edges(styled(block, bold_x=bold_x, bold_y=bold_y))
    assert right - left == pytest.approx(25 + bold_x * SIDE, abs=1.01)
    assert bottom - top == pytest.approx(125 + bold_y * SIDE, abs=1.01)
    assert (left + right) / 2 == pytest.approx(37.5, abs=1.01) and (top + bottom) / 2 == pytest.approx(137.5, abs=1.01)


@pytest.mark.parametrize(("scale_x", "scale_y"), [(0.8, 1.0), (1.0, 0.85), (1.1, 1.2)])
def test_scale_is_about_the_middle_of_the_square(block, scale_x, scale_y):
    top, left, bottom, right = edges(styled(block, scale_x=scale_x, scale_y=scale_y))
    middle = SIDE / 2
    expected = [
        middle + (edge - middle) * scale
        for edge, scale in ((75, scale_y), (25, scale_x), (200, scale_y), (50, scale_x))
    ]
    np.testing.assert_allclose((top, left, bottom, right), expected, atol=1.01)


@pytest.mark.parametrize("slant", [0.15, -0.1])
def test_slant_is_the_tangent_of_its_angle(block, slant):
    image = styled(block, slant=slant)
    lefts = [np.flatnonzero(row > 127)[0] for row in image[80:195]]
    slope = np.polyfit(np.arange(80, 195), lefts, 1)[0]
    assert slope == pytest.approx(-slant, abs=0.01)  # to the right above
    assert lefts[125 - 80] == pytest.approx(25, abs=1.01)  # the middle stays


def test_shifts_are_ems_to_the_right_and_up(block):
    assert edges(styled(block, shift_x=0.04, shift_y=0.08)) == (55, 35, 180, 60)


def test_rounding_takes_corners_off_and_leaves_edges(block):
    images = [styled(block, "八", rounding=amount) for amount in (0.0, 0.02)]
    top, left, bottom, right = edges(images[0])
    plain, rounded = (image.astype(float) / 255 for image in images)
    assert plain[top, left] > 0.9 and rounded[top, left] < 0.5
    middle_y, middle_x = (top + bottom) // 2, (left + right) // 2
    np.testing.assert_allclose(rounded[middle_y], plain[middle_y], atol=0.35)
    np.testing.assert_allclose(rounded[:, middle_x], plain[:, middle_x], atol=0.35)
    assert 0.97 < rounded.sum() / plain.sum() < 1


def grey(image):
    """The share of pixels that are neither ink nor paper."""
    return ((image > 25) & (image < 230)).mean()


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"bold_x": 0.03, "bold_y": 0.02},
        {"scale_x": 0.87, "scale_y": 0.93},
        {"rounding": 0.01},
        {"bold_x": 0.05, "scale_x": 0.9, "shift_x": 0.013, "rounding": 0.012},
    ],
)
def test_styles_are_as_crisp_as_the_font(block, style):
    """At most one pixel along each edge of a block is grey; a blurred block has several."""
    image = styled(block, "八", 64, **style)
    top, left, bottom, right = edges(image)
    assert grey(image) * 64 * 64 <= 2 * (bottom - top + right - left) + 4
    assert image.max() == 255 and image.min() == 0


def test_slanted_edges_are_crisp(block):
    image = styled(block, "八", 64, slant=0.15)
    top, _, bottom, _ = edges(image)
    assert all(((row > 25) & (row < 230)).sum() <= 4 for row in image[top + 1 : bottom - 1])


def test_what_sticks_out_is_lost_and_nothing_wraps_around(block):
    image = styled(block, shift_x=-0.15)
    assert image.shape == (SIDE, SIDE) and edges(image)[1] == 0 and not image[:, 60:].any()
    assert not styled(block, shift_x=-0.9).any()


def test_strokes_are_measured(tmp_path):
    """The blocks of three probes are 100, 160 and 220 units wide and 500 high, which is no stroke's width."""
    face = FontFace(write_font(tmp_path / "probes.ttf", characters=PROBES[:3]))
    vertical, horizontal = StyledFace(face).strokes
    assert vertical == pytest.approx(0.16, abs=0.01) and horizontal == 0.07
    assert StyledFace(FontFace(write_font(tmp_path / "other.ttf", characters="甲"))).strokes == (0.07, 0.07)


def test_places_in_variable_fonts_are_kept(tmp_path):
    path = write_variable_font(tmp_path / "varied.ttf")
    widths = []
    for weight in (100, 500, 900):
        (face,) = faces(f"{path}#wght={weight}")
        _, left, _, right = edges(styled(face))
        widths.append(right - left)
    np.testing.assert_allclose(widths, [25, 125, 225], atol=1)


def test_characters_that_the_font_lacks_are_refused(block):
    with pytest.raises(GlyphError, match=r"blocks\.ttf: cannot draw U\+9EDE"):
        styled(block, "點")


def test_draws_are_decided_by_their_seed_and_no_stroke_vanishes():
    styles = [draw_style([0, number], (0.1, 0.03)) for number in range(300)]
    assert draw_style([0, 5], (0.1, 0.03)) == styles[5] and len(set(styles)) == 300
    for strokes in ((0.1, 0.03), (0.02, 0.012), (0.2, 0.2), (0.005, 0.005)):
        for number in range(300):
            style = draw_style([1, number], strokes)
            for width, change in zip(strokes, (style.bold_x, style.bold_y), strict=True):
                assert width + change >= min(width, LEAST_STROKE) - 1e-9
                assert width + change <= max(0.13, 1.15 * width) + 1e-9
            assert 0.85 < style.scale_x < 1.06 and abs(style.slant) <= 0.16 and 0 <= style.rounding <= 0.012
    assert 0.4 < np.mean([style.slant != 0 for style in styles]) < 0.6
    assert 0 < np.mean([style.bold_x for style in styles]) < 0.04


# === The data set ===


@pytest.fixture
def two_fonts(tmp_path):
    directory = tmp_path / "set"
    directory.mkdir()
    write_font(directory / "a.ttf", name="Alpha Sans")
    write_font(directory / "b.ttf", name="Beta Kai")
    charset = tmp_path / "numerals.txt"
    charset.write_text("一二三四五六七八", encoding="utf-8")
    return {"size": 25, "fonts": [str(directory)], "charset": str(charset)}


def test_styles_are_fonts_of_their_own(two_fonts):
    glyphs = load("fonts", **two_fonts, styles=2, style_characters=5, style_seed=3)
    assert glyphs.label_names == [
        *("Alpha Sans", "Beta Kai", "Alpha Sans ~1", "Beta Kai ~1", "Alpha Sans ~2", "Beta Kai ~2"),
    ]
    assert np.bincount(glyphs.labels).tolist() == [8, 8, 5, 5, 5, 5]
    again = load("fonts", **two_fonts, styles=2, style_characters=5, style_seed=3)
    other = load("fonts", **two_fonts, styles=2, style_characters=5, style_seed=4)
    plain = load("fonts", **two_fonts)
    assert again.fingerprint == glyphs.fingerprint and len(plain) == 16
    assert len({each.fingerprint for each in (glyphs, other, plain)}) == 3
    np.testing.assert_array_equal(
        np.asarray(glyphs.images[np.flatnonzero(glyphs.labels < 2)]), np.asarray(plain.images)
    )
    first = {
        character: image
        for character, image, label in zip(glyphs.characters, glyphs.images, glyphs.labels, strict=True)
        if label == 2
    }
    assert any((image != plain.images[plain.characters.index(character)]).any() for character, image in first.items())


def test_families_that_are_held_out_are_held_out_whole_and_get_no_styles(two_fonts):
    options = {**two_fonts, "styles": 2, "style_characters": 5, "hold_out": ["kai"], "holdout": 0.25}
    train, holdout = (load("fonts", split=split, **options) for split in ("train", "holdout"))
    assert not {1, 3, 5} & set(train.labels.tolist())
    assert not {3, 5} & set(holdout.labels.tolist()) and (holdout.labels == 1).sum() == 8
    assert not set(train.characters) & {
        character for character, label in zip(holdout.characters, holdout.labels, strict=True) if label != 1
    }
    by_file = load("fonts", split="holdout", **options | {"hold_out": "B.TTF"})
    assert (by_file.labels == 1).sum() == 8


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hold_out": ["gamma"]}, "hold_out 'gamma': none of the 2 fonts has this in its name"),
        ({"styles": -1}, "styles -1 is negative"),
        ({"styles": 1, "samples": 5}, "samples and styles exclude each other"),
    ],
)
def test_impossible_options_are_one_line(two_fonts, options, words):
    with pytest.raises(UsageError, match=words):
        load("fonts", **two_fonts, **options)
