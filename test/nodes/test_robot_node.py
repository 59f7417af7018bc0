"""One robot's node over real DDS: what it says, when, and that its stops are stops. Messages drive all of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from fakes import RATE, orders, simulation
from geometry_msgs.msg import Twist, TwistStamped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import UInt8MultiArray
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from swarm_consensus.errors import SwarmError
from swarm_consensus.network.bundle import bundle
from swarm_consensus.network.frame import Frame, decode, encode
from swarm_consensus.nodes.conversions import frame_from_ros, frame_to_ros, odometry_to_ros, status_from_ros
from swarm_consensus.nodes.crew import Strangers
from swarm_consensus.nodes.executor import session
from swarm_consensus.nodes.hosting import host
from swarm_consensus.nodes.qos import CLOCK, LOCKSTEP, Qualities
from swarm_consensus.nodes.robot_node import RobotNode
from swarm_consensus.nodes.ticks import read_stamp
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.state import Odometry

BOUND_S = 30.0  # of wall time, for what takes a fraction of a second
ALONE = Path(__file__).parents[2] / "worlds" / "alone.yaml"


class OtherEnd:
    """The other end of a robot's topics, and what serves both ends."""

    def __init__(self, name: str, twist: type, qualities: Qualities) -> None:
        self.node = Node("tester", namespace=name, enable_rosout=False, start_parameter_services=False)
        self.executor = EventsExecutor()
        self.executor.add_node(self.node)
        self.heard: dict[str, list[Any]] = {}
        self.odom = self.node.create_publisher(OdometryMessage, "odom", qualities.control)
        self.rx = self.node.create_publisher(UInt8MultiArray, "rx", qualities.air)
        self.answer: Callable[[str], None] = lambda _: None  # called with the topic of each message
        for topic, kind, quality in (
            ("cmd_vel", twist, qualities.control),
            ("tx", UInt8MultiArray, qualities.air),
            ("status", DiagnosticArray, qualities.report),
        ):
            self.listen(topic, kind, quality)
        self._wanted: Callable[[], bool] = lambda: False
        self._future = Future()

    def listen(self, topic: str, kind: type, quality: Any) -> None:
        kept = self.heard.setdefault(topic, [])

        def hear(message: Any) -> None:
            kept.append(message)
            self.answer(topic)
            if self._wanted() and not self._future.done():
                self._future.set_result(None)

        self.node.create_subscription(kind, topic, hear, quality)

    def until(self, wanted: Callable[[], bool]) -> None:
        """Serve both ends until a message makes something true."""
        self._wanted, self._future = wanted, Future()
        if not wanted():
            self.executor.spin_until_future_complete(self._future, timeout_sec=BOUND_S)
        assert wanted(), {topic: messages[-1:] for topic, messages in self.heard.items()}

    def call(self, service: str) -> Any:
        client = self.node.create_client(Trigger, service)
        assert client.wait_for_service(timeout_sec=BOUND_S)
        answer = client.call_async(Trigger.Request())
        self.executor.spin_until_future_complete(answer, timeout_sec=BOUND_S)
        assert answer.done()
        return answer.result()

    def sense(self, tick: int, place: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> None:
        message = OdometryMessage()
        level = np.array([0.0, 0.0, 0.0, 1.0])
        odometry_to_ros(Odometry(tick, np.array(place), level, np.zeros(3), np.zeros(3)), tick, RATE, message)
        self.odom.publish(message)

    def stimulate(self, tick: int) -> None:
        """Give the robot a tick in lockstep, and wait for all that it answers."""
        self.sense(tick)
        message = UInt8MultiArray()
        frame_to_ros(bundle(tick, ()), message)
        self.rx.publish(message)
        commands, frames = self.heard["cmd_vel"], self.heard["tx"]
        self.until(lambda: bool(commands) and stamped_at(commands[-1]) == tick and len(frames) > tick)


def stamped_at(message: Any) -> int:
    return read_stamp(message.header.stamp, RATE)


def moves(twist: Twist) -> bool:
    return bool(twist.linear.x or twist.linear.y or twist.linear.z or twist.angular.z)


@pytest.fixture
def pair(ros: int, request: pytest.FixtureRequest) -> Iterator[tuple[OtherEnd, RobotNode]]:
    """A robot and its tester on one executor; by default in lockstep."""
    given_ = {"pace": "lockstep", "stamped": True} | getattr(request, "param", {})
    qualities = LOCKSTEP if given_["pace"] == "lockstep" else CLOCK
    tester = OtherEnd("r0", TwistStamped if given_["stamped"] else Twist, qualities)
    robot = RobotNode(Agent(orders()), namespace="r0", enable_rosout=False, **given_)
    tester.executor.add_node(robot)
    yield tester, robot
    tester.executor.shutdown()
    robot.destroy_node()
    tester.node.destroy_node()


def test_it_sends_a_frame_and_a_command_each_tick_and_its_status_twice_a_second(
    pair: tuple[OtherEnd, RobotNode],
) -> None:
    tester, _ = pair
    for tick in range(25):
        tester.stimulate(tick)
    tester.until(lambda: len(tester.heard["status"]) == 3)
    assert [stamped_at(message) for message in tester.heard["cmd_vel"]] == list(range(25))
    assert tester.heard["cmd_vel"][0].header.frame_id == "r0/base_link"
    # a frame tells where the reference is at the end of the period
    assert [decode(frame_from_ros(message)).tick for message in tester.heard["tx"]] == list(range(1, 26))
    assert [stamped_at(message) for message in tester.heard["status"]] == [0, 10, 20]
    status = status_from_ros(tester.heard["status"][0])
    assert status is not None
    assert status.mode == "moving"


def test_halt_stops_it_from_the_next_tick_on_for_good(pair: tuple[OtherEnd, RobotNode]) -> None:
    tester, _ = pair
    tester.stimulate(0)
    assert moves(tester.heard["cmd_vel"][-1].twist)
    answer = tester.call("halt")
    assert answer.success
    assert answer.message == "r0 stops and stays so"
    for tick in range(1, 31):
        tester.stimulate(tick)
    assert not any(moves(message.twist) for message in tester.heard["cmd_vel"][1:])
    assert len(tester.heard["cmd_vel"]) == 31
    tester.until(lambda: len(tester.heard["status"]) == 4)
    status = status_from_ros(tester.heard["status"][-1])
    assert status is not None
    assert status.mode == "halted"


def test_markers_come_with_the_status_once_somebody_looks(pair: tuple[OtherEnd, RobotNode]) -> None:
    tester, _ = pair
    tester.listen("markers", MarkerArray, 1)
    tester.listen("neighbours", MarkerArray, 1)
    ticks = iter(range(10_000))
    while not (tester.heard["markers"] and tester.heard["neighbours"]):  # until it has found out
        tester.stimulate(next(ticks))
    assert {marker.ns for marker in tester.heard["markers"][0].markers} == {"reference", "desired", "permitted"}


@pytest.mark.parametrize("pair", [{"pace": "clock", "stamped": False}, {"pace": "clock"}], indirect=True)
def test_at_the_clocks_pace_it_stands_until_it_knows_where_it_is(pair: tuple[OtherEnd, RobotNode]) -> None:
    tester, _ = pair
    twists = tester.heard["cmd_vel"]

    def newest() -> Twist:
        return twists[-1].twist if isinstance(twists[-1], TwistStamped) else twists[-1]

    tester.until(lambda: bool(twists))
    assert not moves(newest())
    tester.answer = lambda topic: tester.sense(0) if topic == "cmd_vel" else None
    tester.until(lambda: moves(newest()))
    statuses = tester.heard["status"]
    tester.until(lambda: bool(statuses) and statuses[-1].status[0].message == "moving")


def test_at_the_clocks_pace_a_robot_that_is_ended_stops_its_vehicle_last(domain: int) -> None:
    parameters = ("-p", f"scenario:={ALONE}", "-p", "robot:=rover", "-p", "pace:=clock", "-p", "seal:=none")
    command = [sys.executable, "-m", "swarm_consensus.nodes.robot_node", "--ros-args", *parameters]
    with session(), subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        tester = OtherEnd("rover", TwistStamped, CLOCK)
        commands = tester.heard["cmd_vel"]
        tester.answer = lambda topic: tester.sense(0, (0.0, 0.0, 0.06)) if topic == "cmd_vel" else None
        try:
            tester.until(lambda: bool(commands) and moves(commands[-1].twist))
            process.send_signal(signal.SIGTERM)
            tester.until(lambda: not moves(commands[-1].twist))  # its odometry never grew old
            _, said = process.communicate(timeout=BOUND_S)
            assert process.returncode == 0
            assert "Traceback" not in said
        finally:
            process.kill()
            tester.executor.shutdown()
            tester.node.destroy_node()


@pytest.fixture
def robot(ros: int) -> Iterator[RobotNode]:
    """One that nobody serves: its callbacks are called by hand."""
    node = RobotNode(Agent(orders(count=3)), "lockstep", enable_rosout=False)
    yield node
    node.destroy_node()


def damaged(draw: st.DrawFn) -> bytes:
    """A sound frame with a few bytes changed, or cut short."""
    numbers = draw(st.tuples(st.integers(0, 255), st.integers(0, 2**53), st.floats(-1e7, 1e7)))
    sender, tick, place = numbers
    frame = bytearray(encode(Frame(sender, tick, tick, (place, 0.0, 1.0), (0.0, 0.0, 0.0), b"\x07", True)))
    for where, byte in draw(st.lists(st.tuples(st.integers(0, len(frame) - 1), st.integers(0, 255)), max_size=3)):
        frame[where] = byte
    return bytes(frame[: draw(st.integers(0, len(frame)))] if draw(st.booleans()) else frame)


FRAMES = st.binary(max_size=200) | st.composite(damaged)() | st.binary(max_size=1500).map(lambda tail: b"SC\x01" + tail)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(FRAMES, max_size=6), bare=st.binary(max_size=100), sensed=st.tuples(*[st.floats()] * 3))
def test_no_bytes_on_the_air_and_no_odometry_make_a_tick_raise(
    robot: RobotNode, frames: list[bytes], bare: bytes, sensed: tuple[float, float, float]
) -> None:
    stimuli = robot._stimuli
    tick = stimuli.tick + 1
    message, odometry = UInt8MultiArray(), OdometryMessage()
    level = np.array([0.0, 0.0, 0.0, 1.0])
    odometry_to_ros(Odometry(tick, np.array(sensed), level, np.zeros(3), np.zeros(3)), tick, RATE, odometry)
    with np.errstate(all="raise", under="ignore"):  # a product too small to write is 0, which is right
        for data in (bare, bundle(tick, frames)):
            frame_to_ros(data, message)
            stimuli._on_bundle(message)
        stimuli._on_odometry(odometry)
    assert stimuli.tick == tick


def test_a_world_that_nobody_answers_is_ended_with_a_sentence_and_its_alarm_taken_back(ros: int) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(SwarmError, match=r"the world made no progress for 0\.2 s after tick 0, and was ended"):
        host(simulation(), lambda _: Strangers(), "fast", stall=0.2)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
