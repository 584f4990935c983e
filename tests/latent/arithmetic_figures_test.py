"""tfglyph.latent.arithmetic_figures: files of figures and contact sheets, and panels of nearest glyphs."""

import functools

import numpy as np
import pytest
from PIL import Image

from tests.helpers.latent import PixelLatents
from tfglyph.composition.arithmetic import add_descriptions
from tfglyph.datasets import Glyphs
from tfglyph.latent import arithmetic, arithmetic_figures, nearest
from tfglyph.latent.arithmetic_figures import SheetRow, ShownModel
from tfglyph.latent.description_answers import DescriptionAnswer
from tfglyph.latent.tuples import Tuple

GLYPHS = Glyphs("tiny", np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4, 1) * 3, list("abcda"))
MODEL = PixelLatents((4, 4, 1))


def test_draw_writes_a_figure_per_tuple_and_a_sheet_per_hundred(tmp_path, monkeypatch):
    monkeypatch.setattr(arithmetic_figures, "SHEET_ROWS", 2)
    entries = [Tuple(number, "t", ("a", "b", "c")) for number in (0, 2, 13)]
    paths = arithmetic_figures.draw([ShownModel(MODEL, "tiny model")], GLYPHS, entries, tmp_path)
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


def test_figures_and_sheets_show_every_image_of_a_tuple():
    entry = Tuple(0, "t", ("d", "b", "c"))
    (result,) = arithmetic.compute(MODEL, GLYPHS.images[[3, 1, 2]][None])
    glyph_images = dict(zip(entry.characters, result.originals, strict=True))
    figure = arithmetic_figures.tuple_figure(entry, result, glyph_images)
    sheet = arithmetic_figures.contact_sheet([SheetRow(entry, [result], glyph_images)], ["tiny model"])
    for page, factor in ((figure, 24), (sheet, 12)):  # images are enlarged to 96 and to 48 pixels
        assert page.dtype == np.uint8 and page.shape[2] == 3
        for image in (*result.originals, *result.results):
            assert holds(page[..., 0], np.kron(image[..., 0], np.ones((factor, factor), np.uint8)))


def holds(page, block):
    """Whether a block of pixels occurs somewhere in a page."""
    height, width = block.shape
    corners = np.argwhere(page[: 1 - height, : 1 - width] == block[0, 0])
    return any((page[y : y + height, x : x + width] == block).all() for y, x in corners)


def test_the_page_shows_the_nearest_below_every_result():
    (triple,) = arithmetic.parse_terms(["abc"])
    (result,) = arithmetic.compute(MODEL, arithmetic.term_images([triple], (4, 4, 1), GLYPHS))
    neighbours = nearest.searchers(MODEL, GLYPHS)["pixels"](result.results)
    assert neighbours.rows.shape == (6, 1)
    assert neighbours.rows[[2, 5], 0].tolist() == [1, 1]  # a - b + c is b in this set, in latents as in pixels
    figure = functools.partial(arithmetic_figures.neighbours_figure, triple, result)
    with_neighbours, without = figure({"pixels": neighbours}, GLYPHS), figure({}, None)
    assert with_neighbours.shape[0] > without.shape[0] and with_neighbours.dtype == np.uint8
    with pytest.raises(ValueError, match="rows of a data set"):
        figure({"pixels": neighbours}, None)


# === By descriptions, and side by side ===


def test_the_answer_of_descriptions_is_a_fifth_panel():
    image = np.arange(100, 116, dtype=np.uint8).reshape(4, 4, 1) * 2
    answer = DescriptionAnswer(tuple("鉤釣杓"), add_descriptions(*"鉤釣杓"), image)
    assert answer.title == "⿰木句 = 枸" and answer.line == "鉤 − 釣 + 杓 = ⿰木句 = 枸"
    entry = Tuple(0, "t", ("d", "b", "c"))
    (result,) = arithmetic.compute(MODEL, GLYPHS.images[[3, 1, 2]][None])
    four, five = (arithmetic_figures.tuple_figure(entry, result, {}, each) for each in (None, answer))
    assert five.shape[0] > four.shape[0]
    bottom = four.shape[0] - 16  # the four panels stay as they are; below is only the page's margin
    width = four.shape[1] - 16
    np.testing.assert_array_equal(five[:bottom, :width], four[:bottom, :width])
    block = np.kron(image[..., 0], np.ones((24, 24), np.uint8))
    assert holds(five[..., 0], block) and not holds(four[..., 0], block)
    rows = [SheetRow(entry, [result], {}, each) for each in (answer, None)]
    sheet = arithmetic_figures.contact_sheet(rows, ["tiny model"])
    assert holds(sheet[..., 0], np.kron(image[..., 0], np.ones((12, 12), np.uint8)))


class Reader(PixelLatents):
    """A model that reads every sum as the same parts, and draws the same image of them."""

    drawn = np.arange(60, 76, dtype=np.uint8).reshape(4, 4, 1) * 3

    def snap(self, latents):
        return np.repeat(self.encode(self.drawn[None]), len(latents), axis=0)

    def describe(self, latents):
        return ["⿰木句"] * len(latents)


def test_what_a_model_with_parts_reads_is_a_panel_of_its_own():
    entry, images = Tuple(0, "t", ("d", "b", "c")), GLYPHS.images[[3, 1, 2]][None]
    (plain,), (read,) = (arithmetic.compute(model, images) for model in (MODEL, Reader((4, 4, 1))))
    np.testing.assert_array_equal(read.generated, plain.generated)  # the sums stay what they are
    assert plain.reading is None and read.reading.title == "⿰木句 = 枸"
    np.testing.assert_array_equal(read.reading.image[0], Reader.drawn)
    four, five = (arithmetic_figures.tuple_figure(entry, result, {}) for result in (plain, read))
    assert holds(five[..., 0], np.kron(Reader.drawn[..., 0], np.ones((24, 24), np.uint8)))
    assert five.shape[0] > four.shape[0]
    (triple,) = arithmetic.parse_terms(["abc"])
    alone, with_reading = (arithmetic_figures.neighbours_figure(triple, each, {}, None) for each in (plain, read))
    assert with_reading.shape[0] > alone.shape[0]
    row = SheetRow(entry, [plain, read], {})
    sheet = arithmetic_figures.contact_sheet([row], ["one", "two"])
    assert holds(sheet[..., 0], np.kron(Reader.drawn[..., 0], np.ones((12, 12), np.uint8)))


def test_two_models_stand_side_by_side():
    class Inverted(PixelLatents):
        def decode(self, latents):
            return 255 - super().decode(latents)

    entry = Tuple(0, "t", ("d", "b", "c"))
    results = [arithmetic.compute(model, GLYPHS.images[[3, 1, 2]][None])[0] for model in (MODEL, Inverted((4, 4, 1)))]
    row = SheetRow(entry, results, {})
    figure = arithmetic_figures._figure(row, ["one", "two"])
    sheet = arithmetic_figures.contact_sheet([row], ["one", "two"])
    alone = arithmetic_figures.tuple_figure(entry, results[0], {}, None, "one")
    np.testing.assert_array_equal(figure[:, : alone.shape[1]], alone)
    for page, factor in ((figure, 24), (sheet, 12)):
        for result in results:
            for image in result.reconstructions:
                assert holds(page[..., 0], np.kron(image[..., 0], np.ones((factor, factor), np.uint8)))


def test_the_nearest_glyphs_of_the_answer_stand_beside_it():
    (triple,) = arithmetic.parse_terms(["abc"])
    (result,) = arithmetic.compute(MODEL, arithmetic.term_images([triple], (4, 4, 1), GLYPHS))
    answer = DescriptionAnswer(tuple("鉤釣杓"), add_descriptions(*"鉤釣杓"), GLYPHS.images[3])
    of_answer = {"pixels": nearest.by_pixels(answer.image[None], GLYPHS.images)}
    assert of_answer["pixels"].rows[0, 0] == 3
    figure = functools.partial(arithmetic_figures.neighbours_figure, triple, result, {}, GLYPHS)
    assert figure(answer, of_answer).shape[0] > figure().shape[0]
