"""--sampler, --sampling_steps, --guidance and --label wherever images are made: they reach the model, or one line says
why not."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfglyph
from tests.helpers import runs
from tests.helpers.diffusion import LABELLED, TINY_32
from tfglyph.errors import UsageError
from tfglyph.models.diffusion import Diffusion

HOW = ("--sampler", "dpm++", "--sampling_steps", 2, "--guidance", 1.5)
EXPECTED = {"sampler": "dpm++", "steps": 2, "guidance": 1.5}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Run directories: ``labelled`` (a diffusion model of three classes) and ``narrow`` (a VAE-GAN)."""
    parent = tmp_path_factory.mktemp("logdir") / "train"
    labelled = TINY_32 | LABELLED | {"name": "labelled"}
    return {each["name"]: runs.save_run(parent, each) for each in (labelled, runs.VAEGAN)}


@pytest.fixture
def received(monkeypatch):
    """The options that ``sample_pairs`` and ``decode`` of diffusion models got: a list of dicts."""
    calls = []

    def sample_pairs(self, pairs, **options):
        calls.append(options)
        return np.zeros((len(pairs), *self.architecture.hwc), np.uint8)

    def decode(self, latents, **options):
        return sample_pairs(self, latents, **options)

    monkeypatch.setattr(Diffusion, "sample_pairs", sample_pairs)
    monkeypatch.setattr(Diffusion, "decode", decode)
    return calls


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "--count", 2),
        ("sample", "--count", 2, "--temperature", 0.5),
        ("interpolate", "--seeds", "0,1"),
        ("interpolate", "--seeds", "0,1", "--loop", "--frames", 2),
        ("interpolate", "--characters", "酪鉻"),
        ("arithmetic", "酪鉻鉸", "--no-descriptions"),  # which another model draws
        ("nearest", "--seeds", "0"),
        ("explore", "--rounds", 1, "--frames", 2),
        ("validate", "--tuples", "tuples.txt", "--no-descriptions"),
        ("evaluate", "--metrics", "kid", "--count", 12),
    ],
)
def test_every_verb_hands_them_on(trained, verb, received, tmp_path, monkeypatch, words):
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))  # explore asks
    (tmp_path / "tuples.txt").write_text("酪鉻鉸\n", encoding="utf-8")
    verb(words[0], "--checkpoint", trained["labelled"], *words[1:], *HOW, "--label", "cross")
    assert received and all(options.items() >= (EXPECTED | {"label": "cross"}).items() for options in received)


def test_traverse_chooses_the_labels_itself(trained, verb, received):
    verb("traverse", "--checkpoint", trained["labelled"], "--seeds", "0,1", *HOW)
    assert received == [EXPECTED | {"label": [0, 0, 1, 1, 2, 2]}]


def test_evaluation_takes_all_classes_in_turn_and_says_so(trained, verb, received, tmp_path):
    words = ("--metrics", "kid", "--count", 12, "--label", "all", "--sampling_steps", 3, "--output", "e.json")
    verb("evaluate", trained["labelled"], *words)
    assert received == [{"steps": 3, "label": [0, 1, 2] * 4}]
    (result,) = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))["models"]
    assert result["options"] == {"steps": 3, "label": "all"}


@pytest.mark.slow
def test_an_exported_model_contains_the_sampler_that_was_asked_for(trained, verb, tmp_path):
    verb("export", "--checkpoint", trained["labelled"], "--sampler", "ddim", "--output", tmp_path / "served")
    saved = json.loads((tmp_path / "served" / "1" / "assets.extra" / "architecture.json").read_text(encoding="utf-8"))
    assert saved["objective"]["sampler"] == "ddim" != TINY_32["objective"]["sampler"]
    sample = tf.saved_model.load(str(tmp_path / "served" / "1")).signatures["sample"]
    numbers = {"count": tf.constant(2), "seed": tf.constant(5), "steps": tf.constant(2)}
    drawn = sample(**numbers, guidance=tf.constant(2.0), label=tf.constant(1))["images"].numpy().astype(int)
    model = tfglyph.load(trained["labelled"])
    expected = model.sample(2, seed=5, steps=2, guidance=2.0, label=1, sampler="ddim")
    assert np.abs(drawn - expected).max() <= 1


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("labelled", ("sample", "--sampler", "dimm"), "--sampler: found 'dimm', expected one of ddpm, ddim.* ddim"),
        ("labelled", ("interpolate", "--seeds", "0,1", "--label", "circel"), "label: found 'circel'"),
        (
            "labelled",
            ("interpolate", "--seeds", "0,1", "--guidance", "nan"),
            "--guidance: found nan, expected a number",
        ),
        ("labelled", ("export", "--sampler", "dimm"), "--sampler: found 'dimm', expected one of ddpm, ddim"),
        ("labelled", ("evaluate", "--sweep", "steps=1", "--guidance", 2), "--sweep and --guidance exclude each other"),
        ("narrow", ("export", "--sampler", "ddim"), "--sampler: narrow, step 3 is a VAE-GAN, which"),
        ("narrow", ("arithmetic", "酪鉻鉸", "--sampling_steps", 4), "--sampling_steps: narrow, step 3 is a VAE-GAN"),
        ("narrow", ("evaluate", "--label", "all"), "--label: narrow, step 3 is a VAE-GAN"),
        ("narrow", ("traverse", "--sampler", "ddim"), "--sampler: narrow, step 3 is a VAE-GAN"),
    ],
)
def test_what_a_model_does_not_take_is_one_line(trained, verb, name, words, message):
    with pytest.raises(UsageError, match=message) as caught:
        verb(words[0], "--checkpoint", trained[name], *words[1:])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("verb_name", ["sample", "compose", "evaluate", "interpolate", "export"])
def test_an_unknown_sampler_is_noticed_before_anything_is_loaded(verb, verb_name):
    with pytest.raises(UsageError, match=r"--sampler: found 'dmp\+\+', expected one of .* \(did you mean dpm\+\+\?\)"):
        verb(verb_name, "--checkpoint", "nothing", "--sampler", "dmp++")


def test_validate_goes_on_after_what_one_model_does_not_take(trained, verb, capsys, tmp_path):
    (tmp_path / "tuples.txt").write_text("酪鉻鉸\n", encoding="utf-8")
    models = ("--checkpoint", trained["narrow"], "--checkpoint", trained["labelled"], "--no-descriptions")
    assert verb("validate", *models, "--tuples", "tuples.txt", "--output", "out", "--sampling_steps", 2) == 1
    assert "--sampling_steps: narrow, step 3 is a VAE-GAN" in capsys.readouterr().err
    with Image.open(tmp_path / "out" / "labelled" / "test-arith-00.png") as figure:
        assert min(figure.size) > 200
