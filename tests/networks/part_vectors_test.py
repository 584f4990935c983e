"""The additive prior's layer: sums of vectors, parts that have none, what it takes from data, and its draws."""

import numpy as np
import pytest
import tensorflow as tf

from tfglyph.architecture.part_prior import PriorObjective
from tfglyph.composition import tokenizer
from tfglyph.networks.part_vectors import NO_KEY, PLACES, build_prior


def tokens_of(*texts):
    return np.stack([tokenizer().encode_text(text)[0] for text in texts])


def filled(*texts, count=8, z_dim=3):
    """A network whose vectors are 1, 10, 100, ... times (1, 2, 3), after it adapted to descriptions."""
    network = build_prior(PriorObjective(prior="parts", prior_vectors=count), z_dim)
    layer = network.get_layer("parts")
    layer.adapt(tokens_of(*texts))
    layer.vectors.assign(10.0 ** np.arange(count)[:, None] * np.arange(1, z_dim + 1))
    return network, layer


TWICE = ("⿰氵各", "⿰氵交", "⿰木各", "⿰木交", "⿱艹各", "⿱艹交")


def test_a_mean_is_the_sum_over_operator_place_and_part():
    network, layer = filled(*TWICE)
    known = layer.known(tokenizer())
    assert sorted(known) == sorted(
        [("⿰", 0, "氵"), ("⿰", 0, "木"), ("⿰", 1, "各"), ("⿰", 1, "交"), ("⿱", 0, "艹")]
    )
    rows = {name: row for row, name in enumerate(known)}
    means = network(tokens_of("⿰木交", "⿱艹氵")).numpy()
    expected = 10.0 ** rows["⿰", 0, "木"] + 10.0 ** rows["⿰", 1, "交"]
    np.testing.assert_allclose(means[0], expected * np.array([1, 2, 3]))
    np.testing.assert_allclose(means[1], 10.0 ** rows["⿱", 0, "艹"] * np.array([1, 2, 3]))


def test_unknown_parts_add_nothing():
    network, layer = filled(*TWICE, "⿰亻谷")  # 亻 and 谷 occur once each
    assert all(part not in ("亻", "谷") for _, _, part in layer.known(tokenizer()))
    means = network(tokens_of("⿰亻谷", "⿰谷亻", "⿱各交", "水")).numpy()
    np.testing.assert_array_equal(means, 0.0)
    both, alone = network(tokens_of("⿰木交", "⿰木亻")).numpy()
    assert 0 < alone[0] < both[0]
    np.testing.assert_array_equal(network(np.zeros((1, 22), np.int32)), 0.0)  # no description at all


def test_a_part_means_something_else_at_another_place_and_under_another_operator():
    network, _ = filled("⿰木口", "⿰木口", "⿰口木", "⿰口木", "⿱木口", "⿱木口")
    means = network(tokens_of("⿰木口", "⿰口木", "⿱木口")).numpy()[:, 0]
    assert len(set(means)) == 3


def test_operators_over_three_parts_have_three_places():
    network, layer = filled("⿲氵交各", "⿲氵交各", "⿰氵各", "⿰氵各")
    known = layer.known(tokenizer())
    assert {("⿲", 0, "氵"), ("⿲", 1, "交"), ("⿲", 2, "各"), ("⿰", 0, "氵"), ("⿰", 1, "各")} == set(known)
    powers = {name: 10.0**row for row, name in enumerate(known)}
    three, two = network(tokens_of("⿲氵交各", "⿰氵各")).numpy()[:, 0]
    assert three == powers["⿲", 0, "氵"] + powers["⿲", 1, "交"] + powers["⿲", 2, "各"]
    assert two == powers["⿰", 0, "氵"] + powers["⿰", 1, "各"]


def test_the_most_common_parts_get_the_vectors():
    _, layer = filled(*["⿰氵各"] * 5, *["⿰木各"] * 3, *["⿰金交"] * 2, count=3)
    assert set(layer.known(tokenizer())) == {("⿰", 0, "氵"), ("⿰", 0, "木"), ("⿰", 1, "各")}
    assert (np.diff(layer.keys.numpy()) > 0).all() and sorted(layer.occurrences.numpy()) == [3, 5, 8]


def test_what_is_not_needed_of_the_table_stays_empty():
    _, layer = filled(*TWICE)
    assert (layer.keys.numpy()[5:] == NO_KEY).all() and (layer.occurrences.numpy()[5:] == 0).all()


def test_gradients_reach_the_vectors_of_the_parts_alone():
    network, layer = filled(*TWICE)
    rows = {name: row for row, name in enumerate(layer.known(tokenizer()))}
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(network(tokens_of("⿰木交")))
    gradient = tape.gradient(total, network.trainable_variables)
    assert len(gradient) == 1 and not isinstance(gradient[0], tf.IndexedSlices)
    touched = set(np.flatnonzero(gradient[0].numpy()[:, 0]))
    assert touched == {rows["⿰", 0, "木"], rows["⿰", 1, "交"]}


@pytest.mark.slow
def test_draws_follow_the_training_data():
    # ⿰ in 8 of 10 characters, 氵 in 6 of these 8; 各 in 4 of 8 on the right. ⿱ has 艹 above and no known part below.
    texts = ["⿰氵各"] * 4 + ["⿰氵交"] * 2 + ["⿰木交"] * 2 + ["⿱艹谷", "⿱艹亻"]
    _, layer = filled(*texts)
    powers = {name: 10.0**row for row, name in enumerate(layer.known(tokenizer()))}
    pairs = np.stack([np.full(4000, 7), np.arange(4000)], axis=1)
    means = layer.sample_means(layer.uniform(tf.constant(pairs))).numpy()[:, 0]
    water, tree = powers["⿰", 0, "氵"], powers["⿰", 0, "木"]
    right = {powers["⿰", 1, "各"]: 0.5, powers["⿰", 1, "交"]: 0.5}
    expected = {water + part: 0.6 * share for part, share in right.items()}
    expected |= {tree + part: 0.2 * share for part, share in right.items()} | {powers["⿱", 0, "艹"]: 0.2}
    values, counts = np.unique(means, return_counts=True)
    assert set(values) == set(expected)
    for value, count in zip(values, counts, strict=True):
        assert count / 4000 == pytest.approx(expected[value], abs=0.03)
    again = layer.sample_means(layer.uniform(tf.constant(pairs[5:7]))).numpy()[:, 0]
    np.testing.assert_array_equal(again, means[5:7])  # each from its seed pair alone


def test_an_empty_table_draws_the_normal_prior():
    layer = build_prior(PriorObjective(prior="parts", prior_vectors=4), 3).get_layer("parts")
    np.testing.assert_array_equal(layer.sample_means(tf.constant([[0.1] * PLACES, [0.9] * PLACES])), 0.0)
