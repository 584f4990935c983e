"""Retrieval against a font of twelve glyphs that is made here: slots, kinds and pictures, and what is missing."""

import time

import numpy as np
import pytest
from fontTools.ttLib import TTCollection, TTFont

from tests.helpers.exemplars import TWELVE, squares, write_parts_font
from tests.helpers.sources import write_font
from tfglyph.architecture.condition import Exemplars
from tfglyph.composition import resolve
from tfglyph.errors import GlyphError, UsageError
from tfglyph.exemplars import sources
from tfglyph.exemplars.kinds import COLUMNS, Match
from tfglyph.exemplars.retrieval import Retrieval
from tfglyph.exemplars.sources import OWN_FONT, open_source

SIDE, SHAPE = 32, (32, 32, 1)
SECTION = Exemplars(per_part=5, third_part=0, style=2, output=[8])
SLOTS = 13


@pytest.fixture(scope="module")
def source(font):
    return open_source(font)


@pytest.fixture(scope="module")
def retrieval(source):
    return Retrieval(source, SECTION, SHAPE)


def find(retrieval, text, **options):
    """(Retrieved of one description, dict from character to its (Match, picture))."""
    found = retrieval.find([resolve(text)], **options)
    filled = np.isin(found.kinds[0, :, 0], (Match.NONE, Match.CONTENT), invert=True)
    slots = {
        character: (Match(kind[0]), picture)
        for character, kind, picture in zip(
            found.characters[0], found.kinds[0, filled], found.exemplars[0, filled], strict=True
        )
    }
    return found, slots


def drawn(character, part=None):
    """The inked squares of a character as float (32, 32); of one of its parts alone."""
    image = np.zeros((SIDE * 8, SIDE * 8))
    for number, (top, left, bottom, right) in enumerate(squares(character, 1.0)):
        if part is None or number in part:
            edges = (round(edge * SIDE * 8) for edge in (top, bottom, left, right))
            first, last, start, end = edges
            image[first:last, start:end] = 255
    return image.reshape(SIDE, 8, SIDE, 8).mean((1, 3))


def test_the_source_draws_the_fonts_glyphs(source):
    assert source.name == "Solid" and sorted(source.characters) == sorted(TWELVE)
    for character in "酪雨":
        difference = np.abs(source.glyph(character, SHAPE)[..., 0] - drawn(character))
        assert difference.mean() < 3 and difference.max() < 64  # edges are rounded to a font's units
    assert source.glyph("酪", (32, 40, 3)).shape == (32, 40, 3)


def test_slots_and_kinds(retrieval):
    found, slots = find(retrieval, "⿰酉交")
    assert found.exemplars.shape == (1, SLOTS, *SHAPE) and found.exemplars.dtype == np.uint8
    assert found.kinds.shape == (1, SLOTS, COLUMNS) and found.missing == [[]]
    matches = {character: match for character, (match, _) in slots.items()}
    assert matches == {
        **dict.fromkeys("酪酩酷校較鉸", Match.IN_PLACE),
        **dict.fromkeys("酉交", Match.ALONE),
        **dict.fromkeys("醬效", Match.MOVED),
        **dict.fromkeys("雨木", Match.STYLE),
    }
    assert [slots[character][0] for character in found.characters[0][:3]] == [Match.IN_PLACE] * 3
    assert (found.kinds[0, :, 0] == Match.NONE).tolist() == [False] * 12 + [True]  # the content's
    for character, kind in zip(found.characters[0], found.kinds[0, :12], strict=True):
        frames = [np.round(255 * frame).tolist() for frame in retrieval.index.frames_of(resolve("⿰酉交"))]
        box = {"酉": frames[0], "交": frames[1], "雨": [0, 0, 255, 255]}.get(character)
        assert box is None or kind[3:].tolist() == box


def test_pictures_are_in_their_places(retrieval, source):
    _, slots = find(retrieval, "⿰酉交")
    for character in "酪校雨":  # as the font draws them
        np.testing.assert_array_equal(slots[character][1], source.glyph(character, SHAPE))
    wanted = drawn("酪")[:, :13]  # 酉 at the left, without what the other part's box shares with it
    for character, worst in (("酉", 60), ("醬", 110)):
        moved = slots[character][1][..., 0].astype(float)
        assert np.abs(moved[:, :13] - wanted).mean() < worst / 4 < np.abs(wanted - wanted.mean()).mean()
        assert not moved[:, 18:].any()


def test_a_character_is_not_drawn_from_itself(retrieval, source):
    for character in TWELVE:
        found, _ = find(retrieval, character)
        assert found.characters[0] and character not in found.characters[0]
    without = Retrieval(source, SECTION, SHAPE, without="酩鉸")
    assert not set(find(without, "⿰酉交")[0].characters[0]) & set("酩鉸")


def test_parts_that_the_font_lacks_are_reported(retrieval):
    trees = [resolve(text) for text in ("⿰酉交", "⿰酉鬼", "⿱鬼龍", "木")]
    found = retrieval.find(trees)
    assert found.missing == [[], ["鬼"], ["鬼", "龍"], []]
    matches = [{Match(kind[0]) for kind in kinds} for kinds in found.kinds]
    assert matches[2] == {Match.STYLE, Match.NONE} or matches[2] == {Match.STYLE}
    assert found.exemplars.shape[:2] == (4, SLOTS)


def test_parts_that_have_to_be_moved_are_reported(retrieval):
    """酉 is at the left of 酪, and under 將 in 醬; nothing has it above, and 雨 is there alone."""
    found = retrieval.find([resolve(text) for text in ("⿰酉交", "⿱酉交", "⿰雨酉", "⿱鬼酉", "木")])
    assert found.moved == [[], ["酉", "交"], ["雨", "酉"], [], []]
    assert found.missing[3] == ["鬼"]


@pytest.mark.parametrize(("per_part", "most"), [(0, 0), (1, 1), (2, 2), (None, 5)])
def test_as_many_exemplars_of_a_part_as_asked_for(retrieval, per_part, most):
    found, _ = find(retrieval, "⿰酉交", per_part=per_part)
    kinds = found.kinds[0]
    for frame in retrieval.index.frames_of(resolve("⿰酉交")):
        parts = (kinds[:, 1] == 1) & (kinds[:, 4] == round(255 * float(frame[1])))
        assert parts.sum() == most
    assert (kinds[:, 0] == Match.STYLE).sum() == 2


def test_sets_for_variants_differ_and_begin_again(retrieval):
    sets = [tuple(find(retrieval, "⿰酉交", per_part=2, skip=skip)[0].characters[0][:4]) for skip in range(3)]
    assert len(set(sets)) == 2 and sets[2] == sets[0]
    assert not set(sets[0]) & set(sets[1])


def test_content_takes_the_last_slot(retrieval):
    found, _ = find(retrieval, "酪", content=True)
    assert found.kinds[0, -1].tolist() == [Match.CONTENT, 0, 255, 0, 0, 255, 255]
    assert found.exemplars[0, -1].max() > 200
    assert found.with_content.tolist() == [True]
    found, _ = find(retrieval, "⿰酉交", content=True)  # nobody draws it
    assert found.with_content.tolist() == [False]
    assert Match.CONTENT not in found.kinds[0, :, 0]


def test_the_same_every_time_and_each_by_itself(retrieval, source):
    trees = [resolve(text) for text in ("⿰酉交", "酪", "效")]
    together = retrieval.find(trees)
    again = Retrieval(source, SECTION, SHAPE)
    for number, tree in enumerate(trees):
        alone = again.find([tree])
        np.testing.assert_array_equal(alone.exemplars[0], together.exemplars[number])
        np.testing.assert_array_equal(alone.kinds[0], together.kinds[number])


def test_empty_slots_are_empty(font):
    roomy = Retrieval(open_source(font), Exemplars(per_part=9, style=20, output=[8]), SHAPE)
    found, _ = find(roomy, "⿰酉交")
    empty = found.kinds[0, :, 0] == Match.NONE
    assert empty.sum() == 41 - len(found.characters[0]) > 0 and not found.exemplars[0, empty].any()
    parts = found.kinds[0, :, 4]  # each list begins at its own slot
    assert (parts[:5] == 0).all() and empty[5:9].all() and (parts[9:14] > 60).all() and empty[14:20].all()


def test_further_sets_follow_the_first(source):
    both = Retrieval(source, Exemplars(per_part=2, style=1, drawing_sets=2, output=[8]), SHAPE)
    one = Retrieval(source, Exemplars(per_part=2, style=1, output=[8]), SHAPE)
    found = both.find([resolve("⿰酉交"), resolve("酪")], content=True)
    assert found.kinds.shape == (2, 16, COLUMNS)
    for number in range(2):
        alone = one.find([resolve("⿰酉交"), resolve("酪")], skip=number, content=True)
        np.testing.assert_array_equal(found.kinds[:, 8 * number : 8 * number + 8], alone.kinds)
        np.testing.assert_array_equal(found.exemplars[:, 8 * number : 8 * number + 8], alone.exemplars)
    assert found.kinds[1, [7, 15], 0].tolist() == [Match.CONTENT] * 2


# === Sources ===


def test_few_glyphs_are_a_guess_and_said_to_be(font, capsys):
    open_source(font)
    assert "draws 12 Chinese characters only; its style is guessed" in capsys.readouterr().err


def test_fonts_without_chinese_characters_are_one_line(tmp_path):
    path = write_font(tmp_path / "latin.ttf", characters="abc")
    with pytest.raises(GlyphError, match=r"latin\.ttf: draws no Chinese characters, so there are no exemplars in it"):
        open_source(path)
    (tmp_path / "no.ttf").write_bytes(b"rubbish")
    with pytest.raises(GlyphError, match=r"no\.ttf: not a usable font"):
        open_source(tmp_path / "no.ttf")


def test_one_face_has_to_be_named(tmp_path, font):
    collection = TTCollection()
    collection.fonts = [TTFont(font), TTFont(write_parts_font(tmp_path / "thin.ttf", name="Thin", weight=0.4))]
    collection.save(tmp_path / "two.ttc")
    with pytest.raises(UsageError, match=r"has 2 faces; name one of them, such as FILE#0: #0 Solid, #1 Thin"):
        open_source(tmp_path / "two.ttc")
    assert open_source(f"{tmp_path}/two.ttc#1").name == "Thin"


def test_the_package_s_own_source_is_made_once_though_it_is_opened_ahead(monkeypatch):
    made = []
    sources._pack_source.cache_clear()
    monkeypatch.setattr(sources, "PackSource", lambda: made.append(time.sleep(0.2)) or "the source")
    try:
        sources.open_ahead()
        assert [open_source(None), open_source(None)] == ["the source"] * 2
        assert len(made) == 1
    finally:
        sources._pack_source.cache_clear()


def test_without_a_font_the_packages_own_pictures_are_used():
    source = open_source(None)
    assert source.name == OWN_FONT and len(source.characters) > 20_000
    assert source.glyph("酪", SHAPE).max() > 200 and source.glyph("酪", (64, 64, 3)).shape == (64, 64, 3)
    found, _ = find(Retrieval(source, SECTION, SHAPE), "⿰酉交")
    assert found.missing == [[]] and Match.STYLE in found.kinds[0, :, 0] and len(found.characters[0]) == 12
