"""The families: for each mode both classes can be imported and belong together."""

import typing

import pytest

from tests.helpers.families import FAMILIES as SMALL
from tfglyph.architecture import architecture_class, check
from tfglyph.architecture.families import Architecture
from tfglyph.architecture.registry import FAMILIES, import_class
from tfglyph.models import build, family
from tfglyph.models.base import GlyphModel


@pytest.mark.parametrize("mode", FAMILIES)
def test_both_classes_can_be_imported(mode):
    architecture, model = (import_class(path) for path in FAMILIES[mode])
    assert issubclass(architecture, Architecture) and issubclass(model, GlyphModel)
    assert typing.get_args(architecture.model_fields["mode"].annotation) == (mode,)
    assert architecture_class(mode) is architecture and family(mode) is model


@pytest.mark.parametrize("mode", FAMILIES)
def test_the_model_trains_the_networks_of_the_file(mode):
    data = next(data for data in SMALL.values() if data["mode"] == mode)
    architecture = check(data, mode)
    assert type(architecture) is architecture_class(mode)
    model = build(architecture)
    assert type(model) is family(mode)
    assert set(architecture.trained) <= set(model.networks)
    assert set(model.ema_names) <= set(model.networks)
    for name in architecture.trained:
        assert model.trained_variables(name), f"{mode}: {name} has nothing to train"


def test_a_small_architecture_of_every_mode_is_in_the_helpers():
    assert {data["mode"] for data in SMALL.values()} == set(FAMILIES)


def test_a_class_that_is_not_there_is_noticed():
    with pytest.raises(AttributeError):
        import_class("tfglyph.architecture.vae:NoSuchArchitecture")
