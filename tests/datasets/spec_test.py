"""A request for data as plain JSON, and the flags that make it."""

import json
import subprocess
import sys
import types

import numpy as np
import pytest

from tests.helpers.sources import NUMERALS, encoded, glyph_like, write_font
from tfglyph.cli.data_options import augmentation_from_flags, spec_from_flags
from tfglyph.datasets import DATASETS, DatasetSpec, Glyphs, load
from tfglyph.datasets.registry import DataSet, find
from tfglyph.errors import UsageError


def test_what_a_spec_writes_loads_the_same_set(tmp_path, monkeypatch):
    write_font(tmp_path / "a.ttf")
    (tmp_path / "some.txt").write_text(NUMERALS)
    monkeypatch.chdir(tmp_path)
    spec = DatasetSpec("fonts", None, 0.3, {"fonts": ["a.ttf"], "charset": "some.txt", "box": "ink", "samples": None})
    written = json.loads(json.dumps(spec.to_dict()))
    assert written == {
        "name": "fonts",
        "datadir": None,
        "holdout": 0.3,
        "fonts": [str(tmp_path / "a.ttf")],
        "charset": str(tmp_path / "some.txt"),
        "box": "ink",
    }
    monkeypatch.chdir("/")
    assert DatasetSpec.from_dict(written) == spec
    train = DatasetSpec.from_dict(written).load(16)
    assert train.fingerprint == load(**written, size=16, split="train").fingerprint
    assert len(train) + len(spec.load(16, split="holdout")) == 8


def test_faces_of_collections_and_names_stay_what_they_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.ttc").touch()
    options = DatasetSpec("fonts", "data", 0.0, {"fonts": ["f.ttc#2"], "charset": "joyo"}).to_dict()
    assert options["fonts"] == [str(tmp_path / "f.ttc#2")] and options["charset"] == "joyo"
    assert options["datadir"] == str(tmp_path / "data")


def test_specs_that_make_no_sense():
    with pytest.raises(UsageError, match=r"no data set 'cnss' \(did you mean cns\?\); there are cns, cns-ext, fonts"):
        DatasetSpec("cnss")
    with pytest.raises(UsageError, match="'cns' takes no option 'fonts', only charset, ink"):
        DatasetSpec("cns", options={"fonts": ["x"]})
    with pytest.raises(UsageError, match=r"holdout 1 is not in \[0, 1\)"):
        DatasetSpec(holdout=1)
    with pytest.raises(UsageError, match="takes no option 'mystery'"):
        DatasetSpec.from_dict({"name": "cns", "mystery": 1})


def test_names_with_a_beginning():
    assert find("emnist/letters").name == "emnist/" and find("tfds:beans").name == "tfds:"
    for name in ("emnist/", "tfds:", "tfds", ""):
        with pytest.raises(UsageError, match="no data set"):
            find(name)
    assert all(entry.module and entry.size and entry.options for entry in DATASETS.values())


def test_a_set_is_one_module_and_one_entry(monkeypatch):
    def load_dots(name, size, channels, datadir=None, count=3, level=9):
        return Glyphs(name, np.full((count, *size, channels or 1), level, np.uint8))

    module = types.ModuleType("tfglyph.datasets.dots")
    module.load = load_dots
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(DATASETS, "dots", DataSet("dots", "dots", 5, "dots", "nothing"))
    assert find("dots").options == ("count", "level")
    glyphs = load("dots", level=4)
    assert glyphs.images.shape == (3, 5, 5, 1) and glyphs.images.max() == 4
    assert len(DatasetSpec("dots", options={"count": 7}).load()) == 7
    with pytest.raises(UsageError, match="'dots' takes no option 'ink', only count, level"):
        DatasetSpec("dots", options={"ink": "black"})
    find("dots").download("dots")  # which does nothing: there is nothing to download


def test_options_are_the_parameters_of_the_sets_own_load():
    assert {name: entry.options for name, entry in DATASETS.items()} == {
        "cns": ("charset", "ink"),
        "cns-ext": ("charset",),
        "fonts": (
            "fonts",
            "charset",
            "box",
            "samples",
            "sample_seed",
            "styles",
            "style_seed",
            "style_characters",
            "hold_out",
        ),
        "kanji": ("font", "charset", "ink"),
        "casia": ("charset", "ink"),
        **dict.fromkeys(["mnist", "fashion_mnist", "kmnist", "k49", "emnist/", "cifar10", "tfds:"], ("part",)),
        "folder": ("ink",),
    }


def test_flags():
    flags = {
        "dataset": "fonts",
        "fonts": ("a", "b"),
        "charset": None,
        "holdout": 0.1,
        "samples": 5,
        "steps": 7,
    }
    assert spec_from_flags(flags) == DatasetSpec("fonts", None, 0.1, {"fonts": ["a", "b"], "samples": 5})
    assert spec_from_flags({"dataset": "cns", "fonts": ()}) == DatasetSpec()
    assert augmentation_from_flags({"augment": "rotate=2", "flip": True}) == {"rotate": 2.0, "flip": True}
    assert augmentation_from_flags({}) == {}


def test_importing_data_sets_imports_no_tensorflow(tmp_path, random):
    (tmp_path / "a.png").write_bytes(encoded(glyph_like(random, 1)[0], "PNG"))
    script = (
        "import sys, tfglyph.datasets as d;"
        f"d.load('cns'); d.load('folder', size=8, datadir={str(tmp_path)!r});"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
