"""The encoder of exemplars: slots in their places, empty ones, several sets."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.exemplars import SMALL, disturbed, random_sets
from tfglyph.architecture import check
from tfglyph.errors import UsageError
from tfglyph.exemplars.kinds import COLUMNS, Match
from tfglyph.models import build
from tfglyph.models.denoiser import encoded, predict
from tfglyph.networks.exemplar_encoder import Fold, InkPatches, KindEmbedding, Unfold


@pytest.fixture(scope="module")
def model():
    return disturbed(build(check(SMALL, "small"), seed=1))


def denoised(model, exemplars, kinds):
    """float32 (n, 16, 16, 1): the denoiser's prediction for one and the same noise."""
    count = len(kinds)
    noise = tf.random.stateless_normal([1, 16, 16, 1], (1, 2))
    conditioning = {"exemplars": tf.constant(exemplars, tf.float32) / 127.5 - 1, "kinds": tf.constant(kinds)}
    conditioning = encoded(model.networks["exemplar_encoder"], conditioning)
    return predict(model.networks["denoiser"], tf.repeat(noise, count, 0), 700.0, conditioning).numpy()


@pytest.fixture(scope="module")
def three():
    return random_sets(2, 3)


def with_empty(sets, before, after):
    """The sets with empty slots around them, whose pictures are noise."""
    noise = random_sets(2, before + after, seed=5)
    noise["kinds"][..., 0] = Match.NONE
    return {
        name: np.concatenate([noise[name][:, :before], values, noise[name][:, before:]], 1)
        for name, values in sets.items()
    }


@pytest.mark.usefixtures("eagerly")
def test_no_exemplar_at_all_is_as_empty_slots_are(model):
    pairs = [(3, 0), (3, 1)]
    none = model.sample_pairs(pairs, **random_sets(2, 0))
    np.testing.assert_array_equal(none, model.sample_pairs(pairs))
    empty = random_sets(2, 5)
    empty["kinds"][...] = 0
    assert np.abs(model.sample_pairs(pairs, **empty).astype(int) - none).max() <= 1
    assert (model.sample_pairs(pairs, **random_sets(2, 5)) != none).any()


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (random_sets(3, 2), r"found uint8 of shape \(3, 2, 16, 16, 1\)"),
        (random_sets(2, 2, (16, 8, 1)), r"found uint8 of shape \(2, 2, 16, 8, 1\)"),
        (random_sets(2, 2) | {"kinds": np.zeros((2, 3, COLUMNS))}, r"kinds of shape \(2, 3, 7\)"),
        (random_sets(2, 2) | {"exemplars": np.zeros((2, 2, 16, 16, 1))}, r"found float64 of shape"),
    ],
)
def test_sets_that_do_not_fit_are_one_line(model, sets, words):
    with pytest.raises(UsageError, match=words) as caught:
        model.sample_pairs([(3, 0), (3, 1)], **sets)
    assert "expected uint8 (2, k, 16, 16, 1) and (2, k, 7)" in str(caught.value)


def test_images_of_a_batch_do_not_see_each_others_exemplars(model, three):
    together = denoised(model, **three)
    for row in range(2):
        alone = denoised(model, three["exemplars"][row : row + 1], three["kinds"][row : row + 1])
        np.testing.assert_allclose(alone[0], together[row], atol=2e-5)


def test_gradients_reach_all_weights(model, three):
    conditioning = {
        "exemplars": tf.constant(three["exemplars"], tf.float32) / 127.5 - 1,
        "kinds": tf.constant(three["kinds"]),
    }
    with tf.GradientTape() as tape:
        inputs = encoded(model.networks["exemplar_encoder"], conditioning, training=True)
        prediction = predict(model.networks["denoiser"], tf.ones([2, 16, 16, 1]), 700.0, inputs, training=True)
        loss = tf.reduce_sum(tf.square(prediction))
    variables = model.networks["exemplar_encoder"].trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert np.abs(np.asarray(tf.convert_to_tensor(gradient))).max() > 0, variable.path


@pytest.fixture(scope="module")
def ten():
    return random_sets(2, 10)


def test_every_slot_matters_and_so_does_its_place(model, ten):
    expected = denoised(model, **ten)
    for slot in range(10):
        for name, change in (("exemplars", lambda x: 255 - x), ("kinds", lambda x: x // 2)):
            changed = {key: values.copy() for key, values in ten.items()}
            changed[name][:, slot, 1:] = change(changed[name][:, slot, 1:])
            assert np.abs(denoised(model, **changed) - expected).max() > 1e-4, (slot, name)
    swapped = {key: values[:, [1, 0, *range(2, 10)]] for key, values in ten.items()}
    assert np.abs(denoised(model, **swapped) - expected).max() > 1e-3


@pytest.mark.usefixtures("eagerly")
def test_empty_slots_are_as_those_that_are_missing(model):
    few = random_sets(2, 4)
    np.testing.assert_allclose(denoised(model, **with_empty(few, 0, 6)), denoised(model, **few), atol=2e-5)
    pairs = [(3, 0), (3, 1)]
    none = model.sample_pairs(pairs)
    np.testing.assert_array_equal(none, model.sample_pairs(pairs, **random_sets(2, 0)))
    assert (model.sample_pairs(pairs, **few) != none).any()


def test_further_sets_make_a_mean_of_predictions(model):
    sets = random_sets(2, 20)
    noise = tf.random.stateless_normal([2, 16, 16, 1], (1, 2))

    def predicted(first, last, **options):
        some = {key: tf.constant(values[:, first:last]) for key, values in sets.items()}
        return model.denoiser(2, exemplars=some["exemplars"], kinds=some["kinds"], **options)(noise, 0.9)[0].numpy()

    # (Where x_0 is within its bounds, which cut it after the mean.)
    first, second, both = predicted(0, 10), predicted(10, 20), predicted(0, 20)
    inside = (np.abs(first) < 1) & (np.abs(second) < 1)
    assert inside.sum() > 50
    np.testing.assert_allclose(both[inside], (first + second)[inside] / 2, atol=1e-5)
    guided = [predicted(*rows, guidance=2.0) for rows in ((0, 10), (10, 20), (0, 20))]
    inside = (np.abs(guided[0]) < 1) & (np.abs(guided[1]) < 1)
    np.testing.assert_allclose(guided[2][inside], (guided[0] + guided[1])[inside] / 2, atol=1e-5)
    np.testing.assert_allclose(predicted(0, 13), predicted_padded(model, sets, noise), atol=1e-5)


def predicted_padded(model, sets, noise):
    padded = {key: values.copy() for key, values in sets.items()}
    padded["kinds"][:, 13:] = 0
    return model.denoiser(2, **{key: tf.constant(values) for key, values in padded.items()})(noise, 0.9)[0].numpy()


def test_ink_patches_by_hand():
    sets = random_sets(1, 3, (4, 4, 1))
    sets["kinds"][0, 1, 0] = Match.NONE
    sets["kinds"][0, 0, 3:] = [0, 0, 255, 128]
    patches = InkPatches(2)(tf.constant(sets["exemplars"], tf.float32) / 127.5 - 1, tf.constant(sets["kinds"])).numpy()
    assert patches.shape == (1, 2, 2, 3 * 5)
    for row, column in np.ndindex(2, 2):
        pixels = sets["exemplars"][0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2, 0] / 255
        pixels[1] = 0
        np.testing.assert_allclose(patches[0, row, column, :12], pixels.transpose(1, 2, 0).reshape(-1), atol=1e-6)
        assert patches[0, row, column, 13] == 0
    np.testing.assert_allclose(patches[0, :, :, 12], [[1, 2 * 128 / 255 - 1]] * 2, atol=1e-6)


# === Layers ===


def test_kind_embeddings_add_up():
    layer = KindEmbedding(5)
    kinds = tf.constant([[Match.MOVED, 2, 255, 0, 51, 102, 255], [Match.NONE, 0, 0, 0, 0, 0, 0]], tf.int32)
    actual = layer(kinds).numpy()
    matches, levels, numbers = (np.asarray(variable) for variable in layer.weights)
    expected = matches[Match.MOVED] + levels[2] + np.array([1, 0, 0.2, 0.4, 1]) @ numbers
    np.testing.assert_allclose(actual, [expected, matches[0] + levels[0]], atol=1e-6)
    assert KindEmbedding.from_config(layer.get_config()).width == 5


def test_sets_are_folded_and_unfolded():
    sets = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    folded = Fold()(tf.constant(sets))
    assert folded.shape == (6, 4)
    np.testing.assert_array_equal(Unfold()(folded, tf.zeros([2, 3, 7])), sets)


def test_half_precision_comes_close(three):
    keras.config.set_dtype_policy("float32")
    full = disturbed(build(check(SMALL, "small"), seed=1))
    half = disturbed(build(check(SMALL, "small"), seed=1, precision="mixed_float16"))
    difference = denoised(half, **three) - denoised(full, **three)
    assert np.abs(difference).max() < 0.1
