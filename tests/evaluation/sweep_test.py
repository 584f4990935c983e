"""A sweep of a diffusion model: a point for each sampler and number of steps."""

import json

import pytest
from PIL import Image

from tests.helpers.diffusion import TINY_32
from tests.helpers.recognizer import take_away
from tests.helpers.runs import save_run

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def tiny(tmp_path):
    return save_run(tmp_path / "train", TINY_32 | {"name": "tiny"})


@pytest.mark.slow
def test_a_sweep_gives_a_point_for_each_pair_and_a_figure(verb, tiny, tmp_path, capsys, monkeypatch):
    take_away(monkeypatch, "no recognizer")
    assert verb("evaluate", tiny, "--sweep", "sampler=ddim/heun,steps=1", "--count", 12, "--output", "s.json") == 0
    output, errors = capsys.readouterr()
    (result,) = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["models"]
    assert [(point["sampler"], point["steps"]) for point in result["points"]] == [
        ("ddim", 1),
        ("heun", 1),
    ]
    for point in result["points"]:
        assert point["figures"].keys() == {"fid/glyph", "kid/glyph"} and point["images_per_second"] > 0
    ddim, heun = (point["figures"]["fid/glyph"] for point in result["points"])
    assert ddim == pytest.approx(heun, rel=1e-3)  # one step is Euler's for both
    assert result["samples"] == 12 and result["hardware"] and result["seed"] == 0
    assert len(output.splitlines()) == 1 + 3 + 2 and "images per second" in output
    assert "legibility: no recognizer" in errors
    assert Image.open(tmp_path / "s-sweep.png").size[0] == 1000
