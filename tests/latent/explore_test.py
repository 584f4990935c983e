"""tfglyph.latent.explore: squeezing, the lattice, paths from edge to edge, saved states."""

import dataclasses
import json
import math
import types

import numpy as np
import pytest

from tfglyph.errors import UsageError
from tfglyph.latent import explore


def random_basis(count, dimensions, seed=0):
    return explore.orthonormal(np.random.default_rng(seed).standard_normal((count, dimensions)))


def test_squeezing_makes_the_variance_along_a_direction_c_squared_of_before():
    state = explore.State(12, seed=0)
    for number, factor in enumerate((0.7, 0.8, 0.5)):
        before = state.covariance()
        directions, _ = state.draw()
        state = state.after_round({1, 2, 3}, factor, directions)
        after, direction = state.covariance(), directions[0]
        assert direction @ after @ direction == pytest.approx(factor**2 * (direction @ before @ direction), rel=1e-12)
        matrix = np.eye(12) + (factor - 1) * np.outer(direction, direction)  # the formula, as a matrix
        np.testing.assert_allclose(after, matrix @ before @ matrix, atol=1e-12)
        assert state.round == number + 1


def test_samples_of_a_squeezed_distribution_have_its_covariance():
    direction = np.array([0.6, 0.8, 0.0])
    state = explore.State(3, 0, rejected=((0.5, tuple(direction)),))
    vectors = state.squeeze(np.random.default_rng(0).standard_normal((200_000, 3)))
    np.testing.assert_allclose(np.cov(vectors.T), state.covariance(), atol=0.02)
    assert np.var(vectors @ direction) == pytest.approx(0.25, rel=0.02)


def test_a_rejected_direction_is_drawn_less():
    state, chosen = explore.State(20, 5), np.eye(20)[0]
    squeezed = explore.State(20, 5, rejected=((0.1, tuple(chosen)),))

    def mean_square(of):
        rounds = [dataclasses.replace(of, round=number).draw()[0] for number in range(40)]
        return np.mean(np.square(np.stack(rounds) @ chosen))

    assert mean_square(squeezed) < 0.05 * mean_square(state)


def test_a_round_draws_orthonormal_directions_decided_by_its_seed_and_number():
    state = explore.State(9, seed=3)
    directions, frame = state.draw()
    both = np.concatenate([directions, frame])
    np.testing.assert_allclose(both @ both.T, np.eye(7), atol=1e-12)
    np.testing.assert_array_equal(directions, explore.State(9, seed=3).draw()[0])
    assert not np.allclose(directions, explore.State(9, seed=4).draw()[0])
    assert not np.allclose(directions, state.after_round(set(), 1.0, directions).draw()[0])


@pytest.mark.parametrize("count", [9, 16])
def test_the_lattice_has_equal_projections_and_usual_lengths(count):
    directions = np.random.default_rng(1).standard_normal((4, 30))  # neither orthogonal nor of unit length
    points = explore.lattice(directions, np.random.default_rng(2).standard_normal((3, 30)), count)
    assert points.shape == (count, 30)
    projections = points @ directions.T
    np.testing.assert_allclose(projections, np.broadcast_to(projections[0], projections.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), math.sqrt(30), rtol=1e-12)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1) + 9 * np.eye(count)
    assert distances.min() > 1.0  # all of them are different points


def test_paths_reach_exactly_the_sphere_on_both_sides():
    points = np.random.default_rng(0).standard_normal((6, 40))
    direction = random_basis(1, 40)[0]
    paths = explore.edge_to_edge(points, direction, 11)
    ends = np.linalg.norm(paths[:, [0, -1]], axis=-1)
    np.testing.assert_allclose(ends, 1.5 * math.sqrt(40), rtol=1e-13)
    assert (np.linalg.norm(paths[:, 1:-1], axis=-1) < 1.5 * math.sqrt(40)).all()
    steps = np.diff(paths, axis=1)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=1e-12)
    across = paths - (paths @ direction)[..., None] * direction
    np.testing.assert_allclose(across, np.broadcast_to(across[:, :1], across.shape), atol=1e-12)
    with pytest.raises(ValueError, match="outside"):
        explore.edge_to_edge(points * 3, np.roll(direction, 1), 3)


class TwoPixels:
    """Images of two pixels: the first two entries of a latent of eight entries of z and one code."""

    name = "two pixels"
    architecture = types.SimpleNamespace(z_dim=8)

    def latents(self, seeds):
        return np.full((len(seeds), 9), 7.0, np.float32)

    def decode(self, latents):
        assert (latents[:, 8] == 7).all()  # the code stays
        return np.clip(np.round(latents[:, :2] * 20 + 128), 0, 255).astype(np.uint8).reshape(-1, 1, 2, 1)


def test_animations_go_there_and_back_from_every_point():
    directions, frame = explore.State(8, 0).draw()
    cells = explore.animate(TwoPixels(), directions, frame, seed=0, count=9, frames=5)
    assert cells.shape == (4, 9, 8, 1, 2, 1)
    np.testing.assert_array_equal(cells[:, :, 5:], cells[:, :, 3:0:-1])
    paths = explore.edge_to_edge(explore.lattice(directions, frame), directions[2], 5)
    expected = np.clip(np.round(paths[..., :2].astype(np.float32) * 20 + 128), 0, 255)
    np.testing.assert_array_equal(cells[2, :, :5, 0, :, 0], expected)
    assert explore.sheet(cells, list("0123")).shape[0] == 8


def test_states_survive_the_disk_to_the_last_bit(tmp_path):
    state = explore.State(9, seed=3)
    state = state.after_round({1}, 0.7, state.draw()[0])
    state = state.after_round({0, 3}, 0.8, state.draw()[0])
    path = tmp_path / "deep" / "state.json"
    explore.save_state(path, state, "a model")
    assert explore.load_state(path) == state
    assert [path.name for path in path.parent.iterdir()] == ["state.json"]
    assert len(state.kept) == 3 and [factor for factor, _ in state.rejected] == [0.7] * 3 + [0.8] * 2


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"rejected": [[0.7, [1, 2]]]},
        {"kept": 3},
        {"dimensions": "many"},
        {"kept": [[0, 0, [0] * 9]]},
    ],
)
def test_files_that_hold_no_state_are_one_line(tmp_path, change):
    path = tmp_path / "state.json"
    explore.save_state(path, explore.State(9, seed=3))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UsageError, match="not the saved state of a search"):
        explore.load_state(path)


def test_a_search_needs_room():
    with pytest.raises(UsageError, match="z has 6 entries; a search needs at least 7"):
        explore.start(types.SimpleNamespace(name="tiny", architecture=types.SimpleNamespace(z_dim=6)), 0)


@pytest.mark.parametrize(
    ("text", "kept"), [("02", {0, 2}), (" 1, 3\n", {1, 3}), ("1，3", {1, 3}), ("\n", set()), ("33", {3})]
)
def test_choices_as_people_type_them(text, kept):
    assert explore.parse_choice(text) == kept


@pytest.mark.parametrize("text", ["4", "yes", "-1", "0x", "٣"])
def test_other_words_are_no_choice(text):
    with pytest.raises(UsageError, match="expected some of 0 1 2 3"):
        explore.parse_choice(text)
