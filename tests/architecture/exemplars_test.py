"""The section ``condition.exemplars``: what it needs of itself and of the denoiser."""

import copy
import json

import pytest

from tests.helpers.exemplars import SMALL
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
        ({"exemplars": {"per_part": 0}}, r"condition\.exemplars\.per_part: found 0"),
        ({"exemplars": {"content": 1.5}}, r"condition\.exemplars\.content: found 1\.5"),
        ({"exemplars": {"per_prat": 1}}, r"condition\.exemplars\.per_prat: unknown key .*per_part"),
        (
            {"condition": {"exemplars": None}},
            r"condition\.classes: missing; a condition needs classes, tokens or exemplars",
        ),
        ({"objective": {"pure_noise": 2.0}}, r"objective\.pure_noise: found 2\.0"),
        (
            {"objective": {"path": "cosine", "target": "noise", "sampler": "ddim"}},
            r"objective\.pure_noise: the path cosine trains on the entries of its table; leave this out",
        ),
        (
            {"objective": {"pure_noise": 0.0, "zero_noise": 0.5}},
            r"objective\.zero_noise: only images of nothing but noise can be without it; expected pure_noise",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(sections, words):
    with pytest.raises(UsageError, match=words) as caught:
        check(changed(**sections), "a.json")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("a.json")


def test_a_slot_for_each_part_and_rank():
    section = check(SMALL, "a.json").exemplars
    assert section.sizes == (3, 3, 1, 2) and section.slots == 10


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
    section = Exemplars(output=[8])
    assert (section.sizes, section.slots, section.drawing_sets) == ((5, 5, 2, 2), 15, 1)
    assert architecture.exemplars.slots == 10 and architecture.part_tokens is None


def test_the_shipped_file_has_the_section():
    expected = Exemplars(content=0.5, whole_fonts=0.7, best=0.7, output=[192, 96])
    assert load_architecture("compose-exemplars").exemplars == expected
