"""A cache of its own for every test, and small sources made on the spot: no test needs an installed font."""

import numpy as np
import pytest

from tests.helpers.sources import write_font


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The directory of prepared sets, empty at the start of each test."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("TFGLYPH_CACHE", str(directory))
    return directory


@pytest.fixture
def font(tmp_path):
    """A font that draws 一二三四五六七八 as blocks of their own and has a "missing glyph" box."""
    return write_font(tmp_path / "blocks.ttf")


@pytest.fixture
def random():
    return np.random.default_rng(7)
