"""``validate``: which figures are written where, and that one wrong thing does not stop the others."""

import pathlib

import numpy as np
import pytest
from PIL import Image

import tfglyph
from tfglyph.cli.validate import BEST, ORIGINAL
from tfglyph.errors import GlyphError, UsageError


def write(text):
    pathlib.Path("test.txt").write_text(text, encoding="utf-8")


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_figures_go_beside_the_run(run, verb, capsys):
    write("酪鉻鉸\n驅軀躺\n")
    assert verb("validate", "--checkpoint", run) == 0
    directory = run.parent.parent / "generate" / "small"
    assert names(directory) == ["contact-sheet.png", "test-arith-00.png", "test-arith-01.png"]
    assert f"2 figures test-arith-*.png are in {directory}" in capsys.readouterr().out


def test_everything_wrong_is_reported_and_the_rest_is_done(run, verb, capsys, tmp_path):
    write("酪鉻\n酪鉻a\n驅軀躺\n")
    words = ("--checkpoint", tmp_path / "none", "--checkpoint", run / "model.ckpt-0", "--output", "out")
    assert verb("validate", *words, "--no-descriptions") == 1
    assert names(tmp_path / "out" / "small") == ["contact-sheet.png", "test-arith-02.png"]
    assert capsys.readouterr().err.splitlines()[-3:] == [
        "tfglyph: error: test.txt:1: found 2 characters (酪鉻), expected three: A B C",
        f"tfglyph: error: {tmp_path / 'none'}: no such run directory or checkpoint",
        "tfglyph: error: test.txt:2: data set cns lacks a (U+0061)",
    ]


def test_two_checkpoints_of_a_run_do_not_overwrite_each_other(run, verb, tmp_path):
    write("酪鉻鉸\n")
    words = (
        "--checkpoint",
        run / "model.ckpt-0",
        "--checkpoint",
        run / "model.ckpt-5",
        "--output",
        tmp_path / "out",
        "--no-descriptions",
    )
    assert verb("validate", *words) == 0
    assert (tmp_path / "out" / "small" / "test-arith-00.png").exists()
    assert (tmp_path / "out" / "small" / "model.ckpt-5" / "test-arith-00.png").exists()


def test_a_file_of_rubbish_takes_a_screenful_and_no_model(verb, capsys):
    write("rubbish\n" * 1000)
    with pytest.raises(GlyphError, match=r"test\.txt: no line holds a tuple A B C"):
        verb("validate", "--checkpoint", "anything")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 31 and lines[-1] == "tfglyph: error: and 970 more such lines"


def test_other_data_can_be_asked_for(run, verb, tmp_path):
    tfglyph.datasets.load("cns", size=32)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for letter in "ABC":
        picture = Image.new("L", (32, 32), 0)
        picture.paste(255, (4, 4, 12, 28))
        picture.save(folder / f"U{ord(letter)}.png")
    write("A B C\n")
    assert verb("validate", "--checkpoint", run, "--datadir", folder, "--output", "out") == 0
    assert names(tmp_path / "out") == ["contact-sheet.png", "test-arith-00.png"]


def test_models_without_encoder_are_refused_in_one_line(run, verb, capsys, monkeypatch):
    from tfglyph.models.base import GlyphModel

    monkeypatch.setattr(GlyphModel, "can_encode", False)
    write("酪鉻鉸\n")
    assert verb("validate", "--checkpoint", run) == 1
    assert "has no encoder" in capsys.readouterr().err


def test_without_a_model_the_original_and_the_best_stand_side_by_side(run, verb, tmp_path, capsys):
    write("酪鉻鉸\n伏汰瀚\n")
    assert verb("validate", "--output", "out") == 0
    assert names(tmp_path / "out") == ["contact-sheet.png", "test-arith-00.png", "test-arith-01.png"]
    line = "伏 − 汰 + 瀚: descriptions do not cancel; left over: + ⿰ right 犬 − ⿰ right 太 + ⿰ right 翰"
    assert capsys.readouterr().out.splitlines()[0] == line
    assert verb("validate", "--output", "one", "--checkpoint", ORIGINAL, "--no-descriptions") == 0
    assert "cancel" not in capsys.readouterr().out
    both, original = (np.asarray(Image.open(tmp_path / name / "test-arith-00.png")) for name in ("out", "one"))
    assert both.shape[1] > 1.9 * original.shape[1] and both.shape[0] > original.shape[0]
    # The original's four panels are as ever, below a heading that says which model it is.
    heading = 60
    np.testing.assert_array_equal(
        both[heading : len(original) - 16, : original.shape[1] - 16], original[heading:-16, :-16]
    )


def test_side_by_side_has_a_folder_of_its_own(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("酪鉻鉸\n")
    assert verb("validate", "--no-descriptions") == 0
    names_of_models = "-beside-".join(reference.removeprefix("pretrained:") for reference in (ORIGINAL, BEST))
    assert names(tmp_path / "logdir" / "generate" / names_of_models) == ["contact-sheet.png", "test-arith-00.png"]


def test_no_model_at_all_is_a_question(run, verb, monkeypatch):
    with pytest.raises(UsageError, match="which model"):
        verb("export")
    monkeypatch.chdir(run.parent.parent.parent)
    pathlib.Path("logdir").symlink_to(run.parent.parent)
    with pytest.raises(UsageError, match="such as --checkpoint logdir/train/small"):
        verb("export")
