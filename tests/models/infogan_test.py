"""InfoGAN: who learns from what, every term with its weight, and codes that can be read off images."""

import copy
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.models import INFOGAN, images, prepared, train
from tfglyph.architecture import check
from tfglyph.errors import UsageError
from tfglyph.models import build


def changed(**objective):
    return {**copy.deepcopy(INFOGAN), "objective": objective}


def test_latents_are_noise_one_hots_and_continuous_codes():
    model = build(INFOGAN)
    latents = model.latents(range(400))
    assert latents.shape == (400, 3 + 4 + 2 + 2)
    assert np.std(latents[:, :3]) == pytest.approx(1.0, abs=0.06)
    for start, stop in ((3, 7), (7, 9)):
        block = latents[:, start:stop]
        assert set(np.unique(block)) == {0.0, 1.0} and (block.sum(axis=1) == 1).all()
        np.testing.assert_allclose(block.mean(axis=0), 1 / (stop - start), atol=0.08)
    continuous = latents[:, 9:]
    assert np.abs(continuous).max() < 1 and np.std(continuous) == pytest.approx(3**-0.5, abs=0.03)
    assert abs(np.corrcoef(continuous.T)[0, 1]) < 0.15  # two codes, not one twice


def test_codes_of_training_are_drawn_alike():
    drawn = build(INFOGAN)._latents("generator", 300, 0)
    latents = np.concatenate([drawn["latents"][:, 3:7], drawn["latents"][:, 7:9], drawn["latents"][:, 9:]], axis=1)
    np.testing.assert_array_equal(latents, np.concatenate([*drawn["categorical"], drawn["continuous"]], axis=1))
    assert [code.shape[1] for code in drawn["categorical"]] == [4, 2]
    np.testing.assert_allclose(np.mean(drawn["categorical"][0], axis=0), 0.25, atol=0.08)


def test_one_step_of_generator_and_q_again_by_hand():
    data = {
        **changed(categorical_weight=0.7, continuous_weight=0.3),
        "discriminator": {
            **INFOGAN["discriminator"],
            "batch_norm": False,
        },
    }
    model = prepared(data)
    logs = train(model, [images(6)])
    twin = prepared(data)
    # Bring the twin's discriminator to where it was when the generator learned.
    twin.networks["discriminator"].set_weights(model.networks["discriminator"].get_weights())
    drawn = twin._latents("generator", 6, 0)
    features = twin.networks["discriminator"](twin.networks["generator"](drawn["latents"], training=True))
    guess = twin.networks["q_head"](features[1], training=True)
    logits = guess["logits"].numpy().astype(np.float64)
    log_q = [
        (code * np.log(np.exp(part) / np.exp(part).sum(axis=1, keepdims=True))).numpy().sum(axis=1).mean()
        for code, part in zip(
            [tf.cast(code, tf.float64) for code in drawn["categorical"]], (logits[:, :4], logits[:, 4:]), strict=True
        )
    ]
    variance = np.exp(guess["log_variances"])
    density = -0.5 * (np.log(2 * np.pi * variance) + (drawn["continuous"] - guess["means"]) ** 2 / variance)
    log_density = np.mean(density, axis=0)
    for place, ways in enumerate((4, 2)):
        expected = math.log(ways) + log_q[place]
        assert logs[f"mutual_information/categorical_{place + 1}"] == pytest.approx(expected, abs=1e-4)
    for place in range(2):
        expected = math.log(2) + log_density[place]
        assert logs[f"mutual_information/continuous_{place + 1}"] == pytest.approx(expected, abs=1e-4)
    codes = -0.7 * sum(log_q) - 0.3 * sum(log_density)
    assert logs["loss/codes"] == pytest.approx(codes, abs=1e-4)
    adversarial = np.mean(np.log1p(np.exp(-features[0].numpy())))
    assert logs["loss/generator"] == pytest.approx(adversarial + codes, abs=1e-4)


def test_the_trunk_learns_from_the_discriminators_loss_only():
    # With and without the codes' terms, the discriminator's first update is the same; generator and Q's are not.
    with_codes = prepared(changed(categorical_weight=50.0, continuous_weight=50.0))
    without = prepared(changed(categorical_weight=0.0, continuous_weight=0.0))
    for model in (with_codes, without):
        train(model, [images(6)])
    for name, same in (("discriminator", True), ("generator", False), ("q_head", False)):
        found, other = (model.networks[name].trainable_variables for model in (with_codes, without))
        pairs = zip(found, other, strict=True)
        assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs) == same, name


@pytest.mark.parametrize("weight", ["categorical_weight", "continuous_weight"])
def test_each_kind_of_code_moves_generator_and_q(weight):
    neither = {"categorical_weight": 0.0, "continuous_weight": 0.0}
    model, base = prepared(changed(**(neither | {weight: 1.0}))), prepared(changed(**neither))
    for found in (model, base):
        train(found, [images(6)])
    head = "logits" if weight == "categorical_weight" else "means"
    fresh = build(INFOGAN, seed=3).networks["q_head"].get_layer(head).kernel.numpy()
    assert not np.array_equal(model.networks["q_head"].get_layer(head).kernel.numpy(), fresh)
    np.testing.assert_array_equal(base.networks["q_head"].get_layer(head).kernel.numpy(), fresh)
    assert not np.array_equal(model.networks["generator"].get_weights()[0], base.networks["generator"].get_weights()[0])


def test_codes_of_one_kind_only():
    for codes in ({"categorical": [3]}, {"continuous": 2}):
        model = prepared({**INFOGAN, "codes": codes})
        logs = train(model, [images(6)])
        kinds = {name.split("/")[1].split("_")[0] for name in logs if name.startswith("mutual")}
        assert kinds == set(codes)
        assert model.sample(1).shape == (1, 8, 8, 1)


def test_a_file_without_codes_is_one_clear_line():
    with pytest.raises(UsageError, match="codes: no code at all"):
        check({**INFOGAN, "codes": {}}, "a.json")


def test_reading_codes_gives_probabilities_for_each_code():
    read = build(INFOGAN).read_codes(images(20))
    assert [part.shape for part in read["probabilities"]] == [(20, 4), (20, 2)]
    np.testing.assert_allclose(read["probabilities"][0].sum(axis=1), 1, rtol=1e-5)
    assert read["means"].shape == read["deviations"].shape == (20, 2) and (read["deviations"] > 0).all()


def test_a_label_chooses_codes_one_by_one():
    model = build(INFOGAN)
    latents = model.latents([3])
    chosen = model.renderer_inputs(latents, ",1")
    np.testing.assert_array_equal(chosen[:, 3:7], latents[:, 3:7])
    np.testing.assert_array_equal(chosen[:, 7:9], [[0, 1]])
    np.testing.assert_allclose(model.renderer_inputs(latents, "0:0.25+2:0.75")[:, 3:7], [[0.25, 0, 0.75, 0]])


@pytest.mark.slow
def test_four_classes_of_glyphs_put_more_than_one_nat_into_a_code_of_four_ways():
    from tfglyph import datasets

    glyphs = datasets.load("cns", size=32)
    rows = glyphs.rows_by_character()
    shapes = glyphs.images[[rows[character] for character in "口山木人"]]
    rng = np.random.default_rng(0)
    pixels = np.stack([np.roll(shapes[row % 4], rng.integers(-2, 3, 2), (0, 1)) for row in range(512)])
    stack = {"kernel": [[4, 4]] * 3, "stride": [[2, 2]] * 3}
    model = prepared(
        {
            "mode": "InfoGAN",
            "hwc": [32, 32, 1],
            "z_dim": 8,
            "codes": {"categorical": [4], "continuous": 1},
            "generator": {**stack, "hwc": [4, 4, 32], "output": [16, 8, 1]},
            "discriminator": {**stack, "output": [16, 32, 64], "leak": 0.2, "feature_layer": 3},
            "q_head": {"output": [32]},
            "training": {
                "optimizers": {"generator": {"learning_rate": 1e-3}, "discriminator": {"learning_rate": 5e-4}}
            },
        },
        seed=0,
    )
    step = tf.function(model.train_step, autograph=False)
    found = []
    for _ in range(300):  # (after 200 the pictures differ by 9.6 to 10.8, after 300 by 14.7 to 15.2)
        logs = step({"images": tf.constant(pixels[rng.integers(0, 512, 32)])})
        found.append(float(logs["mutual_information/categorical_1"]))
    assert 1.0 < np.mean(found[-20:]) <= math.log(4)
    # The bound is about images, not about Q's habits: each way paints its own kind of picture.
    pictures = [model.sample(16, label=str(way)).astype(float).mean(axis=0) for way in range(4)]
    differences = [np.abs(a - b).mean() for place, a in enumerate(pictures) for b in pictures[:place]]
    assert min(differences) > 10
