"""The metric ``composition``: what it needs, and what it says of a model that draws the right glyphs."""

import numpy as np
import pytest

import tfglyph
from tests.helpers.composing import TINY
from tfglyph.composition import tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation import composition_metric as composing
from tfglyph.evaluation import legibility, pictures, report
from tfglyph.evaluation.cost import Sweep
from tfglyph.evaluation.subject import Settings, Subject
from tfglyph.evaluation.sweeping import run_sweep
from tfglyph.evaluation.unavailable import UnavailableError


class Knowing:
    """A model that draws the real glyph of every character that exists, and noise for the others."""

    def __init__(self, architecture, everything):
        self.architecture, self.everything, self.name = architecture, everything, "knowing"
        tokens = tokenizer().encode_characters(everything.characters)
        self.rows = {bytes(row): place for place, row in enumerate(tokens)}

    def sample_pairs(self, pairs, tokens, **options):
        noise = np.random.default_rng(0).integers(0, 255, (len(tokens), 16, 16, 1), np.uint8)
        for place, row in enumerate(np.asarray(tokens, np.int32)):
            if bytes(row) in self.rows:
                noise[place] = self.everything.images[self.rows[bytes(row)]]
        return noise


@pytest.fixture(scope="module")
def everything():
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 4000)]
    images = np.random.default_rng(1).integers(0, 255, (4000, 16, 16, 1), np.uint8)
    return Glyphs("made", images, characters=characters, fingerprint="2")


def subject_of(model, everything, held_out=True):
    held = everything.take(np.arange(0, 4000, 10), "held") if held_out else None
    training = everything.take(np.flatnonzero(np.arange(4000) % 10), "training")
    return Subject(model, everything, training, held, Settings(count=30))


def test_a_model_that_knows_is_told_from_one_that_does_not(everything, monkeypatch):
    def nobody(*_):
        raise UnavailableError("no recognizer")

    monkeypatch.setattr(legibility, "read_real", nobody)
    architecture = tfglyph.architecture.load_architecture(TINY)
    subject = subject_of(Knowing(architecture, everything), everything)
    found = {figure.name: figure for figure in composing.figures(subject)}
    for group in ("held-out", "enclosures", "trained"):
        assert found[f"composition/{group}/top-1"].value == 1.0
    assert found["composition/depth two/top-1"].value < 0.5  # it does not know them without their names
    assert found["composition/not existing/left"].value < 0.5
    distance = found["composition/held-out/distance to training"]
    assert distance.value == pytest.approx(distance.real) and "composition/held-out/read right" not in found
    assert subject.pictures["composition"].shape[-1] == 3


def test_what_it_needs(everything):
    with pytest.raises(UnavailableError, match="told of no parts"):
        composing.figures(subject_of(tfglyph.build("vae-small"), everything))
    model = Knowing(tfglyph.architecture.load_architecture(TINY), everything)
    with pytest.raises(UnavailableError, match="no characters were held out"):
        composing.figures(subject_of(model, everything, held_out=False))


class Guided(Knowing):
    """Knows the characters under strong guidance only."""

    chunk, precision = 4, "float32"

    def sample(self, count, seed=0, **options):
        return self.sample_pairs(np.zeros((count, 2), int), np.zeros((count, 22), int))

    def sample_pairs(self, pairs, tokens, guidance=1.0, **options):
        known = super().sample_pairs(pairs, tokens)
        return known if guidance >= 2.0 else np.roll(known, 1, axis=0)


def test_a_sweep_of_guidance_shows_how_well_descriptions_are_followed(everything, monkeypatch):
    def nobody():
        raise UnavailableError("no recognizer")

    monkeypatch.setattr(legibility, "check", nobody)
    model = Guided(tfglyph.architecture.load_architecture(TINY), everything)
    subject = subject_of(model, everything)
    result = run_sweep(subject, Sweep(("heun",), (2, 4), (1.0, 3.0)))
    shares = {
        (point["steps"], point["guidance"]): point["figures"]["composition/held-out/top-1"]
        for point in result["points"]
    }
    assert shares.keys() == {(2, 1.0), (2, 3.0), (4, 1.0), (4, 3.0)}
    for (_, guidance), share in shares.items():
        assert share == (1.0 if guidance == 3.0 else 0.0)
    assert all(point["images_per_second"] > 0 for point in result["points"])
    table = list(report.sweep_table(result, True))
    assert table[2].startswith("| sampler | steps | guidance | images per second | composition/held-out/top-1 |")
    assert pictures.sweep(result["points"], "guided").shape == (400, 1500, 3)
