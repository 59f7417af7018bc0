"""The kinematic world and the sensors: exact where exactness is possible."""

from __future__ import annotations

import math

import numpy as np
import pytest

from swarm_consensus.robot.vehicle import heading_of
from swarm_consensus.simulation.kinematic import ACCELERATION, LAG, KinematicWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.rotation import from_heading
from swarm_consensus.simulation.scenario import Obstacle, Radio, Robot, Scenario, Sensors
from swarm_consensus.simulation.sensors import OdometrySensor
from swarm_consensus.simulation.world import Truth


def scenario(*robots: Robot, obstacles: tuple[Obstacle, ...] = ()) -> Scenario:
    return Scenario(
        file_version=1,
        name="test",
        bounds_m=[[-50, -50], [50, 50]],
        radio=Radio(range_m=100.0),
        robots=list(robots),
        obstacles=list(obstacles),
        duration_s=10.0,
    )


def world(*robots: Robot, obstacles: tuple[Obstacle, ...] = ()) -> KinematicWorld:
    given = scenario(*robots, obstacles=obstacles)
    return KinematicWorld(given, place(given, np.random.default_rng(0)))


def drive(here: KinematicWorld, commands: list[list[float]], seconds: float) -> None:
    for _ in range(round(seconds * 20)):
        here.step(np.array(commands, dtype=float), lambda _: None)


CAR = Robot(vehicle="rover", name="r", position_m=[0, 0])
DRONE = Robot(vehicle="multirotor", name="d", position_m=[0, 0, 2])


def test_a_rover_drives_exact_arcs() -> None:
    here = world(CAR)
    drive(here, [[0.5, 9.0, 9.0, 0.8]], 3.0)  # what a rover can't do is not done
    # the arc of radius v / w through an angle w t
    x, y = 0.5 / 0.8 * math.sin(2.4), 0.5 / 0.8 * (1 - math.cos(2.4))
    np.testing.assert_allclose(here.truth().position[0, :2], [x, y], atol=1e-12)
    assert heading_of(here.truth().orientation[0]) == pytest.approx(2.4)


def test_a_multirotor_follows_with_its_lag() -> None:
    here = world(DRONE)
    drive(here, [[0.5, 0.0, 0.0, 0.0]], LAG)
    # below its greatest acceleration: 0.5 (1 - e^-1), sampled exactly
    assert 0.5 / LAG < ACCELERATION
    assert here.truth().velocity[0, 0] == pytest.approx(0.5 * (1 - math.exp(-1)))


def test_a_multirotor_without_power_falls_and_lies() -> None:
    here = world(DRONE)
    here.set_power(0, on=False)
    drive(here, [[1.0, 0.0, 0.0, 0.0]], 2.0)
    assert here.truth().position[0, 2] == pytest.approx(0.02)
    assert here.truth().position[0, 0] == 0.0
    assert here.contacts == []


def test_contacts_begin_when_spheres_touch() -> None:
    other = Robot(vehicle="rover", name="s", position_m=[2, 0])
    here = world(CAR, other)
    drive(here, [[0.5, 0, 0, 0], [0, 0, 0, 0]], 6.0)
    # they touch at 0.36 m, after 1.64 m at 0.5 m/s, and part again: one contact
    assert [(c.first, c.second) for c in here.contacts] == [("r", "s")]
    assert here.contacts[0].time == pytest.approx(1.64 / 0.5, abs=1 / 200)


def test_a_wall_is_touched_at_its_side_and_passed_above() -> None:
    wall = Obstacle(polygon_m=[[1, -1], [2, -1], [2, 1], [1, 1]], height_m=1.0)
    here = world(CAR, DRONE, obstacles=(wall,))
    drive(here, [[0.5, 0, 0, 0], [0.5, 0, 0, 0]], 4.0)
    assert [(c.first, c.second) for c in here.contacts] == [("r", "obstacle_0")]
    assert here.contacts[0].time == pytest.approx((1 - 0.18) / 0.5, abs=0.02)


def test_a_robot_that_comes_back_inside_a_wall_touches_it() -> None:
    wall = Obstacle(polygon_m=[[-1, -1], [1, -1], [1, 1], [-1, 1]], height_m=0.5)
    here = world(DRONE, Robot(vehicle="rover", name="far", position_m=[5, 0]), obstacles=(wall,))
    here.set_power(0, on=False)
    drive(here, [[0.0, 0.0, 0.0, 0.0]] * 2, 2.0)
    assert here.contacts == []
    here.set_power(0, on=True)
    drive(here, [[0.0, 0.0, 0.0, 0.0]] * 2, 0.1)
    assert ("d", "obstacle_0") in {(c.first, c.second) for c in here.contacts}


def test_a_living_multirotor_on_the_ground_is_counted() -> None:
    here = world(DRONE)
    drive(here, [[0, 0, -1.0, 0]], 3.0)
    assert [(c.first, c.second) for c in here.contacts] == [("d", "ground")]


def test_noise_has_the_deviations_of_the_file_and_is_in_the_body_frame() -> None:
    noisy = Sensors(position_std_m=0.1, velocity_std_m_s=0.2, heading_std_rad=0.05)
    given = scenario(Robot(vehicle="rover", name="r", position_m=[0, 0], heading_rad=math.pi / 2, sensors=noisy))
    sensor = OdometrySensor(place(given, np.random.default_rng(0)), np.random.default_rng(1))
    truth = Truth(
        np.zeros((1, 3)), from_heading(np.array([math.pi / 2])), np.array([[0.0, 1.0, 0.0]]), np.zeros((1, 3))
    )
    seen = [sensor.measure(truth, tick)[0] for tick in range(4000)]
    position = np.array([odometry.position for odometry in seen])
    velocity = np.array([odometry.velocity for odometry in seen])
    heading = np.array([heading_of(odometry.orientation) for odometry in seen])
    # a standard deviation from 4,000 samples is within 5 / sqrt(8000) = 5.6 % at five sigma
    np.testing.assert_allclose(position.std(axis=0), 0.1, rtol=0.056)
    np.testing.assert_allclose(velocity.std(axis=0), 0.2, rtol=0.056)
    assert heading.std() == pytest.approx(0.05, rel=0.056)
    # facing north and moving north is moving forward; a mean is within 5 * 0.2 / sqrt(4000)
    np.testing.assert_allclose(velocity.mean(axis=0), [1.0, 0.0, 0.0], atol=0.016)
    assert heading.mean() == pytest.approx(math.pi / 2, abs=0.004)


def test_without_noise_it_tells_the_truth() -> None:
    exact = Sensors(position_std_m=0, velocity_std_m_s=0, heading_std_rad=0)
    given = scenario(Robot(vehicle="rover", name="r", position_m=[1, 2], sensors=exact))
    robots = place(given, np.random.default_rng(0))
    truth = KinematicWorld(given, robots).truth()
    odometry = OdometrySensor(robots, np.random.default_rng(0)).measure(truth, 7)[0]
    assert odometry.tick == 7
    np.testing.assert_array_equal(odometry.position, truth.position[0])
    np.testing.assert_array_equal(odometry.orientation, truth.orientation[0])
