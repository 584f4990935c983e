"""From a Subject and names of metrics to a result."""

from tfglyph.evaluation.metrics import METRICS
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.progress import progress
from tfglyph.version import __version__


def evaluate(subject, metrics=None):
    """Runs metrics on a model.

    Args:
        subject: Subject.
        metrics: list of names from ``metrics.METRICS``; None: all.

    Returns:
        dict of JSON values: what the model and the data are, ``figures`` (list of dicts, see ``figure.Figure``), and
        ``skipped`` (list of {"metric", "reason"}: what this machine lacks or this model has not).
    """
    figures, skipped = [], []
    bar = progress(metrics or list(METRICS), "evaluation", unit="metric")
    for name in bar:
        bar.set_postfix_str(name)
        try:
            figures += METRICS[name][0](subject)
        except UnavailableError as error:
            skipped.append({"metric": name, "reason": str(error)})
    skipped += [{"metric": f"extractor {name}", "reason": reason} for name, reason in subject.missing.items()]
    return description(subject) | {
        "figures": [figure.to_json() for figure in figures],
        "skipped": skipped,
    }


def description(subject):
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
            "name": subject.everything.name,
            "images": len(subject.everything),
            "training_images": len(subject.training),
            "held_out_images": 0 if subject.held_out is None else len(subject.held_out),
            "fingerprint": subject.everything.fingerprint,
        },
        "samples": subject.count,
        "seed": subject.seed,
        "options": subject.options,
        "tuples": subject.settings.half,
    }
