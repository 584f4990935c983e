"""Trainings under other precisions stay near the reference, on whatever device there is."""

import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))

import devices


def test_losses_are_compared_over_the_last_fifth():
    reference = np.array([[9.0, 9.0]] * 8 + [[3.0, 4.0]] * 2)
    losses = np.array([[0.0, 0.0]] * 8 + [[3.0, 4.5]] * 2)
    assert devices.apart(losses, reference) == pytest.approx(0.1)
    assert np.isnan(devices.apart(losses * np.nan, reference))


def test_strokes_are_black_and_white_and_differ():
    images = devices.strokes(8, (16, 16, 1))
    assert set(np.unique(images)) == {0, 255}
    assert len({image.tobytes() for image in images}) == 8


@pytest.mark.slow
def test_precisions_on_the_cpu_stay_near_float32(capsys):
    """The dry run of what a GPU machine does."""
    assert devices.main(["vae-small", "--steps", "5", "--devices", "CPU:0"]) == 0
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| vae-small")]
    assert len(lines) == 6
    difference = {tuple(line[2:4]): line[-1].strip(" |") for line in lines}
    assert difference["float32", "off"] == "reference"
    # XLA makes other normal numbers of the same bits, so that its losses are those of another seed.
    assert 0 <= float(difference["float32", "on"].rstrip("%")) < 100
    assert float(difference["mixed_bfloat16", "off"].rstrip("%")) < 20  # one step's loss, the fifth: 6.8 was seen
