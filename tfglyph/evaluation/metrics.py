"""The metrics of ``tfglyph evaluate``: each one a function from a Subject to Measurements."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import GlyphError, UsageError, did_you_mean
from tfglyph.evaluation import codes, copying, cost, distances, legibility, pictures, reconstruction
from tfglyph.evaluation.arithmetic_metric import measure_arithmetic
from tfglyph.evaluation.composition_metric import measure_composition
from tfglyph.evaluation.measurement import Measurement, mean_measurement
from tfglyph.evaluation.neighbours import NEAREST, prdc
from tfglyph.evaluation.subject import Subject, common_characters, with_characters
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.models.gan import GAN
from tfglyph.models.infogan import InfoGAN

CLASSIFIED = 2000  # images that the independent classifier learns from, and as many that it is tried on
SPEED_IMAGES = 64


def measure_fid(subject: Subject) -> list[Measurement]:
    """Fréchet distance between samples and real glyphs, for each extractor."""
    return _measure_distance(subject, "fid", distances.frechet_distance, distances.frechet_interval)


def measure_kid(subject: Subject) -> list[Measurement]:
    """Kernel distance between samples and real glyphs, for each extractor."""
    return _measure_distance(subject, "kid", distances.kernel_distance, distances.kernel_interval)


def _measure_distance(
    subject: Subject,
    metric: str,
    distance: Callable[[np.ndarray, np.ndarray], float],
    interval: Callable[[np.ndarray, np.ndarray, float, int], tuple[float, float] | None],
) -> list[Measurement]:
    """One distance, for each extractor: of samples, and of other real glyphs beside them."""
    measurements = []
    for extractor in subject.extractors:
        samples, reference, other = subject.features(extractor)
        value = distance(samples, reference)
        low, high = interval(samples, reference, value, subject.seed) or (None, None)
        real = distance(other, reference)
        name = f"{metric}/{extractor.name}"
        measurements.append(Measurement(name, value, len(samples), "lower", low, high, real, extractor.fingerprint))
    return measurements


def measure_prdc(subject: Subject) -> list[Measurement]:
    """Precision, recall, density and coverage, for each extractor."""
    measurements = []
    for extractor in subject.extractors:
        samples, reference, other = subject.features(extractor)
        if len(samples) <= NEAREST:
            raise UnavailableError(f"neighbourhoods of {NEAREST} images need more than {len(samples)}")
        generated, real = prdc(reference, samples), prdc(reference, other)
        for field in ("precision", "recall", "density", "coverage"):
            measurements.append(
                mean_measurement(
                    f"prdc/{extractor.name}/{field}",
                    getattr(generated, field),
                    "higher",
                    subject.seed,
                    getattr(real, field).mean(),
                    extractor.fingerprint,
                )
            )
    return measurements


def measure_legibility(subject: Subject) -> list[Measurement]:
    """What a recognizer reads: of samples, one character or not; of reconstructions, the right one or not."""
    readings = legibility.read(subject.samples, "reading samples")
    real = legibility.read_real(subject.other_real, "reading real glyphs")
    subject.pictures["legibility"] = pictures.legibility(subject.samples, readings)

    recognizer = legibility.fingerprint()

    def mean(name: str, values: np.ndarray, real_values: np.ndarray) -> Measurement:
        name = f"legibility/{name}"
        return mean_measurement(name, values, "higher", subject.seed, real_values.mean(), recognizer)

    measurements = [
        mean("samples/one character", readings.single, real.single),
        mean("samples/confidence", readings.confidences, real.confidences),
    ]
    if not subject.model.can_encode:
        return measurements
    for split, glyphs in _splits(subject):
        try:
            glyphs = common_characters(with_characters(glyphs))
        except GlyphError:
            break  # nobody knows what would be right
        glyphs = subject.subset(glyphs, legibility.MAX_RECONSTRUCTIONS)
        real = legibility.read_real(np.asarray(glyphs.images), f"reading {split} glyphs")
        readings = legibility.read(subject.reconstructions(glyphs), f"reading {split} reconstructions")
        characters = glyphs.known_characters()
        measurements.append(mean(f"{split}/right", readings.correct(characters), real.correct(characters)))
    return measurements


def measure_reconstruction(subject: Subject) -> list[Measurement]:
    """PSNR, SSIM and overlap of ink of reconstructions, on held-out and on trained glyphs."""
    _check_encoder(subject, "reconstruction")
    measurements, cases = [], {}
    for split, glyphs in _splits(subject):
        glyphs = subject.subset(glyphs)
        images, reconstructions = np.asarray(glyphs.images), subject.reconstructions(glyphs)
        overlap = reconstruction.ink_iou(images, reconstructions)
        for name, values in (
            ("psnr", reconstruction.psnr(images, reconstructions)),
            ("ssim", reconstruction.ssim(images, reconstructions)),
            ("iou", overlap),
        ):
            measurements.append(mean_measurement(f"reconstruction/{split}/{name}", values, "higher", subject.seed))
        cases[split] = images, reconstructions, overlap
    subject.pictures["reconstruction"] = pictures.reconstructions(cases)
    return measurements


def measure_codes(subject: Subject) -> list[Measurement]:
    """What the codes of an InfoGAN, or of a GAN with categories, change.

    Information about each code, by a separate classifier and by an InfoGAN's own Q; the share of each category's
    samples that the recognizer reads alike; and where images have labels, the purity of Q's categories.
    """
    model = subject.model
    if not isinstance(model, GAN) or model.architecture.input_codes is None:
        raise UnavailableError(f"this model of mode {model.architecture.mode} has no codes; an InfoGAN has")
    num_categories = model.architecture.codes.categorical
    half = min(CLASSIFIED, subject.count)
    samples = codes.sample_with_codes(model, 2 * half, subject.seed)
    learned, tested = samples.take(slice(0, half)), samples.take(slice(half, None))
    guesses: dict[str, codes.CodeGuess] = {"q": model.read_codes(tested.images)} if isinstance(model, InfoGAN) else {}
    guesses["classifier"] = codes.train_classifier(learned, num_categories, subject.seed)(tested.images)
    measurements = []
    for reader, guess in guesses.items():
        for name, values in codes.information(guess, tested).items():
            index = int(name.rpartition("_")[2]) - 1
            best = math.log(num_categories[index]) if name.startswith("categorical") else None
            measurements.append(mean_measurement(f"codes/{name}/{reader}", values, "higher", subject.seed, best))
    measurements += read_alike(tested, subject.seed)
    subject.pictures["codes"] = pictures.codes(tested)
    if isinstance(model, InfoGAN) and subject.all_glyphs.labels is not None and num_categories:
        glyphs = subject.subset(subject.all_glyphs)
        guess = model.read_codes(np.asarray(glyphs.images))
        for number, probabilities in enumerate(guess["probabilities"], start=1):
            pure = codes.purity(probabilities.argmax(axis=1), np.asarray(glyphs.labels))
            name = f"codes/categorical_{number}/purity"
            measurements.append(mean_measurement(name, pure, "higher", subject.seed, 1.0))
    return measurements


def read_alike(samples: codes.CodedSamples, seed: int) -> list[Measurement]:
    """How many samples are read as the commonest character of their category; nothing without a recognizer."""
    if not samples.categories.shape[1]:
        return []
    try:
        readings = legibility.read(samples.images, "reading samples of categories")
    except UnavailableError:
        return []
    texts = np.array(readings.texts, str)
    return [
        mean_measurement(
            f"codes/categorical_{number}/read alike",
            readings.single & codes.purity(categories, texts),
            "higher",
            seed,
            extractor=legibility.fingerprint(),
        )
        for number, categories in enumerate(samples.categories.T, start=1)
    ]


def measure_copying(subject: Subject) -> list[Measurement]:
    """Distance of samples to the nearest training glyph, beside that of real glyphs that were not trained on.

    By pixels, and by the features of the first extractor.
    """
    spaces: list[tuple[str, str | None, np.ndarray, Callable[[np.ndarray], np.ndarray]]] = [
        ("pixels", None, copying.rms_vectors(subject.samples), copying.rms_vectors)
    ]
    for extractor in subject.extractors[:1]:  # of all training glyphs, so one is enough to wait for
        spaces.append((extractor.name, extractor.fingerprint, subject.features(extractor)[0], extractor.of_real))
    measurements = []
    for space, fingerprint, samples, represent in spaces:
        held_out = None if subject.held_out is None else represent(np.asarray(subject.held_out.images))
        result = copying.measure(samples, represent(np.asarray(subject.training.images)), held_out)
        real_distance, real_copies = result.real_distances.mean(), result.real_copies.mean()
        measurements += [
            mean_measurement(
                f"copying/{space}/distance", result.sample_distances, "", subject.seed, real_distance, fingerprint
            ),
            mean_measurement(f"copying/{space}/copies", result.copies, "lower", subject.seed, real_copies, fingerprint),
        ]
        if space == "pixels":
            subject.pictures["copying"] = pictures.copying(subject.samples, subject.training.images, result)
    return measurements


def measure_cost(subject: Subject) -> list[Measurement]:
    """Images per second of sampling, and the model's size."""
    model = subject.model
    count = min(SPEED_IMAGES, subject.count)
    speeds = cost.images_per_second(model, count, subject.seed, **subject.options_without_label)
    parameters = sum(model.inference_network(name).count_params() for name in dict.fromkeys(model.ema_names))
    low, high = float(speeds.min()), float(speeds.max())
    return [
        Measurement("cost/images per second", float(np.median(speeds)), len(speeds), "higher", low, high),
        Measurement("cost/parameters that draw", float(parameters), 1, "lower"),
    ]


def _splits(subject: Subject) -> list[tuple[str, Glyphs]]:
    """The held-out and the trained glyphs, those that there are, by their names in measurements."""
    trained = [("trained", subject.training)]
    return trained if subject.held_out is None else [("held-out", subject.held_out), *trained]


def _check_encoder(subject: Subject, metric: str) -> None:
    """Raises UnavailableError where the model does not encode."""
    if not subject.model.can_encode:
        mode = subject.model.architecture.mode
        raise UnavailableError(f"a model of mode {mode} has no encoder, so there is no {metric} to measure")


# === Registry ===


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric that can be asked for by name.

    Attributes:
        measure: function from a Subject to Measurements; raises UnavailableError where it cannot run.
        uses_extractors: bool, whether it looks at images through feature extractors.
    """

    measure: Callable[[Subject], list[Measurement]]
    uses_extractors: bool = False


METRICS: dict[str, Metric] = {
    "fid": Metric(measure_fid, uses_extractors=True),
    "kid": Metric(measure_kid, uses_extractors=True),
    "prdc": Metric(measure_prdc, uses_extractors=True),
    "legibility": Metric(measure_legibility),
    "reconstruction": Metric(measure_reconstruction),
    "arithmetic": Metric(measure_arithmetic),
    "codes": Metric(measure_codes),
    "composition": Metric(measure_composition),
    "copying": Metric(measure_copying, uses_extractors=True),
    "cost": Metric(measure_cost),
}


def parse_metrics(text: str | None) -> list[str]:
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
