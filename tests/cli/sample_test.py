"""``sample`` and ``export``: files, seeds, options."""

import numpy as np
import pytest
from PIL import Image

import tfglyph
from tfglyph.cli.point_options import MAXIMUM, parse_seeds
from tfglyph.errors import UsageError
from tfglyph.imaging.grids import grid


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_grid_and_single_images_are_the_models(run, verb, tmp_path, capsys):
    assert verb("sample", "--checkpoint", run, "--count", 5, "--seed", 3, "--individual", "--output", tmp_path) == 0
    images = tfglyph.load(run).sample(5, seed=3)
    np.testing.assert_array_equal(pixels(tmp_path / "sample-seed3.png"), grid(images)[..., 0])
    for index in range(5):
        np.testing.assert_array_equal(pixels(tmp_path / "sample-seed3" / f"{index:05d}.png"), images[index, ..., 0])
    assert f"5 images of small, step 5: {tmp_path / 'sample-seed3.png'}" in capsys.readouterr().out


def test_seeds_give_one_image_each(run, verb, tmp_path):
    verb("sample", "--checkpoint", run, "--seeds", "7,2-3", "--individual", "--output", tmp_path)
    verb("sample", "--checkpoint", run, "--count", 1, "--seed", 3, "--output", tmp_path / "one", "--individual")
    np.testing.assert_array_equal(
        pixels(tmp_path / "sample-seeds7-3" / "00003.png"),
        pixels(tmp_path / "one" / "sample-seed3" / "00000.png"),
    )


def test_columns_shape_the_grid(run, verb, tmp_path):
    verb("sample", "--checkpoint", run, "--count", 6, "--columns", 6, "--output", tmp_path)
    assert pixels(tmp_path / "sample-seed0.png").shape == (36, 6 * 34 + 2)


@pytest.mark.parametrize(("text", "seeds"), [("5", [5]), ("0-3", [0, 1, 2, 3]), ("9, 1-2 ,9", [9, 1, 2, 9])])
def test_lists_of_seeds(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1,,2", "-1", "2147483648", "0-1000000", "٣", f"0-{MAXIMUM}"])
def test_impossible_lists_of_seeds(text):
    with pytest.raises(UsageError, match="--seeds"):
        parse_seeds(text)


def test_seeds_exclude_count(verb):
    with pytest.raises(UsageError, match="--seeds and --count exclude each other"):
        verb("sample", "--checkpoint", "run", "--seeds", "1", "--count", "3")


def test_options_of_other_families_are_refused(run, verb):
    with pytest.raises(UsageError, match="--sampling_steps: small, step 5 is a VAE-GAN, which takes no such option"):
        verb("sample", "--checkpoint", run, "--sampling_steps", "10")


def test_options_of_the_family_arrive(run, verb, tmp_path, monkeypatch):
    from tfglyph.models.vaegan import VAEGAN

    received = {}
    monkeypatch.setattr(VAEGAN, "sampling_options", ("sampler", "steps", "guidance", "label"))
    monkeypatch.setattr(
        VAEGAN,
        "sample_pairs",
        lambda self, pairs, **options: received.update(options) or np.zeros((1, 2, 2, 1), np.uint8),
    )
    words = ("--sampler", "ddim", "--sampling_steps", "9", "--guidance", "1.5", "--label", "kai")
    verb("sample", "--checkpoint", run, "--output", tmp_path, *words)
    assert received == {"sampler": "ddim", "steps": 9, "guidance": 1.5, "label": "kai"}


def test_one_model_at_a_time(run, verb):
    with pytest.raises(UsageError, match="one model at a time"):
        verb("sample", "--checkpoint", run, "--checkpoint", run)
    with pytest.raises(UsageError, match="pretrained:nothing: no such shipped weights"):
        verb("sample", "--pretrained", "nothing")


def test_export_writes_versions_named_after_the_run(run, verb, tmp_path, capsys):
    assert verb("export", "--checkpoint", run) == 0
    assert (tmp_path / "served" / "small" / "1" / "saved_model.pb").exists()
    printed = capsys.readouterr().out
    assert "small, step 5: signatures sample, decode" in printed
    assert "SavedModel in served/small/1" in printed
