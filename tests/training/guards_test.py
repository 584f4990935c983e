"""Bad steps: tolerated, counted in a row, and kept for inspection when they end a run."""

import datetime

import numpy as np
import pytest

from tfglyph.errors import GlyphError
from tfglyph.runs.rundir import RunDirectory
from tfglyph.training.guards import BadSteps

NAN = {"loss/generator": float("nan"), "loss/encoder": 0.5, "bad_step": 1.0}
GOOD = {"loss/generator": 0.25, "loss/encoder": 0.5, "bad_step": 0.0}


@pytest.fixture
def run(tmp_path):
    with RunDirectory.create(tmp_path, "test", datetime.datetime(2026, 1, 2)) as run:
        yield run


def batch_of(step):
    return {"images": np.full((2, 4, 4, 1), step, np.uint8)}


def test_good_steps_in_between_start_the_count_again(run, capsys):
    guard = BadSteps(3, run, batch_of)
    for step, logs in enumerate([NAN, NAN, GOOD, NAN, NAN, GOOD], start=1):
        guard.after_step(step, logs)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"tfglyph: warning: step {step} was not applied: loss/generator is nan (--max_bad_steps 3 in a row end the run)"
        for step in (1, 4)
    ]
    assert not list(run.path.glob("badstep-*"))


def test_too_many_in_a_row_end_the_run_with_the_evidence(run):
    guard = BadSteps(3, run, batch_of)
    guard.after_step(7, GOOD)
    guard.after_step(8, NAN)
    guard.after_step(9, NAN)
    with pytest.raises(GlyphError) as error:
        guard.after_step(10, NAN | {"loss/encoder": float("inf")})
    message = str(error.value)
    culprits = "loss/generator is nan, loss/encoder is inf"
    assert message.startswith(f"3 bad steps in a row, the last one 10: {culprits}; ")
    assert "\n" not in message and f"{run.path}/badstep-8.npz and {run.path}/badstep-10.npz" in message
    with np.load(run.path / "badstep-10.npz", allow_pickle=False) as kept:
        assert kept["step"] == 10 and kept["images"].shape == (2, 4, 4, 1)
        assert (kept["images"] == 9).all()  # step 10 was made of the batch that is numbered 9
        numbers = dict(zip(kept["names"].tolist(), kept["values"].tolist(), strict=True))
        assert numbers["loss/encoder"] == float("inf")


def test_a_limit_of_one_keeps_one_file(run):
    with pytest.raises(GlyphError, match="1 bad steps in a row, the last one 1: a gradient was not finite"):
        BadSteps(1, run, batch_of).after_step(1, GOOD | {"bad_step": 0.5})  # one of two replicas
    assert [path.name for path in run.path.glob("badstep-*")] == ["badstep-1.npz"]
