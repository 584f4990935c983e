"""The encoder of exemplars and the attention to them: sets of any size, in any order, with empty slots."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.exemplars import CHANNELS, SMALL, disturbed, random_sets
from tfglyph.architecture import check
from tfglyph.errors import UsageError
from tfglyph.exemplars.kinds import COLUMNS, SCALE, Match
from tfglyph.models import build
from tfglyph.models.denoiser import encoded, predict
from tfglyph.networks.exemplar_encoder import (
    BoxMask,
    Fold,
    FullExemplarAttention,
    InkPatches,
    KindEmbedding,
    MeanOfPresent,
    PositionwiseExemplarAttention,
    Present,
    Unfold,
    attention_sites,
    input_name,
)


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


def test_every_exemplar_matters(model, three):
    expected = denoised(model, **three)
    for slot in range(3):
        changed = {name: values.copy() for name, values in three.items()}
        changed["exemplars"][:, slot] = 255 - changed["exemplars"][:, slot]
        assert np.abs(denoised(model, **changed) - expected).max() > 1e-3
        changed = {name: values.copy() for name, values in three.items()}
        changed["kinds"][:, slot, 0] = 1 + changed["kinds"][:, slot, 0] % 5
        assert np.abs(denoised(model, **changed) - expected).max() > 1e-3


@pytest.mark.parametrize(("before", "after"), [(0, 1), (0, 5), (2, 0), (3, 4)])
def test_empty_slots_change_nothing(model, three, before, after):
    actual = denoised(model, **with_empty(three, before, after))
    np.testing.assert_allclose(actual, denoised(model, **three), atol=2e-5)


def test_order_changes_nothing(model, three):
    order = [2, 0, 1]
    actual = denoised(model, three["exemplars"][:, order], three["kinds"][:, order])
    np.testing.assert_allclose(actual, denoised(model, **three), atol=2e-5)


def test_any_number_of_exemplars(model):
    empty = random_sets(2, 4)
    empty["kinds"][..., 0] = Match.NONE
    seen = [denoised(model, **empty)[0], *(denoised(model, **random_sets(2, count))[0] for count in (1, 2, 7, 40))]
    for number, prediction in enumerate(seen):
        assert np.isfinite(prediction).all()
        assert all(np.abs(prediction - other).max() > 1e-3 for other in seen[:number])


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


def test_the_encoder_gives_what_the_denoiser_takes(model, three):
    inputs = encoded(
        model.networks["exemplar_encoder"], {"exemplars": three["exemplars"] / 255, "kinds": three["kinds"]}
    )
    section = model.exemplars
    assert attention_sites(section) == [("down_1", 0), ("middle", 1), ("up_1", 0)]
    expected = {
        **{input_name(name, kind): (2, 3, 8, 8, 8) for name in ("down_1", "up_1") for kind in ("keys", "values")},
        **{input_name("middle", kind): (2, 3, 4, 4, 16) for kind in ("keys", "values")},
        "exemplars_style": (2, 256),
        "exemplars_present": (2, 3),
    }
    assert {name: tuple(value.shape) for name, value in inputs.items()} == expected
    assert set(expected) <= set(model.networks["denoiser"].input)


# === Channels ===


@pytest.fixture(scope="module")
def channels():
    return disturbed(build(check(CHANNELS, "channels"), seed=1))


@pytest.fixture(scope="module")
def ten():
    return random_sets(2, 10)


def test_every_channel_matters_and_so_does_its_place(channels, ten):
    expected = denoised(channels, **ten)
    for slot in range(10):
        for name, change in (("exemplars", lambda x: 255 - x), ("kinds", lambda x: x // 2)):
            changed = {key: values.copy() for key, values in ten.items()}
            changed[name][:, slot, 1:] = change(changed[name][:, slot, 1:])
            assert np.abs(denoised(channels, **changed) - expected).max() > 1e-4, (slot, name)
    swapped = {key: values[:, [1, 0, *range(2, 10)]] for key, values in ten.items()}
    assert np.abs(denoised(channels, **swapped) - expected).max() > 1e-3


def test_empty_channels_are_as_those_that_are_missing(channels):
    few = random_sets(2, 4)
    np.testing.assert_allclose(denoised(channels, **with_empty(few, 0, 6)), denoised(channels, **few), atol=2e-5)
    pairs = [(3, 0), (3, 1)]
    none = channels.sample_pairs(pairs)
    np.testing.assert_array_equal(none, channels.sample_pairs(pairs, **random_sets(2, 0)))
    assert (channels.sample_pairs(pairs, **few) != none).any()


def test_further_sets_make_a_mean_of_predictions(channels):
    sets = random_sets(2, 20)
    noise = tf.random.stateless_normal([2, 16, 16, 1], (1, 2))

    def predicted(first, last, **options):
        some = {key: tf.constant(values[:, first:last]) for key, values in sets.items()}
        return channels.denoiser(2, exemplars=some["exemplars"], kinds=some["kinds"], **options)(noise, 0.9)[0].numpy()

    # (Where x_0 is within its bounds, which cut it after the mean.)
    first, second, both = predicted(0, 10), predicted(10, 20), predicted(0, 20)
    inside = (np.abs(first) < 1) & (np.abs(second) < 1)
    assert inside.sum() > 50
    np.testing.assert_allclose(both[inside], (first + second)[inside] / 2, atol=1e-5)
    guided = [predicted(*rows, guidance=2.0) for rows in ((0, 10), (10, 20), (0, 20))]
    inside = (np.abs(guided[0]) < 1) & (np.abs(guided[1]) < 1)
    np.testing.assert_allclose(guided[2][inside], (guided[0] + guided[1])[inside] / 2, atol=1e-5)
    np.testing.assert_allclose(predicted(0, 13), predicted_padded(channels, sets, noise), atol=1e-5)


def predicted_padded(model, sets, noise):
    padded = {key: values.copy() for key, values in sets.items()}
    padded["kinds"][:, 13:] = 0
    return model.denoiser(2, **{key: tf.constant(values) for key, values in padded.items()})(noise, 0.9)[0].numpy()


def test_gradients_reach_all_weights_of_channels(channels, ten):
    test_gradients_reach_all_weights(channels, ten)


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


def kinds_with(*boxes):
    return tf.constant([[Match.IN_PLACE, 1, 0, *box] for box in boxes], tf.int32)


@pytest.mark.parametrize(
    "box", [(0, 0, 255, 255), (0, 0, 255, 128), (107, 0, 255, 255), (51, 60, 70, 204), (9, 9, 9, 9)]
)
def test_a_box_mask_holds_the_area_of_the_box(box):
    x = tf.random.stateless_normal([1, 6, 10, 3], (1, 1))
    result = BoxMask()(x, kinds_with(box)).numpy()
    np.testing.assert_array_equal(result[..., :3], x)
    mask = result[0, ..., 3]
    top, left, bottom, right = np.array(box) / SCALE
    np.testing.assert_allclose(mask.mean(), (bottom - top) * (right - left), atol=1e-6)
    assert mask.min() >= 0 and mask.max() <= 1 + 1e-6
    rows = np.clip(np.minimum(np.arange(1, 7) / 6, bottom) - np.maximum(np.arange(6) / 6, top), 0, None) * 6
    columns = np.clip(np.minimum(np.arange(1, 11) / 10, right) - np.maximum(np.arange(10) / 10, left), 0, None) * 10
    np.testing.assert_allclose(mask, np.outer(rows, columns), atol=1e-5)


def test_box_masks_go_with_their_images():
    boxes = [(0, 0, 128, 255), (128, 0, 255, 255), (0, 0, 255, 255)]
    masks = BoxMask()(tf.zeros([3, 4, 4, 1]), kinds_with(*boxes)).numpy()[..., 1]
    np.testing.assert_allclose(masks[0] + masks[1], masks[2], atol=1e-5)


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


def test_the_mean_of_a_set_is_that_of_its_exemplars():
    vectors = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    kinds = np.zeros((2, 3, COLUMNS), np.int32)
    kinds[0, [0, 2], 0] = Match.STYLE
    present = Present()(tf.constant(kinds))
    np.testing.assert_array_equal(present, [[1, 0, 1], [0, 0, 0]])
    means = MeanOfPresent()(tf.constant(vectors), present)
    np.testing.assert_allclose(means, [vectors[0, [0, 2]].mean(0), np.zeros(4)], atol=1e-6)


def by_hand(layer, x, keys, values, present, positionwise):
    """Attention with loops, in float64."""
    heads, (count, height, width, channels) = layer.heads, x.shape
    size = channels // heads
    queries = layer.query(layer.tokens(tf.constant(x))).numpy().reshape(x.shape)
    nothing_key, nothing_value = np.asarray(layer.nothing, np.float64)
    attended = np.zeros(x.shape)
    for n, i, j, head in np.ndindex(count, height, width, heads):
        part = slice(head * size, (head + 1) * size)
        some = [slot for slot in range(keys.shape[1]) if present[n, slot]]
        where = (
            [(slot, i, j) for slot in some]
            if positionwise
            else [(s, *p) for s in some for p in np.ndindex(height, width)]
        )
        rows = [(keys[n][place][part], values[n][place][part]) for place in where]
        rows.append((nothing_key[part], nothing_value[part]))
        scores = np.array([queries[n, i, j, part] @ key for key, _ in rows]) / np.sqrt(size)
        weights = np.exp(scores - scores.max())
        attended[n, i, j, part] = weights @ np.array([value for _, value in rows]) / weights.sum()
    tokens = tf.constant(attended.reshape(count, -1, channels), tf.float32)
    return x + layer.projection(tokens).numpy().reshape(x.shape)


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("kind", [PositionwiseExemplarAttention, FullExemplarAttention])
def test_attention_by_hand(kind, slots):
    random = np.random.default_rng(3)
    x = random.normal(size=(2, 2, 3, 8)).astype(np.float32)
    keys, values = random.normal(size=(2, 2, slots, 2, 3, 8)).astype(np.float32)
    present = np.ones((2, slots), np.float32)
    present[0, :1] = 0
    layer = kind(2, 4)
    unchanged = layer(*(tf.constant(each) for each in (x, keys, values, present)))
    np.testing.assert_array_equal(unchanged, x)  # before training
    for variable in layer.trainable_variables:
        variable.assign_add(random.normal(0, 0.5, variable.shape).astype(np.float32))
    actual = layer(*(tf.constant(each) for each in (x, keys, values, present))).numpy()
    expected = by_hand(layer, x, keys, values, present, kind is PositionwiseExemplarAttention)
    assert np.abs(actual - x).max() > 0.1
    np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_half_precision_comes_close(three):
    keras.config.set_dtype_policy("float32")
    full = disturbed(build(check(SMALL, "small"), seed=1))
    half = disturbed(build(check(SMALL, "small"), seed=1, precision="mixed_float16"))
    difference = denoised(half, **three) - denoised(full, **three)
    assert np.abs(difference).max() < 0.1
