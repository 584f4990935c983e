"""What an architecture can have, asked of families that have it and of families that do not."""

import pytest

from tests.helpers.families import FAMILIES
from tfglyph.architecture import check, load_architecture
from tfglyph.architecture.condition import Condition
from tfglyph.errors import UsageError


def test_a_composing_model_is_conditioned_on_parts():
    architecture = load_architecture("compose")
    assert architecture.conditioning is architecture.condition
    assert architecture.part_tokens.parts == "parts-1" and architecture.class_count == 0
    assert load_architecture("compose-fonts").class_count > 1


def test_tokens_of_a_data_set_are_no_parts():
    tokens = {"vocabulary": 5, "length": 2}
    architecture = check(FAMILIES["ddpm"] | {"condition": {"tokens": tokens, "classes": 3}}, "a")
    assert architecture.conditioning.tokens.vocabulary == 5
    assert architecture.part_tokens is None and architecture.class_count == 3


@pytest.mark.parametrize("family", ["vaegan", "vae", "dcgan", "ddpm"])
def test_most_families_have_none(family):
    architecture = check(FAMILIES[family], family)
    assert architecture.conditioning is None and architecture.part_tokens is None and architecture.class_count == 0
    assert architecture.input_codes is None and not architecture.renders_any_size


def test_codes_and_resolutions():
    assert check(FAMILIES["infogan"], "a").input_codes.categorical == [3]
    assert check(FAMILIES["wgan-gp"], "a").renders_any_size


def test_pixels_are_in_the_range_of_the_last_activation():
    ranges = {family: check(FAMILIES[family], family).pixel_range for family in ("vaegan", "vae", "ddpm")}
    assert ranges == {"vaegan": (-1.0, 1.0), "vae": (0.0, 1.0), "ddpm": (-1.0, 1.0)}


def test_classes_have_numbers_and_names():
    condition = Condition(classes=3, names=["song", "kai", "hei"])
    assert [condition.number_of(label) for label in ("kai", "2", 0)] == [1, 2, 0]
    for label, message in (
        ("kia", r"found 'kia', .* from 0 to 2, or one of song, kai, hei .*mean kai"),
        (3, "found 3"),
    ):
        with pytest.raises(UsageError, match=message):
            condition.number_of(label)
