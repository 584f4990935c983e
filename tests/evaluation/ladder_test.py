"""The sanity ladder: a distance puts real glyphs below every corruption, and more corruption above less."""

import numpy as np
import pytest

from tests.helpers.recognizer import needs_recognizer
from tfglyph import datasets
from tfglyph.evaluation import corruptions, distances, extractors
from tfglyph.evaluation.neighbours import prdc

RUNGS = {
    "blur": (corruptions.blur, (0.6, 1.2, 2.4)),
    "noise": (corruptions.noise, (20.0, 40.0, 80.0)),
    "average": (corruptions.average, (0.2, 0.35, 0.5)),
    "upside down": (corruptions.upside_down, (0.3, 0.6, 1.0)),
}


def sets(count):
    """(reference, real, dict from corruption to images of growing strength), disjoint but for the corruptions."""
    glyphs = datasets.load("cns", size=32)
    order = np.random.default_rng(0).permutation(len(glyphs))
    reference, real = (np.asarray(glyphs.images[np.sort(order[k * count : (k + 1) * count])]) for k in range(2))
    spoilt = {name: [spoil(real, strength) for strength in strengths] for name, (spoil, strengths) in RUNGS.items()}
    return reference, real, spoilt


def climb(extractor, count):
    """dict from distance to (value of real images, dict from corruption to growing strength's values)."""
    reference, real, spoilt = sets(count)
    base = extractor(reference)
    features = {name: [extractor(images) for images in each] for name, each in spoilt.items()}
    features["real"] = [extractor(real)]
    by_distance = {}
    for distance in (distances.frechet_distance, distances.kernel_distance):
        values = {name: [distance(one, base) for one in each] for name, each in features.items()}
        by_distance[distance.__name__] = values.pop("real")[0], values
    return by_distance, base, features


def assert_ladder(by_distance):
    for distance, (real, values) in by_distance.items():
        for name, growing in values.items():
            assert real < growing[0], (distance, name, real, growing)
            assert growing == sorted(growing), (distance, name, growing)


def test_ladder_of_the_shipped_extractor():
    by_distance, base, features = climb(extractors.find("glyph"), 400)
    assert_ladder(by_distance)
    real = prdc(base, features["real"][0])
    for name in RUNGS:  # coverage is no distance, but what is far covers less
        assert prdc(base, features[name][-1]).coverage.mean() < real.coverage.mean() - 0.1, name


@needs_recognizer
@pytest.mark.slow
def test_ladder_of_the_recognizer():
    by_distance, _, _ = climb(extractors.find("ocr"), 150)
    assert_ladder(by_distance)


def test_ladder_of_pixels():
    def pixels(images):
        return images.reshape(len(images), -1)[:, ::16].astype(np.float32) / 255.0

    by_distance, _, _ = climb(pixels, 600)
    for name in ("noise", "upside down", "average"):  # blurred strokes stay where they were
        for real, values in by_distance.values():
            assert real < values[name][-1]
