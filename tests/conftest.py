"""What all tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the same arithmetic everywhere

import pytest


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """A cache for all tests of this process: not the user's, and each data set is prepared once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFGLYPH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
