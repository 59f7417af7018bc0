"""A commander's fence and disarming, judged by where bodies went; and mutants that drop, leave, or move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import shapely

from swarm_consensus.agreement.authority import Gate
from swarm_consensus.arrays import Array
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.arming import Arming
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.state import Odometry, Status
from swarm_consensus.run.disks import Disks
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.verdict import Verdict, judge
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.stations import Told

TEXT = (Path(__file__).parents[2] / "worlds" / "commanded.yaml").read_text(encoding="utf-8")
NOTCHED = shapely.Polygon([(0, -5), (8, -5), (8, 5), (4, 5), (4, 1), (0, 1)])
DRONES, ROVERS = [3, 4, 5], [0, 1, 2]
REST = 20 * 43, 20 * 55  # ticks between which all are disarmed


@dataclass
class Witness:
    """Sees where bodies are, what they were told to do, and what robots and stations say."""

    place: list[Array] = field(default_factory=list)  # by tick, (n, 3) m
    command: list[Array] = field(default_factory=list)  # by tick, (n, 4)
    status: list[tuple[Status | None, ...]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def observe(self, position: Array) -> None: ...

    def record(self, record: TickRecord) -> None:
        self.place.append(record.truth.position.copy())
        self.command.append(record.command.copy())
        self.status.append(record.status)
        self.told += record.told


def watched(scenario: Scenario, make_agent: Callable[..., Agent] = Agent, seed: int = 0) -> tuple[Verdict, Witness]:
    place_rng, run_rng = np.random.default_rng(seed).spawn(2)
    robots = place(scenario, place_rng)
    world = KinematicWorld(scenario, robots)
    simulation = Simulation(scenario, robots, world, run_rng)
    monitor, witness = Monitor(scenario, robots, world.substeps), Witness()
    simulation.observers += [monitor, witness]
    run_in_memory(simulation, disks=Disks(), make_agent=make_agent)
    return judge(monitor, world.contacts, seed, {}), witness


def changed(*changes: tuple[str, str]) -> Scenario:
    text = TEXT
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return parse(text, "commanded.yaml")


def failed(verdict: Verdict) -> set[str]:
    return {each.name for each in verdict.expectations if not each.held}


@pytest.fixture(scope="module")
def honest() -> tuple[Verdict, Witness]:
    return watched(changed())


def out(places: Array) -> Array:
    """How far centres are out of the notched fence, m."""
    return np.asarray(shapely.distance(NOTCHED, shapely.points(places[..., :2])))


def fence_of(witness: Witness, tick: int, robots: Sequence[int] = range(6)) -> list[str]:
    """What robots say of the fence."""
    found = [witness.status[tick][robot] for robot in robots]
    return [status.orders.fence for status in found if status is not None and status.orders is not None]


def test_robots_go_into_the_fence_without_a_jump_and_stay_there(honest: tuple[Verdict, Witness]) -> None:
    verdict, witness = honest
    assert verdict.held, failed(verdict)
    place = np.array(witness.place)
    assert out(place[: 20 * 10]).max() > 2.0  # what the operator drew at 4 s moved nobody
    steps = np.linalg.norm(np.diff(place, axis=0), axis=-1) * 20.0
    assert steps.max() <= 1.3 * 1.0 + 1e-6  # m/s, the fastest that a vehicle is told to move
    late = place[20 * 26 : 20 * 45]
    assert out(late).max() == 0.0
    assert late[:, DRONES, 2].max() <= 1.6
    assert "outside" in fence_of(witness, 20 * 11)
    assert "returns into the fence" in {status.errand for status in witness.status[20 * 11] if status is not None}
    assert fence_of(witness, 20 * 30) == ["inside"] * 6


def test_each_order_is_ruled_on_with_a_sentence(honest: tuple[Verdict, Witness]) -> None:
    final = {each.command: each.ruling for each in honest[1].told if each.ruling.index}
    assert {command: ruling.why for command, ruling in final.items() if not ruling.allowed} == {
        0: "bob is operator, 'fence' takes commander",
        2: "the fence leaves the bounds of the scenario",
        3: "bob is operator, 'disarm' takes commander",
    }


def test_disarmed_robots_are_down_and_told_nothing_but_to_stand(honest: tuple[Verdict, Witness]) -> None:
    _, witness = honest
    place, command = (np.array(each[slice(*REST)]) for each in (witness.place, witness.command))
    assert np.ptp(place, axis=0).max() < 0.02
    assert not command.any()
    assert place[:, DRONES, 2].max() < 0.3 + 0.2 + 0.1  # lowest altitude, and how far a body may be from its reference
    assert place[:, DRONES, 2].min() >= 0.3
    told = {(status.mode, status.orders.armed) for status in witness.status[REST[0]] if status and status.orders}
    assert told == {("disarmed by carol", "disarmed")}
    assert np.linalg.norm(witness.place[-1] - witness.place[REST[1]], axis=1).min() > 1.0  # and armed they go on


class Hasty(Arming):
    """A mutant: a drone counts as down wherever it is."""

    def look(self, disarmed: str, reference: Array, odometry: Odometry | None, low: float) -> None:
        super().look(disarmed, reference, odometry, low=1e6)


def hasty(config: AgentConfig, **parts: object) -> Agent:
    agent = Agent(config, **parts)  # type: ignore[arg-type]
    agent._arming = agent._conduct._arming = Hasty(config)
    return agent


def test_a_robot_that_is_disarmed_in_the_air_is_seen_there() -> None:
    _, witness = watched(changed(("duration_s: 90", "duration_s: 56")), hasty)
    assert np.array(witness.place[slice(*REST)])[:, DRONES, 2].max() > 0.6


SLOTS = "[[-7, 0], [-6, 2], [-6, -2], [-5, 0], [0, 1], [0, -1]]"  # about the goal: the first four lie out of the fence
GOTO = "  - {at_s: 24, operator: bob, order: goto, goal_m: [6, -2], heard_by: [rover_2]}"
LURE = (
    "  - {at_s: 30, operator: carol, order: fence, polygon_m: [[0, -5], [12, -5], [12, 5]], heard_by: [drone_1]}",
    GOTO + f"\n  - {{at_s: 25, operator: bob, order: formation, slots_m: {SLOTS}, heard_by: [rover_2]}}",
)
SHORT = (("duration_s: 90", "duration_s: 45"), *((f"at_s: {each}", "at_s: 44") for each in (45, 55, 35)))


def unwalled(config: AgentConfig, **parts: object) -> Agent:
    """Make a mutant: it comes in, and then nothing keeps it there."""
    agent = Agent(config, **parts)  # type: ignore[arg-type]
    agent._safety.keep = lambda *_: None  # type: ignore[method-assign]
    return agent


def test_a_behaviour_that_leads_out_of_the_fence_does_not_lead_a_robot_out_and_without_the_wall_it_would() -> None:
    scenario = changed(LURE, *SHORT)
    _, witness = watched(scenario)
    assert out(np.array(witness.place[20 * 24 : 20 * 43])).max() == 0.0
    _, witness = watched(scenario, unwalled)
    assert out(np.array(witness.place[20 * 24 : 20 * 43])).max() > 1.0


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


DISMISS = "  - {at_s: 16, operator: alice, order: revoke, who: carol, heard_by: [drone_1]}"
CUT = (
    ("delay_s: 0.05}", "delay_s: 0.05, partitions: [{from_s: 8, until_s: 30, groups: [[rover]]}]}"),
    ("voters: [rover, drone_1, drone_2]", "voters: [rover_1, drone]"),
    ("heard_by: [rover_1]}\n  - {at_s: 30", "heard_by: [drone_1]}\n" + DISMISS + "\n  - {at_s: 40"),
)


def test_a_fence_that_is_learnt_of_after_its_author_was_dismissed_moves_nobody() -> None:
    scenario = changed(*CUT, ("duration_s: 90", "duration_s: 60"))
    _, witness = watched(scenario)
    assert "" not in fence_of(witness, 20 * 36, DRONES)
    assert fence_of(witness, 20 * 36, ROVERS) == [""] * 3
    _, witness = watched(scenario, careless)
    assert "" not in fence_of(witness, 20 * 36, ROVERS)  # the dismissed one's fence is obeyed


def test_a_robot_that_starts_again_while_all_are_disarmed_does_not_move() -> None:
    faults = "faults: [{robot: rover_3, crash_s: 40, restart_s: 44}]\nduration_s: 60"
    _, witness = watched(changed(("duration_s: 90", faults)))
    place = np.array(witness.place)[20 * 44 : 20 * 55, 2]
    assert np.ptp(place, axis=0).max() == 0.0
    said = [status[2] for status in witness.status[20 * 44 : 20 * 54]]
    modes = [status.mode for status in said if status is not None]
    assert modes[-1] == "disarmed by carol"
    assert "moving" not in modes
