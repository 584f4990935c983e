"""GAN: rounds, fresh batches, the early exit, penalties, labels and codes; one small model learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.models import GAN, changed, images, prepared, train
from tests.helpers.original import ORIGINAL
from tfglyph import datasets
from tfglyph.architecture import check, dump, load_architecture, parse_json
from tfglyph.errors import UsageError
from tfglyph.models import build
from tfglyph.models.repeated_updates import repeated_updates

CPPN = {**GAN, "generator": {"type": "cppn", "output": [6, 6, 1], "scale": 2.0}}


def weights(model):
    return [variable.numpy() for network in model.networks.values() for variable in network.variables]


# === Rounds ===


def test_a_round_makes_its_updates_and_takes_a_batch_for_each_of_the_discriminators():
    model = prepared(GAN)
    assert model.batches_per_step == 3
    train(model, [images(6)])
    iterations = {name: int(optimizer.iterations) for name, optimizer in model.optimizers.items()}
    assert iterations == {"generator": 2, "discriminator": 3}
    assert int(model.step) == 1


def test_every_update_of_the_discriminator_sees_its_own_batch():
    # Batches are interleaved: row r of a step belongs to update r mod 3.
    pixels = images(6)
    base = prepared(GAN)
    train(base, [pixels])
    for update in range(3):
        other = pixels.copy()
        other[update::3] = 255 - other[update::3]
        model = prepared(GAN)
        train(model, [other])
        assert not np.array_equal(weights(model)[0], weights(base)[0]), update
    within = pixels.copy()
    within[[0, 3]] = within[[3, 0]]  # order inside of a batch hardly matters
    model = prepared(changed(gradient_penalty=0.0))
    same = prepared(changed(gradient_penalty=0.0))
    train(model, [within]), train(same, [pixels])
    np.testing.assert_allclose(weights(model)[0], weights(same)[0], atol=2e-5)


def test_updates_that_reuse_one_batch_take_one_batch_and_make_as_many_updates():
    model = prepared(changed(reuse_batch=True))
    assert model.batches_per_step == 1
    pixels = images(2)
    train(model, [pixels])
    assert int(model.optimizers["discriminator"].iterations) == 3
    # Three times the same batch, each with latents of its own: what three fresh batches of the same images give.
    fresh = prepared(GAN)
    train(fresh, [np.repeat(pixels, 3, axis=0)])
    for a, b in zip(weights(model), weights(fresh), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_reused_batch_keeps_its_labels():
    data = {**changed(reuse_batch=True), "condition": {"classes": 3, "drop": 0.0}}
    model = prepared(data)
    train(model, [images(2)], labels=[np.array([0, 2])])
    fresh = prepared({**GAN, "condition": {"classes": 3, "drop": 0.0}})
    train(fresh, [np.repeat(images(2), 3, axis=0)], labels=[np.array([0, 0, 0, 2, 2, 2])])
    for a, b in zip(weights(model), weights(fresh), strict=True):
        np.testing.assert_array_equal(a, b)


def test_low_ink_turns_what_the_networks_see_and_make_but_no_image_outside():
    model, turned = prepared(GAN), prepared({**GAN, "ink": "low"})
    pixels = images(3)
    np.testing.assert_allclose(turned.from_pixels(pixels), -model.from_pixels(pixels), atol=1e-6)
    np.testing.assert_array_equal(turned.to_pixels(turned.from_pixels(pixels)), pixels)
    np.testing.assert_allclose(turned.sample(4), 255.0 - model.sample(4), atol=1)  # 127.5 is rounded once each


def test_a_second_implementation_of_a_round():
    data = changed(critic_steps=2, generator_steps=1)
    model, twin = prepared(data), prepared(data)
    pixels = images(4)
    train(model, [pixels])

    generator, discriminator = twin.networks["generator"], twin.networks["discriminator"]
    x = tf.cast(pixels, tf.float32) / 127.5 - 1
    for update in range(2):
        real = x[update::2]
        fake = generator(twin.normal("critic/z", [2, 4], index=update), training=True)
        share = twin.uniform("mixture", [2, 1, 1, 1], index=update)
        with tf.GradientTape() as tape:
            mixed = tf.Variable(share * real + (1 - share) * fake)
            with tf.GradientTape() as inner:
                score = tf.reduce_sum(discriminator(mixed)[0])
            slope = tf.norm(tf.reshape(inner.gradient(score, mixed), [2, -1]), axis=1)
            loss = tf.reduce_mean(discriminator(fake)[0]) - tf.reduce_mean(discriminator(real)[0])
            loss += 10 * tf.reduce_mean((slope - 1) ** 2)
        optimizer = twin.optimizers["discriminator"].inner_optimizer
        variables = discriminator.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
    with tf.GradientTape() as tape:
        fake = generator(twin.normal("generator/z", [2, 4], index=0), training=True)
        loss = -tf.reduce_mean(discriminator(fake)[0])
    variables = generator.trainable_variables
    twin.optimizers["generator"].inner_optimizer.apply(tape.gradient(loss, variables), variables)
    for found, expected in zip(weights(model), weights(twin), strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_loop_and_turns_in_a_row_are_the_same():
    def turn(index, ok):
        total.assign_add(tf.where(ok, tf.cast(index, tf.float32) + 1, 0.0))
        seen.assign_add(1.0)
        return ok, {"total": tf.identity(total.value)}

    def run(leave, replicas):
        return tf.function(
            lambda: repeated_updates(turn, 4, tf.constant(True), replicas, leave, [seen]), autograph=False
        )()

    borders = {10.0: None, 3.0: 2.5, 1.0: 0.0}  # what the turns add up to, and the total beyond which they end
    for expected, border in borders.items():
        leave = None if border is None else lambda logs, border=border: logs["total"] > border
        for replicas in (1, 2):
            total, seen = keras.Variable(0.0), keras.Variable(0.0)
            ok, logs, used = run(leave, replicas)
            assert bool(ok) and float(total.value) == float(logs["total"]) == expected
            assert float(used) == float(seen.value) == {10.0: 4, 3.0: 2, 1.0: 1}[expected]


def test_an_early_exit_leaves_the_data_and_the_draws_as_they_are():
    # A border that every accuracy passes: one update is made, three batches are taken, and it is the same one update.
    early = prepared(changed(accuracy_exit=1e-9, loss="hinge"))
    logs = train(early, [images(6)])
    updates = int(early.optimizers["discriminator"].iterations)
    assert logs["critic_updates"] == updates and updates < 3
    assert early.batches_per_step == 3 and int(early.step) == 1
    never = prepared(changed(accuracy_exit=1.0, loss="hinge"))
    assert train(never, [images(6)])["critic_updates"] == 3


def test_twenty_updates_and_four():
    model = prepared(changed(CPPN, critic_steps=20, generator_steps=4))
    logs = train(model, [images(40), images(40, seed=1)], compiled=True)
    assert int(model.optimizers["discriminator"].iterations) == 40
    assert int(model.optimizers["generator"].iterations) == 8
    assert logs["bad_step"] == 0


def test_a_round_is_the_same_after_a_restart():
    data = changed(accuracy_exit=0.9, loss="hinge")
    whole = prepared({**data, "training": {"ema": {"decay": 0.9}}})
    train(whole, [images(6, seed) for seed in range(4)])
    first = prepared({**data, "training": {"ema": {"decay": 0.9}}})
    train(first, [images(6, seed) for seed in range(2)])
    second = prepared({**data, "training": {"ema": {"decay": 0.9}}}, seed=3)
    for name, group in second.groups().items():
        for (_, variable), (_, saved) in zip(group, first.groups()[name], strict=True):
            variable.assign(saved)
    train(second, [images(6, seed) for seed in range(2, 4)])
    for found, expected in zip(weights(second), weights(whole), strict=True):
        np.testing.assert_array_equal(found, expected)


# === Objective ===


@pytest.mark.parametrize("loss", ["bce", "hinge", "wasserstein", "least-squares"])
@pytest.mark.parametrize("penalty", ["gradient_penalty", "r1"])
def test_every_loss_and_penalty_trains_and_is_logged(loss, penalty):
    none = {"gradient_penalty": 0.0, "r1": 0.0}
    model = prepared(changed(loss=loss, **(none | {penalty: 2.0})))
    logs = train(model, [images(6), images(6, 1)])
    wanted = {
        "loss/discriminator",
        "loss/generator",
        f"loss/{penalty}",
        "critic_gradient_norm",
        "d_accuracy",
        "wasserstein_estimate",
        "gradient_norm/discriminator",
        "gradient_norm/generator",
    }
    assert wanted <= logs.keys() and np.isfinite(list(logs.values())).all()
    plain = prepared(changed(loss=loss, **none))
    assert "critic_gradient_norm" not in train(plain, [images(6), images(6, 1)])
    assert not np.array_equal(weights(plain)[0], weights(model)[0])


def test_with_a_penalty_the_discriminator_stays_in_float32_under_float16():
    half = {"precision": "mixed_float16"}
    model = prepared(GAN, **half)
    assert {layer.compute_dtype for layer in model.networks["discriminator"].layers} == {"float32"}
    assert "float16" in {layer.compute_dtype for layer in model.networks["generator"].layers}
    free = prepared(changed(gradient_penalty=0.0), **half)
    assert "float16" in {layer.compute_dtype for layer in free.networks["discriminator"].layers}
    for found in (model, free):
        assert train(found, [images(6)])["bad_step"] == 0


def test_penalties_in_bfloat16_move_the_critic_the_same_way():
    data = parse_json(dump(load_architecture("cppn-gan-small")), "cppn-gan-small")
    data["objective"]["critic_steps"] = 1  # 64 images of one update
    pixels = np.asarray(datasets.load("cns", size=32).images[:64])
    moves = []
    for precision in ("float32", "mixed_bfloat16"):
        model = build(data, seed=3, precision=precision)
        model.prepare_training(100)
        first = []
        update = model.update

        def noted(name, gradients, loss, ok, first=first, update=update):
            first.append(np.concatenate([np.ravel(tf.convert_to_tensor(gradient)) for gradient in gradients]))
            return update(name, gradients, loss, ok)

        model.update = noted
        model.train_step({"images": tf.constant(pixels)})
        moves.append(first[0])
    layers = model.networks["discriminator"].layers
    assert "bfloat16" in {layer.compute_dtype for layer in layers}
    full, half = moves
    cosine = full @ half / np.linalg.norm(full) / np.linalg.norm(half)
    assert cosine > 0.995 and np.linalg.norm(half) == pytest.approx(np.linalg.norm(full), rel=0.01)


def test_a_uniform_prior_stays_within_one():
    model = build(changed(prior="uniform"))
    latents = model.latents(range(200))
    assert latents.shape == (200, 4) and np.abs(latents).max() < 1
    assert np.std(latents) == pytest.approx(3**-0.5, abs=0.03)
    assert np.std(build(GAN).latents(range(200))) == pytest.approx(1, abs=0.1)
    drawn = model._latents("critic", 100, 0)["latents"].numpy()
    assert np.abs(drawn).max() < 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            {**GAN, "discriminator": {**GAN["discriminator"], "output_activation": "sigmoid"}, "objective": {}},
            "discriminator.output_activation: sigmoid confines the logit",
        ),
        ({**GAN, "condition": {"tokens": {"vocabulary": 5, "length": 2}}}, "condition.tokens: a GAN takes labels only"),
        (changed(critic_steps=0), "objective.critic_steps: found 0"),
        (changed(accuracy_exit=1.5), "objective.accuracy_exit: found 1.5"),
    ],
)
def test_impossible_files_are_one_line(data, words):
    with pytest.raises(UsageError) as caught:
        check(data, "a.json")
    assert words in str(caught.value) and "\n" not in str(caught.value)


# === DC-GAN ===


def test_the_original_file_with_only_the_mode_changed_trains():
    model = build({**ORIGINAL, "mode": "DC-GAN"})
    assert set(model.networks) == {"generator", "discriminator"}
    objective = model.architecture.objective
    assert (objective.loss, objective.prior) == ("bce", "uniform")
    small = {
        **ORIGINAL,
        "mode": "DC-GAN",
        "hwc": [16, 16, 1],
        "generator": {**ORIGINAL["generator"], "hwc": [1, 1, 4], "output": [4, 4, 4, 1]},
        "discriminator": {**ORIGINAL["discriminator"], "output": [4, 4, 4, 4]},
    }
    model = prepared(small)
    logs = train(model, [np.zeros((4, 16, 16, 1), np.uint8)])
    assert np.isfinite(list(logs.values())).all() and model.sample(2).shape == (2, 16, 16, 1)


def test_our_own_vaegan_file_becomes_a_dcgan_too():
    from tfglyph.architecture import SHIPPED, read_json

    found = check({**read_json(SHIPPED / "vaegan.json"), "mode": "DC-GAN"}, "a.json")
    assert found.objective.generator_steps == 2
    assert set(found.training.optimizers) == {"generator", "discriminator"}


# === Labels and codes ===


def test_labels_reach_both_networks():
    data = {**GAN, "condition": {"classes": 3, "drop": 0.0}}
    pixels, labels = [images(6)], [np.array([0, 1, 2, 0, 1, 2], np.int32)]
    model, other = prepared(data), prepared(data)
    train(model, pixels, labels), train(other, pixels, [labels[0][::-1].copy()])
    for name in ("generator_labels", "discriminator_labels"):
        fresh = prepared(data).networks[name].get_weights()[0]
        assert not np.array_equal(model.networks[name].get_weights()[0], fresh)
    assert not np.array_equal(weights(model)[0], weights(other)[0])
    assert model.sample(2, label=0).tobytes() != model.sample(2, label=1).tobytes() != model.sample(2).tobytes()
    x = model.from_pixels(images(2))
    assert not np.allclose(model.critic_score(x, label=0), model.critic_score(x, label=2))


def test_labels_of_a_served_model_are_numbers_one_for_all_or_for_each():
    model = build({**CPPN, "condition": {"classes": 3}})
    pairs = tf.constant([[1, 0], [1, 1], [1, 2]], tf.int64)
    wanted = model.sample(3, seed=1, label=[2, 0, None])
    np.testing.assert_array_equal(model.draw(pairs, label=tf.constant([2, 0, -1])), wanted)
    np.testing.assert_array_equal(model.draw(pairs, label=tf.constant(2)), model.sample(3, seed=1, label="2"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="label must be below 3"):
        model.draw(pairs, label=tf.constant(3))
    assert set(model.sampling_signature()) == {"label"} and not build(CPPN).sampling_signature()


def test_labels_that_are_always_dropped_teach_nothing():
    data = {**GAN, "condition": {"classes": 3, "drop": 0.999999}}
    model = prepared(data)
    before = model.networks["generator_labels"].get_weights()[0]
    train(model, [images(6)], [np.array([0, 1, 2, 0, 1, 2], np.int32)])
    np.testing.assert_array_equal(model.networks["generator_labels"].get_weights()[0], before)


def test_a_data_set_without_labels_is_one_clear_line():
    model = prepared({**GAN, "condition": {"classes": 3}})
    with pytest.raises(UsageError, match="the data set has none"):
        train(model, [images(6)])


def test_a_mixture_of_classes_is_between_them():
    model = build({**CPPN, "condition": {"classes": 4}})
    rows = {label: model.renderer_inputs(model.latents([5]), label) for label in ("0", "3", "0+3", "0:0.75+3:0.25")}
    np.testing.assert_allclose(rows["0+3"], (rows["0"] + rows["3"]) / 2, atol=1e-6)
    np.testing.assert_allclose(rows["0:0.75+3:0.25"], 0.75 * rows["0"] + 0.25 * rows["3"], atol=1e-6)


def test_categories_are_repeated_one_hots_that_can_be_chosen_and_mixed():
    model = build({**CPPN, "codes": {"categorical": [3], "repeat": 2, "continuous": 1}})
    assert model.latent_shape == (4 + 6 + 1,)
    latents = model.latents(range(60))
    codes = latents[:, 4:10].reshape(60, 2, 3)
    np.testing.assert_array_equal(codes[:, 0], codes[:, 1])
    assert (codes[:, 0].sum(axis=1) == 1).all() and (codes[:, 0].sum(axis=0) > 8).all()
    assert np.abs(latents[:, 10]).max() < 1
    chosen = model.renderer_inputs(latents[:2], "1+2")
    np.testing.assert_allclose(chosen[:, 4:10], [[0, 0.5, 0.5, 0, 0.5, 0.5]] * 2)
    np.testing.assert_array_equal(chosen[:, [0, 1, 2, 3, 10]], latents[:2][:, [0, 1, 2, 3, 10]])
    assert model.sample(2, label="1+2").tobytes() != model.sample(2, label="1").tobytes()
    np.testing.assert_array_equal(model.sample_seeds([7], label="2"), model.decode(model.latents([7]), label="2"))


@pytest.mark.parametrize("label", ["3", "-1", "x", "1:0", "1:x", "0,1", "1+"])
def test_labels_that_make_no_sense_are_one_clear_line(label):
    model = build({**CPPN, "codes": {"categorical": [3]}})
    with pytest.raises(UsageError, match="label"):
        model.sample(1, label=label)


def test_a_sample_depends_on_its_seed_and_place_alone():
    model = build({**CPPN, "codes": {"categorical": [3], "repeat": 2}})
    many = model.sample(20, seed=4)
    np.testing.assert_array_equal(model.sample(3, seed=4), many[:3])
    assert len({image.tobytes() for image in many}) == 20


def test_averages_of_the_generator_make_the_images():
    model = prepared({**GAN, "training": {"ema": {"decay": 0.5}}})
    train(model, [images(6), images(6, 1)])
    latents = model.latents([0, 1])
    average = model.ema_networks["generator"](latents, training=False)
    np.testing.assert_allclose(model.generate(latents), average)
    assert np.abs(average - model.networks["generator"](latents, training=False)).max() > 1e-6


# === Learning ===


@pytest.mark.slow
def test_the_critics_slope_becomes_one_under_the_penalty():
    from tfglyph import datasets

    glyphs = datasets.load("cns", size=32).images[::300][:64]
    stack = {"kernel": [[4, 4]] * 3, "stride": [[2, 2]] * 3}
    rates = {"generator": 1e-5, "discriminator": 1e-3}
    optimizers = {name: {"learning_rate": rate, "beta1": 0.5, "beta2": 0.9} for name, rate in rates.items()}
    model = prepared(
        {
            "mode": "GAN",
            "hwc": [32, 32, 1],
            "z_dim": 16,
            "generator": {**stack, "hwc": [4, 4, 32], "output": [16, 8, 1]},
            "discriminator": {**stack, "output": [16, 32, 64], "batch_norm": False, "leak": 0.2},
            "objective": {"loss": "wasserstein", "gradient_penalty": 400.0, "critic_steps": 10},
            "training": {"optimizers": optimizers},
        }
    )
    # Slope n earns n * W and costs weight * (n - 1)^2, so it ends at 1 + W / (2 * weight): hence the large weight.
    rng = np.random.default_rng(0)
    norms = []
    step = tf.function(model.train_step, autograph=False)
    for _ in range(40):
        logs = step({"images": tf.constant(glyphs[rng.integers(0, 64, 320)])})
        norms.append(float(logs["critic_gradient_norm"]))
    assert norms[0] < 0.8 or norms[0] > 1.3
    assert np.mean(norms[-10:]) == pytest.approx(1.0, abs=0.1)
    assert float(logs["wasserstein_estimate"]) > 5
