"""Runs to evaluate: untrained narrow models on sixty-four characters, some of them held out."""

import json

import pytest

from tests.cli.conftest import verb  # noqa: F401  (the fixture)
from tests.helpers.runs import INFOGAN, VAEGAN, save_run


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Path of ``train`` with the runs ``narrow`` (a VAE-GAN, a quarter held out) and ``coded`` (an InfoGAN)."""
    parent = tmp_path_factory.mktemp("logdir") / "train"
    options = save_run(parent, VAEGAN) / "options.json"
    values = json.loads(options.read_text(encoding="utf-8"))
    values["dataset"]["holdout"] = 0.25
    options.write_text(json.dumps(values), encoding="utf-8")
    save_run(parent, INFOGAN)
    return parent


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    """A cache of its own, so that no measurement comes from an earlier run."""
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path_factory.mktemp("cache")))
