"""A small model learns two fonts by heart: the exemplars' font decides the style, each part's exemplars that part."""

import copy

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.exemplars import SMALL, write_parts_font
from tfglyph import datasets
from tfglyph.composition import describe
from tfglyph.exemplars.batches import ExemplarBatches
from tfglyph.exemplars.retrieval import Retrieval
from tfglyph.exemplars.sources import open_source

CHARACTERS = "酪酩酊酷鉻銘釘鋯格梏朾詻訂誥洛洺汀浩"  # five parts at the left, four at the right
COUNT, STEPS, BATCH = len(CHARACTERS), 400, 32


def architecture():
    data = copy.deepcopy(SMALL)
    data["denoiser"]["output"] = [16, 32]
    data["condition"]["exemplars"] |= {"output": [48, 32], "content": 0.0}
    data["objective"] |= {"time_mean": 0.5, "sampling_steps": 3, "temperature": 0.0}
    optimizer = {"learning_rate": 4e-3, "beta1": 0.9, "clip_norm": 1.0, "schedule": "cosine", "warmup_steps": 20}
    data["training"] = {"batch_size": BATCH, "steps": STEPS, "optimizers": {"denoiser": optimizer}}
    return data


def parts(number):
    return [str(part.part) for part in describe(CHARACTERS[number % COUNT]).parts]


@pytest.mark.slow
def test_exchanging_exemplars_exchanges_style_and_parts(tmp_path):
    fonts = [
        write_parts_font(tmp_path / f"{name}.ttf", CHARACTERS, name, weight)
        for name, weight in (("a", 1.0), ("b", 0.45))
    ]
    (tmp_path / "charset.txt").write_text(CHARACTERS, encoding="utf-8")
    glyphs = datasets.load("fonts", size=16, fonts=fonts, charset=str(tmp_path / "charset.txt"))
    model = tfglyph.build(architecture())
    model.prepare_training(STEPS)
    step = tf.function(model.train_step, autograph=False)
    for batch in datasets.feed(glyphs, BATCH, 0, steps=STEPS, companions=ExemplarBatches(glyphs, model.exemplars, 0)):
        step(batch)
    images = np.asarray(glyphs.images[np.arange(2 * COUNT)]).astype(float)

    def nearest(exemplars, kinds):
        """The rows of the real glyphs that the drawings are nearest to."""
        drawn = model.sample_pairs([(0, 0)] * len(kinds), exemplars=exemplars, kinds=kinds).astype(float)
        return np.square(drawn[:, None] - images[None]).mean((2, 3, 4)).argmin(1)

    shape = model.architecture.hwc
    found = [
        Retrieval(open_source(font), model.exemplars, shape).find([describe(c) for c in CHARACTERS]) for font in fonts
    ]
    for number, retrieved in enumerate(found):  # the same descriptions, from the one font and from the other
        rows = nearest(retrieved.exemplars, retrieved.kinds)
        assert (rows // COUNT == number).mean() == 1
        assert (rows % COUNT == np.arange(COUNT)).mean() > 0.9

    per_part, sets, expected = model.exemplars.per_part, [], []
    for number, retrieved in enumerate(found):
        for row, other in np.ndindex(COUNT, COUNT):
            wanted = [each for each in range(COUNT) if parts(each) == [parts(row)[0], parts(other)[1]]]
            if wanted and wanted[0] not in (row, other):
                mixed = [retrieved.exemplars[row].copy(), retrieved.kinds[row].copy()]
                second = slice(per_part, 2 * per_part)  # the right part's slots are the other's
                mixed[0][second], mixed[1][second] = retrieved.exemplars[other, second], retrieved.kinds[other, second]
                mixed[1][2 * per_part :] = 0  # nothing else helps
                sets.append(mixed)
                expected.append(number * COUNT + wanted[0])
    exemplars, kinds = (np.stack(each) for each in zip(*sets, strict=True))
    rows = nearest(exemplars, kinds)
    assert len(rows) > 100
    for part in range(2):  # the left part stays, the right one is the other's
        assert np.mean([parts(row)[part] == parts(want)[part] for row, want in zip(rows, expected, strict=True)]) > 0.9
    assert (rows // COUNT == np.array(expected) // COUNT).mean() > 0.95
