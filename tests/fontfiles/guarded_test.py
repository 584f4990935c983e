"""tfglyph.fontfiles.guarded: what a child reads is what this process would read, and a bomb is one line."""

import os
import time

import numpy as np
import pytest

from tests.helpers import fonts
from tfglyph.datasets.fontface import faces
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import Guard, GuardedFace, GuardedFont, GuardError, open_font


@pytest.fixture(scope="module")
def guard():
    with Guard(seconds=60.0) as opened:
        yield opened


def test_a_child_reads_what_this_process_would(tmp_path, guard):
    path = str(fonts.write(tmp_path / "a.otf", "CID", empty="晶", fs_type=2))
    here, there = open_font(path), GuardedFont(guard, path)
    for name in ("path", "table", "family", "notes", "mapped", "drawn", "setting", "restricted", "room", "flavor"):
        assert getattr(there, name) == getattr(here, name), name
    glyph = here.drawn[ord("語")]
    for mine, other in zip(here.outline(glyph)[0].contours, there.outline(glyph)[0].contours, strict=True):
        np.testing.assert_array_equal(mine, other)
    face = GuardedFace(guard, path)
    np.testing.assert_array_equal(face.render("語", 48), faces(path)[0].render("語", 48))
    assert there.font is None and face.name == faces(path)[0].name


def test_errors_come_back_as_they_are(tmp_path, guard):
    with pytest.raises(UsageError, match="no such file"):
        GuardedFont(guard, str(tmp_path / "no.ttf"))
    with pytest.raises(GlyphError, match="draws no Han character"):
        GuardedFont(guard, str(fonts.write(tmp_path / "l.ttf", characters="abc")))
    with pytest.raises(GlyphError, match=r"not a usable font \(TypeError: "):
        guard.call(len, 3)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (fonts.write_claims, "not a usable font"),
        (lambda path: fonts.write_subroutine_bomb(path, endless=True), "is damaged"),
    ],
    ids=["claims", "endless subroutines"],
)
def test_bombs_that_exhaust_at_once_are_one_line(tmp_path, guard, write, message):
    with pytest.raises(GlyphError, match=message) as caught:
        GuardedFont(guard, str(write(tmp_path / "bomb.otf")))
    assert "\n" not in str(caught.value)
    assert guard.call(os.getpid) != os.getpid()  # and it goes on


def test_a_call_that_takes_too_long_ends_the_child(tmp_path):
    bomb = str(fonts.write_subroutine_bomb(tmp_path / "bomb.otf", endless=False))
    with Guard(seconds=1.5) as guard:
        start = time.monotonic()
        for _ in range(2):  # and there is no other child for the next call
            with pytest.raises(GuardError, match=r"not a usable font \(reading it takes more than 1\.5 seconds\)"):
                GuardedFont(guard, bomb)
        assert time.monotonic() - start < 60


def test_all_calls_together_have_a_limit_and_a_crash_is_said():
    with Guard(seconds=60.0, total_seconds=1.0) as guard, pytest.raises(GuardError, match="takes more than"):
        for _ in range(30):
            guard.call(time.sleep, 0.1)
    with Guard() as guard, pytest.raises(GuardError, match="reading it fails, or takes more than 3 GiB"):
        guard.call(os._exit, 1)


def test_memory_is_limited(guard):
    with pytest.raises(GlyphError, match="MemoryError"):
        guard.call(bytearray, 1 << 36)
