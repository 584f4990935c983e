"""Sketches: means of the right glyphs, the target left out of them, and glyphs scaled to their boxes."""

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.composing import TINY
from tfglyph.composition import table, tokenizer
from tfglyph.composition.tokens import SIGNS
from tfglyph.datasets import Glyphs
from tfglyph.errors import UsageError
from tfglyph.networks.sketches import BOXES, Sketches

CHARACTERS = ["酪", "酩", "酊", "鉻", "銘", "酉", "各"]  # 酉 left of three, 各 right of two, 酉 and 各 alone


@pytest.fixture(scope="module")
def data():
    images = np.random.default_rng(0).integers(0, 256, (len(CHARACTERS), 8, 8, 1), np.uint8)
    words = tokenizer()
    return images, words.encode_characters(CHARACTERS), words.encode_as_parts(CHARACTERS)


@pytest.fixture(scope="module")
def filled(data):
    layer = Sketches(32, tokenizer().vocabulary, (8, 8, 1), name="sketches")
    layer.adapt(*data)
    return layer


def of_slot(sketches, slot):
    return np.asarray(sketches)[..., slot - 1]


def test_a_part_looks_like_the_mean_of_those_that_have_it(filled, data):
    images, tokens, _ = data
    sketches = filled(tf.constant(tokens[:1]))
    assert sketches.shape == (1, 8, 8, 6)
    np.testing.assert_allclose(of_slot(sketches, 1)[0], images[:3, ..., 0].mean(0) / 255, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(of_slot(sketches, 2)[0], images[[0, 3], ..., 0].mean(0) / 255, atol=0.5 / 255 + 1e-6)


def test_in_training_the_target_is_left_out(filled, data):
    images, tokens, _ = data
    sketches = filled(tf.constant(tokens[:1]), drawn=tf.constant(images[:1]))
    # A mean is rounded to a byte, which counts n / (n - 1) times as much when one of n is taken out.
    np.testing.assert_allclose(of_slot(sketches, 1)[0], images[1:3, ..., 0].mean(0) / 255, atol=0.76 / 255)
    np.testing.assert_allclose(of_slot(sketches, 2)[0], images[3, ..., 0] / 255, atol=1.01 / 255)


def test_a_part_without_a_mean_is_scaled_to_its_box(filled, data):
    images = data[0]
    tokens = tokenizer().encode_text("⿱酉各")[0][None]  # no glyph has 酉 above
    glyph, sketches = images[CHARACTERS.index("酉"), ..., 0] / 255.0, filled(tf.constant(tokens))
    upper = of_slot(sketches, 1)[0]
    assert upper[:3].any(1).all() and not upper[5:].any()  # the box ends at 0.52 of 8 rows
    # Rows in the middle of the box are those at the same fraction of the glyph's height.
    ends = BOXES["⿱"][0][2] * 8
    for row in (1, 2):
        position = (row + 0.5) / ends * 8 - 0.5
        low = int(position)
        expected = glyph[low] + (position - low) * (glyph[low + 1] - glyph[low])
        assert np.corrcoef(upper[row], expected)[0, 1] > 0.8
    assert not of_slot(sketches, 2)[0][:2].any() and of_slot(sketches, 2)[0][6].any()


def test_each_font_has_its_own(data):
    images, tokens, part_tokens = data
    layer = Sketches(64, tokenizer().vocabulary, (8, 8, 1), classes=2)
    twice = np.concatenate([images, 255 - images])
    labels = np.repeat([0, 1], len(images))
    layer.adapt(twice, np.tile(tokens, (2, 1)), np.tile(part_tokens, 2), labels)
    descriptions = tf.constant(np.stack([tokens[0]] * 3 + [tokenizer().encode_text("⿱酉各")[0]] * 2))
    sketches = layer(descriptions, tf.constant([0, 1, -1, 0, 1])).numpy()
    mean = images[:3, ..., 0].mean(0) / 255
    np.testing.assert_allclose(of_slot(sketches, 1)[0], mean, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(of_slot(sketches, 1)[1], 1 - mean, atol=0.5 / 255 + 1e-6)
    assert not sketches[2].any()  # no font, no sketch
    inside = slice(0, 3)
    np.testing.assert_allclose(of_slot(sketches, 1)[4][inside], 1 - of_slot(sketches, 1)[3][inside], atol=1e-5)


def test_no_description_no_sketch(filled):
    assert not filled(tf.zeros([2, 22], tf.int32)).numpy().any()


def test_the_most_common_parts_have_means(data):
    small = Sketches(2, tokenizer().vocabulary, (8, 8, 1))
    small.adapt(*data)
    assert sorted(small.sizes.numpy()) == [3, 3]  # 酉 left of three; 口 under a right half of three (各, 各, 名, 名: 4)


def test_every_operator_has_its_boxes():
    assert set(BOXES) == set(SIGNS)
    for first, second in BOXES.values():
        for top, left, bottom, right in (first, second):
            assert 0 <= top < bottom <= 1 and 0 <= left < right <= 1


def test_the_sketch_of_a_real_glyph_resembles_it():
    glyphs = tfglyph.datasets.load("cns", size=32)
    words = tokenizer()
    layer = Sketches(4096, words.vocabulary, (32, 32, 1))
    tokens = words.encode_characters(glyphs.characters)
    layer.adapt(glyphs.images, tokens, words.encode_as_parts(glyphs.characters))
    sizes = layer.sizes.numpy()
    keys = layer.keys.numpy()
    assert (sizes > 0).all() and (np.diff(keys) > 0).all()
    row = glyphs.rows_by_character()["酪"]
    sketches = layer(tf.constant(tokens[row : row + 1]), drawn=tf.constant(glyphs.images[row : row + 1])).numpy()[0]
    real = glyphs.images[row, ..., 0] / 255
    # The left half of the mean of all with 酉 on the left is much nearer to 酪's than that of the mean of all glyphs.
    mean = glyphs.images[..., 0].mean(0) / 255
    assert np.square(sketches[:, :14, 0] - real[:, :14]).mean() < 0.5 * np.square(mean[:, :14] - real[:, :14]).mean()


SKETCHING = TINY | {
    "condition": {"drop": 0.1, "tokens": {"parts": "parts-1", "width": 32, "sketches": 64, "descriptions": 64}},
    "training": {"batch_size": 4, "steps": 2, "ema": {"decay": 0.9}},
}


def small_glyphs():
    glyphs = tfglyph.datasets.load("cns", size=32)
    rows = glyphs.rows_by_character()
    rows = [rows[character] for character in CHARACTERS]
    images = glyphs.images[rows].reshape(-1, 16, 2, 16, 2, 1).mean((2, 4)).astype(np.uint8)
    return Glyphs("few", images, characters=CHARACTERS, tokens=tokenizer().encode_characters(CHARACTERS))


@pytest.mark.usefixtures("eagerly")
def test_the_sketches_reach_the_network():
    model, glyphs = tfglyph.build(SKETCHING), small_glyphs()
    model.adapt(glyphs)
    model.prepare_training(2)
    batch = {"images": tf.constant(glyphs.images[:4]), "tokens": tf.constant(glyphs.tokens[:4])}
    for _ in range(3):  # the kernel of the network's last convolution starts at zero, too
        model.train_step(batch)
    kernel = model.networks["denoiser"].get_layer("sketch_out").kernel
    assert np.abs(kernel.numpy()).max() > 0  # it started at zero
    model.ema_networks["denoiser"].set_weights(model.networks["denoiser"].get_weights())
    before = model.sample_pairs([(1, 0)], tokens=glyphs.tokens[0], guidance=1.0)
    model.sketches.means.assign(255 - model.sketches.means)
    assert (model.sample_pairs([(1, 0)], tokens=glyphs.tokens[0], guidance=1.0) != before).any()
    assert "sketches" in model.groups() and "imagined" in model.groups()


def test_only_parts_are_sketched():
    for key in ("sketches", "descriptions"):
        tokens = {"vocabulary": 5, "length": 2, key: 10}
        with pytest.raises(UsageError, match=rf"condition.tokens.{key}: only parts of characters"):
            tfglyph.build(SKETCHING | {"condition": {"tokens": tokens}})


def test_the_table_is_as_these_tests_assume():
    assert [str(table().described(name, 1)) for name in CHARACTERS[:2]] == ["酪", "酩"]
    assert table().spelled["酩"] == ("⿰", ("酉", "名"))
