"""A dismissed operator is not obeyed: judged by where the robots really went, and by a mutant that does obey him."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from swarm_consensus.agreement.authority import Gate
from swarm_consensus.arrays import Array
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.verdict import Verdict, judge
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.stations import Told

DISMISSED = load(Path(__file__).parents[2] / "worlds" / "dismissed.yaml")
ROVERS = [0, 1]  # cut off while bob's second order and his dismissal are settled


@dataclass
class Witness:
    """Sees where robots are, and what stations are told."""

    place: dict[int, Array] = field(default_factory=dict)  # by tick, (n, 2) m
    told: list[Told] = field(default_factory=list)

    def observe(self, position: Array) -> None: ...

    def record(self, record: TickRecord) -> None:
        self.place[record.tick] = record.truth.position[:, :2].copy()
        self.told += record.told


class Careless(Gate):
    """A mutant: it takes its view of the roles for fresh."""

    def age(self, now: int) -> int | None:
        return 0


def careless(config: AgentConfig, **parts: object) -> Agent:
    agent = Agent(config, **parts)  # type: ignore[arg-type]
    assert config.trust is not None
    assert agent._sharing._desk is not None
    agent._sharing._desk._gate = Careless(config.trust.freshness, agent._sharing._desk.machine.roles)
    return agent


def watched(make_agent: object, seed: int = 0) -> tuple[Verdict, Witness]:
    place_rng, run_rng = np.random.default_rng(seed).spawn(2)
    robots = place(DISMISSED, place_rng)
    world = KinematicWorld(DISMISSED, robots)
    simulation = Simulation(DISMISSED, robots, world, run_rng)
    monitor, witness = Monitor(DISMISSED, robots, world.substeps), Witness()
    simulation.observers += [monitor, witness]
    run_in_memory(simulation, make_agent=make_agent)  # type: ignore[arg-type]
    return judge(monitor, world.contacts, seed, {}), witness


@pytest.fixture(scope="module")
def honest() -> tuple[Verdict, Witness]:
    return watched(Agent)


def away(witness: Witness, robots: list[int], second: float, goal: tuple[float, float]) -> float:
    """The farthest of some robots from a goal, m."""
    return float(np.linalg.norm(witness.place[round(second * 20)][robots] - goal, axis=1).max())


def test_nobody_goes_where_the_dismissed_operator_sends_them(honest: tuple[Verdict, Witness]) -> None:
    verdict, witness = honest
    assert verdict.held
    # what he ordered in time all carried out, or those who heard of it in time
    assert away(witness, [0, 1, 2, 3, 4], 14.0, (-1.0, 0.0)) < 1.5
    assert away(witness, [2, 3, 4], 26.0, (-1.0, 2.5)) < 1.5
    # the rovers learn of his second order at 40 s, settled long ago, together with his dismissal: they stay
    for second in (20.0, 39.0, 42.0, 49.0):
        moved = witness.place[round(second * 20)][ROVERS] - witness.place[20 * 20][ROVERS]
        assert np.abs(moved).max() < 0.2
    assert away(witness, [0, 1, 2, 3, 4], 74.0, (3.0, 0.0)) < 1.5


def test_each_station_hears_what_was_ruled_and_why(honest: tuple[Verdict, Witness]) -> None:
    told = honest[1].told
    final = {each.command: each.ruling for each in told if each.ruling.index}
    assert [final[command].allowed for command in sorted(final)] == [True, True, True, False, True]
    assert "bob (dismissed)" in final[4].why
    meanwhile = [each.ruling.why for each in told if each.command == 3]
    assert meanwhile  # the rover that is cut off answers all the same, and says why it denies
    assert all(why.startswith("roles are ") and why.endswith("the log does not answer") for why in meanwhile)


def test_robots_that_do_not_ask_how_fresh_their_roles_are_obey_too_late() -> None:
    verdict, witness = watched(careless)
    failed = {each.name for each in verdict.expectations if not each.held}
    assert "dismissed_obeyed_s" in failed
    moved = witness.place[49 * 20][ROVERS] - witness.place[39 * 20][ROVERS]
    assert np.abs(moved).max() > 0.5
