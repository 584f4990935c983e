"""Information about codes: closed forms, and a classifier that finds codes where they are."""

import math

import numpy as np
import pytest

from tests.helpers.recognizer import needs_recognizer, take_away
from tfglyph import datasets
from tfglyph.evaluation import codes
from tfglyph.evaluation.metrics import read_alike


def test_categorical_information():
    sure = np.array([[1.0, 0, 0], [0, 1, 0]])
    assert codes.categorical_information(sure, np.array([0, 1])).tolist() == pytest.approx([math.log(3)] * 2)
    ignorant = np.full((2, 4), 0.25)
    assert codes.categorical_information(ignorant, np.array([0, 3])).tolist() == pytest.approx([0, 0])
    wrong = codes.categorical_information(np.array([[1.0, 0.0]]), np.array([1]))
    assert np.isfinite(wrong).all() and wrong[0] < -10


def test_continuous_information_of_a_reader_with_normal_errors():
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, 20000)
    means = values + rng.normal(0, 0.1, 20000)
    information = codes.continuous_information(means, np.full(20000, 0.1), values)
    expected = math.log(2) - 0.5 * math.log(2 * math.pi * math.e * 0.1**2)  # the entropies' difference
    assert information.mean() == pytest.approx(expected, abs=0.02)


def test_purity():
    pure = codes.purity(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 8, 9, 8]))
    assert pure.tolist() == [True, True, False, False, True]  # of equals the first label counts
    assert codes.purity(np.arange(4), np.array([1, 1, 2, 2])).all()  # one image each: always pure


def test_a_classifier_reads_codes_that_show_and_none_that_do_not():
    rng = np.random.default_rng(1)
    categories, continuous = rng.integers(0, 3, (600, 2)), rng.uniform(-1, 1, (600, 1)).astype(np.float32)
    images = np.zeros((600, 16, 16, 1), np.uint8)
    for image, (first, _), (height,) in zip(images, categories, continuous, strict=True):
        image[:, 1 + 5 * first : 5 + 5 * first] = 128 + round(100 * height)
    samples = codes.CodedSamples(images, categories, continuous)
    read = codes.train_classifier(samples.take(slice(0, 400)), (3, 3), steps=80)
    tested = samples.take(slice(400, None))
    information = {name: values.mean() for name, values in codes.information(read(tested.images), tested).items()}
    assert information["categorical_1"] > 0.9 * math.log(3)
    assert information["categorical_2"] < 0.1
    assert information["continuous_1"] > 0.7


def test_a_classifier_that_learned_images_by_heart_is_not_too_sure_of_others():
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (300, 16, 16, 1)).astype(np.uint8)  # noise, which has nothing to do with the code
    samples = codes.CodedSamples(images, np.zeros((300, 0), int), rng.uniform(-1, 1, (300, 1)).astype(np.float32))
    read = codes.train_classifier(samples.take(slice(0, 200)), (), steps=150)
    tested = samples.take(slice(200, None))
    assert -0.6 < codes.information(read(tested.images), tested)["continuous_1"].mean() < 0


@needs_recognizer
def test_categories_are_read_alike_where_they_show_one_character():
    glyphs = datasets.load("cns")
    rows = glyphs.rows_by_character()
    images = np.asarray(glyphs.take([rows["酪"], rows["雲"]], "two").images)
    shown = np.array([0, 0, 0, 0, 1, 1, 1, 0])  # the last of the second category shows the first one's
    images = np.concatenate([images[shown], np.zeros_like(images)])  # a third category shows nothing
    categories = np.array([[0, 0]] * 4 + [[1, 0]] * 4 + [[2, 0]] * 2)
    measured = read_alike(codes.CodedSamples(images, categories, np.zeros((10, 0))), 0)
    assert [(measurement.name, measurement.value) for measurement in measured] == [
        ("codes/categorical_1/read alike", 0.7),
        ("codes/categorical_2/read alike", 0.5),
    ]


def test_nothing_is_read_without_a_recognizer(monkeypatch):
    take_away(monkeypatch, "it is not installed")
    samples = codes.CodedSamples(np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 1), int), np.zeros((2, 0)))
    assert read_alike(samples, 0) == []
