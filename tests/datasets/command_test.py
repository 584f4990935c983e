"""``tfglyph data`` as a person types it."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.helpers.sources import NUMERALS, encoded, glyph_like, write_font
from tfglyph.cli import main
from tfglyph.datasets import DATASETS
from tfglyph.datasets.gnt import write_gnt
from tfglyph.datasets.idx import write_idx
from tfglyph.errors import GlyphError, UsageError


def run(*arguments):
    result = CliRunner().invoke(main, ["data", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_list_names_every_set():
    lines = run("list").stdout
    assert all(name in lines for name in DATASETS) and "joyo" in lines and "2,136" in lines


def test_describe():
    lines = run("describe", "cns", "--charset", "gb2312-1").stdout.splitlines()
    assert "images: 3,755 of 32x32x1" in lines
    assert "characters: 3,755 different, from 一 to 龟" in lines
    assert any(line.startswith("fingerprint: ") for line in lines)
    assert "here: not available: data set 'casia'" not in run("describe", "k49").stdout
    assert "here: not available: data set 'k49' needs --datadir" in run("describe", "k49").stdout
    with pytest.raises(UsageError, match="no data set 'cms'"):
        run("describe", "cms")


def test_show_writes_the_images_that_it_names(tmp_path):
    font, numerals = write_font(tmp_path / "a.ttf"), tmp_path / "n.txt"
    numerals.write_text(NUMERALS)
    output = tmp_path / "grid.png"
    flags = ("--fonts", font, "--charset", numerals, "--size", 20, "--output", output, "--columns", 4)
    lines = run("show", "fonts", "--count", 8, *flags).stdout.splitlines()
    assert sorted(lines[0]) == sorted(NUMERALS) and lines[1] == f"8 of 8 images: {output}"
    grid = np.asarray(Image.open(output))
    assert grid.shape[:2] == (2 * 22 + 2, 4 * 22 + 2)
    number = NUMERALS.index(lines[0][5])  # the second image of the second row
    ink = grid[24:44, 24:44] > 128
    np.testing.assert_allclose(ink.any(0).sum(), 20 * (0.1 + 0.06 * number), atol=1)
    assert "has only 8 images" in run("show", "fonts", *flags).stdout
    assert run("show", "fonts", *flags, "--seed", 1).stdout != run("show", "fonts", *flags).stdout


def test_prepare_makes_the_cache(tmp_path, cache, random):
    for number, picture in enumerate(glyph_like(random, 3)):
        (tmp_path / f"{number}.png").write_bytes(encoded(picture, "PNG"))
    assert "images: 3 of 64x64x1" in run("prepare", "folder", "--datadir", tmp_path).stdout
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1


def test_check_counts_the_good_and_names_the_bad(tmp_path, random):
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    picture = glyph_like(random, 1)[0]
    (folder / "good.png").write_bytes(encoded(picture, "PNG"))
    write_gnt(folder / "deep" / "x.gnt", [("一", picture), ("丁", picture)])
    write_idx(str(folder / "train-labels-idx1-ubyte"), np.arange(5, dtype=np.uint8))
    write_font(folder / "a.ttf")
    (folder / "readme.txt").write_text("hello")
    result = run("check", folder)
    assert result.exit_code == 0 and result.stdout == (
        f"{folder}: good: 5 IDX entries, 1 fonts, 2 handwritten characters, 1 images, 1 other files; nothing is wrong\n"
    )
    (folder / "deep" / "x.gnt").write_bytes((folder / "deep" / "x.gnt").read_bytes()[:-1])
    (folder / "bad.png").write_bytes(b"<html>")
    (folder / "bad.ttf").write_bytes(b"rubbish")
    (folder / "bad-idx3-ubyte").write_bytes(b"rubbish")
    Image.fromarray(np.stack([picture] * 3, -1)).quantize(16).save(folder / "palette.png")
    result = run("check", folder)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1 and len(lines) == 6
    for name, reason in (
        ("bad-idx3-ubyte", "wrong magic number"),
        ("bad.png", "not an image"),
        ("bad.ttf", "not a usable font"),
        ("deep/x.gnt", "cut off in the record at byte 154"),
    ):
        assert sum(line.startswith(f"skipped: {folder}/{name}: ") and reason in line for line in lines) == 1
    assert f"note: {folder}/palette.png: palette: converted" in lines
    assert lines[-1].endswith("2 images, 1 other files; 4 skipped, 1 used with a note")
    with pytest.raises(GlyphError, match="nowhere: no such file or directory"):
        run("check", tmp_path / "nowhere")


def test_fonts_reports_coverage(tmp_path):
    write_font(tmp_path / "a.ttf", name="Alpha")
    write_font(tmp_path / "b.ttf", name="Beta", characters=NUMERALS[:6])
    (tmp_path / "n.txt").write_text(NUMERALS)
    lines = run("fonts", tmp_path, "--charset", tmp_path / "n.txt", "--missing").stdout.splitlines()
    assert lines[0].startswith("100.00%       8 of 8  Alpha") and lines[1].startswith(" 75.00%       6 of 8  Beta")
    assert lines[2].split() == ["lacks:", "七八"]
