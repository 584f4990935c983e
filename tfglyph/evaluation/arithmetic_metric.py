"""The arithmetic metric: how often D is the nearest to A - B + C, by the model and by methods to compare it with."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfglyph.composition.tokens import tokenizer
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation import arithmetic, legibility, pictures
from tfglyph.evaluation.measurement import Measurement, mean_measurement
from tfglyph.evaluation.subject import Subject, common_characters, with_characters
from tfglyph.evaluation.tuples import DIRECTIONS, PartTuple, part_tuples
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.latent.description_answers import COMPOSER
from tfglyph.loading import load
from tfglyph.pretrained import is_shipped

UPPER_BOUND = "(upper bound: told the parts)"
"""Stands in the names of methods that do not look at the images of A, B and C, but at their descriptions."""
DESCRIPTIONS, COMPOSED = f"descriptions {UPPER_BOUND}", f"composed {UPPER_BOUND}"
MEAN_PREDICTION: dict[str, Any] = {"steps": 1, "temperature": 0.0, "guidance": 1.0}
"""How a composer draws nearest to the real glyph: one step, without noise and guidance."""


def measure_arithmetic(subject: Subject) -> list[Measurement]:
    """Character arithmetic: how often D is the nearest, or among the five nearest, to A - B + C.

    For both directions and all of them together, and for the tuples whose D the model never saw: by latents, by the
    decoded image, by both of the sum snapped to the prior where the prior has parts, by pixels, by principal
    components; by descriptions, and by the images that compose-cns draws of these. And how often the recognizer reads
    the drawn images as D.
    """
    tuples, rows = _tuples(subject)
    glyphs = subject.all_glyphs
    images = np.asarray(glyphs.images)
    result = arithmetic.measure(subject.model, images, rows)
    descriptions = arithmetic.description_sums(tuples)
    ranks = dict(result.ranks)
    ranks[DESCRIPTIONS] = arithmetic.description_ranks(tuples, descriptions, len(images))
    drawn = dict(result.drawn)
    composed = _composed(descriptions, images.shape[1:])
    if composed is not None:
        ranks[COMPOSED] = arithmetic.image_ranks(composed, images, rows)
        drawn[COMPOSED] = composed
    measurements = []
    for group, chosen in _groups(subject, tuples):
        for method, of_method in ranks.items():
            scores = arithmetic.scores(of_method[chosen])
            for name, values in (("top-1", scores.top_1), ("top-5", scores.top_5), ("mrr", scores.reciprocal_rank)):
                name = f"arithmetic/{group}/{method}/{name}"
                measurements.append(mean_measurement(name, values, "higher", subject.seed))
        if group not in DIRECTIONS:
            measurements += _measure_reading(subject, group, tuples, rows, chosen, drawn)
    subject.pictures["arithmetic"] = pictures.arithmetic(glyphs, tuples, rows, result, composed)
    return measurements


def _tuples(subject: Subject) -> tuple[list[PartTuple], np.ndarray]:
    """The tuples that the data has, and the rows of their characters, int (t, 4).

    Raises:
        UnavailableError: the model has no sums of latents, or the data none of the characters.
    """
    if not subject.model.can_encode:
        mode = subject.model.architecture.mode
        raise UnavailableError(f"a model of mode {mode} has no encoder, so there is no arithmetic to measure")
    if not subject.compares_latents:
        raise UnavailableError("a diffusion model's latents are noise, and sums of noise mean nothing")
    glyphs = subject.all_glyphs
    try:
        rows_of = glyphs.rows_by_character()
    except GlyphError as error:
        raise UnavailableError(str(error)) from None
    tuples = [entry for entry in part_tuples(subject.settings.half) if set(entry.characters) <= rows_of.keys()]
    if not tuples:
        raise UnavailableError(f"data set {glyphs.name} has none of the Chinese characters of the tuples A B C D")
    if subject.settings.count and subject.settings.count < len(tuples):
        order = np.random.default_rng(subject.seed).permutation(len(tuples))[: subject.settings.count]
        tuples = [tuples[index] for index in np.sort(order)]
    return tuples, np.array([[rows_of[character] for character in entry.characters] for entry in tuples])


def _groups(subject: Subject, tuples: Sequence[PartTuple]) -> Iterator[tuple[str, np.ndarray]]:
    """Names of groups of tuples with bool (t,), each with one tuple or more."""
    groups = [(direction, np.array([entry.direction == direction for entry in tuples])) for direction in DIRECTIONS]
    groups.append(("all", np.ones(len(tuples), bool)))
    if subject.held_out is not None:
        held_out = set(subject.held_out.known_characters())
        groups.append(("held-out D", np.array([entry.d in held_out for entry in tuples])))
    return ((name, chosen) for name, chosen in groups if chosen.any())


def _composed(descriptions: Sequence[str], shape: tuple[int, ...]) -> np.ndarray | None:
    """Images of descriptions, uint8 (t, h, w, c), empty ones where there is none; None where no shipped model draws
    images of this shape."""
    if not is_shipped(COMPOSER):
        return None
    composer = load(COMPOSER)
    if composer.architecture.hwc != shape:
        return None
    parts = tokenizer(composer.architecture.part_tokens.parts)
    known = []
    for text in dict.fromkeys(filter(None, descriptions)):
        try:
            parts.encode_text(text)
        except UsageError:  # a part that the composer never learned
            continue
        known.append(text)
    images = dict(zip(known, composer.compose(known, **MEAN_PREDICTION), strict=True)) if known else {}
    empty = np.zeros(shape, np.uint8)
    return np.stack([images.get(text, empty) for text in descriptions])


def _measure_reading(
    subject: Subject,
    group: str,
    tuples: Sequence[PartTuple],
    rows: np.ndarray,
    chosen: np.ndarray,
    drawn: dict[str, np.ndarray],
) -> list[Measurement]:
    """How many drawn images the recognizer reads as D, where D is a common character; nothing without a recognizer."""
    glyphs = subject.all_glyphs.take(rows[:, 3], "arithmetic")
    common = set(common_characters(with_characters(glyphs)).known_characters())
    read = [index for index, entry in enumerate(tuples) if chosen[index] and entry.d in common]
    answers = [tuples[index].d for index in read]
    if not read:
        return []
    try:
        real = legibility.read_real(np.asarray(glyphs.images)[read], f"reading {group}, real").correct(answers)
        return [
            mean_measurement(
                f"arithmetic/{group}/{method}/read right",
                legibility.read(images[read], f"reading {group}, {method}").correct(answers),
                "higher",
                subject.seed,
                real.mean(),
                legibility.fingerprint(),
            )
            for method, images in drawn.items()
        ]
    except UnavailableError:
        return []
