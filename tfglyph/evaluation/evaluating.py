"""From a Subject and names of metrics to a result."""

from tfglyph.datasets.glyphs import digest
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
    source = getattr(model, "source", None)
    step = source.name.rpartition("-")[2] if source is not None else ""
    return {
        "tfglyph": __version__,
        "model": source.resolve().parent.name if source is not None else model.name,
        "mode": model.architecture.mode,
        "architecture": model.architecture.name,
        "step": int(step) if step.isdigit() else None,
        "precision": model.precision,
        "checkpoint": _fingerprint(source),
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


def _fingerprint(source):
    """Digest of a checkpoint's weights, or None for a model without one."""
    if source is None:
        return None
    from tfglyph.training.storage import data_path

    return digest(data_path(source).read_bytes())
