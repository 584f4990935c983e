"""The section ``condition.exemplars``: what it needs of itself and of the denoiser."""

import copy
import json

import pytest

from tests.helpers.exemplars import CHANNELS, SMALL
from tfglyph.architecture import check, dump, load_architecture
from tfglyph.architecture.condition import Exemplars
from tfglyph.errors import UsageError


def changed(**sections):
    """SMALL with keys of ``condition.exemplars``, ``condition``, ``denoiser`` and ``objective`` replaced."""
    data = copy.deepcopy(SMALL)
    data["condition"]["exemplars"] |= sections.pop("exemplars", {})
    for name, keys in sections.items():
        data[name] |= keys
    return data


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"exemplars": {"heads": [2]}}, r"condition\.exemplars\.heads: 1 entries, but output has 2"),
        ({"exemplars": {"heads": [3, 2]}}, r"condition\.exemplars\.heads: 8 channels do not divide into 3 heads"),
        ({"exemplars": {"drawing_slots": 2}}, r"condition\.exemplars\.drawing_style: 2 of 2 slots; parts need some"),
        ({"exemplars": {"slots": 0}}, r"condition\.exemplars\.slots: found 0"),
        ({"exemplars": {"content": 1.5}}, r"condition\.exemplars\.content: found 1\.5"),
        ({"exemplars": {"per_prat": 1}}, r"condition\.exemplars\.per_prat: unknown key .*per_part"),
        (
            {"exemplars": {"output": [8, 24]}},
            r"condition\.exemplars\.output: found \[8, 24\], expected denoiser\.output, \[8, 16\]",
        ),
        (
            {"condition": {"exemplars": None}},
            r"condition\.classes: missing; a condition needs classes, tokens or exemplars",
        ),
        ({"objective": {"pure_noise": 2.0}}, r"objective\.pure_noise: found 2\.0"),
        (
            {"objective": {"path": "cosine", "target": "noise", "sampler": "ddim"}},
            r"objective\.pure_noise: the path cosine trains on the entries of its table; leave this out",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(sections, words):
    with pytest.raises(UsageError, match=words) as caught:
        check(changed(**sections), "a.json")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("a.json")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"heads": [2, 2]}, r"heads: the fusion channels has no attention; leave this out"),
        ({"slots": 8}, r"slots: found 8, expected at least 2 per_part \+ style \+ 1, 9"),
        ({"drawing_slots": 20}, r"drawing_slots: the fusion channels draws with as many as slots; leave this out"),
        ({"drawing_style": 1}, r"drawing_style: the fusion channels draws with as many as style; leave this out"),
        ({"fusion": "sum"}, r"fusion: found \"sum\""),
        (
            {"fusion": "attention", "slots": 10},
            r"heads: missing; the fusion attention needs an entry for each of output",
        ),
    ],
)
def test_what_does_not_fit_channels_is_one_line(keys, words):
    data = copy.deepcopy(CHANNELS)
    data["condition"]["exemplars"] |= keys
    with pytest.raises(UsageError, match=r"condition\.exemplars\." + words) as caught:
        check(data, "a.json")
    assert "\n" not in str(caught.value)


def test_channels_have_a_slot_for_each_part_and_rank():
    architecture = check(CHANNELS, "a.json")
    section = architecture.exemplars
    assert section.sizes == (3, 3, 1, 2) and (section.drawing_slots, section.drawing_style) == (10, 2)
    assert check(json.loads(dump(architecture)), "b.json") == architecture


def test_a_unet_takes_no_exemplars():
    data = changed()
    data["denoiser"] = {"type": "unet", "output": [8, 16], "bottleneck": [24], "upward": [8]}
    with pytest.raises(
        UsageError, match=r"condition\.exemplars: a denoiser of type unet takes labels only; patch-unet"
    ):
        check(data, "a.json")


def test_defaults_and_round_trip():
    architecture = check(SMALL, "a.json")
    assert check(json.loads(dump(architecture)), "b.json") == architecture
    section = Exemplars(output=[8], heads=[1])
    assert (section.slots, section.per_part, section.style, section.drawing_slots, section.drawing_style) == (
        12,
        6,
        4,
        20,
        4,
    )
    assert architecture.conditioning.exemplars.slots == 6 and architecture.part_tokens is None


def test_the_shipped_file_has_the_section():
    section = load_architecture("compose-exemplars").condition.exemplars
    assert section.output == [64, 128, 256] and section.heads == [4, 4, 8]
