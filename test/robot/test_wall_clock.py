"""On hardware ticks are counted from 1970: nothing may depend on their being few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from swarm_consensus.network.frame import Frame, encode, pack_ids
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.state import Stimulus

TODAY = 36_000_000_000  # ticks at 20 Hz since 1970, in 2027


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["multirotor", "rover"])
def test_a_robot_decides_the_same_whenever_its_clock_began(
    orders: Callable[..., AgentConfig], at: Callable[..., Stimulus], count: int, kind: str
) -> None:
    velocities = []
    for boot in (0, TODAY):
        agent = Agent(orders(count=count, kind=kind))
        for tick in range(boot, boot + 5):
            told = encode(Frame(1, tick, tick, (0.0, 2.0, 1.0), (0.0, 0.0, 0.0), pack_ids((0,)), False))
            response = agent.tick(at(tick, frames=(told,) if count == 2 else ()))
            assert response.status is not None
            assert response.status.mode == "moving"
            velocities.append(response.status.velocity)
    np.testing.assert_array_equal(velocities[:5], velocities[5:])
