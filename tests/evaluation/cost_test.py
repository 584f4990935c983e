"""Images per second, and what a sweep varies."""

from types import SimpleNamespace

import numpy as np
import pytest

import tfglyph
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.errors import UsageError
from tfglyph.evaluation import cost


class Clocked:
    """A model whose images take a second each, by a clock of its own."""

    chunk = 4

    def __init__(self):
        self.now, self.calls = 0.0, []

    def sample(self, count, seed=0, **options):
        self.calls.append((count, options))
        self.now += count + (100.0 if len(self.calls) == 1 else 0.0)  # the first call compiles


def test_speed_leaves_the_first_call_out(monkeypatch):
    model = Clocked()
    monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=lambda: model.now))
    speeds = cost.images_per_second(model, count=10, repetitions=2, steps=5)
    np.testing.assert_allclose(speeds, [1.0, 1.0])
    assert model.calls == [(4, {"steps": 5}), (10, {"steps": 5}), (10, {"steps": 5})]


def test_hardware_is_named():
    assert "CPU" in cost.hardware()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sampler,steps", {"sampler": ("ddpm", "ddim", "dpm++", "heun"), "steps": (5, 10, 20, 50)}),
        ("steps", {"steps": (5, 10, 20, 50)}),
        ("steps=3/7", {"steps": (3, 7)}),
        ("guidance", {"guidance": (1.0, 1.5, 2.0, 3.0)}),
        ("steps=4,guidance=0/2.5", {"steps": (4,), "guidance": (0.0, 2.5)}),
        ("sampler=heun/ddim , steps", {"sampler": ("heun", "ddim"), "steps": (5, 10, 20, 50)}),
    ],
)
def test_sweeps_are_parsed(text, expected):
    assert cost.parse_sweep(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("samplers", "did you mean sampler"),
        ("", "expected sampler,steps"),
        ("steps,steps", "expected sampler,steps"),
        ("sampler=dimm", "did you mean ddim"),
        ("steps=0", "expected whole numbers from 1 to 100000 such as 5/10/20"),
        ("guidance=-1", "guidance '-1', expected numbers from 0 to 1000 such as 1/2/3.5"),
        ("guidance=nan", "expected numbers from 0 to 1000 such"),
        ("steps=5/x", "steps 'x', expected whole numbers from 1 to 100000 such as 5/10/20"),
        ("steps=2.5", "steps '2.5', expected whole numbers"),
    ],
)
def test_other_sweeps_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        cost.parse_sweep(text)


def test_temperatures_are_swept():
    assert cost.parse_sweep("temperature=0/0.5,steps=4") == {"temperature": (0.0, 0.5), "steps": (4,)}
    assert cost.parse_sweep("temperature") == {"temperature": (0.0, 0.5, 1.0)}
    with pytest.raises(UsageError, match="temperature '11', expected numbers from 0 to 10"):
        cost.parse_sweep("temperature=11")
    points = list(cost.Sweep(("heun",), (2,), temperature=(0.0, 1.0)))
    assert points == [{"sampler": "heun", "steps": 2, "temperature": value} for value in (0.0, 1.0)]


def test_a_sweep_takes_what_is_left_out_from_the_model():
    model = SimpleNamespace(
        name="a",
        sampling_options=("steps", "sampler"),
        architecture=SimpleNamespace(objective=SimpleNamespace(sampler="heun", sampling_steps=9)),
    )
    assert list(cost.sweep_of(model, {"steps": (2, 3)})) == [
        {"sampler": "heun", "steps": 2},
        {"sampler": "heun", "steps": 3},
    ]
    assert list(cost.sweep_of(model, {"sampler": ("ddim",)})) == [{"sampler": "ddim", "steps": 9}]
    with pytest.raises(UsageError, match="a has no condition"):
        cost.sweep_of(model, {"guidance": (1.0,)})
    model.sampling_options += ("guidance",)
    assert list(cost.sweep_of(model, {"guidance": (1.0, 3.0)})) == [
        {"sampler": "heun", "steps": 9, "guidance": guidance} for guidance in (1.0, 3.0)
    ]


def test_a_model_of_one_pass_has_nothing_to_sweep():
    with pytest.raises(UsageError, match="VAE-GAN model samples in one pass"):
        cost.sweep_of(tfglyph.build(SMALL_VAEGAN), {"steps": (5,)})
