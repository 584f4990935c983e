"""From a Subject and names of metrics to a result."""

from collections.abc import Sequence
from typing import Any

from tfglyph.evaluation.measurement import Measurement
from tfglyph.evaluation.metrics import METRICS
from tfglyph.evaluation.subject import Subject
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.progress import progress
from tfglyph.version import __version__


def evaluate(subject: Subject, metrics: Sequence[str] | None = None) -> dict[str, Any]:
    """Runs metrics on a model.

    Args:
        subject: Subject.
        metrics: list of names from ``metrics.METRICS``; None: all.

    Returns:
        dict of JSON values: what the model and the data are, ``figures`` (list of dicts, see
        ``measurement.Measurement``), and ``skipped`` (list of {"metric", "reason"}: why a metric could not run on this
        machine or for this model).
    """
    measurements: list[Measurement] = []
    skipped: list[dict[str, str]] = []
    bar = progress(metrics or list(METRICS), "evaluation", unit="metric")
    for name in bar:
        bar.set_postfix_str(name)
        try:
            measurements += METRICS[name].measure(subject)
        except UnavailableError as error:
            skipped.append({"metric": name, "reason": str(error)})
    return description(subject) | {
        "figures": [measurement.to_json() for measurement in measurements],
        "skipped": skipped + missing_extractors(subject),
    }


def missing_extractors(subject: Subject) -> list[dict[str, str]]:
    """The extractors that were asked for and are not available, as ``skipped`` lists them."""
    return [{"metric": f"extractor {name}", "reason": reason} for name, reason in subject.missing_extractors.items()]


def description(subject: Subject) -> dict[str, Any]:
    """dict of JSON values: which model, which data, how many images, which seed."""
    model = subject.model
    run = model.run if model.is_loaded else None
    return {
        "tfglyph": __version__,
        "model": run.name if run is not None else model.name,
        "mode": model.architecture.mode,
        "architecture": model.architecture.name,
        "step": run.step if run is not None else None,
        "precision": model.precision,
        "checkpoint": run.weights_digest if run is not None else None,
        "data": {
            "name": subject.all_glyphs.name,
            "images": len(subject.all_glyphs),
            "training_images": len(subject.training),
            "held_out_images": 0 if subject.held_out is None else len(subject.held_out),
            "fingerprint": subject.all_glyphs.fingerprint,
        },
        "samples": subject.count,
        "seed": subject.seed,
        "options": subject.options,
        "tuples": subject.settings.half,
    }
