"""The PyBullet world against physics that can be computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="pybullet is not installed: pip install '.[sim]'")

from swarm_consensus.robot.vehicle import VEHICLES, heading_of
from swarm_consensus.simulation import multirotor, rover
from swarm_consensus.simulation.bullet import BulletWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Obstacle, Radio, Robot, Scenario

pytestmark = pytest.mark.bullet
G = multirotor.GRAVITY


def world(*robots: Robot, obstacles: tuple[Obstacle, ...] = ()) -> BulletWorld:
    scenario = Scenario(
        file_version=1,
        name="test",
        bounds_m=[[-50, -50], [50, 50]],
        altitude_m=(0.0, 40.0),
        radio=Radio(range_m=100.0),
        robots=list(robots),
        obstacles=list(obstacles),
        duration_s=10.0,
    )
    return BulletWorld(scenario, place(scenario, np.random.default_rng(0)))


def drone(name: str = "d", x: float = 0.0, y: float = 0.0, z: float = 1.0) -> Robot:
    return Robot(vehicle="multirotor", name=name, position_m=[x, y, z])


def car(name: str = "r", x: float = 0.0, y: float = 0.0, heading: float = 0.0) -> Robot:
    return Robot(vehicle="rover", name=name, position_m=[x, y], heading_rad=heading)


def drive(here: BulletWorld, commands: list[list[float]], seconds: float) -> np.ndarray:
    """Hold commands and return the true positions after every physics step, (steps, n, 3)."""
    seen: list[np.ndarray] = []
    for _ in range(round(seconds * 20)):
        here.step(np.array(commands, dtype=float), lambda position: seen.append(position.copy()))
    return np.array(seen)


STILL = [0.0, 0.0, 0.0, 0.0]


def test_hovering_it_stays_where_it_is() -> None:
    here = world(drone())
    drive(here, [STILL], 3.0)
    np.testing.assert_allclose(here.truth().position[0], [0.0, 0.0, 1.0], atol=0.01)
    assert np.linalg.norm(here.truth().velocity[0]) < 1e-3


def test_hover_thrust_is_the_weight() -> None:
    control = multirotor.MultirotorControl(np.zeros(1), 1 / 240)
    control.command(np.zeros((1, 4)))
    force, torque = control.wrench(np.eye(3)[..., None], np.zeros((3, 1)), np.zeros((3, 1)), np.ones(1))
    np.testing.assert_allclose(force[:, 0], [0.0, 0.0, multirotor.MASS * G], rtol=1e-12)
    np.testing.assert_allclose(torque, 0.0, atol=1e-15)


def test_without_power_it_falls_freely() -> None:
    here = world(drone(z=30.0))
    here.set_power(0, on=False)
    fallen = drive(here, [STILL], 1.0)
    # no rotor turns, so there is no drag either: after n steps of semi-implicit Euler z = z0 - g h^2 n (n + 1) / 2
    steps = 240
    assert fallen[-1, 0, 2] == pytest.approx(30.0 - G * steps * (steps + 1) / 2 / 240**2, abs=1e-6)
    assert here.truth().velocity[0, 2] == pytest.approx(-G, abs=1e-6)


def test_drag_at_a_speed_is_that_of_the_identified_model() -> None:
    control = multirotor.MultirotorControl(np.zeros(1), 1 / 240)
    control.command(np.array([[2.0, 0.0, 0.0, 0.0]]))
    # at the commanded speed only the weight is to be carried: four rotors at sqrt(m g / 4 k)
    force, _ = control.wrench(np.eye(3)[..., None], np.array([[2.0], [0.0], [0.0]]), np.zeros((3, 1)), np.ones(1))
    speed = math.sqrt(multirotor.MASS * G / 4 / multirotor.THRUST)
    assert force[0, 0] == pytest.approx(-multirotor.DRAG[0] * 4 * speed * 2.0, rel=1e-9)
    assert speed * 60 / (2 * math.pi) == pytest.approx(14468, rel=1e-3)  # rpm, as published for hover


@pytest.mark.parametrize("wish", [[1.0, 0.0, 0.0], [0.0, -0.8, 0.0], [0.0, 0.0, 0.7], [0.5, 0.5, -0.3]])
def test_a_velocity_is_reached_soon_and_kept(wish: list[float]) -> None:
    here = world(drone(z=5.0))
    path = drive(here, [[*wish, 0.0]], 4.0)
    speed = np.diff(path[:, 0], axis=0) * 240
    error = np.linalg.norm(speed - wish, axis=1) / np.linalg.norm(wish)
    assert (error[round(0.6 * 240) :] < 0.25).all()
    assert (error[-240:] < 0.03).all()  # the integral leaves no drag behind


def test_a_yaw_rate_turns_it_on_the_spot() -> None:
    here = world(drone())
    drive(here, [[0.0, 0.0, 0.0, 0.5]], 2.0)
    assert heading_of(here.truth().orientation[0]) == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(here.truth().position[0], [0.0, 0.0, 1.0], atol=0.05)


def test_a_rover_drives_straight_at_its_speed() -> None:
    here = world(car())
    drive(here, [[0.5, 0.0, 0.0, 0.0]], 4.0)
    x, y, _ = here.truth().position[0]
    assert x == pytest.approx(2.0, rel=0.02)
    assert abs(y) < 0.02


def test_a_rover_turns_on_the_radius_of_its_command() -> None:
    here = world(car())
    path = drive(here, [[0.4, 0.0, 0.0, 0.8]], 2 * math.pi / 0.8 + 1.0)[240:, 0, :2]
    # v / w = 0.5 m: a circle about (0, 0.5); after a full turn the path spans its diameter
    span = path.max(axis=0) - path.min(axis=0)
    np.testing.assert_allclose(span, 1.0, rtol=0.05)


def test_wheel_speeds_are_those_of_the_differential_drive() -> None:
    left, right = rover.wheel_speeds(np.array([[0.5, 0.0, 0.0, 1.0]]))[0]
    assert left == pytest.approx((0.5 - rover.TRACK / 2) / rover.WHEEL_RADIUS)
    assert right == pytest.approx((0.5 + rover.TRACK / 2) / rover.WHEEL_RADIUS)
    fast = rover.wheel_speeds(np.array([[9.0, 0.0, 0.0, 30.0]]))[0]
    assert np.abs(fast).max() == pytest.approx(rover.WHEEL_SPEED)
    # the curve stays: w / v = 2 (right - left) / (b (left + right))
    assert 2 * (fast[1] - fast[0]) / (rover.TRACK * fast.sum()) == pytest.approx(30.0 / 9.0)


def test_a_collision_keeps_momentum() -> None:
    here = world(drone("a", x=0.0, z=20.0), drone("b", x=0.6, z=20.0))
    drive(here, [[1.0, 0.0, 0.0, 0.0], STILL], 0.5)
    here.set_power(0, on=False)
    here.set_power(1, on=False)  # from here on only gravity acts
    before = here.truth().velocity.sum(axis=0)
    drive(here, [STILL, STILL], 0.3)
    after = here.truth().velocity.sum(axis=0)
    np.testing.assert_allclose(after[:2], before[:2], atol=1e-4)
    assert here.truth().velocity[1, 0] > 0.1  # they did collide


def test_bodies_fit_into_the_spheres_that_controllers_reckon_with() -> None:
    wheel = math.hypot(rover.TRACK / 2 + rover.WHEEL_WIDTH / 2, rover.WHEEL_RADIUS, rover.WHEEL_DROP)
    assert max(math.hypot(*rover.CHASSIS), wheel) <= VEHICLES["rover"].radius
    from swarm_consensus.simulation.bodies import HULL

    assert math.hypot(HULL[0], HULL[1] / 2) <= VEHICLES["multirotor"].radius


BLOCK = Obstacle(polygon_m=[[1.0, -1.0], [2.0, -1.0], [2.0, 1.0], [1.0, 1.0]], height_m=1.0)


def pairs(here: BulletWorld) -> set[tuple[str, str]]:
    return {(contact.first, contact.second) for contact in here.contacts}


def test_a_rover_that_drives_into_a_wall_is_one_contact() -> None:
    here = world(car(), obstacles=(BLOCK,))
    drive(here, [[0.5, 0.0, 0.0, 0.0]], 1.5)
    assert here.contacts == []
    drive(here, [[0.5, 0.0, 0.0, 0.0]], 1.5)
    assert pairs(here) == {("r", "obstacle_0")}
    assert here.contacts[0].time == pytest.approx((1.0 - rover.CHASSIS[0]) / 0.5, abs=0.3)


def test_one_millimetre_apart_is_no_contact() -> None:
    reach = rover.CHASSIS[0]
    here = world(
        car("a", x=0.0),
        car("b", x=5.0),
        obstacles=(Obstacle(polygon_m=[[reach + 0.001, -1.0], [1.0, -1.0], [1.0, 1.0], [reach + 0.001, 1.0]]),),
    )
    drive(here, [STILL, STILL], 1.0)
    assert here.contacts == []


def test_who_falls_on_somebody_alive_is_counted() -> None:
    here = world(drone("above", z=2.0), drone("below", z=1.0))
    here.set_power(0, on=False)
    drive(here, [STILL, STILL], 2.0)
    assert ("above", "below") in pairs(here)


def test_what_the_dead_touch_among_themselves_is_not() -> None:
    here = world(drone(z=1.0))
    here.set_power(0, on=False)
    drive(here, [STILL], 2.0)
    assert here.contacts == []  # it lies on the ground


def test_a_living_multirotor_on_the_ground_is_counted() -> None:
    here = world(drone(z=0.5))
    drive(here, [[0.0, 0.0, -1.0, 0.0]], 1.5)
    assert ("d", "ground") in pairs(here)


def test_power_comes_back() -> None:
    here = world(drone(z=10.0))
    here.set_power(0, on=False)
    drive(here, [STILL], 0.3)
    here.set_power(0, on=True)
    drive(here, [STILL], 3.0)
    assert np.linalg.norm(here.truth().velocity[0]) < 0.03
    assert here.truth().position[0, 2] > 5.0


def test_a_rover_without_power_rolls_out_in_a_fraction_of_a_metre() -> None:
    here = world(car())
    drive(here, [[0.6, 0.0, 0.0, 0.0]], 2.0)
    start = here.truth().position[0, 0]
    here.set_power(0, on=False)
    drive(here, [STILL], 2.0)
    assert here.truth().position[0, 0] - start < 0.4
    assert np.linalg.norm(here.truth().velocity[0]) < 0.01


def test_two_worlds_side_by_side_give_the_same_bits() -> None:
    first, second = (world(drone("a"), car("b", x=2.0), obstacles=(BLOCK,)) for _ in range(2))
    for tick in range(60):
        command = [[0.3, 0.1, 0.0, 0.2], [0.4, 0.0, 0.0, math.sin(tick)]]
        drive(first, command, 0.05)
        drive(second, command, 0.05)
    np.testing.assert_array_equal(first.truth().position, second.truth().position)
    np.testing.assert_array_equal(first.truth().orientation, second.truth().orientation)


def test_a_picture_shows_something() -> None:
    picture = world(car(), drone("d", x=3.0), obstacles=(BLOCK,)).render(160, 120)
    assert picture.shape == (120, 160, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
