"""Robots that are asked over DDS while they run, in lockstep: they tell all, and nothing that they do changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.node import Node
from std_msgs.msg import UInt8MultiArray

from swarm_consensus.agreement.asking import Entries, Known, Question, Told, pack_question, pack_told, read_question
from swarm_consensus.agreement.raft.messages import COMMAND, Entry
from swarm_consensus.arrays import Array
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.nodes.asking import AskerNode
from swarm_consensus.nodes.composed import Composed
from swarm_consensus.nodes.conversions import frame_from_ros, frame_to_ros
from swarm_consensus.nodes.crew import Crew
from swarm_consensus.nodes.executor import EventLoop, session
from swarm_consensus.nodes.hosting import host
from swarm_consensus.nodes.qos import QUESTIONS
from swarm_consensus.robot.agent import Agent
from swarm_consensus.run.asker import Wanted
from swarm_consensus.run.disks import Disks
from swarm_consensus.run.environment import local_domain, profile_variable
from swarm_consensus.run.live import Call, call, flaw, log_of
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.overrides import with_duration
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord

BEGIN = 160  # tick at which robots are asked first: 8 s, when orders were ruled on and reports written
PATIENCE_S = 60.0  # of wall time, for what takes a second or two
WORLD = """
file_version: 1
name: asked
bounds_m: [[-6, -6], [6, 6]]
radio: {range_m: 8, loss: 0.2, partitions: [{from_s: 0, until_s: 600, groups: [[c]]}]}
robots:
  - {name: a, vehicle: rover, position_m: [-2, 0]}
  - {name: b, vehicle: rover, position_m: [0, 0]}
  - {name: c, vehicle: rover, position_m: [2, 0]}
  - {name: d, vehicle: multirotor, position_m: [0, 2, 1]}
mission: {behaviour: rendezvous}
agreement: {voters: [a, b, c], election_s: 0.8, heartbeat_s: 0.15, delay_s: 0.15, report_s: 0.2}
security: {seal: identity}
operators: [{name: alice, role: administrator}]
commands:
  - {at_s: 3, operator: alice, order: goto, goal_m: [1, 1], heard_by: [a]}
  - {at_s: 5, operator: alice, order: halt, heard_by: [b]}
duration_s: 600
"""


class Watch:
    """Sees each tick of a simulation, and does something at each."""

    def __init__(self) -> None:
        self.positions: list[Array] = []
        self.act: Callable[[int], None] = lambda _: None

    def observe(self, position: Array) -> None:
        self.positions.append(position.copy())

    def record(self, record: TickRecord) -> None:
        self.act(record.tick)


def simulated(world: Path, ticks: int | None = None) -> tuple[Simulation, Watch]:
    scenario = load(world)
    if ticks is not None:
        scenario = with_duration(scenario, ticks / scenario.control.rate_hz)
    robots = place(scenario, np.random.default_rng(0))
    simulation, watch = (
        Simulation(scenario, robots, KinematicWorld(scenario, robots), np.random.default_rng(1)),
        Watch(),
    )
    simulation.observers.append(watch)
    return simulation, watch


class Hosted:
    """A simulation over DDS with all nodes in this process, until `end`."""

    def __init__(self, world: Path) -> None:
        self.world = world
        self.simulation, self.watch = simulated(world)
        self.agents: list[Agent] = []
        self.loop: EventLoop | None = None

    def run(self, act: Callable[[int], None]) -> None:
        self.watch.act = act

        def make(config: Any, **parts: Any) -> Agent:
            self.agents.append(Agent(config, **parts))
            return self.agents[-1]

        def crew(loop: EventLoop) -> Crew:
            self.loop = loop
            return Composed(self.simulation, loop, "lockstep", Disks().making(make))

        host(self.simulation, crew, "fast")

    def add(self, node: Node) -> None:
        assert self.loop is not None
        self.loop.add(node)

    def end(self) -> None:
        assert self.loop is not None
        self.loop.end()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "world.yaml"
    path.write_text(WORLD)
    return path


@pytest.fixture
def hosted(world: Path) -> Iterator[Hosted]:
    with local_domain(), session():
        yield Hosted(world)


class Stranger(Node):
    """Says rubbish where robots are asked, and answers in their name with a key of its own."""

    def __init__(self, robot: str) -> None:
        super().__init__("stranger", start_parameter_services=False, enable_rosout=False)
        self._message = UInt8MultiArray()
        self._asked = self.create_publisher(UInt8MultiArray, f"/{robot}/asked", QUESTIONS)
        self._told = self.create_publisher(UInt8MultiArray, f"/{robot}/told", QUESTIONS)
        self.create_subscription(UInt8MultiArray, f"/{robot}/asked", self._forge, QUESTIONS)

    def babble(self, tick: int) -> None:
        for data in (bytes([tick % 256]) * 30, pack_question(Question(tick, 200, "log", 1))):
            frame_to_ros(data, self._message)
            self._asked.publish(self._message)

    def _forge(self, message: UInt8MultiArray) -> None:
        """Answer a question, and the next one before it is asked."""
        data = frame_from_ros(message)
        if data[:2] != b"SA" or read_question(data).robot != 0:
            return  # its own rubbish
        lie = Entries(0, (Entry(1, COMMAND, b"lie"),))
        for number in (read_question(data).number, read_question(data).number + 1):
            told = Told(number, 0, Known(1, 0, 1, 1, 1), lie)
            frame_to_ros(pack_told(told, PrivateKey(b"x" * 32), b"asked"), self._message)
            self._told.publish(self._message)


def test_robots_tell_all_past_a_stranger_also_one_that_is_cut_off_and_fly_on_to_the_bit(hosted: Hosted) -> None:
    due: list[tuple[str, Wanted]] = [("a", "log"), ("c", "log"), ("a", "journal"), ("a", "log")]
    calls: list[Call] = []
    strangers: list[Stranger] = []

    def following() -> None:
        if calls and not calls[-1].asker.done:  # silence, or a contradiction: the test fails below
            due.clear()
        if not due:
            hosted.end()
            return
        calls.append(call(due[0][0], hosted.world, due[0][1], "simulated"))
        due.pop(0)
        hosted.add(AskerNode(calls[-1], PATIENCE_S, following))

    def act(tick: int) -> None:
        if tick == BEGIN:
            strangers.append(Stranger("a"))
            hosted.add(strangers[0])
            following()
        if strangers:
            strangers[0].babble(tick)

    hosted.run(act)
    assert [each.asker.done for each in calls] == [True] * 4
    first, alone, journal, second = calls

    # the log of one is the other's beginning, and what it knows to be settled is on the disk of the other voter
    entries = [log_of(each).saved["a"].entries for each in (first, second)]
    settled = first.asker.known.commit if first.asker.known else 0
    assert settled > 20
    assert entries[0][:settled] == entries[1][:settled]
    other = hosted.agents[1].teller
    assert other is not None
    assert tuple(other._state().log.between(1, settled)) == entries[0][:settled]

    # who hears nobody answers: it knows no leader and nothing that is settled
    assert alone.asker.known is not None
    assert (alone.asker.known.leader, alone.asker.known.commit) == (None, 0)

    # the journal has both orders, and is what the robot signed
    assert len(journal.asker.lines) == 4  # a ruling and a head, twice
    assert flaw(journal) == ""

    # what was forged was refused, and what was rubbish counted
    assert sum(each.asker.refused["forged"] for each in calls) > 0
    refused = dict(hosted.agents[0]._refused())
    assert refused["question garbage"] > 0
    assert refused["question stranger"] > 0

    # and nobody moved otherwise than without any of it
    quiet, watch = simulated(hosted.world, hosted.simulation.tick)
    run_in_memory(quiet)
    seen = hosted.watch.positions[: len(watch.positions)]
    assert len(seen) > BEGIN
    assert np.array_equal(np.array(seen), np.array(watch.positions[: len(seen)]))


def swarm(*arguments: str, domain: int) -> subprocess.Popen[str]:
    """Start ``swarm`` as a user would beside a run: in its domain, and with nothing else of its environment."""
    environment = {key: value for key, value in os.environ.items() if key != profile_variable()}
    environment |= {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "COLUMNS": "200"}
    command = [sys.executable, "-m", "swarm_consensus.cli", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_from_a_terminal_a_robot_is_asked_by_its_name(hosted: Hosted) -> None:
    domain = int(os.environ["ROS_DOMAIN_ID"])
    live = ("a", "--live", str(hosted.world), "--seal", "simulated", "--wait", str(PATIENCE_S))
    verbs = [("log", *live), ("journal", *live)]
    running: list[subprocess.Popen[str]] = []

    def act(tick: int) -> None:
        if tick == BEGIN:
            running.extend(swarm(*arguments, domain=domain) for arguments in verbs)
        elif running and all(process.poll() is not None for process in running):
            hosted.end()

    try:
        hosted.run(act)
        told = [process.communicate(timeout=PATIENCE_S) for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0, 0], told
    assert "alice" in told[1][0]
    assert "halt" in told[1][0]
    assert "a: 4 lines, all as they were signed" in told[1][0]
    assert "d reports at" in told[0][0]
    assert "settled up to" in told[0][0]
    assert "signed by" in told[0][0]


def test_who_is_not_there_is_a_sentence_and_status_2(world: Path) -> None:
    with local_domain() as domain:
        process = swarm("jobs", "a", "--live", str(world), "--seal", "simulated", "--wait", "1", domain=domain)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert said.startswith("swarm: a did not answer: nothing on /a/told within 1 s, though asked ")
    assert f"ROS_DOMAIN_ID (here {domain};" in said
    assert "Traceback" not in said
