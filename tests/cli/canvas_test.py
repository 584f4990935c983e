"""``tfglyph canvas``: files of the size that was asked for, equal to what the model renders."""

import json

import numpy as np
import pytest
from PIL import Image

import tfglyph
from tests.helpers.command import run_command
from tests.helpers.diffusion import TINY
from tests.helpers.eager import eager_functions
from tests.helpers.runs import save_run
from tfglyph.cli.canvas import parse_size
from tfglyph.errors import UsageError

CPPN = {
    "mode": "GAN",
    "hwc": [32, 32, 1],
    "z_dim": 4,
    "codes": {"categorical": [3], "repeat": 2},
    "generator": {"type": "cppn", "output": [6, 6, 1], "init_std": 0.7},
    "discriminator": {"kernel": [[5, 5]], "stride": [[4, 4]], "output": [3], "batch_norm": False},
    "objective": {"loss": "wasserstein", "gradient_penalty": 10.0, "critic_steps": 2},
    "training": {"batch_size": 4, "steps": 2, "ema": {"decay": 0.9}},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("canvas")
    (folder / "cppn.json").write_text(json.dumps(CPPN))
    (folder / "characters.txt").write_text("".join(map(chr, range(0x4E00, 0x4E00 + 20))))
    files = ("--architecture", folder / "cppn.json", "--charset", folder / "characters.txt")
    with eager_functions():
        assert run_command("train", *files, "--logdir", folder / "run") == 0
    return folder / "run"


def test_one_file_for_each_seed_in_the_size_asked_for(run, tmp_path, capsys):
    words = ("--checkpoint", run, "--size", "300x200", "--seeds", "3,5", "--output", tmp_path, "--label", "0+2")
    assert run_command("canvas", *words) == 0
    printed = capsys.readouterr().out.splitlines()
    model = tfglyph.load(run)
    for line, seed in zip(printed, (3, 5), strict=True):
        path = tmp_path / f"canvas-seed{seed}-300x200.png"
        assert line.endswith(str(path))
        with Image.open(path) as image:
            assert image.size == (300, 200)
            pixels = np.asarray(image)
        np.testing.assert_array_equal(pixels, model.render(model.latents([seed]), 200, 300, label="0+2")[0, :, :, 0])


def test_an_output_that_is_a_file_is_that_file(run, tmp_path):
    words = ("--checkpoint", run, "--size", "40", "--seeds", "3", "--output", tmp_path / "a.png")
    assert run_command("canvas", *words) == 0 and (tmp_path / "a.png").is_file()
    assert run_command("canvas", *words[:4], "--seeds", "3,5", "--output", tmp_path / "b.png") == 0
    assert sorted(path.name for path in tmp_path.glob("b*")) == ["b-seed3-40x40.png", "b-seed5-40x40.png"]


def test_a_seed_is_the_same_picture_in_sample_and_canvas(run):
    model = tfglyph.load(run)
    small = model.sample_seeds([7])[0].astype(int)
    assert np.abs(model.render(model.latents([7]), 32, 32)[0] - small).max() <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--size", "0"), "--size"),
        (("--size", "big"), "--size"),
        (("--size", "200000"), "a side must be from 1"),
        (("--seeds", "5-3"), "--seeds"),
        (("--label", "9"), "label"),
    ],
)
def test_wrong_options_are_one_clear_line(run, tmp_path, words, message):
    with pytest.raises(UsageError, match=message):
        run_command("canvas", "--checkpoint", run, "--output", tmp_path, *words)


def test_models_without_a_cppn_are_refused_in_one_line(tmp_path):
    run = save_run(tmp_path, TINY | {"name": "noise"})
    with pytest.raises(UsageError, match="noise, step 3: a DDPM renders one size only; a cppn renders any"):
        run_command("canvas", "--checkpoint", run, "--output", tmp_path)


def test_sizes_as_people_type_them():
    assert parse_size("8192") == (8192, 8192)
    assert parse_size("1920x1080") == parse_size(" 1920 × 1080 ") == (1080, 1920)
