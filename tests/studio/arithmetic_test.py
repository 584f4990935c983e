"""The Arithmetic tab's own functions."""

import types

import numpy as np
import pytest

from tests.helpers.latent import PixelLatents
from tfglyph.composition.arithmetic import add_descriptions
from tfglyph.datasets import Glyphs
from tfglyph.errors import UsageError
from tfglyph.latent.description_answers import DescriptionAnswer
from tfglyph.studio.tabs import arithmetic

LOADED = types.SimpleNamespace(
    model=PixelLatents((4, 4, 1)),
    glyphs=Glyphs("tiny", np.arange(4 * 16, dtype=np.uint8).reshape(4, 4, 4, 1) * 3, list("鉤釣杓枸")),
    searchers={},
)


def test_the_answer_by_descriptions_is_a_panel_of_its_own(monkeypatch):
    image = np.full((4, 4, 1), 77, np.uint8)
    asked = []

    def answers(triples, shape, load_composer):
        asked.extend(triples)
        return [DescriptionAnswer(triple, add_descriptions(*triple), image) for triple in triples]

    monkeypatch.setattr(arithmetic, "description_answers", answers)
    with_answer = arithmetic.figure(LOADED, "鉤釣杓", nearest=False)
    monkeypatch.setattr(arithmetic, "description_answers", lambda triples, shape, load_composer: [None])
    without = arithmetic.figure(LOADED, "鉤釣杓", nearest=False)
    assert asked == [("鉤", "釣", "杓")]
    assert with_answer.shape[0] > without.shape[0]
    assert (with_answer == 77).all(-1).sum() > 1000 > (without == 77).all(-1).sum()


def test_three_characters_are_wanted():
    with pytest.raises(UsageError, match=r"found 2 characters \(鉤釣\), expected three: A B C"):
        arithmetic.figure(LOADED, "鉤釣", nearest=False)
