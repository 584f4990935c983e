"""A run directory to use verbs on: an untrained narrow VAE-GAN, as train would have saved it."""

import pytest

import tfglyph
from tests.helpers.command import run_command
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.rundir import RunDirectory


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """``<logdir>/train/small`` with checkpoints of steps 0 and 5."""
    path = tmp_path_factory.mktemp("logdir") / "train" / "small"
    path.mkdir(parents=True)
    model = tfglyph.build(SMALL_VAEGAN)
    with RunDirectory(path) as run_directory:
        run_directory.write(model.architecture, {"dataset": {"name": "cns"}, "seed": 0})
        saver = Checkpoints(path)
        for step in (0, 5):
            model.step.assign(step)
            saver.save(step, model.groups(), {})
        saver.wait()
    return path


@pytest.fixture(autouse=True)
def no_graphs(eagerly):
    """Each verb loads its model anew; for a small one most of the time would go into its graphs."""


@pytest.fixture
def verb(monkeypatch, tmp_path):
    """Calls the command line in a folder of its own; returns the exit code of a verb that ends by itself."""
    monkeypatch.chdir(tmp_path)
    return run_command
