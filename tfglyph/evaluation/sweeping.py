"""Quality against time: the same model with several samplers and numbers of steps."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from tfglyph.errors import UsageError
from tfglyph.evaluation import composition, distances, legibility
from tfglyph.evaluation.composition import Group
from tfglyph.evaluation.cost import Sweep, hardware, timed_samples, warm_up
from tfglyph.evaluation.evaluate import description, missing_extractors
from tfglyph.evaluation.subject import Subject, common_characters, with_characters
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.progress import hidden

COUNT = 1000  # samples at each point where nobody says how many

Measured = Literal["composition", "samples"]
Options = Mapping[str, Any]
"""One point of a Sweep, as options of ``model.sample``."""


def run_sweep(subject: Subject, sweep: Sweep, measured: Measured | None = None) -> dict[str, Any]:
    """Distances, legibility and speed at each point of a sweep; of models that compose, how well descriptions are
    followed.

    Args:
        subject: Subject of a diffusion model.
        sweep: Sweep.
        measured: "composition", how well descriptions are followed, or "samples", without descriptions; None:
            composition, where the model composes.

    Returns:
        dict of JSON values: the description, the hardware, and ``points``: dicts with ``sampler``, ``steps``, perhaps
        ``guidance``, ``images_per_second`` and ``figures``.
    """
    group = None if measured == "samples" else _held_out_group(subject)
    if measured == "composition" and group is None:
        raise UsageError(f"--metrics composition: {subject.model.name} composes nothing, or nothing was held out")
    points: list[dict[str, Any]] = []
    skipped: list[dict[str, str]] = []
    try:
        legibility.check()
        readable = True
    except UnavailableError as error:
        readable = False
        skipped.append({"metric": "legibility", "reason": str(error)})
    for options in sweep.shown():
        if group is not None:
            points.append(_composition_point(subject, group, options, readable))
        else:
            points.append(_samples_point(subject, options, readable))
    return description(subject) | {
        "hardware": hardware(),
        "sweep": dataclasses.asdict(sweep),
        "points": points,
        "skipped": skipped + (missing_extractors(subject) if group is None else []),
    }


def _samples_point(subject: Subject, options: Options, readable: bool) -> dict[str, Any]:
    """A point of a sweep for samples without descriptions."""
    labels = subject.cycled_labels(subject.count)  # guidance has nothing to follow without a label
    with hidden():
        warm_up(subject.model, subject.seed, **options)
    samples, speed = timed_samples(subject.model, subject.count, subject.seed, **options, **labels)
    values: dict[str, float] = {}
    for extractor in subject.extractors:
        features, reference = extractor(samples), extractor.of_real(subject.reference)
        values[f"fid/{extractor.name}"] = distances.frechet_distance(features, reference)
        values[f"kid/{extractor.name}"] = distances.kernel_distance(features, reference)
    if readable:
        values["legibility/confidence"] = float(legibility.read(samples).confidences.mean())
    return {**options, "images_per_second": speed, "figures": values}


def _held_out_group(subject: Subject) -> Group | None:
    """Held-out characters with familiar parts, for a model that is conditioned on parts; None where there are none."""
    section = subject.model.architecture.part_tokens
    if section is None or subject.held_out is None:
        return None
    training, held_out = with_characters(subject.training), with_characters(subject.held_out)
    group = composition.groups(training, held_out, section.parts)["held-out"]
    group = group.subset(min(subject.count, composition.MAX_CHARACTERS), subject.seed)
    return group if group.characters else None


def _composition_point(subject: Subject, group: Group, options: Options, readable: bool) -> dict[str, Any]:
    """A point of a sweep for held-out characters, generated from their descriptions."""
    all_glyphs = with_characters(subject.all_glyphs)
    with hidden():
        warm_up(subject.model, subject.seed, tokens=group.tokens[0], **options)
    result = composition.measure(subject.model, all_glyphs, group, subject.seed, **options)
    values = {f"composition/held-out/top-{top}": float((result.ranks < top).mean()) for top in (1, 5)}
    values["composition/held-out/top-1 blurred"] = float((result.blurred_ranks < 1).mean())
    common = set(common_characters(all_glyphs).known_characters())
    rows = [row for row, character in enumerate(group.characters) if character in common]
    if readable and rows:
        correct = legibility.read(result.images[rows]).correct([group.characters[row] for row in rows])
        values["composition/held-out/read right"] = float(correct.mean())
    return {**options, "images_per_second": len(result.images) / result.seconds, "figures": values}
