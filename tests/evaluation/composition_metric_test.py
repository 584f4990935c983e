"""The metric ``composition``: what it needs, and what it says of a model that gives the right glyphs."""

import numpy as np
import pytest

import tfglyph
from tests.helpers.composing import TINY
from tests.helpers.recognizer import take_away
from tfglyph.composition import tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation import pictures, report
from tfglyph.evaluation.composition_metric import measure_composition
from tfglyph.evaluation.cost import Sweep
from tfglyph.evaluation.subject import Settings, Subject
from tfglyph.evaluation.sweeping import run_sweep
from tfglyph.evaluation.unavailable import UnavailableError


class PerfectModel:
    """A model that gives the real glyph of every character that exists, and noise for the others."""

    def __init__(self, architecture, all_glyphs):
        self.architecture, self.all_glyphs, self.name = architecture, all_glyphs, "perfect"
        tokens = tokenizer().encode_characters(all_glyphs.characters)
        self.rows = {bytes(row): index for index, row in enumerate(tokens)}

    def sample_pairs(self, pairs, tokens, **options):
        images = np.random.default_rng(0).integers(0, 255, (len(tokens), 16, 16, 1), np.uint8)
        for index, row in enumerate(np.asarray(tokens, np.int32)):
            if bytes(row) in self.rows:
                images[index] = self.all_glyphs.images[self.rows[bytes(row)]]
        return images


@pytest.fixture(scope="module")
def all_glyphs():
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 4000)]
    images = np.random.default_rng(1).integers(0, 255, (4000, 16, 16, 1), np.uint8)
    return Glyphs("made", images, characters=characters, fingerprint="2")


def subject_of(model, all_glyphs, held_out=True):
    held = all_glyphs.take(np.arange(0, 4000, 10), "held") if held_out else None
    training = all_glyphs.take(np.flatnonzero(np.arange(4000) % 10), "training")
    return Subject(model, all_glyphs, training, held, Settings(count=30))


def test_a_perfect_model_is_right_about_what_exists(all_glyphs, monkeypatch):
    take_away(monkeypatch)
    architecture = tfglyph.architecture.load_architecture(TINY)
    subject = subject_of(PerfectModel(architecture, all_glyphs), all_glyphs)
    measured = {measurement.name: measurement for measurement in measure_composition(subject)}
    for group in ("held-out", "enclosures", "trained"):
        assert measured[f"composition/{group}/top-1"].value == 1.0
    assert measured["composition/depth two/top-1"].value < 0.5  # it does not know them without their names
    assert measured["composition/not existing/left"].value < 0.5
    distance = measured["composition/held-out/distance to training"]
    assert distance.value == pytest.approx(distance.real) and "composition/held-out/read right" not in measured
    assert subject.pictures["composition"].shape[-1] == 3


def test_what_it_needs(all_glyphs):
    with pytest.raises(UnavailableError, match="not conditioned on parts"):
        measure_composition(subject_of(tfglyph.build("vae-small"), all_glyphs))
    model = PerfectModel(tfglyph.architecture.load_architecture(TINY), all_glyphs)
    with pytest.raises(UnavailableError, match="no characters were held out"):
        measure_composition(subject_of(model, all_glyphs, held_out=False))


class Guided(PerfectModel):
    """Gives the right glyphs under strong guidance only."""

    chunk, precision, is_loaded = 4, "float32", False

    def sample(self, count, seed=0, **options):
        return self.sample_pairs(np.zeros((count, 2), int), np.zeros((count, 22), int))

    def sample_pairs(self, pairs, tokens, guidance=1.0, **options):
        right = super().sample_pairs(pairs, tokens)
        return right if guidance >= 2.0 else np.roll(right, 1, axis=0)


def test_a_sweep_of_guidance_shows_how_well_descriptions_are_followed(all_glyphs, monkeypatch):
    take_away(monkeypatch)
    model = Guided(tfglyph.architecture.load_architecture(TINY), all_glyphs)
    subject = subject_of(model, all_glyphs)
    result = run_sweep(subject, Sweep(("heun",), (2, 4), (1.0, 3.0)))
    top_1 = {
        (point["steps"], point["guidance"]): point["figures"]["composition/held-out/top-1"]
        for point in result["points"]
    }
    assert top_1.keys() == {(2, 1.0), (2, 3.0), (4, 1.0), (4, 3.0)}
    for (_, guidance), fraction in top_1.items():
        assert fraction == (1.0 if guidance == 3.0 else 0.0)
    assert all(point["images_per_second"] > 0 for point in result["points"])
    table = list(report.sweep_table(result, True))
    assert table[2].startswith("| sampler | steps | guidance | images per second | composition/held-out/top-1 |")
    assert pictures.sweep(result["points"], "guided").shape == (400, 1500, 3)
