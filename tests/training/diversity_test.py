"""The signals of a collapse: hand-made samples and critics, the warning once and only once, nothing in healthy runs."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.logs import event_steps, stats
from tests.helpers.models import GAN, images
from tfglyph import datasets
from tfglyph.models import build
from tfglyph.runs.options import Options
from tfglyph.training import diversity
from tfglyph.training.diversity import Diversity, critic_gradients, effective_dimension, mean_cosine, standard_deviation
from tfglyph.training.train import new_run


def test_the_standard_deviation_is_the_mean_over_pixels():
    pixels = np.zeros((4, 1, 2, 1), np.uint8)
    pixels[:2, 0, 0] = 255  # one pixel black or white, the other black always
    assert standard_deviation(pixels) == pytest.approx(0.25)


def test_the_effective_dimension_counts_independent_directions():
    four = np.full((8, 2, 2, 1), 100, np.uint8)
    for direction in range(4):  # each pixel is brighter in one image and darker in another
        four[2 * direction].reshape(-1)[direction] = 200
        four[2 * direction + 1].reshape(-1)[direction] = 0
    assert effective_dimension(four) == pytest.approx(4.0)
    one = np.linspace(0, 255, 8).astype(np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    assert effective_dimension(one) == pytest.approx(1.0)
    assert effective_dimension(np.full((5, 2, 2, 1), 7, np.uint8)) == 0.0


def test_the_mean_cosine_leaves_each_vector_out_of_its_own_pairs():
    assert mean_cosine(np.array([[1.0, 0.0], [0.0, 5.0]])) == pytest.approx(0.0)
    assert mean_cosine(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])) == pytest.approx(1.0)
    assert mean_cosine(np.array([[1.0, 0.0], [-1.0, 0.0]])) == pytest.approx(-1.0)
    assert mean_cosine(np.zeros((3, 2))) == 0.0


@pytest.mark.usefixtures("eagerly")
def test_a_linear_critic_has_a_cosine_of_one():
    linear = build({**GAN, "discriminator": {**GAN["discriminator"], "leak": 0.999999}})
    assert mean_cosine(critic_gradients(linear)(images(8))) == pytest.approx(1.0, abs=1e-4)
    assert mean_cosine(critic_gradients(build(GAN))(images(8))) < 0.99


def test_gradients_are_traced_once_and_follow_the_weights():
    model, traces = build(GAN), []
    score = model.critic_score
    model.critic_score = lambda images: (traces.append(1), score(images))[1]
    gradients = critic_gradients(model)
    first = gradients(images(8))
    for variable in model.networks["discriminator"].trainable_variables:
        variable.assign(2 * variable)
    assert not np.allclose(gradients(images(8)), first) and len(traces) == 1


@pytest.mark.usefixtures("eagerly")
def test_the_numbers_are_logged_each_hundred_steps(monkeypatch, tmp_path):
    monkeypatch.setattr(diversity, "EVERY", 2)
    # (Of the size of the embedded glyphs: for any other, all of the data set would be drawn from its font.)
    generator = {**GAN["generator"], "hwc": [16, 16, 3]}
    data = {**GAN, "hwc": [32, 32, 1], "generator": generator, "training": {"batch_size": 2}}
    folder = tmp_path / "logdir"
    directory = new_run(data, Options(images_every=100), {"steps": 3}).run(folder)
    logged = {line["step"]: line for line in stats(directory) if "diversity/std" in line}
    assert list(logged) == [2]
    names = {"diversity/std", "diversity/effective_dimension", "diversity/critic_gradient_cosine"}
    assert names < logged[2].keys()
    tags = event_steps(directory)
    assert all(tags[name] == [2] for name in names)


def watched(samples, glyphs):
    """A Diversity callback on a model that draws ``samples``."""
    model = SimpleNamespace(sample=lambda count, seed: samples[:count], seed=0)
    callback = Diversity(SimpleNamespace(log=lambda *_: None), Board(), glyphs)
    callback.set_model(model)
    return callback


class Board:
    """A board that writes nothing."""

    def at(self, step):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def run(callback, monkeypatch, steps, **logs):
    monkeypatch.setattr(diversity, "critic_gradients", lambda model: lambda images: np.eye(2))
    for callback.step in steps:
        callback.after_step(logs)


def test_a_collapse_is_one_line_once_and_says_where_to_read(monkeypatch, capsys):
    glyphs = datasets.load("cns", size=32)
    flat = np.full((64, 32, 32, 1), 30, np.uint8)
    flat[0, 0, 0] = 31
    callback = watched(flat, glyphs)
    run(callback, monkeypatch, range(100, 500, 100))
    assert "collapsed" not in capsys.readouterr().err
    run(callback, monkeypatch, range(500, 1200, 100))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "step 500: the generator has collapsed: it draws nearly one image from every latent" in lines[0]
    assert "docs/how-to/troubleshooting.md" in lines[0]


def test_a_dead_generator_is_one_line_at_once(monkeypatch, capsys):
    callback = watched(np.zeros((64, 32, 32, 1), np.uint8), datasets.load("cns", size=32))
    run(callback, monkeypatch, (100,), **{"gradient_norm/generator": 0.01})
    assert capsys.readouterr().err == ""
    run(callback, monkeypatch, range(200, 900, 100), **{"gradient_norm/generator": 0.0})
    (line,) = capsys.readouterr().err.splitlines()
    assert "step 200: the generator is dead" in line and "docs/how-to/troubleshooting.md" in line


def test_real_images_and_a_short_lapse_give_no_warning(monkeypatch, capsys):
    glyphs = datasets.load("cns", size=32)
    callback = watched(np.asarray(glyphs.images[:64]), glyphs)
    run(callback, monkeypatch, range(300, 1000, 100))
    lapse = watched(np.zeros((64, 32, 32, 1), np.uint8), glyphs)
    run(lapse, monkeypatch, (300, 400))
    lapse.model.sample = lambda count, seed: np.asarray(glyphs.images[:count])
    run(lapse, monkeypatch, (500,))
    lapse.model.sample = lambda count, seed: np.zeros((count, 32, 32, 1), np.uint8)
    run(lapse, monkeypatch, (600, 700))
    assert capsys.readouterr().err == ""
