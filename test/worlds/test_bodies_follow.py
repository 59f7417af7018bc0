"""Assumption A1 of docs/guarantees.md: bodies stay within `reach` of their references, in the physics engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from swarm_consensus.arrays import Array, length
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import make_world
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord

WORLDS = Path(__file__).parents[2] / "worlds"


class Gap:
    """Watches how far each body strays from its reference, as a share of its reach."""

    def __init__(self, reach: Array) -> None:
        self.worst = np.zeros(len(reach))
        self._reach = reach
        self._reference: Array | None = None

    def record(self, record: TickRecord) -> None:
        if self._reference is not None:
            strayed = length(record.truth.position - self._reference) / self._reach
            self.worst = np.maximum(self.worst, np.where(record.alive, strayed, 0.0))
        # the status tells where the reference is at the end of the period: at the next record
        self._reference = np.array([np.full(3, np.nan) if s is None else s.reference for s in record.status])
        self._reference = np.nan_to_num(self._reference, nan=np.inf) if not np.isnan(self._reference).any() else None

    def observe(self, position: Array) -> None:
        pass


@pytest.mark.bullet
@pytest.mark.parametrize("name", ["rendezvous", "swap", "outage"])
def test_bodies_stay_within_reach_of_their_references(name: str) -> None:
    pytest.importorskip("pybullet")
    scenario = load(WORLDS / f"{name}.yaml")
    place_rng, run_rng = np.random.default_rng(1).spawn(2)
    robots = place(scenario, place_rng)
    world = make_world(Options(world=name, physics="pybullet"), scenario, robots)
    gap = Gap(np.array([VEHICLES[robot.vehicle].reach for robot in robots]))
    simulation = Simulation(scenario, robots, world, run_rng)
    simulation.observers.append(gap)
    run_in_memory(simulation)
    world.close()
    assert gap.worst.max() <= 1.0, dict(zip([robot.name for robot in robots], gap.worst.round(2), strict=True))
