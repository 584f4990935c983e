"""Fonts are learned from three of their glyphs here, not from two dozen: seconds, where nothing hangs on it."""

import pytest


@pytest.fixture(autouse=True)
def few_own_glyphs(monkeypatch):
    monkeypatch.setattr("tfglyph.completion.completing.OWN_GLYPHS", 3)
