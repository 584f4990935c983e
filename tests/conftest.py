"""What all tests share."""

import gc
import os

if "PYTEST_XDIST_WORKER" in os.environ:  # processes with a thread each get more done than each with one for every core
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the same arithmetic everywhere

import pytest

from tests.helpers.eager import eager_functions


def pytest_collection_finish():
    """What imports and collection made lives to the end: it need not be looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """A cache for all tests, also of several processes: not the user's, and each data set is prepared once."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which the processes of one run have in common
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFGLYPH_CACHE", str(folder / "cache"))
        yield


@pytest.fixture
def eagerly():
    """Functions run operation by operation; see ``eager_functions``."""
    with eager_functions():
        yield
