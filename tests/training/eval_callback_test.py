"""Metrics while a run trains: they are logged, and the best checkpoint by one of them stays."""

import json

import pytest

from tests.helpers.eager import eager_functions
from tests.helpers.logs import event_steps, stats
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.datasets import DatasetSpec
from tfglyph.errors import UsageError
from tfglyph.evaluation import legibility
from tfglyph.evaluation import online as cheap
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.models import build
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.options import Options
from tfglyph.training import eval_callback as evaluating
from tfglyph.training.train import new_run, resumed_run

GAN = {name: section for name, section in SMALL_VAEGAN.items() if name not in ("encoder", "name")} | {"mode": "DC-GAN"}


VALUES = {2: 5.0, 4: 3.0, 6: 4.0, 7: 3.5, 8: 9.0}


class Scripted:
    """Metrics whose values are known in advance, step by step."""

    def __init__(self, glyphs, held_out, drawings):
        self.seen = len(glyphs), None if held_out is None else len(held_out)

    def measure(self, model):
        value = VALUES[int(model.step.numpy())]
        return {"kid": value, "iou": -value}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of seven steps that is evaluated every two, then goes on from its fourth step to the eighth."""
    with pytest.MonkeyPatch.context() as patch, eager_functions():
        patch.setattr(evaluating, "OnlineMetrics", Scripted)
        options = Options(
            dataset=DatasetSpec.from_dict({"name": "cns", "holdout": 0.1}),
            evaluate_every=2,
            checkpoint_every=3,
            keep=1,
            images_every=100,
        )
        training = new_run(SMALL_VAEGAN, options, {"steps": 7})
        assert 1000 < len(training.held_out()) < 3000
        path = training.run(tmp_path_factory.mktemp("logdir"))
        yield path, Checkpoints(path).best(), Checkpoints(path).steps(), event_steps(path), stats(path)


@pytest.mark.slow
def test_the_best_checkpoint_stays_and_is_saved_where_it_was_not(run):
    _, best, steps, _, _ = run
    assert best == {"step": 4, "metric": "kid", "value": 3.0}
    assert steps == [4, 7]  # the newest one, and the best one, which no save was due at


@pytest.mark.slow
def test_figures_are_logged(run):
    _, _, _, tags, lines = run
    assert tags["evaluation/kid"] == [2, 4, 6, 7]
    assert [(line["step"], line["evaluation/kid"]) for line in lines if "evaluation/kid" in line] == [
        (2, 5.0),
        (4, 3.0),
        (6, 4.0),
        (7, 3.5),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_going_on_from_before_the_best_one_forgets_it(run, monkeypatch):
    path, *_ = run
    Checkpoints(path).note_score(7, "kid", 0.5)
    monkeypatch.setattr(evaluating, "OnlineMetrics", Scripted)
    resumed_run(path / "model.ckpt-4", {"steps": 8}, {"best_metric": "iou"}).run(None)
    assert json.loads((path / "best.json").read_text()) == {"step": 6, "metric": "iou", "value": -4.0}


@pytest.mark.parametrize(
    ("architecture", "metric", "message"),
    [
        (SMALL_VAEGAN, "kidd", "did you mean kid"),
        (GAN, "ssim", "a DC-GAN model does not encode"),
        (GAN, "first", "does not draw from exemplars"),
    ],
)
def test_impossible_choices_are_refused_before_anything_is_written(architecture, metric, message):
    with pytest.raises(UsageError, match=message):
        new_run(architecture, Options(evaluate_every=2, best_metric=metric), {"steps": 3})


@pytest.mark.usefixtures("eagerly")
def test_real_metrics_of_a_model(monkeypatch):
    def missing():
        raise UnavailableError("no recognizer")

    monkeypatch.setattr(legibility, "_model_file", missing)
    with pytest.raises(UsageError, match="--best_metric legibility: no recognizer"):
        cheap.check("legibility", None)
    training = new_run(SMALL_VAEGAN, Options(), {"steps": 1})
    metrics = cheap.OnlineMetrics(training.glyphs, count=16)
    figures = metrics.measure(training.model)
    assert figures.keys() == {"fid", "kid", "psnr", "ssim", "iou"} and len(metrics.reference) == 64
    assert figures == metrics.measure(training.model)  # nothing of the training moves on
    assert cheap.OnlineMetrics(training.glyphs, count=16).measure(build(GAN)).keys() == {"fid", "kid"}


def test_a_metric_without_a_rhythm_is_refused(monkeypatch, tmp_path):
    from tfglyph.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="name also --evaluate_every"):
        main.main(["train", "--best_metric", "fid"], prog_name="tfglyph", standalone_mode=False)
