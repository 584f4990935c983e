"""Quality against time: the same model with several samplers and numbers of steps."""

import dataclasses

from tfglyph.errors import UsageError
from tfglyph.evaluation import composition, distances, legibility
from tfglyph.evaluation.cost import hardware, timed_samples, warm_up
from tfglyph.evaluation.evaluate import description
from tfglyph.evaluation.subject import common, with_characters
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.progress import hidden, progress

COUNT = 1000  # samples at each point where nobody says how many


def run_sweep(subject, sweep, measured=None):
    """Distances, legibility and speed at each point of a sweep; of models that are told of parts, how well they follow.

    Args:
        subject: Subject of a diffusion model.
        sweep: cost.Sweep.
        measured: "composition", how well descriptions are followed, or "samples", free ones; None: composition, where
            the model composes.

    Returns:
        dict of JSON values: the description, the hardware, and ``points``: dicts with ``sampler``, ``steps``, perhaps
        ``guidance``, ``images_per_second`` and ``figures``.
    """
    points, skipped, follows = [], [], _composes(subject) and measured != "samples"
    if measured == "composition" and not follows:
        raise UsageError(f"--metrics composition: {subject.model.name} composes nothing, or nothing was held out")
    try:
        legibility.check()
        readable = True
    except UnavailableError as error:
        readable = False
        skipped.append({"metric": "legibility", "reason": str(error)})
    bar = progress(list(sweep), "sweep", unit="point")
    for options in bar:
        bar.set_postfix_str(", ".join(f"{name} {value}" for name, value in options.items()))
        if follows:
            points.append(_composed(subject, options, readable))
            continue
        told = subject.labels_in_turn(subject.count)  # guidance has nothing to follow without a label
        with hidden():
            warm_up(subject.model, subject.seed, **options)
        samples, speed = timed_samples(subject.model, subject.count, subject.seed, **options, **told)
        figures = {}
        for extractor in subject.extractors:
            features, reference = extractor(samples), extractor.of_real(subject.reference)
            figures[f"fid/{extractor.name}"] = distances.frechet_distance(features, reference)
            figures[f"kid/{extractor.name}"] = distances.kernel_distance(features, reference)
        if readable:
            figures["legibility/confidence"] = float(legibility.read(samples).confidences.mean())
        points.append({**options, "images_per_second": speed, "figures": figures})
    if not follows:
        skipped += [{"metric": f"extractor {name}", "reason": reason} for name, reason in subject.missing.items()]
    return description(subject) | {
        "hardware": hardware(),
        "sweep": dataclasses.asdict(sweep),
        "points": points,
        "skipped": skipped,
    }


def _composes(subject):
    """Whether a model is told of parts, and there are characters it has not seen to tell it of."""
    return subject.model.architecture.part_tokens is not None and subject.held_out is not None


def _composed(subject, options, readable):
    """A point of a sweep for held-out characters with familiar parts, drawn from their descriptions."""
    everything = with_characters(subject.everything)
    parts = subject.model.architecture.part_tokens.parts
    groups = composition.groups(with_characters(subject.training), with_characters(subject.held_out), parts)
    group = groups["held-out"].some(min(subject.count, composition.MOST), subject.seed)
    with hidden():
        warm_up(subject.model, subject.seed, tokens=group.tokens[0], **options)
    drawn = composition.measure(subject.model, everything, group, subject.seed, **options)
    figures = {f"composition/held-out/top-{place}": float((drawn.places < place).mean()) for place in (1, 5)}
    figures["composition/held-out/top-1 blurred"] = float((drawn.blurred < 1).mean())
    wanted = set(common(everything).characters)
    rows = [row for row, character in enumerate(group.characters) if character in wanted]
    if readable and rows:
        right = legibility.read(drawn.images[rows]).right([group.characters[row] for row in rows])
        figures["composition/held-out/read right"] = float(right.mean())
    return {**options, "images_per_second": len(drawn.images) / drawn.seconds, "figures": figures}
