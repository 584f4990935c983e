"""Quality against time: the same model with several samplers and numbers of steps."""

import dataclasses

from tfglyph.evaluation import distances, legibility
from tfglyph.evaluation.cost import hardware, timed_samples, warm_up
from tfglyph.evaluation.evaluating import description
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.progress import hidden, progress

COUNT = 1000  # samples at each point where nobody says how many


def run_sweep(subject, sweep):
    """Distances, legibility and speed at each point of a sweep.

    Args:
        subject: Subject of a diffusion model.
        sweep: cost.Sweep.

    Returns:
        dict of JSON values: the description, the hardware, and ``points``: dicts with ``sampler``, ``steps``,
        ``images_per_second`` and ``figures``.
    """
    points, skipped = [], []
    try:
        legibility.check()
        readable = True
    except UnavailableError as error:
        readable = False
        skipped.append({"metric": "legibility", "reason": str(error)})
    pairs = list(sweep)
    bar = progress(pairs, "sweep", unit="point")
    for sampler, steps in bar:
        bar.set_postfix_str(f"{sampler}, {steps} steps")
        options = {"sampler": sampler, "steps": steps}
        with hidden():
            warm_up(subject.model, subject.seed, **options)
        samples, speed = timed_samples(subject.model, subject.count, subject.seed, **options)
        figures = {}
        for extractor in subject.extractors:
            features, reference = extractor(samples), extractor.of_real(subject.reference)
            figures[f"fid/{extractor.name}"] = distances.frechet_distance(features, reference)
            figures[f"kid/{extractor.name}"] = distances.kernel_distance(features, reference)
        if readable:
            figures["legibility/confidence"] = float(legibility.read(samples).confidences.mean())
        points.append({**options, "images_per_second": speed, "figures": figures})
    skipped += [{"metric": f"extractor {name}", "reason": reason} for name, reason in subject.missing.items()]
    return description(subject) | {
        "hardware": hardware(), "sweep": dataclasses.asdict(sweep), "points": points, "skipped": skipped,
    }
