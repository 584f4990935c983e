"""A - B + C by descriptions: what is composed, what is left over, what has no description at all."""

import types

import numpy as np
import pytest

from tfglyph.latent.description_answers import description_answers

SHAPE = (32, 32, 1)


class Composer:
    """Remembers what it was asked for; draws its number."""

    def __init__(self):
        self.architecture = types.SimpleNamespace(part_tokens=types.SimpleNamespace(parts="parts-1"))
        self.asked = []

    def compose(self, texts):
        self.asked += texts
        return np.stack([np.full(SHAPE, 10 + number, np.uint8) for number in range(len(texts))])


def answers(*triples, shape=SHAPE):
    composer = Composer()
    return description_answers([tuple(triple) for triple in triples], shape, lambda: composer), composer.asked


def test_each_description_is_composed_once():
    results, asked = answers("鉤釣杓", "霖雲芸", "鉤釣杓")
    assert asked == ["⿰木句", "⿱艹林"]
    assert [result.title for result in results] == ["⿰木句 = 枸", "⿱艹林 = 菻", "⿰木句 = 枸"]
    assert [int(result.image[0, 0, 0]) for result in results] == [10, 11, 10]


def test_what_does_not_cancel_is_one_line_and_no_image():
    ((result,), asked) = answers("伏汰瀚")
    assert result.image is None and asked == []
    assert result.line == (
        "伏 − 汰 + 瀚: descriptions do not cancel; left over: + ⿰ right 犬 − ⿰ right 太 + ⿰ right 翰"
    )


def test_where_nothing_is_drawn_no_model_is_loaded():
    def load():
        pytest.fail("loaded a model")

    assert description_answers([("7", "1", "4"), ("あ", "い", "う")], SHAPE, load) == [None, None]
    assert description_answers([("伏", "汰", "瀚")], SHAPE, load)[0].image is None


def test_a_part_that_is_too_rare_is_said():
    rare = "⿰木{10012}"  # in a few decompositions, but not among the parts that models learn
    (result,), asked = answers([rare, "⿰木各", "⿰金各"])
    assert asked == [] and result.image is None and "too rare to be composed" in result.line


@pytest.mark.parametrize("shape", [(64, 64, 1), (28, 28, 3)])
def test_images_have_the_size_of_the_model(shape):
    (result,), _ = answers("鉤釣杓", shape=shape)
    assert result.image.shape == shape and result.image.dtype == np.uint8 and result.image.max() == 10
