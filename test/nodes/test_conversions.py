"""The core's values as messages and back: to the bit, or not at all."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist
from hypothesis import given
from hypothesis import strategies as st
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Float64MultiArray, UInt8MultiArray

from swarm_consensus.network.frame import FARTHEST, FASTEST
from swarm_consensus.nodes.conversions import (
    charge_from_ros,
    charge_to_ros,
    command_from_ros,
    command_to_ros,
    frame_from_ros,
    frame_to_ros,
    odometry_from_ros,
    odometry_to_ros,
    readings_from_ros,
    readings_to_ros,
    status_from_ros,
    status_to_ros,
)
from swarm_consensus.robot.state import Cargo, Command, Decided, Obeyed, Odometry, OrdersStatus, Standing, Status, Value

RATE = 20
SPECIAL = st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.2e-308, 1.0 / 3.0])
FINITE = SPECIAL | st.floats(allow_nan=False, allow_infinity=False)
PLACES = SPECIAL | st.floats(-FARTHEST, FARTHEST)
SPEEDS = SPECIAL | st.floats(-FASTEST, FASTEST)
NAMES = st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,63}", fullmatch=True), max_size=4).map(tuple)
BROKEN = [math.nan, math.inf, -math.inf]
LEVEL = np.array([0.0, 0.0, 0.0, 1.0])


def vectors(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    return st.tuples(numbers, numbers, numbers).map(np.array)


@st.composite
def turns(draw: st.DrawFn) -> np.ndarray:
    """Quaternions of unit length, as a sensor tells them: with rounding errors."""
    raw = np.array(draw(st.tuples(*[st.floats(-1.0, 1.0)] * 4)))
    size = float(np.linalg.norm(raw))
    return raw / size if size > 1e-3 else LEVEL


def bits(*values: object) -> bytes:
    """Return numbers as they lie in memory: 0.0 and -0.0 differ, and a nan equals itself."""
    return b"".join(struct.pack("<d", x) for value in values for x in np.atleast_1d(value))


def over_the_wire(message: object) -> object:
    return deserialize_message(serialize_message(message), type(message))


def sound() -> Odometry:
    return Odometry(7, np.array([1.0, 2.0, 3.0]), LEVEL, np.array([0.1, 0.2, 0.3]), np.array([0.4, 0.5, 0.6]))


def message_of(odometry: Odometry | None, tick: int = 7) -> OdometryMessage:
    message = OdometryMessage()
    odometry_to_ros(odometry, tick, RATE, message)
    return message


@given(
    st.builds(
        Odometry,
        tick=st.integers(0, 10**9),
        position=vectors(PLACES),
        orientation=turns(),
        velocity=vectors(FINITE),
        angular_velocity=vectors(FINITE),
    )
)
def test_odometry_keeps_every_bit(odometry: Odometry) -> None:
    found = odometry_from_ros(over_the_wire(message_of(odometry, odometry.tick)), RATE)
    assert found is not None
    assert found.tick == odometry.tick
    for name in ("position", "orientation", "velocity", "angular_velocity"):
        assert bits(getattr(found, name)) == bits(getattr(odometry, name)), name


def test_a_silent_sensor_stays_silent_and_speaks_again_in_the_same_message() -> None:
    message = message_of(sound())
    odometry_to_ros(None, 8, RATE, message)
    assert odometry_from_ros(message, RATE) is None
    odometry_to_ros(sound(), 9, RATE, message)
    found = odometry_from_ros(message, RATE)
    assert found is not None
    assert bits(found.position) == bits(sound().position)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(
    "place",
    [
        (f, i)
        for f, n in (("position", 3), ("orientation", 4), ("velocity", 3), ("angular_velocity", 3))
        for i in range(n)
    ],
)
def test_one_number_that_is_not_finite_makes_odometry_none(broken: float, place: tuple[str, int]) -> None:
    field, index = place
    values = getattr(sound(), field).copy()
    values[index] = broken
    assert odometry_from_ros(message_of(replace(sound(), **{field: values})), RATE) is None


def test_infinities_that_cancel_make_odometry_none_too() -> None:
    odometry = replace(sound(), position=np.array([math.inf, -math.inf, 0.0]))
    assert odometry_from_ros(message_of(odometry), RATE) is None


@pytest.mark.parametrize("orientation", [(0, 0, 0, 0), (0, 0, 0, 2), (1, 1, 1, 1), (1e200, 0, 0, 0), (0, 0, 0, 0.9)])
def test_an_orientation_that_is_no_unit_quaternion_makes_odometry_none(orientation: Sequence[float]) -> None:
    odometry = replace(sound(), orientation=np.array(orientation, dtype=float))
    assert odometry_from_ros(message_of(odometry), RATE) is None


@pytest.mark.parametrize("far", [1.001 * FARTHEST, 1e160, 1.7e308])
def test_a_position_that_no_frame_can_tell_makes_odometry_none(far: float) -> None:
    odometry = replace(sound(), position=np.array([0.0, -far, 0.0]))
    assert odometry_from_ros(message_of(odometry), RATE) is None


def test_whole_numbers_arrive_as_what_they_are() -> None:
    # without float() rclpy puts the bits of an int where a double belongs: 1 arrives as 5e-324
    odometry = Odometry(3, np.array([1, 2, 3]), np.array([0, 0, 0, 1]), np.array([4, 5, 6]), np.array([7, 8, 9]))
    found = odometry_from_ros(over_the_wire(message_of(odometry)), RATE)
    assert found is not None
    assert found.position.tolist() == [1.0, 2.0, 3.0]
    assert found.velocity.tolist() == [4.0, 5.0, 6.0]
    assert found.angular_velocity.tolist() == [7.0, 8.0, 9.0]
    twist = Twist()
    command_to_ros(Command(np.array([1, 2, 3]), 4), twist)
    command = command_from_ros(over_the_wire(twist))
    assert command is not None
    assert [*command.linear.tolist(), command.yaw_rate] == [1.0, 2.0, 3.0, 4.0]


def test_messages_here_check_the_types_of_their_fields() -> None:
    with pytest.raises(AssertionError, match="float"):
        Twist().linear.x = 1


@given(vectors(SPEEDS), SPEEDS)
def test_a_command_keeps_every_bit(linear: np.ndarray, yaw_rate: float) -> None:
    message = Twist()
    command_to_ros(Command(linear, yaw_rate), message)
    found = command_from_ros(over_the_wire(message))
    assert found is not None
    assert bits(found.linear, found.yaw_rate) == bits(linear, yaw_rate)


@pytest.mark.parametrize("broken", [*BROKEN, 1e5, -1e300])
@pytest.mark.parametrize("index", range(4))
def test_a_command_that_nothing_can_follow_is_none(broken: float, index: int) -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    values[index] = broken
    message = Twist()
    command_to_ros(Command(np.array(values[:3]), values[3]), message)
    assert command_from_ros(message) is None


@given(st.binary(max_size=3000))
def test_a_frame_keeps_every_byte(frame: bytes) -> None:
    message = UInt8MultiArray()
    frame_to_ros(frame, message)
    assert frame_from_ros(over_the_wire(message)) == frame


@given(
    st.builds(
        Status,
        mode=st.sampled_from(["moving", "waiting for rover_1", "odometry stale", ""]),
        reference=vectors(FINITE) | st.just(np.full(3, np.nan)),
        desired=vectors(FINITE),
        velocity=vectors(FINITE),
        held=NAMES,
        lost=NAMES,
        active=NAMES.map(lambda names: tuple(f"link {name}" for name in names)),
        dropped=st.integers(0, 10**12),
        values=st.lists(
            st.builds(
                Value,
                name=st.sampled_from(["heat", "meeting_place"]),
                value=st.lists(FINITE | st.just(math.nan), min_size=1, max_size=2).map(np.array),
                spread=st.floats(0, 1e9),
            ),
            max_size=2,
            unique_by=lambda value: value.name,
        ).map(tuple),
        lambda2=st.none() | st.floats(0.0, 256.0),
        facts=st.none()
        | st.builds(
            Standing,
            leader=st.sampled_from(["", "rover_1"]),
            term=st.integers(0, 2**53),
            commit=st.integers(0, 2**53),
            index=st.integers(0, 2**53),
            digest=st.sampled_from(["", "00ff"]),
            stopped=st.sampled_from(["", "the disk of x.sqlite is full; nothing is lost"]),
        ),
        orders=st.none()
        | st.builds(
            OrdersStatus,
            denied=st.sampled_from(["", "bob: fence: bob is operator, 'fence' takes commander"]),
            obeyed=st.lists(
                st.builds(
                    Obeyed,
                    index=st.integers(1, 2**53),
                    author=st.sampled_from(["carol", "bob"]),
                    action=st.sampled_from(["disarm", "goto"]),
                    tick=st.integers(0, 2**53),
                ),
                max_size=3,
            ).map(tuple),
            lines=st.integers(0, 10_000),
            armed=st.sampled_from(["armed", "disarming", "disarmed"]),
            fence=st.sampled_from(["", "inside", "outside"]),
        ),
        decisions=st.lists(
            st.builds(
                Decided,
                name=st.sampled_from(["meeting", "mission_2"]),
                value=st.sampled_from(["", "abort", "-3.250 4.000"]),
                view=st.integers(0, 2**53),
                liars=NAMES,
            ),
            max_size=2,
            unique_by=lambda decided: decided.name,
        ).map(tuple),
        cargo=st.none()
        | st.builds(
            Cargo,
            name=st.sampled_from(["map", "plan_2"]),
            number=st.integers(0, 2**53),
            chunks=st.integers(0, 10**6),
            of=st.integers(0, 10**6),
            digest=st.sampled_from(["", "00ff"]),
            index=st.integers(0, 2**53),
            resumed=st.integers(0, 10**6),
            named=NAMES,
        ),
    )
)
def test_a_status_keeps_every_bit_and_name(status: Status) -> None:
    found = status_from_ros(over_the_wire(status_to_ros(status, 5, RATE, "rover_1")))
    assert found is not None
    for name in ("reference", "desired", "velocity"):
        assert bits(getattr(found, name)) == bits(getattr(status, name)), name
    for name in ("mode", "held", "lost", "active", "dropped", "lambda2", "facts", "orders", "decisions", "cargo"):
        assert getattr(found, name) == getattr(status, name)
    assert [(each.name, bits(each.value), each.spread) for each in found.values] == [
        (each.name, bits(each.value), each.spread) for each in status.values
    ]


@given(st.integers(0, 2**53 - 1), st.lists(st.floats(), max_size=4).map(tuple))
def test_readings_keep_every_bit_and_their_tick(tick: int, readings: tuple[float, ...]) -> None:
    message = Float64MultiArray()
    readings_to_ros(readings, tick, message)
    found_at, found = readings_from_ros(over_the_wire(message))
    assert found_at == tick
    assert bits(np.array(found)) == bits(np.array(readings))


def test_readings_of_a_sensor_without_a_tick_are_readings_all_the_same() -> None:
    assert readings_from_ros(Float64MultiArray(data=[20.5, 3.0])) == (None, (20.5, 3.0))
    padded = Float64MultiArray(data=[math.nan, 3.0])
    padded.layout.data_offset = 1
    assert readings_from_ros(padded)[0] is None  # a tick that is none


def test_only_a_robot_that_moves_is_well() -> None:
    still = Status("halted", np.zeros(3), np.zeros(3), np.zeros(3), (), (), (), 0)
    assert status_to_ros(still, 0, RATE, "a").status[0].level == DiagnosticStatus.WARN
    assert status_to_ros(replace(still, mode="moving"), 0, RATE, "a").status[0].level == DiagnosticStatus.OK


GOOD = {
    "reference_m": "1.0 2.0 3.0",
    "desired_m_s": "0.0 0.0 0.0",
    "velocity_m_s": "0.0 0.0 0.0",
    "held": "",
    "lost": "",
    "active": "",
    "frames_dropped": "0",
    "lambda2": "unknown",
}
LIES = [{key: None} for key in GOOD] + [
    {"reference_m": "1.0 2.0"},
    {"reference_m": "1.0 2.0 3.0 4.0"},
    {"reference_m": ""},
    {"desired_m_s": "fast fast fast"},
    {"velocity_m_s": "0x1 2 3"},
    {"frames_dropped": "1.5"},
    {"frames_dropped": "9" * 5000},
    {"value heat": "1.0"},
    {"value heat": "warm", "spread heat": "0.0"},
    {"lambda2": "large"},
    {"decision q": "abort"},
    {"decision q": "abort", "view q": "one", "liars q": ""},
    {"bundle_name": "map"},
    {"bundle_name": "map", "bundle_digest": "", "bundle_named": "", "bundle_chunks": "few"},
]


def told(values: dict[str, str]) -> DiagnosticArray:
    return DiagnosticArray(
        status=[DiagnosticStatus(message="moving", values=[KeyValue(key=k, value=v) for k, v in values.items()])]
    )


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_status_that_we_did_not_write_is_none(lie: dict[str, str | None]) -> None:
    assert status_from_ros(told(GOOD)) is not None
    assert status_from_ros(told({key: value for key, value in (GOOD | lie).items() if value is not None})) is None


def test_a_status_without_an_entry_is_none() -> None:
    assert status_from_ros(DiagnosticArray()) is None


@given(st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(max_size=5), st.text(max_size=20), max_size=8))
def test_no_status_raises(values: dict[str, str]) -> None:
    status_from_ros(told(GOOD | values))


@given(st.floats(0.0, 1.0, width=32))
def test_a_charge_keeps_its_32_bits(charge: float) -> None:
    message = BatteryState()
    charge_to_ros(charge, 7, RATE, message)
    found = charge_from_ros(deserialize_message(serialize_message(message), BatteryState))
    assert found is not None
    assert bits(found) == bits(charge)


@pytest.mark.parametrize("percentage", [*BROKEN, -0.01, 1.5])
def test_a_charge_that_is_no_share_is_none(percentage: float) -> None:
    assert charge_from_ros(BatteryState(percentage=percentage)) is None
