"""The index of all characters is made once for all tests of a process (seconds)."""

import pytest

from tests.helpers.exemplars import write_parts_font
from tfglyph.exemplars.part_index import part_index


@pytest.fixture(scope="session")
def index():
    return part_index()


@pytest.fixture(scope="session")
def font(tmp_path_factory):
    """A font of ``TWELVE`` glyphs."""
    return write_parts_font(tmp_path_factory.mktemp("fonts") / "solid.ttf")
