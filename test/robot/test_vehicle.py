"""How a vehicle follows its reference, and how far the reference may run ahead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from swarm_consensus.robot.state import Odometry
from swarm_consensus.robot.vehicle import FOLLOW_GAIN, RESERVE, VEHICLES, admit, follow, followed_point, heading_of

ROVER, DRONE = VEHICLES["rover"], VEHICLES["multirotor"]
numbers = st.floats(-2, 2)


def odometry(x: float, y: float, z: float = 0.0, heading: float = 0.0) -> Odometry:
    return Odometry(
        tick=0,
        position=np.array([x, y, z]),
        orientation=np.array([0.0, 0.0, math.sin(heading / 2), math.cos(heading / 2)]),
        velocity=np.zeros(3),
        angular_velocity=np.zeros(3),
    )


def test_at_the_reference_a_multirotor_is_told_its_velocity() -> None:
    command = follow(DRONE, odometry(1, 2, 3), np.array([1.0, 2, 3]), np.array([0.3, 0.2, 0.1]), speed=1.0)
    np.testing.assert_allclose(command.linear, [0.3, 0.2, 0.1])
    assert command.yaw_rate == 0.0


def test_commands_are_in_the_heading_frame() -> None:
    # facing north, a wish to go north is a wish to go forward
    command = follow(DRONE, odometry(0, 0, heading=math.pi / 2), np.zeros(3), np.array([0.0, 0.5, 0.0]), speed=1.0)
    np.testing.assert_allclose(command.linear, [0.5, 0.0, 0.0], atol=1e-12)


def test_behind_the_reference_it_hurries_but_not_beyond_the_reserve() -> None:
    near = follow(DRONE, odometry(0, 0), np.array([0.1, 0, 0]), np.zeros(3), speed=1.0)
    np.testing.assert_allclose(near.linear, [0.1 * FOLLOW_GAIN, 0, 0])
    far = follow(DRONE, odometry(0, 0), np.array([9.0, 0, 0]), np.zeros(3), speed=1.0)
    np.testing.assert_allclose(far.linear, [RESERVE, 0, 0])


@given(numbers, numbers, st.floats(-math.pi, math.pi), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_a_rovers_followed_point_moves_as_wished(
    x: float, y: float, heading: float, ahead: float, aside: float
) -> None:
    # the velocity of the point l ahead of the axle is v e + w l e'
    here = odometry(x, y, heading=heading)
    point = followed_point(ROVER, here)
    command = follow(ROVER, here, point + np.array([ahead, aside, 0]), np.zeros(3), speed=0.6)
    along, across = np.array([math.cos(heading), math.sin(heading)]), np.array([-math.sin(heading), math.cos(heading)])
    moved = command.linear[0] * along + command.yaw_rate * ROVER.lookahead * across
    np.testing.assert_allclose(moved, FOLLOW_GAIN * np.array([ahead, aside]), atol=1e-9)


@given(numbers, numbers, st.floats(-math.pi, math.pi))
def test_a_rover_never_exceeds_its_limits(x: float, y: float, heading: float) -> None:
    command = follow(ROVER, odometry(0, 0, heading=heading), np.array([x, y, 0.0]), np.zeros(3), speed=0.6)
    assert abs(command.linear[0]) <= RESERVE * 0.6 + 1e-12
    assert abs(command.yaw_rate) <= ROVER.yaw_rate + 1e-12
    assert not command.linear[1:].any()


@pytest.mark.parametrize("heading", [-3.0, -1.0, 0.0, 0.5, 3.0])
def test_heading_of_a_tilted_body(heading: float) -> None:
    # yaw, then a pitch of 0.2 rad about the body's own left axis: q = q_yaw * q_pitch
    s, c = math.sin(heading / 2), math.cos(heading / 2)
    ps, pc = math.sin(0.1), math.cos(0.1)
    assert heading_of(np.array([-s * ps, c * ps, s * pc, c * pc])) == pytest.approx(heading)


vectors = st.tuples(numbers, numbers).map(np.array)


@given(vectors, vectors, vectors)
@example(np.zeros(2), np.array([0.0, -3.665334378654178e-146]), np.array([1.0, 7.94e-12]))
def test_the_reference_runs_no_farther_ahead_than_tracking_allows(
    start: np.ndarray, velocity: np.ndarray, point: np.ndarray
) -> None:
    share = admit(start, velocity, point, period=0.05, tracking=0.2)
    assert 0.0 <= share <= 1.0
    allowed = max(0.2, float(np.linalg.norm(start - point)))
    assert np.linalg.norm(start + share * velocity * 0.05 - point) <= allowed + 1e-9


def test_the_reference_is_held_back_no_more_than_needed() -> None:
    # 0.15 m ahead and moving on at 2 m/s for 0.05 s: half of the 0.1 m are left
    assert admit(np.array([0.15, 0.0]), np.array([2.0, 0.0]), np.zeros(2), 0.05, 0.2) == pytest.approx(0.5)


def test_a_reference_that_lost_its_vehicle_may_only_come_back() -> None:
    lost = np.array([1.0, 0.0])
    assert admit(lost, np.array([1.0, 0.0]), np.zeros(2), 0.05, 0.2) == 0.0
    assert admit(lost, np.array([-1.0, 0.0]), np.zeros(2), 0.05, 0.2) == 1.0
