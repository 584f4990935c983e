"""The record of a data set: splits, rows, which image shows a character."""

from itertools import pairwise

import numpy as np
import pytest

from tfglyph.datasets import load
from tfglyph.datasets.glyphs import Glyphs, Rows, split_key, split_keys
from tfglyph.errors import GlyphError, UsageError


def glyphs_of(characters):
    images = np.arange(len(characters), dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    labels = np.arange(len(characters), dtype=np.int32)
    return Glyphs("made", images, list(characters), labels, None, "f", split_keys(characters))


def test_split_keys_stay_what_they_are():
    # A changed key would move characters between the parts of runs that exist.
    assert split_key("一") == 0xDB1AFF068FCE58D1
    assert split_key("丂") == split_key("丂".encode())
    assert split_keys(["一", "丂"]).dtype == np.uint64


def test_holdout_takes_its_fraction_of_cns():
    everything = load("cns")
    holdout, train = everything.split("holdout", 0.05), everything.split("train", 0.05)
    assert (len(holdout), len(train)) == (1122, 19798)
    assert sorted(holdout.characters + train.characters) == everything.characters
    # 5 % of 20,920 is 1,046 with a standard deviation of 31.5 for independent draws.
    assert abs(len(holdout) - 1046) < 4 * 31.5


def test_smaller_holdouts_are_subsets():
    everything = glyphs_of([chr(0x4E00 + i) for i in range(200)])
    parts = [set(everything.split("holdout", fraction).characters) for fraction in (0.05, 0.1, 0.3, 0.9)]
    assert all(small < large for small, large in pairwise(parts))


def test_all_copies_of_a_character_are_on_one_side():
    everything = glyphs_of(["一", "丂", "七", "丁"] * 5)
    for fraction in (0.1, 0.5, 0.8):
        try:
            train = set(everything.split("train", fraction).characters)
            holdout = set(everything.split("holdout", fraction).characters)
        except UsageError:
            continue
        assert not train & holdout


def test_rows_go_together_and_the_fingerprint_changes():
    everything = glyphs_of("一二三四五六七八九十")
    part = everything.take([3, 1], "test")
    assert part.characters == ["四", "二"]
    assert part.labels.tolist() == [3, 1]
    assert part.images[:, 0, 0, 0].tolist() == [3, 1]
    assert part.fingerprint != everything.fingerprint
    assert part.fingerprint == everything.take([3, 1], "test").fingerprint


def test_no_holdout_is_everything_and_an_empty_part_is_an_error():
    everything = glyphs_of("一二三")
    assert everything.split("train", 0.0) is everything
    with pytest.raises(UsageError, match="the holdout part of 'made' \\(3 images\\) is empty at holdout 0"):
        everything.split("holdout", 0.0)
    with pytest.raises(UsageError, match="split 'test' is none of train, holdout, all"):
        everything.split("test")
    with pytest.raises(UsageError, match=r"holdout 1.0 is not in"):
        everything.split("train", 1.0)
    keyless = Glyphs("made", everything.images)
    assert keyless.split("train", 0.0) is keyless
    with pytest.raises(UsageError, match="data set 'made' cannot be split: it has no keys"):
        keyless.split("train", 0.5)


def test_a_character_is_found_at_its_first_image():
    everything = glyphs_of("一二一三二")
    assert everything.known_characters() == list("一二一三二")
    assert everything.rows_by_character() == {"一": 0, "二": 1, "三": 3}
    assert everything.take([4, 3, 1], "test").rows_by_character() == {"二": 0, "三": 1}


def test_label_names_of_one_letter_are_characters():
    images = np.zeros((5, 2, 2, 1), np.uint8)
    digits = Glyphs("digits", images, labels=np.array([7, 0, 7, 1, 0], np.int32), label_names=list("0123456789"))
    assert digits.known_characters() == list("70710")
    assert digits.rows_by_character() == {"7": 0, "0": 1, "1": 3}
    named = Glyphs("named", images, list("一二三四五"), digits.labels, digits.label_names)
    assert named.known_characters() == list("一二三四五")  # what an image shows counts before its class


@pytest.mark.parametrize("names", [None, ["cat", "dog"], ["0", "10"], []])
def test_a_set_that_does_not_know_its_characters_says_so(names):
    labels = None if names is None else np.zeros(3, np.int32)
    faces = Glyphs("faces", np.zeros((3, 2, 2, 1), np.uint8), labels=labels, label_names=names)
    for look_up in (faces.rows_by_character, faces.known_characters):
        with pytest.raises(GlyphError, match="data set faces does not say which character an image shows"):
            look_up()


@pytest.mark.parametrize("key", [2, -1, slice(1, 4), np.array([4, 0, 0]), (slice(0, 2), 0), (1, slice(None), 1, 0)])
def test_rows_index_like_an_array(key, random):
    array = random.integers(0, 256, (9, 3, 4, 1), dtype=np.uint8)
    rows = np.array([8, 2, 2, 5, 0])
    view = Rows(array, rows)
    np.testing.assert_array_equal(view[key], array[rows][key])
    np.testing.assert_array_equal(Rows(view, np.array([1, 3, 4, 0, 2]))[key], array[rows[[1, 3, 4, 0, 2]]][key])
    assert (view.shape, len(view), view.ndim, view.dtype) == ((5, 3, 4, 1), 5, 4, np.uint8)
    np.testing.assert_array_equal(np.asarray(view), array[rows])


def test_large_memory_maps_are_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr("tfglyph.datasets.glyphs._IN_MEMORY_BYTES", 10)
    images = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(40, 2, 2, 1))
    images[:, 0, 0, 0] = np.arange(40)
    everything = Glyphs("made", images, keys=split_keys([str(i) for i in range(40)]), fingerprint="f")
    part = everything.split("train", 0.5)
    assert isinstance(part.images, Rows)
    kept = np.flatnonzero(everything.keys >= np.uint64(2**63))
    np.testing.assert_array_equal(part.images[:, 0, 0, 0], kept)
