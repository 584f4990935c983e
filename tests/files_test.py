"""Files: written whole or not at all, found inside the package, kept in the cache."""

import os
import stat

import numpy as np
import pytest

from tfglyph import files
from tfglyph.errors import GlyphError
from tfglyph.files import (
    PARTIAL,
    atomic_path,
    cache_directory,
    cached_arrays,
    clear_partial,
    digest,
    package_file,
    write_errors,
    write_text,
)

# === Writing ===


def test_a_file_appears_under_its_name_at_the_end(tmp_path):
    path = tmp_path / "new" / "folder" / "result.json"
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent and temporary.suffix == ".json"  # what writes by the suffix knows it
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_readers_see_the_old_file_until_then(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("created", [True, False])
def test_after_an_error_the_old_file_stays_and_nothing_else(tmp_path, error, created):
    path = tmp_path / "result.json"
    path.write_text("old")
    with pytest.raises(error), atomic_path(path) as temporary:
        if created:
            temporary.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_files_with_one_stem_do_not_disturb_each_other(tmp_path):
    with atomic_path(tmp_path / "a.json") as one, atomic_path(tmp_path / "a.png") as two:
        one.write_text("one")
        two.write_text("two")
    assert (tmp_path / "a.json").read_text() == "one" and (tmp_path / "a.png").read_text() == "two"


def test_durable_bytes_and_the_rename_are_synced(tmp_path, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), (tmp_path / "a.bin").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_path(tmp_path / "a.bin", durable=True) as temporary:
        temporary.write_bytes(b"1")
    assert synced == [(False, False), (True, True)]  # the bytes before the rename, the folder after it
    with atomic_path(tmp_path / "b.bin") as temporary:
        temporary.write_bytes(b"1")
    assert len(synced) == 2


def test_texts_are_utf_8(tmp_path):
    write_text(tmp_path / "a.txt", "酪")
    assert (tmp_path / "a.txt").read_bytes() == "酪".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_missing_folders_are_made_unless_they_should_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "gone" / "a.txt", "text", parents=False)
    assert not list(tmp_path.iterdir())
    write_text(tmp_path / "made" / "a.txt", "text")
    assert (tmp_path / "made" / "a.txt").read_text() == "text"


def test_what_the_system_refuses_is_one_line(tmp_path):
    with pytest.raises(GlyphError) as caught, write_errors(tmp_path):
        write_text(tmp_path, "text")  # a folder has the name
    assert str(caught.value) == f"{tmp_path}: cannot be written: Is a directory"
    assert caught.value.__suppress_context__ and not list(tmp_path.iterdir())
    with pytest.raises(GlyphError, match=r"^x: cannot be written: out of ink$"), write_errors("x"):
        raise OSError("out of ink")  # without a number there is no strerror
    with pytest.raises(ValueError, match="no error of the system"), write_errors("x"):
        raise ValueError("no error of the system")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    directory = tmp_path / "run"
    (directory / PARTIAL).mkdir(parents=True)
    (directory / PARTIAL / "model.ckpt-1").touch()
    (directory / f".stats.123{PARTIAL}.json").touch()
    (directory / f".link{PARTIAL}").symlink_to(outside / "kept")
    for name in ("stats.json", ".hidden", f"stats{PARTIAL}"):
        (directory / name).touch()
    clear_partial(directory)
    assert sorted(path.name for path in directory.iterdir()) == [".hidden", "stats.json", f"stats{PARTIAL}"]
    assert (outside / "kept").exists()
    (directory / PARTIAL).symlink_to(outside)
    clear_partial(directory)
    assert not (directory / PARTIAL).is_symlink() and (outside / "kept").exists()


def test_an_interrupted_write_leaves_what_is_cleared(tmp_path, monkeypatch):
    class KilledError(BaseException):
        pass

    def die(*_, **__):
        raise KilledError

    monkeypatch.setattr(os, "replace", die)
    monkeypatch.setattr(files.pathlib.Path, "unlink", die)  # as a killed process does no more
    with pytest.raises(KilledError):
        write_text(tmp_path / "a.txt", "text")
    monkeypatch.undo()
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "text"
    clear_partial(tmp_path)
    assert not list(tmp_path.iterdir())


# === Inside the package ===


def test_files_of_the_package_are_found(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert package_file("architectures", "vaegan.json").read_text(encoding="utf-8").startswith("{")
    assert package_file("pretrained").is_dir()
    assert not package_file("no", "such", "file").exists()


# === The cache ===


def test_the_cache_is_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("TFGLYPH_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == "/home/somebody/.cache/tfglyph"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_directory() == "/caches/tfglyph"
    monkeypatch.setenv("TFGLYPH_CACHE", "/own")
    assert cache_directory() == "/own"


def test_digests_depend_on_every_part_and_on_where_it_ends():
    assert digest("a", b"b", np.arange(2)) == digest("a", b"b", np.arange(2))
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", "")}) == 4
    rows = np.arange(6).reshape(2, 3)
    assert digest(rows[:, ::2]) == digest(rows[:, ::2].copy())  # the values, however they lie in memory
    assert digest(rows) != digest(rows.T)


def test_arrays_are_made_once_for_the_same_parts(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path))
    calls = []

    def make():
        calls.append(1)
        return {"a": np.arange(3), "b": np.array(["酪", ""])}

    for _ in range(2):
        arrays = cached_arrays("things", ["one", np.arange(4)], make)
        assert arrays["a"].tolist() == [0, 1, 2] and arrays["b"].tolist() == ["酪", ""]
    assert len(calls) == 1
    cached_arrays("things", ["one", np.arange(5)], make)
    assert len(calls) == 2
    for path in (tmp_path / "evaluation").iterdir():  # cut off by a full disk, say
        path.write_bytes(path.read_bytes()[:50])
    assert cached_arrays("things", ["one", np.arange(4)], make)["a"].tolist() == [0, 1, 2]
    assert len(calls) == 3
    monkeypatch.setattr(files, "CACHED_ARRAYS_VERSION", -1)
    cached_arrays("things", ["one", np.arange(4)], make)
    assert len(calls) == 4  # what another version of the code made is not taken


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path / "file"))
    assert cached_arrays("things", ["one"], lambda: {"a": np.ones(1)})["a"].tolist() == [1.0]
