"""Robots to test with: orders for a small swarm of one kind, and agents driven by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from swarm_consensus.motion.behaviour import Task
from swarm_consensus.robot.config import AgentConfig, Peer
from swarm_consensus.robot.state import Odometry, Stimulus
from swarm_consensus.robot.vehicle import VEHICLES

Orders = Callable[..., AgentConfig]
EAST = np.array([5.0, 0.0, 1.0])


def _orders(
    index: int = 0, count: int = 2, kind: str = "multirotor", goal: np.ndarray | None = None, **changes: object
) -> AgentConfig:
    model = VEHICLES[kind]
    peers = tuple(Peer(f"r{i}", model.radius, model.reach, model.speed) for i in range(count))
    fields: dict[str, object] = {
        "index": index,
        "roster": peers,
        "vehicle": model,
        "rate": 20,
        "radio_range": 6.0,
        "margin": 0.1,
        "gain": 3.0,
        "max_age": 20,
        "lost_after": 100,
        "redundancy": 1,
        "start_links": frozenset(range(count)) - {index},
        "obstacles": (),
        "fence": np.zeros((0, 2)),
        "altitude": (0.3, 3.0),
        "task": Task("go_to", goal=EAST if goal is None else goal),
    }
    return AgentConfig(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def orders() -> Orders:
    return _orders


@pytest.fixture
def at() -> Callable[..., Stimulus]:
    """Build a stimulus at a tick and place, upright and at rest."""

    def build(
        tick: int, place: tuple[float, float, float] = (0.0, 0.0, 1.0), frames: tuple[bytes, ...] = ()
    ) -> Stimulus:
        return Stimulus(
            tick,
            Odometry(tick, np.array(place, dtype=float), np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3)),
            frames,
        )

    return build
