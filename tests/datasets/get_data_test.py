"""get_data.sh in a directory of its own, without a network: an archive, twice, damage, weights."""

import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

from tests.helpers.sources import write_font

pytestmark = pytest.mark.slow
REPOSITORY = pathlib.Path(__file__).parents[2]
FONT, EXT_FONT = "TW-Kai-98_1.ttf", "TW-Kai-Ext-B-98_1.ttf"


def mapped_font(path, codes):
    """A font that maps all of some code points, to one picture."""
    write_font(path)
    font = TTFont(path)
    tables = [table for table in font["cmap"].tables if table.format == 12 or max(codes) < 0x10000]
    if not tables:  # a table that reaches beyond U+FFFF
        tables = [CmapSubtable.newSubtable(12)]
        tables[0].platformID, tables[0].platEncID, tables[0].language, tables[0].cmap = 3, 10, 0, {}
        font["cmap"].tables += tables
    for table in tables:
        table.cmap.update({code: "block0" for code in codes})
    font.save(path)
    return str(path)


@pytest.fixture
def wide_font(tmp_path):
    return mapped_font(tmp_path / FONT, range(0x4E00, 0x9FA6))


@pytest.fixture
def run(tmp_path):
    """Runs a copy of the script that finds neither installed fonts nor apt-get."""
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(REPOSITORY / "get_data.sh", clone)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in (
        "sh",
        "dirname",
        "find",
        "head",
        "mktemp",
        "rm",
        "mkdir",
        "cp",
        "mv",
        "diff",
        "tail",
        "chmod",
    ):
        (tools / name).symlink_to(shutil.which(name))

    def run(**variables):
        environment = {
            "PATH": str(tools),
            "HOME": str(tmp_path),
            "FONT_DIRS": str(tmp_path / "none"),
            "PYTHON": sys.executable,
            "PYTHONPATH": str(REPOSITORY),
            "TWKAI_URL": f"file://{tmp_path}/kai.zip",
            "TMPDIR": str(tmp_path),
        } | {name: str(value) for name, value in variables.items()}
        return subprocess.run([clone / "get_data.sh"], env=environment, capture_output=True, text=True, timeout=120)

    run.clone = clone
    return run


def archive(tmp_path, font, name=f"Fonts/{FONT}"):
    with zipfile.ZipFile(tmp_path / "kai.zip", "w") as file:
        file.write(font, name)


def test_from_the_archive_twice_and_after_damage(run, tmp_path, wide_font):
    archive(tmp_path, wide_font)
    first = run()
    target = run.clone / "fonts" / FONT
    assert first.returncode == 0 and target.read_bytes() == pathlib.Path(wide_font).read_bytes(), first.stderr
    assert f"fonts/{FONT}: Blocks, 20,902 characters" in first.stdout and "no trained weights" in first.stdout
    assert f"fonts/{FONT} is here already: Blocks, 20,902 characters" in run().stdout
    target.write_bytes(target.read_bytes()[:500])
    again = run()
    assert "is damaged: fetching it again" in again.stdout and again.returncode == 0
    assert sorted(os.listdir(run.clone / "fonts")) == [FONT]


def test_both_fonts_come_from_one_archive(run, tmp_path, wide_font):
    archive(tmp_path, wide_font)
    alone = run()
    assert alone.returncode == 0
    assert "no usable TW-Kai-Ext-B-98_1.ttf, which only --dataset cns-ext needs" in alone.stdout
    ext = mapped_font(tmp_path / EXT_FONT, range(0x20000, 0x2A6D7))
    with zipfile.ZipFile(tmp_path / "kai.zip", "a") as file:
        file.write(ext, f"Fonts/{EXT_FONT}")
    both = run()
    assert f"fonts/{EXT_FONT}: Blocks, 42,711 characters of U+20000-U+2A6DF" in both.stdout, both.stderr
    assert both.stdout.count("fetching") == 1
    assert sorted(os.listdir(run.clone / "fonts")) == [FONT, EXT_FONT]


def test_an_installed_font_is_enough(run, tmp_path, wide_font):
    (tmp_path / "installed" / "deep").mkdir(parents=True)
    shutil.copy(wide_font, tmp_path / "installed" / "deep")
    done = run(FONT_DIRS=tmp_path / "installed")
    assert "is installed: Blocks, 20,902 characters" in done.stdout and "nothing to fetch" in done.stdout
    assert not (run.clone / "fonts").exists()


def test_what_is_not_the_font_is_refused(run, tmp_path):
    nothing = run()
    assert nothing.returncode == 1 and "cannot fetch it" in nothing.stderr
    assert "Traceback" not in nothing.stderr
    (tmp_path / "kai.zip").write_text("<html>moved</html>")
    done = run()
    assert done.returncode == 1 and "what came is no zip archive" in done.stderr and "Traceback" not in done.stderr
    assert "error: no usable TW-Kai-98_1.ttf: install the Debian package" in done.stderr
    archive(tmp_path, write_font(tmp_path / "narrow.ttf"))
    assert "it lacks 20,894 of the 20,902 characters" in run().stderr
    archive(tmp_path, tmp_path / "narrow.ttf", "other.ttf")
    assert f"the archive has no {FONT}" in run().stderr
    assert not (run.clone / "fonts").exists()


def test_shipped_weights_become_a_run_directory(run, tmp_path, wide_font):
    archive(tmp_path, wide_font)
    weights = run.clone / "tfglyph" / "pretrained" / "vaegan-cns"
    weights.mkdir(parents=True)
    (weights / "architecture.json").write_text("{}")
    assert "logdir/train/pretrained: unpacked from tfglyph/pretrained/vaegan-cns" in run().stdout
    assert (run.clone / "logdir" / "train" / "pretrained" / "architecture.json").read_text() == "{}"
    assert "logdir/train/pretrained is here already" in run().stdout
