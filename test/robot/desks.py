"""Orders of a rover in a swarm of three, for tests of what people say to robots."""

from __future__ import annotations

import numpy as np

from swarm_consensus.motion.behaviour import Task
from swarm_consensus.robot.config import AgentConfig, Peer
from swarm_consensus.robot.vehicle import VEHICLES

FENCE = np.array([[-5.0, -5.0], [5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]])
ROVER = VEHICLES["rover"]
CONFIG = AgentConfig(
    index=0,
    roster=(Peer("r", ROVER.radius, ROVER.reach, ROVER.speed),) * 3,
    vehicle=ROVER,
    rate=20,
    radio_range=6.0,
    margin=0.1,
    gain=3.0,
    max_age=20,
    lost_after=100,
    redundancy=1,
    start_links=frozenset(),
    obstacles=(),
    fence=FENCE,
    altitude=(0.3, 3.0),
    task=Task("rendezvous"),
)
