"""The prior of VAE and VAE-GAN: normal as before, or with means that add up over parts, and a toy problem for it."""

import copy
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.models.vae_test import VAE
from tests.models.vaegan_test import SMALL
from tfglyph.architecture import check, dump, parse_json
from tfglyph.composition import tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.latent.arithmetic import analogy
from tfglyph.models import build
from tfglyph.networks.part_vectors import PLACES, PartVectors
from tfglyph.training.conditions import with_conditions

LEFT, RIGHT = "氵木金口", "各交毛皮"
COMBINATIONS = [(left, right) for left in range(4) for right in range(4)]
HELD_OUT = [(0, 0), (1, 2), (3, 1)]


def changed(data, training=None, **objective):
    data = copy.deepcopy(data) | {"objective": {"prior": "parts", "prior_vectors": 16} | objective}
    if data["mode"] == "VAE":
        data["generator"]["output_activation"] = "sigmoid"
    return data | ({"training": training} if training else {})


def tokens_of(combinations):
    texts = [f"⿰{LEFT[left]}{RIGHT[right]}" for left, right in combinations]
    return np.stack([tokenizer().encode_text(text)[0] for text in texts]).astype(np.int32)


def glyphs_of(combinations, size=8):
    images = np.random.default_rng(0).integers(0, 256, (len(combinations), size, size, 1), dtype=np.uint8)
    return Glyphs("toy", images, tokens=tokens_of(combinations))


def prepared(data, seed=3, vectors=True, **options):
    model = build(data, seed=seed, **options)
    model.prepare_training(100)
    model.adapt(glyphs_of(COMBINATIONS))
    if vectors:
        layer = model.part_vectors()
        layer.vectors.assign(np.random.default_rng(1).normal(size=layer.vectors.shape))
    return model


def batch_of(count=6):
    glyphs = glyphs_of(COMBINATIONS[:count])
    return {"images": tf.constant(glyphs.images), "tokens": tf.constant(glyphs.tokens)}


# === The step ===


@pytest.mark.parametrize("data", [VAE, SMALL], ids=["VAE", "VAE-GAN"])
def test_the_divergence_is_from_the_sum_of_vectors(data):
    model, twin = (prepared(changed(data, residual_weight=3.0)) for _ in range(2))
    batch = batch_of()
    logs = {name: float(value) for name, value in model.train_step(batch).items()}
    mean, log_variance = twin.networks["encoder"](twin.from_pixels(batch["images"]), training=True)
    layer = twin.part_vectors()
    rows = {(place, part): row for row, (_, place, part) in enumerate(layer.known(tokenizer()))}
    vectors = layer.vectors.numpy()
    prior = np.stack([vectors[rows[0, LEFT[i]]] + vectors[rows[1, RIGHT[k]]] for i, k in COMBINATIONS[:6]])
    residual = 0.5 * np.sum((mean - prior) ** 2, axis=1).mean()
    rest = 0.5 * np.sum(np.exp(log_variance) - 1 - log_variance, axis=1).mean()
    assert logs["loss/residual"] == pytest.approx(residual, rel=1e-4)
    assert logs["loss/kl"] == pytest.approx(residual + rest, rel=1e-4)
    if data is VAE:  # the rest of its loss is as ever
        expected = logs["loss/reconstruction"] + 3 * residual + rest + float(sum(twin.networks["encoder"].losses))
        assert logs["loss/total"] == pytest.approx(expected, rel=1e-4)
    else:
        assert logs["loss/prior"] == pytest.approx(3 * residual + rest, rel=1e-4)
    # Adam's first step moves the vectors towards the latents of their characters, by the rate.
    moved = model.part_vectors().vectors.numpy() - vectors
    rate = model.architecture.optimizer("prior").learning_rate
    used = sorted({rows[0, LEFT[i]] for i, _ in COMBINATIONS[:6]} | {rows[1, RIGHT[k]] for _, k in COMBINATIONS[:6]})
    np.testing.assert_allclose(np.abs(moved[used]), rate, rtol=1e-2)
    np.testing.assert_array_equal(np.delete(moved, used, axis=0), 0.0)
    pull = np.array(mean - prior)
    last = rows[0, LEFT[1]]  # of the fifth and the sixth image
    np.testing.assert_array_equal(np.sign(moved[last]), np.sign(pull[4] + pull[5]))


def test_more_weight_on_the_residual_draws_latents_to_their_means():
    distances = []
    for weight in (0.0, 30.0):
        model = prepared(changed(VAE, residual_weight=weight))
        step = tf.function(model.train_step, autograph=False)
        for _ in range(30):
            logs = step(batch_of())
        distances.append(float(logs["loss/residual"]))
    assert distances[1] < 0.5 * distances[0]


def test_recognition_is_bayes_rule_over_the_parts_of_a_place():
    layer = prepared(changed(VAE)).part_vectors()
    layer.occurrences.assign(np.arange(1, 17))
    tokens = tokens_of(COMBINATIONS[:5])
    z = np.random.default_rng(4).normal(size=(5, layer.z_dim)).astype(np.float32)
    known = layer.known(tokenizer())
    rows = {(place, part): row for row, (_, place, part) in enumerate(known)}
    vectors, counts = layer.vectors.numpy(), layer.occurrences.numpy()
    expected = 0.0
    for latent, (left, right) in zip(z, COMBINATIONS, strict=False):
        own = [rows[0, LEFT[left]], rows[1, RIGHT[right]]]
        for place in (0, 1):
            others = vectors[own[1 - place]]
            candidates = [row for row, (_, at, _) in enumerate(known) if at == place]
            assert len(candidates) == 4
            density = {k: counts[k] * np.exp(-0.5 * np.sum((latent - others - vectors[k]) ** 2)) for k in candidates}
            expected -= np.log(density[own[place]] / sum(density.values())) / len(z)
    with tf.GradientTape() as tape:
        loss = layer.recognition_loss(tf.constant(z), tf.constant(tokens))
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    assert tape.gradient(loss, layer.vectors.value) is None  # the vectors follow by the divergence


def test_recognition_says_nothing_of_parts_without_a_vector():
    layer = prepared(changed(VAE, prior_vectors=1)).part_vectors()
    ((_, _, part),) = layer.known(tokenizer())
    unknown = [pair for pair in COMBINATIONS if part not in (LEFT[pair[0]], RIGHT[pair[1]])]
    z = tf.ones((len(unknown), layer.z_dim))
    assert float(layer.recognition_loss(z, tf.constant(tokens_of(unknown)))) == 0.0


def test_the_most_probable_parts_are_those_of_bayes_rule():
    """Against every combination by itself, of operators over two and three parts with unequal frequencies."""
    texts = ["⿰木各", "⿰氵交", "⿰木交", "⿱艹木", "⿱木艹", "⿱艹各", "⿲木木木", "⿲氵木各"]
    tokens = np.stack([tokenizer().encode_text(text)[0] for text in texts for _ in range(2)]).astype(np.int32)
    layer = PartVectors(32, 4, tokenizer().vocabulary)
    layer.build(None)
    layer.adapt(tokens)
    rng = np.random.default_rng(5)
    layer.vectors.assign(rng.normal(size=layer.vectors.shape))
    known, vectors = layer.known(tokenizer()), layer.vectors.numpy()
    layer.occurrences.assign(np.where(np.arange(32) < len(known), rng.integers(1, 50, 32), 0))
    counts, at = layer.occurrences.numpy(), {}
    for row, (operator, place, _) in enumerate(known):
        at.setdefault(operator, {}).setdefault(place, []).append(row)
    firsts = sum(counts[row] for places in at.values() for row in places[0])
    for z in rng.normal(scale=2.0, size=(20, 4)).astype(np.float32):
        scores = {}
        for places in at.values():
            common = np.log(sum(counts[row] for row in places[0]) / firsts)
            for rows in itertools.product(*(places[place] for place in sorted(places))):
                logs = [np.log(counts[row] / sum(counts[r] for r in places[k])) for k, row in enumerate(rows)]
                scores[rows] = common + sum(logs) - 0.5 * np.sum((z - vectors[list(rows)].sum(axis=0)) ** 2)
        found = layer.most_probable(tf.constant(z[None])).numpy()[0]
        assert tuple(found[found >= 0]) == max(scores, key=scores.get)


def test_sums_snap_to_the_prior_and_are_described():
    model = prepared(changed(VAE))
    means = np.asarray(model.networks["prior"](tokens_of(COMBINATIONS)))
    noise = np.random.default_rng(6).normal(scale=0.05, size=means.shape).astype(np.float32)
    np.testing.assert_allclose(model.snap(means + noise), means, atol=1e-5)
    assert model.describe(means + noise) == [f"⿰{LEFT[left]}{RIGHT[right]}" for left, right in COMBINATIONS]


def test_without_vectors_or_parts_there_is_nothing_to_snap_to():
    empty = build(changed(VAE), seed=3)
    latents = np.ones((3, *empty.latent_shape), np.float32)
    np.testing.assert_array_equal(empty.snap(latents), np.zeros_like(latents))
    assert empty.describe(latents) == [""] * 3
    plain = build(copy.deepcopy(VAE), seed=3)
    assert plain.snap(latents) is latents
    with pytest.raises(UsageError, match="its prior has no parts, so it cannot describe a latent"):
        plain.describe(latents)


@pytest.mark.parametrize("data", [VAE, SMALL], ids=["VAE", "VAE-GAN"])
def test_the_weight_of_recognition_is_in_the_loss(data):
    name = "loss/total" if data is VAE else "loss/prior"
    without, with_it = (
        prepared(changed(data, recognition_weight=weight)).train_step(batch_of()) for weight in (0.0, 2.0)
    )
    assert "loss/recognition" not in without and float(with_it["loss/recognition"]) > 0
    added = float(with_it[name] - without[name])
    assert added == pytest.approx(2 * float(with_it["loss/recognition"]), rel=1e-3)


@pytest.mark.parametrize("data", [VAE, SMALL], ids=["VAE", "VAE-GAN"])
def test_half_precision_and_averages_take_the_vectors_along(data):
    model = prepared(changed(data, {"ema": {"decay": 0.5}}), precision="mixed_bfloat16", vectors=False)
    np.testing.assert_array_equal(
        *(network["prior"].get_weights()[0] for network in (model.networks, model.ema_networks))
    )
    for _ in range(3):
        logs = model.train_step(batch_of())
    assert float(logs["bad_step"]) == 0
    vectors, average = model.part_vectors().vectors.numpy(), model.part_vectors(inference=True).vectors.numpy()
    assert np.abs(vectors).max() > 0 and not np.array_equal(vectors, average) and np.abs(average).max() > 0
    assert model.sample(3).shape == (3, 8, 8, 1)


def test_a_nan_leaves_the_vectors_alone():
    model = prepared(changed(VAE))
    before = [array.copy() for array in model.networks["prior"].get_weights()]
    kernel = model.networks["encoder"].trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    assert float(model.train_step(batch_of())["bad_step"]) == 1
    for array, value in zip(model.networks["prior"].get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, value)


# === Without training ===


def test_images_alone_are_encoded_as_without_the_prior():
    with_parts, plain = prepared(changed(VAE)), build({**copy.deepcopy(VAE)}, seed=3)
    for name in ("encoder", "generator"):
        plain.networks[name].set_weights(with_parts.networks[name].get_weights())
    images = glyphs_of(COMBINATIONS).images
    np.testing.assert_array_equal(with_parts.encode(images), plain.encode(images))
    np.testing.assert_array_equal(with_parts.decode(plain.encode(images)), plain.decode(plain.encode(images)))


def test_samples_come_from_the_prior_of_descriptions():
    model, plain = prepared(changed(VAE)), build({**copy.deepcopy(VAE)}, seed=3)
    pairs = np.stack([np.full(400, 5), np.arange(400)], axis=1)
    moved = model.latents_of_pairs(pairs) - plain.latents_of_pairs(pairs)  # the noise is the same
    means = np.asarray(model.networks["prior"](tokens_of(COMBINATIONS)))
    nearest = np.linalg.norm(moved[:, None] - means, axis=2)
    assert nearest.min(axis=1).max() < 1e-4
    assert len(set(nearest.argmin(axis=1))) == 16  # every combination occurs


def test_the_default_is_the_normal_prior_and_has_no_network():
    for data in (VAE, SMALL):
        model = build(copy.deepcopy(data))
        assert "prior" not in model.networks and "prior" not in model.architecture.trained
        assert set(model.ema_names) == {"encoder", "generator"}


def test_the_file_is_its_own_dump_again():
    architecture = check(changed(SMALL, {"optimizers": {"prior": {"learning_rate": 0.01}}}), "a")
    assert check(parse_json(dump(architecture), "a"), "a") == architecture
    assert architecture.optimizer("prior").learning_rate == 0.01 and architecture.objective.prior_vectors == 16


@pytest.mark.parametrize(
    ("objective", "training", "words"),
    [
        ({"prior": "uniform"}, {}, "objective.prior: found \"uniform\", expected 'normal' or 'parts'"),
        ({"residual_weight": 2.0}, {}, 'objective.residual_weight: only the prior "parts" has it'),
        ({"recognition_weight": 1.0}, {}, 'objective.recognition_weight: only the prior "parts" has it'),
        ({"prior_vectors": 7}, {}, 'objective.prior_vectors: only the prior "parts" has it'),
        ({}, {"optimizers": {"prior": {}}}, "training.optimizers.prior: no such network; trained here: encoder, gen"),
    ],
)
def test_impossible_files_are_one_line(objective, training, words):
    with pytest.raises(UsageError) as caught:
        check(copy.deepcopy(VAE) | {"objective": objective, "training": training}, "a.json")
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_data_without_characters_is_refused_in_one_line():
    model = build(changed(VAE))
    images = np.zeros((4, 8, 8, 1), np.uint8)
    with pytest.raises(UsageError, match=r"objective\.prior: data set 'toy' has no characters"):
        with_conditions(model.architecture, Glyphs("toy", images))
    with pytest.raises(UsageError, match=r"objective\.prior: data set 'toy' has no Chinese characters"):
        with_conditions(model.architecture, Glyphs("toy", images, characters=list("abcd")))
    glyphs = with_conditions(model.architecture, Glyphs("toy", images, characters=list("江校鉸a")))
    np.testing.assert_array_equal(glyphs.tokens, tokenizer().encode_characters("江校鉸a"))
    with pytest.raises(UsageError, match=r"objective\.prior: the prior needs descriptions"):
        model.adapt(Glyphs("toy", images))


# === A toy problem ===

TOY = {
    "mode": "VAE",
    "hwc": [8, 16, 1],
    "z_dim": 8,
    "encoder": {"kernel": [[3, 3]] * 2, "stride": [[2, 2]] * 2, "output": [16, 32], "leak": 0.1},
    "generator": {
        "hwc": [2, 4, 32],
        "kernel": [[3, 3]] * 2,
        "stride": [[2, 2]] * 2,
        "output": [16, 1],
        "output_activation": "sigmoid",
    },
    "training": {
        "optimizers": {
            "encoder": {"learning_rate": 4e-3, "beta1": 0.9, "schedule": "cosine"},
            "generator": {"learning_rate": 4e-3, "beta1": 0.9, "schedule": "cosine"},
            "prior": {"learning_rate": 2e-2, "beta1": 0.9, "schedule": "cosine"},
        }
    },
}
STEPS = 400
SHIFTS = 2


def toy_images(combinations, shifts):
    """Two halves of random pixels side by side, moved down: sums of pixels of different shifts say little."""
    rng = np.random.default_rng(2)
    halves = (rng.uniform(size=(2, 4, 8, 8)) < 0.4).astype(np.uint8) * 255
    images = [np.concatenate([halves[0, left], halves[1, right]], axis=1) for left, right in combinations]
    return np.stack([np.roll(image, shift, axis=0) for image, shift in zip(images, shifts, strict=True)])[..., None]


def test_a_tiny_model_solves_combinations_that_it_never_saw():
    trained = [combination for combination in COMBINATIONS if combination not in HELD_OUT]
    images = np.concatenate([toy_images(trained, [shift] * len(trained)) for shift in range(SHIFTS)])
    tokens = np.tile(tokens_of(trained), (SHIFTS, 1))
    model = build(changed(TOY, residual_weight=10.0), seed=0)
    model.prepare_training(STEPS)
    model.adapt(Glyphs("toy", images, tokens=tokens))
    step = tf.function(model.train_step, autograph=False)
    batch = {"images": tf.constant(images), "tokens": tf.constant(tokens)}
    for _ in range(STEPS):
        step(batch)

    rng = np.random.default_rng(3)
    solved = {"latent": [], "pixels": []}
    vectors_of = {
        "latent": lambda images: model.encode(images),
        "pixels": lambda images: images.reshape(len(images), -1).astype(np.float64),
    }
    candidates = toy_images(COMBINATIONS, rng.integers(0, SHIFTS, 16))
    for left, right in HELD_OUT:
        others = [(i, k) for i in range(4) for k in range(4) if i != left and k != right]
        for other_left, other_right in others:
            terms = [(left, other_right), (other_left, other_right), (other_left, right)]
            if set(terms) & set(HELD_OUT):
                continue
            a_b_c = toy_images(terms, rng.integers(0, SHIFTS, 3))
            for method, vectors in vectors_of.items():
                query = analogy(*vectors(a_b_c))
                distances = np.linalg.norm(vectors(candidates) - query, axis=1)
                distances[[COMBINATIONS.index(term) for term in terms]] = np.inf
                solved[method].append(COMBINATIONS[distances.argmin()] == (left, right))
    assert len(solved["latent"]) >= 15
    assert np.mean(solved["latent"]) >= 0.9
    assert np.mean(solved["pixels"]) < 0.6
    # The image of a combination that was never trained lies at the sum of its parts' vectors.
    held_out = model.encode(toy_images(HELD_OUT, [0, 1, 0]))
    means = np.asarray(model.networks["prior"](tokens_of(COMBINATIONS)))
    nearest = np.linalg.norm(held_out[:, None] - means, axis=2).argmin(axis=1)
    assert [COMBINATIONS[row] for row in nearest] == HELD_OUT


def test_draws_of_a_step_have_the_priors_means():
    model = prepared(changed(SMALL))
    noise = model.normal("prior", [5, 4], index=1)
    draws = model.uniform("parts of the prior", [5, PLACES], 1)
    expected = noise + model.part_vectors().sample_means(draws)
    np.testing.assert_allclose(model.prior_draws(tf.constant(5), index=1), expected, atol=1e-6)
