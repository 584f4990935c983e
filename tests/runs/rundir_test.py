"""The run directory: names, the lock, its small files, and paths that stay inside."""

import datetime
import json
import os
import subprocess
import sys

import pytest

from tfglyph import files
from tfglyph.architecture import load_architecture
from tfglyph.datasets import DatasetSpec
from tfglyph.errors import GlyphError, UsageError
from tfglyph.runs import rundir
from tfglyph.runs.options import Options
from tfglyph.runs.rundir import RunDirectory, read_run, read_stats
from tfglyph.version import __version__

NOW = datetime.datetime(2026, 11, 22, 9, 5, 7)


def create(tmp_path):
    return RunDirectory.create(tmp_path, "vaegan", NOW)


def test_the_name_holds_date_time_and_architecture_and_is_never_taken_twice(tmp_path):
    with create(tmp_path) as first, create(tmp_path) as second:
        assert first.path == tmp_path / "train" / "2026-11-22_09-05-07-vaegan"
        assert second.path == tmp_path / "train" / "2026-11-22_09-05-07-vaegan-2"


@pytest.mark.parametrize("name", ["", "../evil", "a/b", "/etc", ".hidden", "-rf", "a\0b", "x" * 65, "名"])
def test_names_that_are_no_plain_file_names_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match="expected up to 64 letters"):
        RunDirectory.create(tmp_path, name, NOW)
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "train"])


def test_architecture_and_options_come_back(tmp_path):
    architecture = load_architecture("vaegan")
    with create(tmp_path) as run:
        run.write(architecture, Options(DatasetSpec("cns", options={"charset": "楷.txt"}), seed=3).to_json())
    saved, options = read_run(run.path)
    assert saved == architecture and options.seed == 3 and options.versions["tfglyph"] == __version__
    assert options.dataset == DatasetSpec("cns", options={"charset": "楷.txt"})
    assert '"charset": "楷.txt"' in (run.path / "options.json").read_text(encoding="utf-8")
    RunDirectory.resume(run.path).close()


def test_options_as_a_dict_have_the_keys_of_the_file_and_the_versions_of_the_run():
    options = Options(DatasetSpec("cns", options={"charset": "big5"}), versions={"tfglyph": "0.1.0"})
    values = options.to_dict()
    assert values["dataset"] == {"name": "cns", "datadir": None, "holdout": 0.0, "charset": "big5"}
    assert values["versions"] == {"tfglyph": "0.1.0"} != options.to_json()["versions"]
    assert Options.from_json(values) == options


def test_a_directory_of_ones_own_choice_must_be_new_or_empty(tmp_path):
    with RunDirectory.create_at(tmp_path / "a" / "b") as run:
        assert run.path == tmp_path / "a" / "b"
    with RunDirectory.create_at(run.path) as run:  # what the lock left does not count
        run.write(load_architecture("vaegan"), {})
    with pytest.raises(UsageError, match=f"is not empty; go on with it by --restore_from {run.path}"):
        RunDirectory.create_at(run.path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="a file, expected a new or empty directory"):
        RunDirectory.create_at(tmp_path / "file")
    with pytest.raises(UsageError, match="is not empty; choose a new one"):
        RunDirectory.create_at(tmp_path)


@pytest.mark.parametrize("use", [RunDirectory.resume, read_run])
def test_other_directories_are_no_run_directories(tmp_path, use):
    with pytest.raises(UsageError, match=r"no run directory \(there is no architecture.json in it\)"):
        use(tmp_path)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "images/../../x", "link/x", "a\0b"])
def test_paths_do_not_leave_the_run_directory(tmp_path, name):
    with create(tmp_path) as run:
        (run.path / "link").symlink_to("/etc")
        assert run.file("images/step-1.png") == run.path / "images" / "step-1.png"
        with pytest.raises(UsageError, match="points out of the run directory"):
            run.file(name)


# === Lock ===


def test_a_second_process_is_kept_out_and_told_by_whom(tmp_path):
    with create(tmp_path) as run:
        run.write(load_architecture("vaegan"), {})
        with pytest.raises(GlyphError, match=f"process {os.getpid()} on .* trains in this run directory"):
            RunDirectory.resume(run.path)
        code = "import sys; from tfglyph.runs import rundir; rundir.RunDirectory.resume(sys.argv[1])"
        other = subprocess.run([sys.executable, "-c", code, str(run.path)], capture_output=True, text=True)
        assert other.returncode == 1 and "trains in this run directory" in other.stderr
    RunDirectory.resume(run.path).close()


def test_the_lock_of_a_killed_process_does_not_stay(tmp_path):
    with create(tmp_path) as run:
        run.write(load_architecture("vaegan"), {})
    code = (
        "import os, signal, sys; from tfglyph.runs.rundir import RunDirectory\n"
        "run = RunDirectory.resume(sys.argv[1])\n"
        "(run.path / '.x.77.partial').write_text('half')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(run.path)])
    assert killed.returncode == -9 and (run.path / ".owner.json").exists()
    with RunDirectory.resume(run.path):
        assert not (run.path / ".x.77.partial").exists()
    assert not (run.path / ".owner.json").exists()


def test_a_vanished_directory_can_be_closed(tmp_path):
    run = create(tmp_path)
    os.rename(run.path, tmp_path / "elsewhere")
    with pytest.raises(GlyphError, match="cannot be written: No such file or directory"):
        run.log(1, {"loss": 0.0})
    run.close()
    run.close()


def test_a_read_only_place_is_one_line(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(rundir.pathlib.Path, "mkdir", refuse)
    with pytest.raises(GlyphError) as error:
        create(tmp_path)
    assert str(error.value) == f"{tmp_path}/train: cannot be written: Read-only file system"


# === stats.jsonl ===


def test_stats_are_lines_of_json_and_nan_is_null(tmp_path):
    with create(tmp_path) as run:
        run.log(10, {"loss": 0.5, "bad_step": 0})
        run.log(20, {"loss": float("nan"), "scale": float("inf")})
    assert read_stats(run.path) == [
        {"step": 10, "loss": 0.5, "bad_step": 0},
        {"step": 20, "loss": None, "scale": None},
    ]


def test_rewinding_drops_what_will_be_written_again_and_torn_lines(tmp_path):
    with create(tmp_path) as run:
        run.rewind(0)
        for step in (10, 20, 30):
            run.log(step, {"loss": step / 2})
        before = (run.path / "stats.jsonl").read_bytes()
        with open(run.path / "stats.jsonl", "ab") as file:
            file.write(b'\xff{"step": 5}\n{"step": "x"}\n{"step": 40, "lo')
        assert [line["step"] for line in read_stats(run.path)] == [10, 20, 30]
        run.rewind(30)
        assert (run.path / "stats.jsonl").read_bytes() == before
        run.rewind(20)
        run.log(30, {"loss": 15.0})
        assert (run.path / "stats.jsonl").read_bytes() == before
        run.rewind(0)
        assert read_stats(run.path) == []


def test_nothing_half_written_stays_after_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "options.json"
    files.write_text(path, "old")
    monkeypatch.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        files.write_text(path, json.dumps({"new": 1}))
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["options.json"]
