"""Directories of images, their preparation and their cache."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers.sources import encoded, glyph_like, png_bomb
from tfglyph.datasets import cache as cache_module
from tfglyph.datasets import folder, load, preparing
from tfglyph.errors import GlyphError, UsageError


def fill(directory, pictures, names=None):
    directory.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        name = names[number] if names else f"{number:03}.png"
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(encoded(picture, "PNG"))
    return directory


@pytest.fixture
def pictures(random):
    return glyph_like(random, 10)


def colourful(random, count, side=12):
    return random.integers(0, 256, (count, side, side, 3), dtype=np.uint8)


# === What is in the set ===


def test_images_in_the_order_of_their_paths(tmp_path, pictures):
    glyphs = load("folder", size=12, datadir=fill(tmp_path / "set", pictures))
    np.testing.assert_array_equal(glyphs.images[..., 0], pictures)
    assert glyphs.characters is None and glyphs.labels is None and glyphs.images.shape[-1] == 1


def test_colour_is_detected_and_overruled(tmp_path, random):
    faces = colourful(random, 5)
    directory = fill(tmp_path / "set", faces)
    np.testing.assert_array_equal(load("folder", size=12, datadir=directory).images, faces)
    assert load("folder", size=12, channels=1, datadir=directory).images.shape == (5, 12, 12, 1)


def test_the_same_file_twice_counts_once(tmp_path, random, capsys):
    faces = colourful(random, 6)
    fill(tmp_path / "set" / "data", faces)
    fill(tmp_path / "set" / "data" / "data", faces)
    for path in ("set", "set/data"):
        glyphs = load("folder", size=12, datadir=tmp_path / path)
        np.testing.assert_array_equal(glyphs.images, faces)
        assert glyphs.labels is None
        assert capsys.readouterr().err == f"{tmp_path / path}: 6 copies of other files left out\n"


def test_a_class_for_each_subdirectory(tmp_path, pictures):
    names = [f"{'abc'[number % 3]}/deep/{number}.png" for number in range(10)]
    glyphs = load("folder", size=12, datadir=fill(tmp_path / "set", pictures, names))
    assert glyphs.label_names == ["a", "b", "c"]
    order = sorted(range(10), key=lambda number: names[number])
    assert glyphs.labels.tolist() == [number % 3 for number in order]
    np.testing.assert_array_equal(glyphs.images[..., 0], pictures[order])
    (tmp_path / "set" / "beside.png").write_bytes(encoded(pictures[0] // 2, "PNG"))
    assert load("folder", size=12, datadir=tmp_path / "set").labels is None


def test_polarity_is_detected_or_set(tmp_path, pictures, random):
    paper = fill(tmp_path / "paper", 255 - pictures)
    np.testing.assert_array_equal(load("folder", size=12, datadir=paper).images[..., 0], pictures)
    np.testing.assert_array_equal(load("folder", size=12, datadir=paper, ink="white").images[..., 0], 255 - pictures)
    faces = colourful(random, 4)
    faces[:, 0] = faces[:, -1] = faces[:, :, 0] = faces[:, :, -1] = 255
    photographs = fill(tmp_path / "faces", faces)
    np.testing.assert_array_equal(load("folder", size=12, datadir=photographs).images, faces)
    with pytest.raises(UsageError, match="ink 'blue' is none of auto, black, white"):
        load("folder", datadir=paper, ink="blue")


def test_the_split_of_images_without_characters_is_by_source(tmp_path, random):
    directory = fill(tmp_path / "set", glyph_like(random, 40))
    parts = [load("folder", size=size, datadir=directory, split="train", holdout=0.5) for size in (12, 24)]
    everything = load("folder", size=24, datadir=directory)
    assert len(parts[0]) == len(parts[1]) and 5 < len(parts[0]) < 35
    rows = np.flatnonzero(everything.keys >= np.uint64(2**63))
    np.testing.assert_array_equal(parts[1].images, everything.images[rows])


def test_kanji_reads_loose_images(tmp_path, pictures):
    directory = fill(tmp_path / "kanji", 255 - np.kron(pictures, np.ones((1, 4, 4), np.uint8)))
    glyphs = load("kanji", datadir=directory)
    assert glyphs.images.shape == (10, 48, 48, 1) and glyphs.labels is None and glyphs.name == "kanji"
    np.testing.assert_array_equal(glyphs.images[:, ::4, ::4, 0], pictures)


# === Bad input ===


def test_bad_files_are_named_once_and_the_good_ones_used(tmp_path, random, capsys):
    pictures = glyph_like(random, 4, 24)
    directory = fill(tmp_path / "set", pictures, ["a.png", "m.png", "t.png", "z.png"])
    good = encoded(pictures[0], "PNG")
    bad = {
        "b.png": (good[:60], "damaged"),
        "c.jpg": (encoded(pictures[1], "JPEG")[:-40], "damaged"),
        "d.png": (b"", "empty file"),
        "e.png": (b"<html><body>moved</body></html>", "not an image"),
        "f.png": (png_bomb(), "more pixels than the limit"),
    }
    for name, (content, _) in bad.items():
        (directory / name).write_bytes(content)
    os.symlink("loop.png", directory / "loop.png")
    os.symlink(directory, directory / "round")
    os.symlink("nowhere.png", directory / "v.png")
    glyphs = load("folder", size=24, datadir=directory)
    np.testing.assert_array_equal(glyphs.images[..., 0], pictures)
    lines = capsys.readouterr().err.splitlines()
    for name, (_, reason) in bad.items():
        assert sum(f"/{name}: " in line and reason in line for line in lines) == 1
    assert sum("loop.png: Too many levels of symbolic links" in line for line in lines) == 1
    assert sum("round: symbolic link to a directory that is read already" in line for line in lines) == 1
    assert sum("v.png: it vanished" in line for line in lines) == 1
    assert lines[-1] == f"{directory}: 8 skipped" and len(lines) == 9
    load("folder", size=24, datadir=directory)
    assert capsys.readouterr().err == f"{directory}: 8 skipped when it was prepared\n"


def test_unreadable_permissions(tmp_path, pictures, monkeypatch, capsys):
    directory = fill(tmp_path / "set", pictures)
    real = folder.read_bytes

    def forbidden(path):
        if str(path).endswith("003.png"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(folder, "read_bytes", forbidden)
    assert len(load("folder", size=12, datadir=directory)) == 9
    assert "003.png: no permission to read it" in capsys.readouterr().err


def test_nothing_at_all_is_an_error(tmp_path):
    with pytest.raises(GlyphError, match="nowhere: no such directory"):
        load("folder", datadir=tmp_path / "nowhere")
    with pytest.raises(GlyphError, match=r"no file in it ends in .png"):
        load("folder", datadir=tmp_path)
    (tmp_path / "a.png").write_bytes(b"rubbish")
    with pytest.raises(GlyphError, match=r"nothing usable in it \(1 skipped\)"):
        load("folder", datadir=tmp_path)
    with pytest.raises(GlyphError, match="not a directory"):
        load("folder", datadir=tmp_path / "a.png")
    with pytest.raises(UsageError, match="needs --datadir DIR"):
        load("folder")


# === Preparation and cache ===


def prepared(cache):
    return [path for path in cache.iterdir() if path.is_dir()]


def test_the_second_start_reads_no_image(tmp_path, pictures, monkeypatch):
    directory = fill(tmp_path / "set", pictures)
    first = load("folder", size=12, datadir=directory)
    monkeypatch.setattr(preparing, "parallel_map", None)
    second = load("folder", size=12, datadir=directory)
    assert isinstance(second.images, np.memmap) and not second.images.flags.writeable
    np.testing.assert_array_equal(first.images, second.images)
    assert first.fingerprint == second.fingerprint


def test_changed_sources_and_options_are_prepared_anew(tmp_path, pictures, cache):
    directory = fill(tmp_path / "set", pictures)
    prints = {load("folder", size=12, datadir=directory).fingerprint}
    (directory / "000.png").write_bytes(encoded(pictures[0] // 2, "PNG"))
    prints.add(load("folder", size=12, datadir=directory).fingerprint)
    (directory / "new.png").write_bytes(encoded(pictures[0] // 3, "PNG"))
    prints.add(load("folder", size=12, datadir=directory).fingerprint)
    for options in (
        {"size": 6},
        {"size": 12, "channels": 3},
        {"size": 12, "ink": "black"},
        {"size": (12, 14)},
    ):
        prints.add(load("folder", datadir=directory, **options).fingerprint)
    assert len(prints) == 7 == len(prepared(cache))


@pytest.mark.parametrize("file", ["images.u8", "keys.u64", "index.json", "labels.i32"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove", "longer"])
def test_a_damaged_cache_is_noticed_and_rebuilt(tmp_path, pictures, cache, file, damage):
    directory = fill(tmp_path / "set", pictures, [f"{'ab'[i % 2]}/{i}.png" for i in range(10)])
    first = load("folder", size=12, datadir=directory)
    expected = np.array(first.images)
    (path,) = prepared(cache)
    content = (path / file).read_bytes()
    if damage == "remove":
        (path / file).unlink()
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        (path / file).write_bytes({"cut": content[:middle], "flip": flipped, "longer": content + b"\0"}[damage])
    assert cache_module.read(str(path), "folder") is None
    again = load("folder", size=12, datadir=directory)
    np.testing.assert_array_equal(again.images, expected)
    assert (again.fingerprint == first.fingerprint and (path / file).read_bytes() == content) or file == "index.json"


def test_large_caches_are_checked_in_samples_unless_touched(tmp_path, pictures, cache, monkeypatch):
    monkeypatch.setattr(cache_module, "_BLOCK", 16)
    monkeypatch.setattr(cache_module, "_CHECK_ALL", 100)
    load("folder", size=12, datadir=fill(tmp_path / "set", pictures))
    (path,) = prepared(cache)
    images = path / "images.u8"
    content, times = bytearray(images.read_bytes()), images.stat()
    looked_at = []
    real = cache_module._block_digest
    monkeypatch.setattr(cache_module, "_block_digest", lambda path, block: looked_at.append(block) or real(path, block))
    assert cache_module.read(str(path), "folder") is not None
    assert len(looked_at) == 16 and {0, 89} <= set(looked_at)
    content[20] ^= 1  # in a block that is not among the samples
    images.write_bytes(content)
    os.utime(images, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert cache_module.read(str(path), "folder") is None


def test_what_a_killed_preparation_left_is_cleared_away(tmp_path, pictures, cache, monkeypatch):
    directory = fill(tmp_path / "set", pictures)

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        load("folder", size=12, datadir=directory)
    assert prepared(cache) == []
    monkeypatch.undo()
    os.environ["TFGLYPH_CACHE"] = str(cache)
    load("folder", size=12, datadir=directory)
    (path,) = prepared(cache)
    left_over = cache / (path.name + ".tmp-left")
    left_over.mkdir()
    (path / "images.u8").unlink()
    load("folder", size=12, datadir=directory)
    assert prepared(cache) == [path]


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, pictures, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(GlyphError, match=r"cannot write the cache .*: set TFGLYPH_CACHE"):
        load("folder", size=12, datadir=fill(tmp_path / "set", pictures))


@pytest.mark.slow
def test_of_several_processes_one_prepares_and_all_get_the_set(tmp_path, random, cache):
    directory = fill(tmp_path / "set", glyph_like(random, 300))
    (directory / "bad.png").write_bytes(b"rubbish")
    script = (
        f"from tfglyph import datasets\nprint(datasets.load('folder', size=48, datadir={str(directory)!r}).fingerprint)"
    )
    command = [sys.executable, "-c", script]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    done = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len({out for out, _ in done}) == 1
    assert sum("bad.png: not an image" in err for _, err in done) == 1  # the others found it ready
    assert len(prepared(cache)) == 1


@pytest.mark.slow
def test_all_cores_give_what_one_gives_without_a_main_guard(tmp_path, random, cache):
    """More images than are done in one process, from a script that has no ``if __name__ == "__main__"``."""
    directory = fill(tmp_path / "set", glyph_like(random, 1200))
    (directory / "bad.png").write_bytes(b"rubbish")
    script = (
        f"from tfglyph import datasets\nprint(datasets.load('folder', size=12, datadir={str(directory)!r}).fingerprint)"
    )
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    assert done.stdout.count("\n") == 1 and done.stderr.count("bad.png") == 1
    several = load("folder", size=12, datadir=directory)
    assert len(several) == 1200 and several.fingerprint == done.stdout.strip()
    os.environ["TFGLYPH_CACHE"] = str(cache) + "2"
    monkey = pytest.MonkeyPatch()
    monkey.setattr(preparing.os, "sched_getaffinity", lambda pid: {0}, raising=False)
    try:
        assert load("folder", size=12, datadir=directory).fingerprint == several.fingerprint
    finally:
        monkey.undo()
