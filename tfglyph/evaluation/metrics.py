"""The metrics of ``tfglyph evaluate``: each one a function from a Subject to Figures."""

import math

import numpy as np

from tfglyph.errors import GlyphError, UsageError, did_you_mean
from tfglyph.evaluation import arithmetic as arithmetics
from tfglyph.evaluation import codes as infogan_codes
from tfglyph.evaluation import composition_metric as composing
from tfglyph.evaluation import copying as copies
from tfglyph.evaluation import cost as costs
from tfglyph.evaluation import distances, legibility, pictures, reconstruction
from tfglyph.evaluation.measurement import Measurement, mean_measurement
from tfglyph.evaluation.neighbours import NEAREST, neighbourhood
from tfglyph.evaluation.subject import common, with_characters
from tfglyph.evaluation.tuples import DIRECTIONS, part_tuples
from tfglyph.evaluation.unavailable import UnavailableError

PARTS = (("held_out", "held-out"), ("training", "trained"))
CLASSIFIED = 2000  # images that the independent classifier learns from, and as many that it is tried on
SPEED_IMAGES = 64


def fid(subject):
    """Fréchet distance between samples and real glyphs, for each extractor."""
    return _distances(subject, "fid", distances.frechet_distance, distances.frechet_interval)


def kid(subject):
    """Kernel distance between samples and real glyphs, for each extractor."""
    return _distances(subject, "kid", distances.kernel_distance, distances.kernel_interval)


def _distances(subject, metric, distance, interval):
    """The Figures of one distance, for each extractor: of samples, and of other real glyphs beside them."""
    figures = []
    for extractor in subject.extractors:
        samples, reference, other = subject.features(extractor)
        value = distance(samples, reference)
        low, high = interval(samples, reference, value, subject.seed) or (None, None)
        real = distance(other, reference)
        name = f"{metric}/{extractor.name}"
        figures.append(Measurement(name, value, len(samples), "lower", low, high, real, extractor.fingerprint))
    return figures


def prdc(subject):
    """Precision, recall, density and coverage, for each extractor."""
    figures = []
    for extractor in subject.extractors:
        samples, reference, other = subject.features(extractor)
        if len(samples) <= NEAREST:
            raise UnavailableError(f"neighbourhoods of {NEAREST} images need more than {len(samples)}")
        found, real = neighbourhood(reference, samples), neighbourhood(reference, other)
        for name, field in (
            ("precision", "precise"),
            ("recall", "recalled"),
            ("density", "dense"),
            ("coverage", "covered"),
        ):
            figures.append(
                mean_measurement(
                    f"prdc/{extractor.name}/{name}",
                    getattr(found, field),
                    "higher",
                    subject.seed,
                    getattr(real, field).mean(),
                    extractor.fingerprint,
                )
            )
    return figures


def readable(subject):
    """What a recognizer reads: of samples, one character or not; of reconstructions, the right one or not."""
    readings = legibility.read(subject.samples, "reading samples")
    real = legibility.read_real(subject.other_real, "reading real glyphs")
    seed, by = subject.seed, legibility.fingerprint()
    figures = [
        mean_measurement("legibility/samples/one character", readings.single, "higher", seed, real.single.mean(), by),
        mean_measurement(
            "legibility/samples/confidence", readings.confidences, "higher", seed, real.confidences.mean(), by
        ),
    ]
    subject.pictures["legibility"] = pictures.legibility(subject.samples, readings)
    if not subject.model.can_encode:
        return figures
    for part, label in PARTS:
        if getattr(subject, part) is None:
            continue
        try:
            known = common(with_characters(getattr(subject, part)))
        except GlyphError:
            break  # nobody knows what would be right
        shown = subject.some(known, legibility.MOST)
        own = legibility.read_real(np.asarray(shown.images), f"reading {label} glyphs").right(shown.characters)
        drawn = legibility.read(subject.reconstructed(shown), f"reading {label} reconstructions")
        figures.append(
            mean_measurement(f"legibility/{label}/right", drawn.right(shown.characters), "higher", seed, own.mean(), by)
        )
    return figures


def reconstructions(subject):
    """PSNR, SSIM and overlap of ink of reconstructions, on held-out and on trained glyphs."""
    _needs_encoder(subject, "reconstruction")
    figures, shown = [], {}
    for part, label in PARTS:
        if getattr(subject, part) is None:
            continue
        glyphs = subject.some(getattr(subject, part))
        images, drawn = np.asarray(glyphs.images), subject.reconstructed(glyphs)
        overlap = reconstruction.ink_iou(images, drawn)
        for name, values in (
            ("psnr", reconstruction.psnr(images, drawn)),
            ("ssim", reconstruction.ssim(images, drawn)),
            ("iou", overlap),
        ):
            figures.append(mean_measurement(f"reconstruction/{label}/{name}", values, "higher", subject.seed))
        shown[label] = images, drawn, overlap
    subject.pictures["reconstruction"] = pictures.reconstructions(shown)
    return figures


def arithmetic(subject):
    """Character arithmetic: how often D is the nearest, or among the five nearest, to A - B + C."""
    _needs_encoder(subject, "arithmetic")
    if not subject.compares_latents:
        raise UnavailableError("a diffusion model's latents are noise, and sums of noise mean nothing")
    glyphs = subject.everything
    try:
        rows_of = glyphs.rows_by_character()
    except GlyphError as error:
        raise UnavailableError(str(error)) from None
    chosen = [entry for entry in part_tuples(subject.settings.half) if set(entry.characters) <= rows_of.keys()]
    if not chosen:
        raise UnavailableError(f"data set {glyphs.name} has none of the Chinese characters of the tuples A B C D")
    if subject.settings.count and subject.settings.count < len(chosen):
        order = np.random.default_rng(subject.seed).permutation(len(chosen))[: subject.settings.count]
        chosen = [chosen[place] for place in np.sort(order)]
    rows = np.array([[rows_of[character] for character in entry.characters] for entry in chosen])
    found = arithmetics.measure(subject.model, np.asarray(glyphs.images), rows)
    figures = []
    for direction in DIRECTIONS:
        own = np.array([entry.direction == direction for entry in chosen])
        if not own.any():
            continue
        for method, places in found.places.items():
            scores = arithmetics.scores(places[own])
            for name, values in (("top-1", scores.top_1), ("top-5", scores.top_5), ("mrr", scores.reciprocal_rank)):
                figures.append(
                    mean_measurement(f"arithmetic/{direction}/{method}/{name}", values, "higher", subject.seed)
                )
    subject.pictures["arithmetic"] = pictures.arithmetic(glyphs, chosen, rows, found)
    return figures


def codes(subject):
    """InfoGAN: information about each code by the trained Q and by a classifier of its own; purity of categories."""
    model = subject.model
    if not hasattr(model, "read_codes"):
        raise UnavailableError(f"a model of mode {model.architecture.mode} has no codes; an InfoGAN has")
    half = min(CLASSIFIED, subject.count)
    drawn = infogan_codes.draw(model, 2 * half, subject.seed)
    learned, tried = drawn.part(slice(0, half)), drawn.part(slice(half, None))
    ways = model.architecture.codes.categorical
    classifier = infogan_codes.train_classifier(learned, ways, subject.seed)
    figures = []
    for reader, guess in (("q", model.read_codes(tried.images)), ("classifier", classifier(tried.images))):
        for name, values in infogan_codes.information(guess, tried).items():
            place = int(name.rpartition("_")[2]) - 1
            best = math.log(ways[place]) if name.startswith("categorical") else None
            figures.append(mean_measurement(f"codes/{name}/{reader}", values, "higher", subject.seed, best))
    subject.pictures["codes"] = pictures.codes(tried)
    labels = subject.everything.labels
    if labels is not None and ways:
        glyphs = subject.some(subject.everything)
        for place, probabilities in enumerate(model.read_codes(np.asarray(glyphs.images))["probabilities"]):
            right = infogan_codes.purity(probabilities.argmax(axis=1), glyphs.labels)
            figures.append(
                mean_measurement(f"codes/categorical_{place + 1}/purity", right, "higher", subject.seed, 1.0)
            )
    return figures


def copying(subject):
    """Distance of samples to the nearest training glyph, beside that of real glyphs that were not trained on.

    By pixels, and by the features of the first extractor.
    """
    spaces = [("pixels", None, copies.by_pixels(subject.samples), copies.by_pixels)]
    for extractor in subject.extractors[:1]:  # of all training glyphs, so one is enough to wait for
        spaces.append((extractor.name, extractor.fingerprint, subject.features(extractor)[0], extractor.of_real))
    figures = []
    for name, fingerprint, samples, represent in spaces:
        held_out = None if subject.held_out is None else represent(np.asarray(subject.held_out.images))
        found = copies.measure(samples, represent(np.asarray(subject.training.images)), held_out)
        figures += [
            mean_measurement(
                f"copying/{name}/distance", found.samples, "", subject.seed, found.real.mean(), fingerprint
            ),
            mean_measurement(
                f"copying/{name}/copies", found.copies, "lower", subject.seed, found.real_copies.mean(), fingerprint
            ),
        ]
        if name == "pixels":
            subject.pictures["copying"] = pictures.copying(subject.samples, subject.training.images, found)
    return figures


def cost(subject):
    """Images per second of sampling, and the model's size."""
    model = subject.model
    count = min(SPEED_IMAGES, subject.count)
    speeds = costs.images_per_second(model, count, subject.seed, **subject.unlabelled)
    painters = {name: model.inference_network(name) for name in model.ema_names}
    weights = sum(network.count_params() for network in painters.values())
    low, high = float(speeds.min()), float(speeds.max())
    return [
        Measurement("cost/images per second", float(np.median(speeds)), len(speeds), "higher", low, high),
        Measurement("cost/parameters that draw", float(weights), 1, "lower"),
    ]


def _needs_encoder(subject, what):
    if not subject.model.can_encode:
        mode = subject.model.architecture.mode
        raise UnavailableError(f"a model of mode {mode} has no encoder, so there is no {what} to measure")


# name -> (function, what `--help` says)
METRICS = {
    "fid": (fid, "Fréchet distance to real glyphs"),
    "kid": (kid, "kernel distance to real glyphs"),
    "prdc": (prdc, "precision, recall, density, coverage"),
    "legibility": (readable, "what a recognizer reads"),
    "reconstruction": (reconstructions, "PSNR, SSIM, overlap of ink"),
    "arithmetic": (arithmetic, "A - B + C = D, measured"),
    "codes": (codes, "InfoGAN's codes"),
    "composition": (composing.figures, "characters drawn from descriptions"),
    "copying": (copying, "distance to training glyphs"),
    "cost": (cost, "images per second"),
}


SEEN_BY_EXTRACTORS = {"fid", "kid", "prdc", "copying"}


def parse_metrics(text):
    """Names of metrics from ``fid,kid``; None or ``all``: all of them.

    Raises:
        UsageError: there is no such metric.
    """
    if text is None or text.strip() == "all":
        return list(METRICS)
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in METRICS:
            known = ", ".join(METRICS)
            raise UsageError(f"--metrics: no metric {name!r}{did_you_mean(name, METRICS)}; there are {known}")
    if not names:
        raise UsageError(f"--metrics: found none; there are {', '.join(METRICS)}")
    return names
