"""The world's side: no robot, whatever it answers or doesn't, can stall or end the world."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from fakes import RATE, FakeClock, FakeCrew, FakeLoop, FakeNode, simulation
from geometry_msgs.msg import TwistStamped
from std_msgs.msg import UInt8MultiArray

from swarm_consensus.network.frame import MTU
from swarm_consensus.nodes.conversions import frame_to_ros, status_to_ros
from swarm_consensus.nodes.lockstep import Lockstep
from swarm_consensus.nodes.realtime import DEADMAN_S, RealTime
from swarm_consensus.nodes.ticks import write_stamp
from swarm_consensus.robot.state import Status
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Fault

STARTUP_S, PATIENCE_S = 60.0, 10.0


class Watch:
    """Keeps the records of a run."""

    def __init__(self) -> None:
        self.records: list[TickRecord] = []

    def observe(self, position: np.ndarray) -> None:
        assert np.isfinite(position).all()

    def record(self, record: TickRecord) -> None:
        self.records.append(record)


class Stage:
    """A world without ROS; robots a, b and c are played by hand."""

    def __init__(self, driver: type, crew: Any = None, **given: Any) -> None:
        self.simulation = simulation(**given)
        self.watch = Watch()
        self.simulation.observers.append(self.watch)
        self.node, self.loop, self.steady, self.crew = FakeNode(), FakeLoop(), FakeClock(), crew or FakeCrew()
        bounds = {"startup": STARTUP_S} | ({"patience": PATIENCE_S} if driver is Lockstep else {})
        self.driver = driver(self.node, self.simulation, self.crew, self.loop, steady=self.steady, **bounds)
        self.driver.start()

    @property
    def tick(self) -> int:
        return self.simulation.tick

    def command(self, name: str, speed: float = 0.0, tick: int | None = None) -> None:
        message = TwistStamped()
        write_stamp(message.header.stamp, self.tick if tick is None else tick, RATE)
        message.twist.linear.x = speed
        self.node.hear(f"/{name}/cmd_vel", message)

    def status(self, name: str, tick: int | None = None) -> None:
        status = Status("moving", np.zeros(3), np.zeros(3), np.zeros(3), (), (), (), 0)
        self.node.hear(f"/{name}/status", status_to_ros(status, self.tick if tick is None else tick, RATE, name))

    def frame(self, name: str, frame: bytes = b"frame") -> None:
        message = UInt8MultiArray()
        frame_to_ros(frame, message)
        self.node.hear(f"/{name}/tx", message)

    def answer(self, *names: str) -> None:
        """Answer the present tick as a robot does."""
        tick = self.tick
        for name in names:
            self.status(name, tick)
            self.command(name, 0.1, tick)
            self.frame(name)

    def look(self) -> None:
        """Let the world's timers run out once."""
        for timer in self.node.timers:
            timer()


@pytest.fixture
def stage() -> Stage:
    return Stage(Lockstep)


def test_the_world_steps_with_the_last_answer_and_ends_after_its_duration(stage: Stage) -> None:
    for tick in range(20):  # one second
        stage.answer("a", "b")
        assert stage.tick == tick
        stage.answer("c")
        assert stage.tick == tick + 1
    assert stage.loop.ended
    assert len(stage.watch.records) == 20
    assert stage.driver.fleet.notes == []


def test_an_answer_to_another_tick_is_none(stage: Stage) -> None:
    stage.answer("a", "b", "c")
    stage.answer("a", "b")
    for other in (0, 2, 50, -1):
        stage.command("c", tick=other)
        stage.frame("c")
        assert stage.tick == 1
    stage.command("c")
    assert stage.tick == 2


@pytest.mark.parametrize("speed", [math.nan, math.inf, -math.inf, 1e300])
def test_a_command_that_nothing_can_follow_stops_the_vehicle_and_the_world_goes_on(stage: Stage, speed: float) -> None:
    for _ in range(20):
        stage.answer("a", "b")
        stage.status("c")
        stage.command("c", speed)
        stage.frame("c")
    assert stage.loop.ended
    assert not stage.watch.records[-1].command[2].any()
    assert stage.watch.records[-1].command[0, 0] == 0.1


def test_a_status_that_can_not_be_read_is_not_heard_and_who_sends_no_other_is_given_up(stage: Stage) -> None:
    stage.answer("a", "b")
    stage.node.hear("/c/status", DiagnosticArray())
    stage.command("c")
    stage.frame("c")
    assert stage.tick == 0
    stage.steady.pass_s(STARTUP_S + 0.1)
    stage.look()
    assert stage.tick == 1
    assert stage.driver.fleet.notes == [
        "c: its node did not answer tick 0 within 60 s and was stopped, at 0 s; the run goes on without it"
    ]


def test_the_radio_sends_nothing_of_a_frame_that_is_too_long_for_it(stage: Stage) -> None:
    stage.answer("a", "b")
    stage.status("c")
    stage.command("c")
    stage.frame("c", bytes(MTU + 1))
    assert stage.tick == 1
    assert stage.simulation.radio_counts["sent"] == 4  # a and b, each to two others


def test_of_a_flood_of_frames_one_is_sent_and_none_answers_the_next_tick(stage: Stage) -> None:
    stage.answer("a", "b")
    for number in range(1000):
        stage.frame("c", b"%d" % number)
    assert len(stage.driver.fleet.ports[2].frames) <= 4
    stage.status("c")
    stage.command("c")
    assert stage.tick == 1
    assert stage.simulation.radio_counts["sent"] == 6
    stage.answer("a", "b")
    stage.command("c")
    assert stage.tick == 1  # it has sent no frame yet
    stage.frame("c")
    assert stage.tick == 2


def test_a_robot_that_never_answers_is_given_up_after_the_bound_and_not_before(stage: Stage) -> None:
    stage.answer("a", "b", "c")
    stage.answer("a", "c")
    stage.steady.pass_s(PATIENCE_S)
    stage.look()
    assert stage.tick == 1
    stage.steady.pass_s(0.1)
    stage.look()
    assert stage.tick == 2
    assert stage.crew.stopped == [1]
    assert stage.simulation.alive.tolist() == [True, False, True]
    assert "b: its node did not answer tick 1 within 10 s" in stage.driver.fleet.notes[0]
    stage.answer("b")  # too late: nobody listens
    stage.answer("a", "c")
    assert stage.tick == 3


def test_a_node_that_has_just_started_may_take_longer(stage: Stage) -> None:
    stage.steady.pass_s(STARTUP_S - 0.1)
    stage.look()
    assert stage.driver.fleet.notes == []
    stage.steady.pass_s(0.2)
    stage.look()
    assert len(stage.driver.fleet.notes) == 3
    assert stage.loop.ended  # with nobody left to wait for, the world runs to its end


def test_a_node_that_ends_by_itself_is_reported_whether_waited_for_or_not(stage: Stage) -> None:
    stage.answer("a", "b", "c")
    stage.answer("a", "c")
    stage.crew.died = [(0, "was killed by SIGKILL"), (1, "ended with exit status 1")]
    stage.look()
    assert stage.tick == 2
    assert [note.split(",")[0] for note in stage.driver.fleet.notes] == [
        "a: its node was killed by SIGKILL",
        "b: its node ended with exit status 1",
    ]
    stage.crew.died = [(0, "was killed by SIGKILL")]  # of one that is given up already
    stage.look()
    assert len(stage.driver.fleet.notes) == 2


def test_a_robot_without_power_has_no_topics_and_comes_back_with_new_ones() -> None:
    # c crashes at tick 2 and is back at tick 4
    stage = Stage(Lockstep, faults=(Fault(robot="c", crash_s=0.1, restart_s=0.2),))
    for _ in range(2):
        stage.answer("a", "b", "c")
    assert "/c/cmd_vel" not in stage.node.listeners
    for _ in range(2):
        stage.answer("a", "b")
    assert stage.tick == 4
    assert stage.crew.started[-1] == (2, True)
    stage.answer("a", "b")
    stage.command("c")
    stage.frame("c")
    assert stage.tick == 4  # the first word of its new node is its status
    stage.status("c", 0)  # as of one that kept its memory, and told its last status before it was cut off
    assert stage.tick == 5


@pytest.fixture
def paced() -> Stage:
    stage = Stage(RealTime)
    stage.look()
    assert stage.tick == 1
    return stage


def moved(stage: Stage) -> bool:
    return bool(stage.watch.records[-1].command[2].any())


def test_at_the_clocks_pace_the_world_waits_for_all_nodes_and_then_for_nobody() -> None:
    stage = Stage(RealTime)
    stage.node.others = False
    stage.look()
    assert stage.tick == 0
    stage.node.others = True
    for _ in range(20):
        assert not stage.loop.ended
        stage.look()
    assert stage.loop.ended


def test_at_the_clocks_pace_nodes_that_are_not_found_in_time_are_given_up() -> None:
    stage = Stage(RealTime)
    stage.node.others = False
    stage.steady.pass_s(STARTUP_S + 0.1)
    stage.look()
    assert len(stage.driver.fleet.notes) == 3
    assert "was not found within 60 s" in stage.driver.fleet.notes[0]


@pytest.mark.parametrize("noise", ["frame", "status", "silence"])
def test_only_commands_keep_a_vehicle_going(paced: Stage, noise: str) -> None:
    paced.command("c", 0.3)
    paced.look()
    assert moved(paced)
    speak: Callable[[str], None] = {"frame": paced.frame, "status": paced.status, "silence": lambda _: None}[noise]
    paced.steady.pass_s(DEADMAN_S - 0.01)
    speak("c")
    paced.look()
    assert moved(paced)
    paced.steady.pass_s(0.01)
    paced.look()
    assert not moved(paced)
    paced.command("c", 0.3)
    paced.look()
    assert moved(paced)


def test_at_the_clocks_pace_nonsense_stops_the_vehicle_and_the_world_goes_on(paced: Stage) -> None:
    while not paced.loop.ended:
        paced.command("c", math.nan)
        paced.frame("c", bytes(5000))
        paced.node.hear("/c/status", DiagnosticArray())
        paced.look()
        assert not moved(paced)
    assert paced.tick == 20
    assert paced.simulation.radio_counts["sent"] == 0


def test_at_the_clocks_pace_one_frame_a_tick_enters_the_radio(paced: Stage) -> None:
    for number in range(1000):
        paced.frame("c", b"%d" % number)
    sent = []
    for _ in range(6):
        paced.look()
        sent.append(paced.simulation.radio_counts["sent"])
    assert sent == [2, 4, 6, 8, 8, 8]  # to two others; four frames are kept
