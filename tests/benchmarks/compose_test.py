"""The commands that compare ways to compose: which fonts a training gets, and what the tables are made of."""

import collections
import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))

import compose_curves
import compose_models

from tests.helpers.exemplars import write_parts_font

FONTS = [f"{family}-{weight}.ttf" for family in "abc" for weight in ("light", "bold", "black")] + ["d.ttf"]
FAMILIES = list("aaabbbcccd")


def test_every_beginning_has_as_many_families_as_it_can():
    order = compose_curves.nested(FONTS, FAMILIES)
    assert sorted(order) == list(range(len(FONTS)))
    for count in range(1, len(order) + 1):
        members = collections.Counter(FAMILIES[number] for number in order[:count])
        assert len(members) == min(count, 4)
        full = {"a": 3, "b": 3, "c": 3, "d": 1}
        assert all(each >= min(max(members.values()) - 1, full[name]) for name, each in members.items())
    renamed = [f"elsewhere/{font}" for font in FONTS]
    assert compose_curves.nested(renamed, FAMILIES) == order, "where the files lie does not matter"


def test_a_family_is_read_from_the_font(tmp_path):
    assert compose_curves.family(write_parts_font(tmp_path / "a.ttf", name="Solid")) == "Solid"
    assert compose_curves.family(f"{tmp_path}/a.ttf#0") == "Solid"


def test_the_table_has_means_of_the_fonts():
    figures = {"a": {"first": 0.5, "among five": 0.6, "l1": 0.1, "rmse": 0.2}}
    figures["b"] = {"first": 0.7, "among five": 1.0, "l1": 0.3, "rmse": 0.2}
    *_, line = compose_curves.rows([((7, 3, True), [(400, figures)])])
    assert line == "| 7 | 3 | yes | 400 | 0.600 | 0.800 | 0.2000 | 0.2000 | 0.50, 0.70 |"


def test_drawings_are_reduced_by_area():
    images = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
    reduced = compose_models.smaller(images, 2)
    assert reduced.shape == (2, 2, 2, 1)
    assert reduced[0, 0, 0, 0] == round(float(np.mean([0, 1, 4, 5]))) and reduced[1, 1, 1, 0] == round(28.5)
    with pytest.raises(SystemExit, match="4x4 pixels are no multiple of 3x3"):
        compose_models.smaller(images, 3)
