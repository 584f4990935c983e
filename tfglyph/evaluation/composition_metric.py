"""The metric ``composition``: measurements and a picture of what tfglyph.evaluation.composition finds."""

from collections.abc import Sequence

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation import composition, legibility
from tfglyph.evaluation.composition import CompositionRanks, Group
from tfglyph.evaluation.copying import nearest_other, rms_vectors
from tfglyph.evaluation.measurement import Measurement, mean_measurement
from tfglyph.evaluation.neighbours import nearest
from tfglyph.evaluation.subject import Subject, common_characters, with_characters
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.imaging.grids import table_figure
from tfglyph.models.composing import compose, draws_from_exemplars

UNSEEN = 64  # combinations of parts that no character has
SHOWN = 8


def measure_composition(subject: Subject) -> list[Measurement]:
    """Characters generated from their descriptions: the right one among all glyphs, read right, and no copies.

    Args:
        subject: Subject whose model is conditioned on parts.

    Returns:
        list of Measurement.

    Raises:
        UnavailableError: the model is not conditioned on parts, or nothing was held out.
    """
    model = subject.model
    section = model.architecture.part_tokens
    if section is None:
        if draws_from_exemplars(model):
            raise UnavailableError(f"{model.name} draws from exemplars, so a font has to be named: --font FILE")
        raise UnavailableError(f"{model.name} is not conditioned on parts, so it composes nothing")
    if subject.held_out is None:
        raise UnavailableError("no characters were held out of the training (train.py --holdout)")
    all_glyphs, limit = with_characters(subject.all_glyphs), subject.settings.count or composition.MAX_CHARACTERS
    common = set(common_characters(all_glyphs).known_characters())
    training, held_out = with_characters(subject.training), with_characters(subject.held_out)
    measurements: list[Measurement] = []
    results: list[tuple[Group, CompositionRanks]] = []
    for name, group in composition.groups(training, held_out, section.parts).items():
        group = group.subset(limit, subject.seed)
        if not group.characters:
            continue
        result = composition.measure(model, all_glyphs, group, subject.seed, **subject.options_without_label)
        for top in (1, 5):
            measurements.append(_fraction(f"{name}/top-{top}", result.ranks < top, subject))
            measurements.append(_fraction(f"{name}/top-{top} blurred", result.blurred_ranks < top, subject))
        rows = [row for row, character in enumerate(group.characters) if character in common]
        if rows:
            characters = [group.characters[row] for row in rows]
            real_images = np.asarray(all_glyphs.images)[result.target_rows[rows]]
            measurements += _measure_reading(name, characters, result.images[rows], real_images, subject)
        if name == "held-out":
            measurements += _measure_copying(result, subject, all_glyphs)
        results.append((group, result))
    measurements += _measure_unseen(subject, all_glyphs)
    subject.pictures["composition"] = picture(all_glyphs, results)
    return measurements


def _fraction(
    name: str, values: np.ndarray, subject: Subject, real: float | None = None, extractor: str | None = None
) -> Measurement:
    return mean_measurement(f"composition/{name}", values, "higher", subject.seed, real, extractor)


def _measure_reading(
    group: str, characters: Sequence[str], images: np.ndarray, real_images: np.ndarray, subject: Subject
) -> list[Measurement]:
    """How many images the recognizer reads as the right character; nothing where there is no recognizer."""
    try:
        real = legibility.read_real(real_images, "reading real glyphs").correct(characters).mean()
        correct = legibility.read(images, f"reading {group}").correct(characters)
    except UnavailableError:
        return []
    return [_fraction(f"{group}/read right", correct, subject, real, legibility.fingerprint())]


def _measure_copying(result: CompositionRanks, subject: Subject, all_glyphs: Glyphs) -> list[Measurement]:
    """Distance to the nearest training glyph beside that of the real glyphs of the same characters."""
    training = rms_vectors(np.asarray(subject.training.images))
    distances, _ = nearest(rms_vectors(result.images), training)
    real_distances, _ = nearest(rms_vectors(np.asarray(all_glyphs.images)[result.target_rows]), training)
    among_training = nearest_other(training, np.arange(0, len(training), max(1, len(training) // 1000)))
    return [
        mean_measurement(
            "composition/held-out/distance to training", distances, "", subject.seed, real_distances.mean()
        ),
        Measurement("composition/training glyphs to each other", float(among_training.mean()), len(among_training)),
    ]


def _measure_unseen(subject: Subject, all_glyphs: Glyphs) -> list[Measurement]:
    """Characters that do not exist, half by half."""
    measurements, options = [], subject.options_without_label
    if subject.model.architecture.class_count:  # all in the first font
        options = options | {"label": 0}
        all_glyphs = all_glyphs.take(np.flatnonzero(np.asarray(all_glyphs.labels) == 0), all_glyphs.name)
    for operator, names in (("⿰", ("left", "right")), ("⿱", ("above", "below"))):
        combinations = composition.unseen_combinations(all_glyphs, UNSEEN // 2, subject.seed, operator)
        if not combinations:
            continue
        texts = [operator + "".join(parts) for parts in combinations]
        images = compose(subject.model, texts, seed=subject.seed, **options)[:, 0]
        accuracy = composition.classify_halves(all_glyphs, operator, combinations, images, seed=subject.seed)
        for half, name in enumerate(names):
            correct, real = accuracy.generated[:, half], accuracy.real[:, half].mean()
            measurements.append(_fraction(f"not existing/{name}", correct, subject, real))
    return measurements


def picture(all_glyphs: Glyphs, results: Sequence[tuple[Group, CompositionRanks]]) -> np.ndarray:
    """Some characters of each group: real above drawn, and how near.

    Args:
        all_glyphs: Glyphs.
        results: list of (Group, CompositionRanks).

    Returns:
        uint8 [H, W, 3].
    """
    images = np.asarray(all_glyphs.images)
    lines: list[tuple[str, list[np.ndarray]]] = []
    faces: dict[str, np.ndarray] = {}
    for group, result in results:
        for title, rows in (("right", np.flatnonzero(result.ranks == 0)), ("wrong", np.flatnonzero(result.ranks > 0))):
            rows = rows[:: max(1, len(rows) // SHOWN)][:SHOWN]
            if len(rows):
                real = images[result.target_rows[rows]]
                faces |= dict(zip((group.characters[row] for row in rows), real, strict=True))
                lines += [(f"{group.name}, nearest is {title}: real", [real]), ("drawn", [result.images[rows]])]
    return table_figure("Composed from descriptions", [("", [""] * SHOWN)], lines, faces)
