"""interpolate, traverse, explore, enhance, arithmetic, nearest: files, messages, wrong words."""

import io
import json

import click
import numpy as np
import pytest
from PIL import Image

import tfglyph
from tests.helpers import runs
from tfglyph.errors import GlyphError, UsageError
from tfglyph.imaging.grids import grid


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Run directories by architecture name: narrow (VAE-GAN), coded (InfoGAN), painter (CPPN)."""
    parent = tmp_path_factory.mktemp("logdir") / "train"
    return {each["name"]: runs.save_run(parent, each) for each in (runs.VAEGAN, runs.INFOGAN, runs.CPPN)}


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def frames_of(path):
    with Image.open(path) as image:
        return image.n_frames, image.info["duration"], image.size


# === interpolate ===


def test_rows_between_seeds_begin_and_end_at_the_seeds(trained, verb, tmp_path, capsys):
    verb("interpolate", "--checkpoint", trained["narrow"], "--seeds", "3,4", "--steps", 4, "--output", tmp_path)
    image = pixels(tmp_path / "interpolate-seeds3-4.png")
    assert image.shape == (36, 4 * 34 + 2)
    ends = tfglyph.load(trained["narrow"]).sample_seeds([3, 4])[..., 0].astype(int)
    assert np.abs(image[2:34, 2:34] - ends[0]).max() <= 1 and np.abs(image[2:34, -34:-2] - ends[1]).max() <= 1
    assert f"narrow, step 3, seed 3 to seed 4: {tmp_path / 'interpolate-seeds3-4.png'}" in capsys.readouterr().out


def test_rows_between_characters_have_the_real_ones_at_their_ends(trained, verb, tmp_path):
    words = ("--characters", "酪鉻 霖雲", "--steps", "3", "--output", tmp_path / "rows.png")
    verb("interpolate", "--checkpoint", trained["narrow"], *words)
    image = pixels(tmp_path / "rows.png")
    assert image.shape == (2 * 34 + 2, 5 * 34 + 2)
    glyphs = tfglyph.datasets.load("cns", size=32)
    real = {character: glyphs.images[row][..., 0] for character, row in glyphs.rows_by_character().items()}
    np.testing.assert_array_equal(image[36:68, 2:34], real["霖"])
    np.testing.assert_array_equal(image[36:68, -34:-2], real["雲"])


def test_loops_of_several_cells_as_gif_and_mp4(trained, verb, tmp_path):
    words = ("--seeds", "0-2", "--loop", "--frames", 6, "--fps", 20, "--cells", 4, "--output")
    verb("interpolate", "--checkpoint", trained["coded"], *words, tmp_path / "a.gif")
    assert frames_of(tmp_path / "a.gif") == (6, 50, (350, 350))
    verb("interpolate", "--checkpoint", trained["coded"], *words, tmp_path, "--format", "mp4")
    assert (tmp_path / "interpolate-seeds0-2.mp4").stat().st_size > 1000


def test_a_cppn_walks_in_any_size(trained, verb, tmp_path):
    words = ("--seeds", "0-1", "--steps", 2, "--size", "50x40", "--output", tmp_path)
    verb("interpolate", "--checkpoint", trained["painter"], *words)
    model = tfglyph.load(trained["painter"])
    words = ("--seeds", "0-1", "--loop", "--frames", 2, "--size", "50x40", "--output", tmp_path / "a.gif")
    verb("interpolate", "--checkpoint", trained["painter"], *words)
    assert frames_of(tmp_path / "a.gif")[2] == (50, 40)
    expected = grid(model.render(model.latents([0, 1]), 40, 50), columns=2)
    assert np.abs(pixels(tmp_path / "interpolate-seeds0-1.png").astype(int) - expected[..., 0]).max() <= 1


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("narrow", ("--seeds", "0-2"), "two at a time, found 3"),
        ("narrow", ("--frames", "9"), "--frames belongs to an animation"),
        ("narrow", ("--loop", "--steps", "9"), "--steps belongs to rows"),
        ("narrow", ("--loop", "--seeds", "1"), "at least two points"),
        ("painter", ("--loop", "--size", "9000"), "96 frames in 9000x9000 take 7.8 GB of memory"),
        ("narrow", ("--size", "64"), "narrow, step 3 renders one size only"),
        ("narrow", ("--seeds", "1,2", "--characters", "酪鉻"), "exclude each other"),
        ("narrow", ("--characters", "あ酪"), "lacks あ"),
        ("narrow", ("--images", "nothing.png"), "nothing.png: no such image file"),
        ("narrow", ("--output", "x.gif"), "expected a folder or a file that ends in .png"),
        ("narrow", ("--label", "3"), "takes no such option"),
        ("coded", ("--characters", "酪鉻"), "InfoGAN model has no encoder"),
    ],
)
def test_wrong_walks_are_one_line(trained, verb, name, words, message):
    with pytest.raises(GlyphError, match=message) as caught:
        verb("interpolate", "--checkpoint", trained[name], *words)
    assert "\n" not in str(caught.value)


# === traverse ===


def test_codes_give_one_grid_for_each_continuous_code(trained, verb, tmp_path, capsys):
    verb("traverse", "--checkpoint", trained["coded"], "--output", tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["traverse-code-1.png", "traverse-code-2.png"]
    assert "rows: code 1; columns: continuous 2" in capsys.readouterr().out
    verb("traverse", "--checkpoint", trained["coded"], "--slide", "1,2", "--output", tmp_path / "both.png")
    assert (tmp_path / "both.png").exists()


def test_categories_mix_and_encoders_turn_single_entries(trained, verb, tmp_path, capsys):
    verb("traverse", "--checkpoint", trained["coded"], "--mix", "0+2", "--seeds", "1-2", "--output", tmp_path)
    assert (tmp_path / "traverse-mix-0-2.png").exists()
    verb("traverse", "--checkpoint", trained["narrow"], "--characters", "酪", "--rows", 3, "--output", tmp_path)
    assert (tmp_path / "traverse-dimensions.png").exists()
    assert "entries of z" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("coded", ("--code", "2"), "no categorical code 2; there are 1, from 1"),
        ("coded", ("--code", "0"), "--code: found '0', expected numbers from 1"),
        ("coded", ("--slide", "3"), "no continuous code 3"),
        ("coded", ("--mix", "1"), "expected two categories, as in 3[+]7"),
        ("coded", ("--mix", "1+9"), "expected a number from 0 to 2"),
        ("narrow", ("--mix", "1+2"), "has no categories"),
        ("narrow", ("--code", "1"), "draws none here"),
        ("coded", ("--mix", "0+1", "--dimensions"), "exclude each other"),
    ],
)
def test_wrong_codes_are_one_line(trained, verb, name, words, message):
    with pytest.raises(UsageError, match=message):
        verb("traverse", "--checkpoint", trained[name], *words)


# === explore ===


def test_a_search_asks_again_saves_every_round_and_goes_on(trained, verb, tmp_path, capsys, monkeypatch):
    look = ("--frames", 3, "--checkpoint", trained["narrow"])
    monkeypatch.setattr("sys.stdin", io.StringIO("what\n02\n\n"))
    assert verb("explore", *look, "--state", tmp_path / "search" / "s.json") == 0
    said = capsys.readouterr()
    assert said.err.count("found 'what', expected some of 0 1 2 3") == 1
    assert "2 rounds, 2 kept and 6 rejected directions; go on with --state" in said.out
    state = json.loads((tmp_path / "search" / "s.json").read_text())
    assert [state["round"], len(state["kept"]), len(state["rejected"])] == [2, 2, 6]
    pictures = sorted(path.name for path in (tmp_path / "search").glob("*.gif"))
    assert pictures == ["round-01.gif", "round-02.gif", "round-03.gif"]
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    verb("explore", *look, "--state", tmp_path / "search" / "s.json", "--squeeze", 0.5)
    assert "going on after 2 rounds, 2 kept" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    verb("explore", *look, "--state", tmp_path / "search" / "s.json", "--squeeze", 0.5, "--rounds", 1)
    assert json.loads((tmp_path / "search" / "s.json").read_text())["rejected"][-1][0] == 0.5
    with pytest.raises(UsageError, match="a search in 8 dimensions, but coded, step 3 has 7"):
        verb("explore", "--checkpoint", trained["coded"], "--state", tmp_path / "search" / "s.json")


def test_ctrl_c_leaves_the_rounds_that_were_done(trained, verb, tmp_path, capsys, monkeypatch):
    class Interrupting(io.StringIO):
        def readline(self, *size):
            line = super().readline(*size)
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr("sys.stdin", Interrupting("3\n"))
    with pytest.raises(click.Abort):
        verb("explore", "--frames", 3, "--checkpoint", trained["coded"], "--output", tmp_path, "--points", 16)
    assert json.loads((tmp_path / "state.json").read_text())["round"] == 1
    assert "go on with --state" in capsys.readouterr().out


def test_directions_without_a_person(trained, verb, tmp_path, capsys):
    verb("explore", "--checkpoint", trained["narrow"], "--auto", "--directions", 5, "--frames", 2, "--output", tmp_path)
    names = {path.name for path in tmp_path.glob("*.gif")}
    assert names == {f"{method}-{part}.gif" for method in ("sefa", "ganspace", "latents") for part in ("0-3", "4-4")}
    with pytest.raises(UsageError, match="--auto asks nobody"):
        verb("explore", "--checkpoint", trained["narrow"], "--auto", "--rounds", 2)


# === enhance, arithmetic, nearest ===


def test_enhance_writes_the_sheet_and_the_curve(trained, verb, tmp_path, capsys):
    words = ("--seeds", "0-2", "--steps", 4, "--subspace", 3, "--output", tmp_path / "better.png")
    verb("enhance", "--checkpoint", trained["coded"], *words)
    said = capsys.readouterr().out
    for seed in range(3):
        line = next(line for line in said.splitlines() if line.startswith(f"seed {seed}: score"))
        before, after = line.split("score ")[1].split(",")[0].split(" -> ")
        assert float(after) >= float(before)
    assert (tmp_path / "better.png").exists() and (tmp_path / "better-curve.png").exists()


def test_arithmetic_takes_characters_and_files(trained, verb, tmp_path, capsys):
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(tmp_path / "mine.png")
    verb("arithmetic", "--checkpoint", trained["narrow"], "酪鉻鉸", tmp_path / "mine.png", "霖雲", "--output", tmp_path)
    assert (tmp_path / "arithmetic-酪-鉻-鉸.png").exists() and (tmp_path / "arithmetic-mine-霖-雲.png").exists()
    with pytest.raises(GlyphError, match="lacks か"):
        verb("arithmetic", "--checkpoint", trained["narrow"], "か鉻鉸")
    with pytest.raises(UsageError, match="has no encoder"):
        verb("arithmetic", "--checkpoint", trained["coded"], "酪鉻鉸")


def test_arithmetic_says_which_parts_are_most_probable(trained, verb, tmp_path, capsys):
    words = ("酪鉻鉸", "--no-nearest", "--no-descriptions", "--output", tmp_path)
    verb("arithmetic", "--pretrained", "vae-parts", *words)
    assert "most probable parts: ⿰酉交 = 𨠦" in capsys.readouterr().out.splitlines()
    verb("arithmetic", "--checkpoint", trained["narrow"], *words)
    assert "most probable" not in capsys.readouterr().out


def test_nearest_reports_generated_and_real_distances(trained, verb, tmp_path, capsys):
    verb("nearest", "--checkpoint", trained["narrow"], "--seeds", "0-1", "--neighbours", 3, "--output", tmp_path)
    said = capsys.readouterr().out
    assert "seed 1: training image" in said and "real to nearest other training image: median" in said
    assert "beside 64 training images of cns" in said
    assert (tmp_path / "nearest-seeds0-1.png").exists()


def test_temperature_reaches_the_images(trained, verb, tmp_path):
    words = ("--count", 4, "--temperature", 0, "--output", tmp_path / "cold.png", "--columns", 4)
    verb("sample", "--checkpoint", trained["narrow"], *words)
    cells = [pixels(tmp_path / "cold.png")[2:34, 2 + 34 * column : 34 + 34 * column] for column in range(4)]
    for cell in cells[1:]:
        np.testing.assert_array_equal(cell, cells[0])
