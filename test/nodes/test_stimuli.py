"""How stimuli come about: complete, in order and once in lockstep; fresh and bounded at the clock's pace."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import RATE, FakeClock, FakeNode, orders
from hypothesis import given
from hypothesis import strategies as st
from nav_msgs.msg import Odometry as OdometryMessage
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Float64MultiArray, UInt8MultiArray

from swarm_consensus.network.bundle import bundle, unbundle
from swarm_consensus.network.frame import FrameError
from swarm_consensus.nodes.conversions import charge_to_ros, frame_to_ros, odometry_to_ros, readings_to_ros
from swarm_consensus.nodes.qos import CLOCK, LOCKSTEP
from swarm_consensus.nodes.stimuli import DEADMAN_S, OLD_CHARGE_S, FromClock, FromWorld
from swarm_consensus.nodes.ticks import tick_nanoseconds
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.state import Odometry, Stimulus


def odometry(tick: int) -> OdometryMessage:
    message = OdometryMessage()
    level = np.array([0.0, 0.0, 0.0, 1.0])
    odometry_to_ros(
        Odometry(tick, np.array([float(tick), 0.0, 0.0]), level, np.zeros(3), np.zeros(3)), tick, RATE, message
    )
    return message


def data(frame: bytes) -> UInt8MultiArray:
    message = UInt8MultiArray()
    frame_to_ros(frame, message)
    return message


def heard(tick: int) -> UInt8MultiArray:
    return data(bundle(tick, (b"frame %d" % tick,)))


def from_world() -> tuple[FakeNode, list[Stimulus]]:
    node, stimuli = FakeNode(), list[Stimulus]()
    FromWorld(node, RATE, LOCKSTEP, stimuli.append)
    return node, stimuli


def readings(tick: int, *numbers: float) -> Float64MultiArray:
    message = Float64MultiArray()
    readings_to_ros(numbers, tick, message)
    return message


def test_a_robot_with_sensors_waits_for_its_readings_of_the_same_tick() -> None:
    node, stimuli = FakeNode(), list[Stimulus]()
    FromWorld(node, RATE, LOCKSTEP, stimuli.append, readings=2)
    node.hear("readings", readings(0, 7.0, 8.0))
    node.hear("odom", odometry(1))
    node.hear("rx", heard(1))
    node.hear("readings", Float64MultiArray(data=[5.0]))  # of no tick
    assert stimuli == []
    node.hear("readings", readings(1, 9.0, 8.5))
    (stimulus,) = stimuli
    assert (stimulus.tick, stimulus.readings) == (1, (9.0, 8.5))


def test_readings_too_old_on_the_steady_clock_are_none() -> None:
    node, stimuli, steady = FakeNode(), list[Stimulus](), FakeClock()
    source = FromClock(node, RATE, CLOCK, stimuli.append, steady, readings=1)
    node.hear("readings", Float64MultiArray(data=[5.0]))
    for passed in (1 / RATE, DEADMAN_S):
        node.clock.pass_s(passed)
        steady.pass_s(passed)
        source._look()
    assert [stimulus.readings for stimulus in stimuli] == [(5.0,), ()]


def charged(tick: int, share: float) -> BatteryState:
    message = BatteryState()
    charge_to_ros(share, tick, RATE, message)
    return message


def test_a_robot_with_a_battery_waits_for_its_charge_of_the_same_tick() -> None:
    node, stimuli = FakeNode(), list[Stimulus]()
    FromWorld(node, RATE, LOCKSTEP, stimuli.append, battery=True)
    node.hear("battery", charged(0, 0.75))
    node.hear("odom", odometry(1))
    node.hear("rx", heard(1))
    assert stimuli == []
    node.hear("battery", charged(1, 0.5))
    assert [(each.tick, each.charge) for each in stimuli] == [(1, 0.5)]


def test_a_charge_that_is_not_told_any_more_is_none() -> None:
    node, stimuli, steady = FakeNode(), list[Stimulus](), FakeClock()
    source = FromClock(node, RATE, CLOCK, stimuli.append, steady, battery=True)
    node.hear("battery", charged(0, 0.5))
    for passed in (1 / RATE, OLD_CHARGE_S):
        node.clock.pass_s(passed)
        steady.pass_s(passed)
        source._look()
    assert [stimulus.charge for stimulus in stimuli] == [0.5, None]


def test_neither_half_alone_is_a_stimulus() -> None:
    node, stimuli = from_world()
    node.hear("odom", odometry(0))
    node.hear("odom", odometry(1))
    node.hear("rx", heard(0))
    assert stimuli == []
    node.hear("rx", heard(1))
    (stimulus,) = stimuli
    assert stimulus.tick == 1
    assert stimulus.odometry is not None
    assert stimulus.odometry.position[0] == 1.0
    assert stimulus.frames == (b"frame 1",)


def test_a_late_half_does_not_push_out_a_newer_one() -> None:
    node, stimuli = from_world()
    for topic, message in (("odom", odometry(5)), ("odom", odometry(4)), ("rx", heard(5))):
        node.hear(topic, message)
    assert [stimulus.tick for stimulus in stimuli] == [5]


def test_a_silent_sensor_completes_a_stimulus_too() -> None:
    node, stimuli = from_world()
    message = OdometryMessage()
    odometry_to_ros(None, 3, RATE, message)
    node.hear("odom", message)
    node.hear("rx", heard(3))
    assert [(stimulus.tick, stimulus.odometry) for stimulus in stimuli] == [(3, None)]


@given(st.lists(st.tuples(st.sampled_from(["odom", "rx"]), st.integers(0, 6)), max_size=30))
def test_in_any_order_a_stimulus_is_whole_comes_once_and_never_goes_back(arrivals: list[tuple[str, int]]) -> None:
    node, stimuli = from_world()
    for topic, tick in arrivals:
        node.hear(topic, odometry(tick) if topic == "odom" else heard(tick))
    ticks = [stimulus.tick for stimulus in stimuli]
    assert ticks == sorted(set(ticks))
    for stimulus in stimuli:
        assert stimulus.odometry is not None
        assert stimulus.odometry.tick == stimulus.tick
        assert stimulus.frames == (b"frame %d" % stimulus.tick,)
    newest = {topic: max((tick for name, tick in arrivals if name == topic), default=-1) for topic in ("odom", "rx")}
    if newest["odom"] == newest["rx"] >= 0:
        assert ticks[-1] == newest["rx"]


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"SB" + tail))
def test_what_is_no_bundle_is_not_heard_in_lockstep(garbage: bytes) -> None:
    try:
        unbundle(garbage)
    except FrameError:
        node, stimuli = from_world()
        for topic, message in (("odom", odometry(0)), ("rx", data(garbage)), ("rx", heard(0)), ("rx", data(garbage))):
            node.hear(topic, message)
        assert [stimulus.tick for stimulus in stimuli] == [0]


class ByTheClock:
    """A `FromClock` whose clocks are set by hand."""

    def __init__(self) -> None:
        self.node, self.steady, self.stimuli = FakeNode(), FakeClock(), list[Stimulus]()
        FromClock(self.node, RATE, CLOCK, self.stimuli.append, self.steady)

    def look(self, tick: int) -> list[Stimulus]:
        """Set the node's clock to the beginning of a tick, and return what that brings."""
        before = len(self.stimuli)
        self.node.clock.nanoseconds = tick_nanoseconds(tick, RATE)
        for timer in self.node.timers:
            timer()
        return self.stimuli[before:]


@pytest.fixture
def by_the_clock() -> ByTheClock:
    return ByTheClock()


def test_one_stimulus_each_period_however_often_it_looks(by_the_clock: ByTheClock) -> None:
    assert [len(by_the_clock.look(tick)) for tick in (7, 7, 7, 8, 8, 11)] == [1, 0, 0, 1, 0, 1]


def test_time_that_has_not_begun_stands_still_or_jumps_back_gives_no_tick(by_the_clock: ByTheClock) -> None:
    assert by_the_clock.look(0) == []  # simulated time before the first word of /clock
    assert len(by_the_clock.look(50)) == 1
    assert [by_the_clock.look(tick) for tick in (50, 49, 0, 50)] == [[]] * 4
    assert [stimulus.tick for stimulus in by_the_clock.look(51)] == [51]


def test_odometry_is_none_until_heard_and_again_after_the_deadman_on_the_steady_clock(by_the_clock: ByTheClock) -> None:
    assert by_the_clock.look(1)[0].odometry is None
    by_the_clock.node.hear("odom", odometry(1))
    by_the_clock.steady.pass_s(DEADMAN_S - 0.001)
    assert by_the_clock.look(2)[0].odometry is not None
    by_the_clock.steady.pass_s(0.001)
    assert by_the_clock.look(3)[0].odometry is None
    by_the_clock.node.hear("odom", odometry(1))
    assert by_the_clock.look(4)[0].odometry is not None


def test_a_sensor_that_breaks_is_silent_at_once(by_the_clock: ByTheClock) -> None:
    by_the_clock.node.hear("odom", odometry(1))
    broken = odometry(2)
    broken.twist.twist.linear.x = float("nan")
    by_the_clock.node.hear("odom", broken)
    assert by_the_clock.look(2)[0].odometry is None


def test_frames_are_handed_over_once_in_the_order_heard(by_the_clock: ByTheClock) -> None:
    for message in (data(b"one"), data(bundle(9, (b"two", b"three"))), data(b"four")):
        by_the_clock.node.hear("rx", message)
    assert by_the_clock.look(1)[0].frames == (b"one", b"two", b"three", b"four")
    assert by_the_clock.look(2)[0].frames == ()


@pytest.mark.parametrize("in_bundles", [False, True])
def test_of_a_flood_the_newest_frames_are_kept(by_the_clock: ByTheClock, in_bundles: bool) -> None:
    frames = [b"%d" % number for number in range(3000)]
    for message in [data(bundle(0, frames))] if in_bundles else map(data, frames):
        by_the_clock.node.hear("rx", message)
    assert by_the_clock.look(1)[0].frames == tuple(frames[-1024:])  # the backlog


def test_a_damaged_bundle_goes_to_the_agent_as_a_frame_which_counts_it(by_the_clock: ByTheClock) -> None:
    damaged = bundle(1, (b"frame",))[:-2]
    by_the_clock.node.hear("rx", data(damaged))
    (stimulus,) = by_the_clock.look(1)
    assert stimulus.frames == (damaged,)
    response = Agent(orders()).tick(stimulus)
    assert response.status is not None
    assert response.status.dropped == 1


@given(st.lists(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"SB" + tail), max_size=5))
def test_whatever_is_on_the_air_by_the_clock_is_handed_over(garbage: list[bytes]) -> None:
    by_the_clock = ByTheClock()
    for piece in garbage:
        by_the_clock.node.hear("rx", data(piece))
    assert len(by_the_clock.look(1)) == 1
