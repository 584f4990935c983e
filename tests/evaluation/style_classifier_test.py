"""The classifier of fonts: strokes of other widths and slants are told apart, whatever they are strokes of."""

import numpy as np

from tfglyph.evaluation.style_classifier import stroke_features, train


def strokes(random, count, width, slant=0.0, side=32):
    """uint8 (count, side, side): two upright and two level bars at random places."""
    images = np.zeros((count, side, side), np.uint8)
    for image in images:
        for start in random.integers(4, side - 8, 2):
            image[start : start + width] = 255
            for row in range(side):
                left = int(start + slant * (side / 2 - row))
                image[row, max(left, 0) : max(left + width, 0)] = 255
    return images


def test_it_tells_widths_and_slants_apart_and_chance_apart_from_both():
    random = np.random.default_rng(0)
    designs = [(1, 0.0), (3, 0.0), (3, 0.4)]
    learned = [strokes(random, 60, *design) for design in designs]
    tried = [strokes(random, 40, *design) for design in designs]
    labels = np.repeat(np.arange(3), 60)
    classifier = train(np.concatenate(learned), labels)
    for label, images in enumerate(tried):
        assert (classifier(images) == label).mean() > 0.9
    same = [strokes(random, 100, 3) for _ in range(4)]  # two fonts that are one and the same
    guessing = train(np.concatenate(same[:2]), np.repeat([0, 1], 100))
    assert abs(guessing(same[2]).mean() - guessing(same[3]).mean()) < 0.2


def test_features_of_a_bar_by_hand():
    image = np.zeros((1, 16, 16), np.uint8)
    image[0, 4:8] = 255  # one bar, 4 pixels high and as wide as the picture
    features = stroke_features(image)[0]
    assert features[0] == 4 / 16  # ink
    np.testing.assert_allclose(features[1:5], [4 / 16, 0, 8 / 16, 1])  # its box
    np.testing.assert_allclose(features[5:10], 2.0)  # half of its width
    np.testing.assert_allclose(features[[10 + 6, 10 + 18]], 0.5)  # its edges face up and down
    along, across = features[-24:-12], features[-12:]
    assert along[10] == 1 and across[3] == 1  # runs of 16 in rows, of 4 in columns
    assert not stroke_features(np.zeros((1, 16, 16), np.uint8))[0, :1].any()  # nothing drawn is no error
