"""Whether a robot may move under its own power: down first, then at rest, then nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from robot.desks import CONFIG

from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.arming import DOWN, Arming
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.state import Odometry, Stimulus
from swarm_consensus.robot.vehicle import VEHICLES

DRONE = replace(CONFIG, vehicle=VEHICLES["multirotor"])
LOW = 0.3
WHY = "disarmed by carol"


def moving(speed: float, x: float = 0.0) -> Odometry:
    level = np.array([0.0, 0.0, 0.0, 1.0])
    return Odometry(0, np.array([x, 0.0, 1.0]), level, np.array([speed, 0.0, 0.0]), np.zeros(3))


def at(z: float) -> np.ndarray:
    return np.array([0.0, 0.0, z])


def test_a_rover_brakes_and_is_then_disarmed() -> None:
    one = Arming(CONFIG)
    one.look("", at(0.0), moving(0.5), LOW)
    assert (one.stage, one.reason_to_hold) == ("armed", None)
    one.look(WHY, at(0.0), moving(0.5), LOW)
    assert (one.stage, one.reason_to_hold, one.sinks) == ("disarming", WHY, False)
    one.look(WHY, at(0.0), None, LOW)
    assert one.stage == "disarming"  # without odometry nobody knows that it is at rest
    one.look(WHY, at(0.0), moving(0.02), LOW)
    assert one.stage == "disarmed"
    one.look(WHY, at(0.0), moving(0.5), LOW)
    assert one.stage == "disarmed"  # noise, or somebody who pushes it


def test_a_multirotor_sinks_first_and_is_not_disarmed_in_the_air_although_it_is_at_rest() -> None:
    one, lowest = Arming(DRONE), LOW + DRONE.vehicle.reach
    one.look(WHY, at(2.0), moving(0.0), LOW)
    assert (one.stage, one.reason_to_hold, one.sinks) == ("disarming", None, True)
    one.look(WHY, at(lowest + 1.1 * DOWN), moving(0.0), LOW)
    assert one.sinks
    one.look(WHY, at(lowest + 0.9 * DOWN), moving(0.3), LOW)
    assert (one.stage, one.reason_to_hold, one.sinks) == ("disarming", WHY, False)
    one.look(WHY, at(lowest), moving(0.0), LOW)
    assert one.stage == "disarmed"


def test_armed_in_between_it_goes_on_and_has_to_come_down_again_the_next_time() -> None:
    one = Arming(DRONE)
    for z, speed in ((0.5, 0.0), (0.5, 0.0)):
        one.look(WHY, at(z), moving(speed), LOW)
    assert one.stage == "disarmed"
    one.look("", at(0.5), moving(0.0), LOW)
    assert (one.stage, one.reason_to_hold) == ("armed", None)
    one.look(WHY, at(2.0), moving(0.0), LOW)
    assert one.sinks


def test_a_robot_that_was_carried_off_does_not_drive_back() -> None:
    one = Arming(CONFIG)
    one.look(WHY, at(0.0), moving(0.0, x=-0.1), LOW)  # the point that it steers lies 0.1 m ahead of its axle
    assert one.stage == "disarmed"
    one.look("", at(0.0), moving(0.0, x=1.9), LOW)
    assert one.reason_to_hold == "carried off by 2.00 m while it was disarmed: start it anew"
    assert one.stage == "disarmed"
    one.look("", at(0.0), moving(0.0, x=-0.1), LOW)  # carried back
    assert (one.stage, one.reason_to_hold) == ("armed", None)


@pytest.mark.parametrize("kind", ["rover", "multirotor"])
def test_a_robot_that_was_never_armed_stands(
    kind: str, orders: Callable[..., AgentConfig], at: Callable[..., Stimulus]
) -> None:
    from test_robot_orders import PEOPLE, ROBOT, SWARM

    from swarm_consensus.network.replay import MemoryMarks
    from swarm_consensus.network.seal import Identity
    from swarm_consensus.robot.facts import FactsOrders
    from swarm_consensus.robot.identity import Secrets, Trust

    trust = Trust(SWARM, "none", (Identity(ROBOT.public),), PEOPLE)
    config = orders(count=1, kind=kind, armed=False, trust=trust, facts=FactsOrders((0,)))
    agent = Agent(config, secrets=Secrets(ROBOT, 1, MemoryMarks()))
    place, lowest = np.array([0.0, 0.0, 1.0 if kind == "multirotor" else 0.06]), 0.3 + 0.2
    for tick in range(200):
        response = agent.tick(at(tick, tuple(place)))
        if kind == "multirotor" and place[2] > lowest:
            assert not response.command.linear[:2].any()
            place = place + response.command.linear / 20.0
    assert response.status is not None
    assert response.status.orders is not None
    assert (response.status.mode, response.status.orders.armed) == ("not armed so far", "disarmed")
    assert not response.command.linear.any()
    if kind == "multirotor":
        assert place[2] == pytest.approx(lowest, abs=0.05)
