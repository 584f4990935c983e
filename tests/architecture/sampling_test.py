"""The options of sampling: which are accepted, in which range, and with which words the others are refused."""

import typing

import numpy as np
import pytest

from tfglyph import diffusion
from tfglyph.architecture.diffusion import DiffusionObjective
from tfglyph.architecture.sampling import SAMPLERS, SAMPLING_OPTIONS, check_sampling_options
from tfglyph.errors import UsageError

ALL = tuple(SAMPLING_OPTIONS)


def refused(options, accepted=ALL):
    with pytest.raises(UsageError) as caught:
        check_sampling_options(options, accepted, "tiny")
    return str(caught.value)


def test_there_is_one_list_of_samplers():
    assert SAMPLERS is diffusion.SAMPLERS == ("ddpm", "ddim", "dpm++", "heun")
    assert typing.get_args(DiffusionObjective.model_fields["sampler"].annotation) == SAMPLERS
    assert SAMPLING_OPTIONS["sampler"].choices == SAMPLERS


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sampler": "heun", "steps": 1, "guidance": 0, "temperature": 10, "label": "kai"},
        {"steps": np.int64(100_000), "guidance": np.float32(1000), "temperature": 0.0, "label": [0, 1]},
        dict.fromkeys(ALL),
    ],
)
def test_good_options_are_accepted(options):
    check_sampling_options(options, ALL, "tiny")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "dimm"}, "sampler: found 'dimm', expected one of ddpm, ddim, dpm++, heun (did you mean ddim?)"),
        ({"steps": 0}, "steps: found 0, expected a number from 1 to 100000"),
        ({"steps": 100_001}, "steps: found 100001, expected a number from 1 to 100000"),
        ({"steps": 2.5}, "steps: found 2.5, expected a whole number"),
        ({"steps": "3"}, "steps: found 3, expected a number from 1 to 100000"),
        ({"guidance": -0.1}, "guidance: found -0.1, expected a number from 0 to 1000"),
        ({"guidance": float("nan")}, "guidance: found nan, expected a number from 0 to 1000"),
        ({"temperature": 11}, "temperature: found 11, expected a number from 0 to 10"),
    ],
)
def test_what_is_out_of_range_is_one_line(options, message):
    assert refused(options) == message


def test_options_that_a_model_does_not_take():
    assert refused({"lable": 1}) == (
        "lable: tiny takes no such option (did you mean label?); it takes sampler, steps, guidance, temperature, label"
    )
    assert refused({"steps": None}, ["label"]) == "steps: tiny takes no such option; it takes label"
    assert refused({"label": 1}, iter(())) == "label: tiny takes no such option; it takes none"


def test_a_flag_can_stand_in_for_the_name():
    with pytest.raises(UsageError, match=r"^--sampling_steps: found 0, expected a number"):
        SAMPLING_OPTIONS["steps"].check(0, shown_as="--sampling_steps")
