"""Flocking: the lattice is an equilibrium, momentum stays, and the wish is a velocity whatever is around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from situations import brief, seen

from swarm_consensus.motion.behaviour import Task
from swarm_consensus.motion.behaviours.flocking import Flocking
from swarm_consensus.motion.flock import (
    bump,
    flock_acceleration,
    phi_alpha,
    sigma_norm,
    way_acceleration,
)

ANGLES = np.arange(6) * np.pi / 3.0
HEXAGON = 7.0 * np.concatenate((np.zeros((1, 2)), np.stack((np.cos(ANGLES), np.sin(ANGLES)), axis=-1)))


def pushes(places: np.ndarray, spacing: float) -> np.ndarray:
    """Gradient term of each robot of a swarm, all at once over a batch axis."""
    offset = places[:, None] - places[None]
    return flock_acceleration(offset, np.zeros_like(offset), spacing)


def test_a_hexagon_with_centre_is_an_equilibrium_and_one_of_another_size_is_not() -> None:
    # d = 7: neighbours at 7 m, phi(0) = 0; all others beyond r = 8.4, at 7 sqrt(3) = 12.1 or 14 m
    np.testing.assert_allclose(pushes(HEXAGON, 7.0), 0.0, atol=1e-12)
    outwards = (pushes(0.9 * HEXAGON, 7.0)[1:] * HEXAGON[1:]).sum(axis=-1)
    inwards = (pushes(1.1 * HEXAGON, 7.0)[1:] * HEXAGON[1:]).sum(axis=-1)
    assert (outwards > 0).all()
    assert (inwards < 0).all()


def test_the_sigma_norm_of_a_known_vector() -> None:
    # |z|^2 = 80, eps = 0.1: (sqrt(1 + 8) - 1) / 0.1 = 20
    assert sigma_norm(np.array([4.0, 8.0])) == pytest.approx(20.0)


def test_the_bump_is_one_then_half_then_nothing() -> None:
    # h = 0.2: the cosine is 0 at the middle of [0.2, 1]
    np.testing.assert_allclose(bump(np.array([0.0, 0.2, 0.6, 1.0, 3.0])), [1.0, 1.0, 0.5, 0.0, 0.0], atol=1e-15)


def test_no_pull_at_the_spacing_nor_beyond_the_range() -> None:
    reach = sigma_norm(np.array([[7.0], [8.4], [20.0]]))
    np.testing.assert_allclose(phi_alpha(reach, 7.0), 0.0, atol=1e-12)


def test_without_others_no_push_and_at_one_place_neither() -> None:
    for count in (0, 4):
        assert not flock_acceleration(np.zeros((count, 2)), np.zeros((count, 2)), 1.0).any()


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.sampled_from([2, 3]))
@settings(max_examples=50, deadline=None)
def test_forces_between_robots_cancel(seed: int, count: int, dims: int) -> None:
    rng = np.random.default_rng(seed)
    places, velocities = rng.normal(size=(2, count, dims))
    total = flock_acceleration(places[:, None] - places[None], velocities[:, None] - velocities[None], 1.0)
    np.testing.assert_allclose(total.sum(axis=0), 0.0, atol=1e-9)


def test_velocities_are_evened_out() -> None:
    # at one place the weight is rho_h(0) = 1: the push is minus the difference of the velocities
    push = flock_acceleration(np.zeros((1, 2)), np.array([[0.5, -0.2]]), 1.0)
    np.testing.assert_allclose(push, [-0.5, 0.2])


def test_far_away_the_flock_is_at_rest_with_its_way_at_the_cruising_speed() -> None:
    push = way_acceleration(np.array([1e6, 0.0]), np.array([0.8, 0.0]), speed=0.8, gain=1.0)
    np.testing.assert_allclose(push, 0.0, atol=1e-9)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("places", [np.zeros((0, 3)), np.zeros((4, 3)), 0.3 * np.eye(3), 1e5 * np.ones((2, 3))])
@pytest.mark.parametrize("goal", [None, np.zeros(3), np.array([9.0, 0.0, 2.0])])
def test_the_wish_is_finite_and_at_most_the_speed(dims: int, places: np.ndarray, goal: np.ndarray | None) -> None:
    law = Flocking(brief(Task("flocking", goal=goal, spacing=1.0), dims=dims))
    situation = seen(np.zeros(dims), places[:, :dims], goal=None if goal is None else goal[:dims])
    wish = law(situation)
    assert wish.velocity.shape == (dims,)
    assert np.linalg.norm(wish.velocity) <= situation.speed + 1e-9


def test_one_robot_alone_without_a_goal_stays() -> None:
    assert not Flocking(brief(Task("flocking")))(seen(np.zeros(2), np.zeros((0, 2)))).velocity.any()
