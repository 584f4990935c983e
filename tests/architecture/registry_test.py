"""The families: for each mode both classes can be imported and belong together."""

import typing

import pytest

from tfglyph.architecture import architecture_class, load_architecture, shipped_names
from tfglyph.architecture.families import Architecture
from tfglyph.architecture.registry import FAMILIES, import_class
from tfglyph.architecture.shrink import shrink
from tfglyph.models import build, family
from tfglyph.models.base import GlyphModel

SHIPPED = [load_architecture(name) for name in shipped_names()]


@pytest.mark.parametrize("mode", FAMILIES)
def test_both_classes_can_be_imported(mode):
    architecture, model = (import_class(path) for path in FAMILIES[mode])
    assert issubclass(architecture, Architecture) and issubclass(model, GlyphModel)
    assert typing.get_args(architecture.model_fields["mode"].annotation) == (mode,)
    assert architecture_class(mode) is architecture and family(mode) is model


@pytest.mark.parametrize("mode", FAMILIES)
def test_the_model_trains_the_networks_of_the_file(mode):
    architecture = shrink(next(shipped for shipped in SHIPPED if shipped.mode == mode))
    assert type(architecture) is architecture_class(mode)
    model = build(architecture)
    assert type(model) is family(mode)
    assert set(architecture.trained) <= set(model.networks)
    assert set(model.ema_names) <= set(model.networks)
    for name in architecture.trained:
        assert model.trained_variables(name), f"{mode}: {name} has nothing to train"


def test_every_mode_has_a_shipped_file():
    assert {architecture.mode for architecture in SHIPPED} == set(FAMILIES)


def test_a_class_that_is_not_there_is_noticed():
    with pytest.raises(AttributeError):
        import_class("tfglyph.architecture.vae:NoSuchArchitecture")
