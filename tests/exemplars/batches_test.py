"""Training batches with exemplars: of the same font, never the character itself, never one that is held out."""

import numpy as np
import pytest

from tests.helpers.exemplars import TWELVE
from tfglyph import datasets
from tfglyph.architecture.condition import Exemplars
from tfglyph.datasets.glyphs import Glyphs, split_keys
from tfglyph.errors import UsageError
from tfglyph.exemplars.batches import ExemplarBatches
from tfglyph.exemplars.kinds import COLUMNS, Match

FONTS, SIDE, SHAPE = 3, 16, (16, 16, 1)
ALL = 1 - 1e-9  # as a fraction below 1
SECTION = {"per_part": 3, "third_part": 0, "style": 2, "output": [8]}


def section(**changes):
    return Exemplars(**SECTION | {"content": 0.0, "whole_fonts": ALL} | changes)


def glyphs_of(characters=TWELVE + "A", fonts=FONTS):
    """Images that say whose they are: the first pixels are the number of the character and of the font, plus one."""
    images = np.zeros((fonts * len(characters), *SHAPE), np.uint8)
    images[:, 0, 0, 0] = np.tile(np.arange(len(characters)), fonts) + 1
    images[:, 0, 1, 0] = np.repeat(np.arange(fonts), len(characters)) + 1
    return Glyphs(
        "made",
        images,
        list(characters) * fonts,
        np.repeat(np.arange(fonts, dtype=np.int32), len(characters)),
        [f"font {number}" for number in range(fonts)],
        keys=split_keys(list(characters) * fonts),
    )


def seen(gathered, characters=TWELVE + "A"):
    """For each image the list of (character, font, Match) of its slots."""
    return [
        [
            (characters[pixels[0] - 1], pixels[1] - 1, Match(kind[0]))
            for pixels, kind in zip(exemplars[:, 0, :2, 0], kinds, strict=True)
            if kind[0] not in (Match.NONE, Match.CONTENT)
        ]
        for exemplars, kinds in zip(gathered["exemplars"], gathered["kinds"], strict=True)
    ]


ROWS = np.arange(FONTS * (len(TWELVE) + 1))


@pytest.fixture(scope="module")
def glyphs():
    return glyphs_of()


@pytest.fixture(scope="module")
def batches(glyphs):
    return ExemplarBatches(glyphs, section(), seed=4)


def test_exemplars_are_other_characters_of_the_same_font(glyphs, batches):
    found = 0
    for step in range(20):
        for row, exemplars in zip(ROWS, seen(batches.gather(ROWS, step)), strict=True):
            characters = [character for character, _, _ in exemplars]
            assert glyphs.characters[row] not in characters and "A" not in characters
            assert len(characters) == len(set(characters))
            assert {font for _, font, _ in exemplars} <= {glyphs.labels[row]}
            found += len(exemplars)
    assert found > 20 * len(ROWS)


def test_they_have_the_parts_that_their_kinds_say(glyphs, batches):
    row = glyphs.characters.index("酪")
    matches = {}
    for step in range(60):
        for character, _, match in seen(batches.gather(ROWS, step))[row]:
            matches.setdefault(character, set()).add(match)
    assert matches["酩"] <= {Match.IN_PLACE, Match.STYLE} and Match.IN_PLACE in matches["酩"]
    assert Match.ALONE in matches["酉"] and Match.MOVED in matches["醬"]
    for character in "校較鉸雨":
        assert matches.get(character, {Match.STYLE}) == {Match.STYLE}
    assert any(Match.STYLE in each for each in matches.values())


def test_empty_slots_are_black_and_without_kind(batches):
    gathered = batches.gather(ROWS, 0)
    empty = gathered["kinds"][..., 0] == Match.NONE
    assert empty.any() and not gathered["kinds"][empty].any() and not gathered["exemplars"][empty].any()
    assert not gathered["sources"][empty].any()


def test_what_is_not_chinese_has_no_exemplars(glyphs, batches):
    row = glyphs.characters.index("A")
    assert not batches.gather(ROWS, 0)["kinds"][row].any()


def test_the_same_step_gives_the_same_draw(batches, glyphs):
    first, again, other = (batches.gather(ROWS, step) for step in (7, 7, 8))
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)
    assert (other["kinds"] != first["kinds"]).any()
    reseeded = ExemplarBatches(glyphs, section(), seed=5).gather(ROWS, 7)
    assert (reseeded["kinds"] != first["kinds"]).any()
    made_again = ExemplarBatches(glyphs, section(), seed=4).gather(ROWS, 7)
    np.testing.assert_array_equal(made_again["exemplars"], first["exemplars"])


def test_another_font_of_the_same_rows_changes_the_pictures_alone(batches):
    """The draw does not look at the font, where the fonts have the same characters."""
    count = len(TWELVE) + 1
    one, two = (batches.gather(np.arange(count) + font * count, 3) for font in (0, 1))
    for name in ("kinds", "sources", "content"):
        np.testing.assert_array_equal(one[name], two[name])
    used = one["kinds"][..., 0] > 0
    np.testing.assert_array_equal(one["exemplars"][used][:, 0, 0], two["exemplars"][used][:, 0, 0])
    assert (one["exemplars"][used][:, 0, 1] == 1).all() and (two["exemplars"][used][:, 0, 1] == 2).all()


def test_characters_that_are_held_out_are_never_exemplars(glyphs):
    train = glyphs.split("train", 0.4)
    kept_back = set(TWELVE) - set(train.characters)
    assert 2 <= len(kept_back) <= 8
    batches = ExemplarBatches(train, section(), seed=0)
    shown = set()
    for step in range(30):
        for exemplars in seen(batches.gather(np.arange(len(train)), step)):
            shown |= {character for character, _, _ in exemplars}
    assert shown and not shown & kept_back
    assert shown == set(train.characters) - {"A"}


def test_small_fonts_are_made_up():
    """Without whole fonts a drawing sees some of the font's characters alone."""
    counts = []
    for whole in (ALL, 0.0):
        batches = ExemplarBatches(glyphs_of(), section(whole_fonts=whole), seed=0)
        counts.append(sum(len(each) for step in range(20) for each in seen(batches.gather(ROWS, step))))
    assert 0.3 < counts[1] / counts[0] < 0.93, counts


def test_content_is_the_character_itself_in_the_last_slot(glyphs):
    batches = ExemplarBatches(glyphs, section(content=0.5), seed=0)
    gathered = batches.gather(np.tile(ROWS, 8), 0)
    has_content = gathered["kinds"][:, -1, 0] == Match.CONTENT
    chinese = np.array([character != "A" for character in glyphs.characters] * 8)
    assert 0.35 < has_content[chinese].mean() < 0.65 and not has_content[~chinese].any()
    assert not (gathered["kinds"][:, :-1, 0] == Match.CONTENT).any()
    assert gathered["content"][has_content].any((1, 2)).all() and not gathered["content"][~has_content].any()
    assert (gathered["kinds"][has_content, -1] == [Match.CONTENT, 0, 255, 0, 0, 255, 255]).all()


def test_batches_as_the_model_takes_them(glyphs):
    batches = ExemplarBatches(glyphs, section(content=ALL), seed=0)
    (batch,) = datasets.feed(glyphs, 8, 3, steps=1, companions=batches).as_numpy_iterator()
    assert {name: (values.dtype.name, values.shape) for name, values in batch.items()} == {
        "images": ("uint8", (8, *SHAPE)),
        "labels": ("int32", (8,)),
        "exemplars": ("uint8", (8, 9, *SHAPE)),
        "kinds": ("int32", (8, 9, COLUMNS)),
    }
    is_content = batch["kinds"][:, -1, 0] == Match.CONTENT
    assert is_content.any() and (batch["exemplars"][is_content, -1].max((1, 2, 3)) > 200).all()


def test_a_training_that_goes_on_sees_the_same_exemplars(glyphs, batches):
    whole = list(datasets.feed(glyphs, 8, 3, steps=6, companions=batches).as_numpy_iterator())
    rest = list(datasets.feed(glyphs, 8, 3, start_step=4, steps=2, companions=batches).as_numpy_iterator())
    for expected, actual in zip(whole[4:], rest, strict=True):
        for name, values in expected.items():
            np.testing.assert_array_equal(actual[name], values)


def test_moved_exemplars_are_in_their_places_in_a_batch():
    glyphs = glyphs_of("酪酉木", 1)
    glyphs.images[1] = 255  # 酉 is all ink, so that its place in 酪 is
    batches = ExemplarBatches(glyphs, section(style=0), seed=0)
    for step in range(20):
        (batch,) = datasets.feed(glyphs, 3, 0, start_step=step, steps=1, companions=batches).as_numpy_iterator()
        row = np.flatnonzero(batch["images"][:, 0, 0, 0] == 1)[0]
        slot = np.flatnonzero(batch["kinds"][row, :, 0] == Match.ALONE)
        if len(slot):
            columns = batch["exemplars"][row, slot[0], :, :, 0].mean(0)
            assert (columns[:8] == 255).all() and (columns[9:] == 0).all()
            return
    raise AssertionError("酉 was never an exemplar of 酪")


def test_data_without_characters_is_refused():
    glyphs = glyphs_of()
    with pytest.raises(UsageError, match=r"data set 'made' has no characters, so nothing is known of their parts"):
        ExemplarBatches(Glyphs("made", glyphs.images), section(), 0)
    with pytest.raises(UsageError, match=r"data set 'made' has no Chinese characters"):
        ExemplarBatches(glyphs_of("ABC"), section(), 0)
