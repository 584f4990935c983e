"""What the recognizer is shown, how its answer is read, and what it says of real glyphs."""

import numpy as np
import pytest

from tfglyph import datasets
from tfglyph.evaluation import legibility
from tfglyph.evaluation.legibility import Readings, decode, prepare
from tfglyph.evaluation.unavailable import UnavailableError


def installed():
    try:
        legibility.check()
    except UnavailableError:
        return False
    return True


needs_recognizer = pytest.mark.skipif(not installed(), reason="rapidocr and onnxruntime are not installed")


def test_a_line_is_black_on_white_with_the_glyph_in_the_middle():
    images = np.zeros((2, 32, 32, 1), np.uint8)
    images[0] = 255
    lines = prepare(images)
    assert lines.shape == (2, 3, 48, 64) and lines.dtype == np.float32
    inside = np.zeros((48, 64), bool)
    inside[4:44, 12:52] = True  # 40 x 40
    np.testing.assert_array_equal(lines[0], np.where(inside, -1.0, 1.0)[None].repeat(3, 0))
    np.testing.assert_array_equal(lines[1], np.ones((3, 48, 64)))


def test_other_sizes_keep_their_proportions():
    lines = prepare(np.full((1, 20, 10, 3), 255, np.uint8))
    rows, columns = np.nonzero(lines[0, 0] < 0)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 43, 22, 41)  # 40 x 20


def test_greedy_ctc():
    alphabet = ["", "a", "b"]
    best = [(0, 0.9), (1, 0.8), (1, 0.99), (0, 0.7), (1, 0.6), (2, 0.4)]  # blank a a blank a b
    probabilities = np.zeros((6, 3))
    for row, (letter, value) in zip(probabilities, best, strict=True):
        row[:] = (1 - value) / 2
        row[letter] = value
    text, confidence = decode(probabilities, alphabet)
    assert text == "aab"
    assert confidence == pytest.approx((0.8 + 0.6 + 0.4) / 3)
    assert decode(np.array([[0.9, 0.1, 0.0]]), alphabet) == ("", 0.0)


def test_readings_compare():
    readings = Readings(["酪", "", "酉各", "交"], np.zeros(4), np.zeros((4, 2)))
    assert readings.single.tolist() == [True, False, False, True]
    assert readings.right(["酪", "酪", "酪", "酪"]).tolist() == [True, False, False, False]


@needs_recognizer
def test_real_glyphs_are_read_and_upside_down_ones_are_not():
    glyphs = datasets.load("cns", size=32, charset="big5-common")
    glyphs = glyphs.take(np.arange(0, len(glyphs), 135), "a few")
    readings = legibility.read(glyphs.images)
    assert len(readings.texts) == len(glyphs) == 41
    assert readings.features.shape == (41, 120)
    assert readings.right(glyphs.characters).mean() > 0.9
    turned = legibility.read(glyphs.images[:, ::-1, ::-1])
    assert turned.right(glyphs.characters).mean() < 0.2
    assert turned.confidences.mean() < readings.confidences.mean() - 0.2


@needs_recognizer
def test_reading_does_not_depend_on_the_company():
    images = datasets.load("cns", size=32).images[:3]
    together, alone = legibility.read(images), legibility.read(images[1:2])
    assert together.texts[1] == alone.texts[0]
    np.testing.assert_allclose(together.features[1], alone.features[0], atol=1e-4)
    assert legibility.read(images[:0]).features.shape == (0, 120)


@needs_recognizer
def test_readings_of_real_images_come_from_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path))
    images = datasets.load("cns", size=32).images[:2]
    first = legibility.read_real(images)
    monkeypatch.setattr(legibility, "read", None)
    again = legibility.read_real(images)
    assert again.texts == first.texts and all(type(text) is str for text in again.texts)
    np.testing.assert_array_equal(again.features, first.features)


def test_what_is_missing_is_said_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(legibility.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"package rapidocr, .* pip install 'tfglyph\[evaluate\]'"):
        legibility.check()
    fake = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(legibility.importlib.util, "find_spec", lambda name: fake)
    with pytest.raises(UnavailableError, match="comes without PP-OCRv6_rec_small"):
        legibility.check()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / legibility.MODEL).touch()
    monkeypatch.setattr(legibility.importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else fake)
    with pytest.raises(UnavailableError, match="package onnxruntime"):
        legibility.check()
