"""The core's values as ROS messages and back, each a pair of free functions; floats keep every bit.

The ``_to_ros`` functions fill a message that the caller keeps, since making one takes longer than filling it.
Every number passes through ``float``: an integer in a float64 field would go out as 5e-324 without a word.
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Mapping, Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Float64MultiArray, UInt8MultiArray

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import FARTHEST, FASTEST
from swarm_consensus.nodes.ticks import read_stamp, write_stamp
from swarm_consensus.robot.state import (
    Cargo,
    Command,
    Decided,
    Obeyed,
    Odometry,
    OrdersStatus,
    Permit,
    Standing,
    Status,
    Value,
)

WORLD_FRAME = "map"  # ENU, common to all robots
UNKNOWN = "unknown"  # instead of a number in a status
_REFUSED = "refused "
_LOG = "log_"  # before the fields of `Standing`
_BUNDLE = "bundle_"  # before the fields of `Cargo`
UNIT_TOLERANCE = 1e-2  # of a quaternion's squared length


def odometry_to_ros(odometry: Odometry | None, tick: int, rate: int, message: OdometryMessage) -> None:
    """Fill nav_msgs/Odometry: stamp, pose in the world frame and twist in the body's; covariances stay as they are.

    Parameters
    ----------
    odometry
        Metres, m/s, rad/s, as in `Odometry`; None, a silent sensor, becomes a position of nan.
    tick
        Tick for the stamp; that of the odometry, if there is any.
    rate
        Ticks a second.
    message
        To be filled.
    """
    write_stamp(message.header.stamp, tick, rate)
    if odometry is None:
        message.pose.pose.position.x = math.nan
        return
    pose, twist = message.pose.pose, message.twist.twist
    place, turn, linear, angular = pose.position, pose.orientation, twist.linear, twist.angular
    place.x, place.y, place.z = map(float, odometry.position.tolist())
    turn.x, turn.y, turn.z, turn.w = map(float, odometry.orientation.tolist())
    linear.x, linear.y, linear.z = map(float, odometry.velocity.tolist())
    angular.x, angular.y, angular.z = map(float, odometry.angular_velocity.tolist())


def odometry_from_ros(message: OdometryMessage, rate: int) -> Odometry | None:
    """Read nav_msgs/Odometry; its stamp becomes the tick during which it falls.

    Returns
    -------
    Odometry or None
        None if a number is not finite, the position is none that a frame could tell, or the orientation is no unit
        quaternion: a broken sensor is a silent one.
    """
    pose, twist = message.pose.pose, message.twist.twist
    place, turn, linear, angular = pose.position, pose.orientation, twist.linear, twist.angular
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    values = (place.x, place.y, place.z, linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
    if not all(map(math.isfinite, values)) or max(map(abs, values[:3])) > FARTHEST:
        return None
    if not abs(x * x + y * y + z * z + w * w - 1.0) < UNIT_TOLERANCE:  # nor is it with a nan
        return None
    return Odometry(
        tick=read_stamp(message.header.stamp, rate),
        position=np.array(values[:3]),
        orientation=np.array((x, y, z, w)),
        velocity=np.array(values[3:6]),
        angular_velocity=np.array(values[6:]),
    )


def command_to_ros(command: Command, message: Twist) -> None:
    """Fill geometry_msgs/Twist with forward, left, up in m/s and the yaw rate in rad/s."""
    linear = message.linear
    linear.x, linear.y, linear.z = map(float, command.linear.tolist())
    message.angular.z = float(command.yaw_rate)


def command_from_ros(message: Twist) -> Command | None:
    """Read geometry_msgs/Twist; roll and pitch rates mean nothing to a velocity command.

    Returns
    -------
    Command or None
        None if a number is not finite or beyond anything that moves (10^4 m/s, rad/s).
    """
    linear, yaw_rate = message.linear, message.angular.z
    values = (linear.x, linear.y, linear.z)
    if not all(abs(value) <= FASTEST for value in (*values, yaw_rate)):
        return None
    return Command(linear=np.array(values), yaw_rate=yaw_rate)


def frame_to_ros(frame: bytes, message: UInt8MultiArray) -> None:
    """Put a frame, or a bundle of frames, into std_msgs/UInt8MultiArray; the layout stays empty."""
    message.data = array("B", frame)


def frame_from_ros(message: UInt8MultiArray) -> bytes:
    """Take a frame, or a bundle of frames, out of std_msgs/UInt8MultiArray."""
    data: bytes = message.data.tobytes()
    return data


def readings_to_ros(readings: Sequence[float], tick: int, message: Float64MultiArray) -> None:
    """Put the readings of quantities, each in its own unit, into std_msgs/Float64MultiArray.

    It has no stamp. So the tick stands before the readings, as the padding that ``layout.data_offset`` tells of; a
    sensor that is no part of a simulation leaves both out.
    """
    message.layout.data_offset = 1
    message.data = array("d", (float(tick), *map(float, readings)))


def readings_from_ros(message: Float64MultiArray) -> tuple[int | None, tuple[float, ...]]:
    """Take the tick, if there is one, and the readings out of std_msgs/Float64MultiArray."""
    numbers = tuple(message.data.tolist())
    if message.layout.data_offset != 1 or not numbers or not 0 <= numbers[0] < 2**53:
        return None, numbers
    return int(numbers[0]), numbers[1:]


def charge_to_ros(charge: float, tick: int, rate: int, message: BatteryState) -> None:
    """Put a charge, a share of the capacity, into sensor_msgs/BatteryState, which has 32 bits for it."""
    write_stamp(message.header.stamp, tick, rate)
    message.present = True
    message.percentage = float(charge)


def charge_from_ros(message: BatteryState) -> float | None:
    """Take the charge out of sensor_msgs/BatteryState; None if it is no share."""
    return float(message.percentage) if 0.0 <= message.percentage <= 1.0 else None


def status_to_ros(status: Status, tick: int, rate: int, name: str) -> DiagnosticArray:
    """Tell a robot's status as diagnostic_msgs/DiagnosticArray.

    Parameters
    ----------
    status
        Lengths in m, velocities in m/s; numbers are written so that they read back to the same bits.
    tick
        Tick that it was the status of.
    rate
        Ticks a second.
    name
        The robot.
    """
    message = DiagnosticArray()
    write_stamp(message.header.stamp, tick, rate)
    values = {
        "reference_m": _numbers(status.reference),
        "desired_m_s": _numbers(status.desired),
        "velocity_m_s": _numbers(status.velocity),
        "held": " ".join(status.held),
        "lost": " ".join(status.lost),
        "active": "; ".join(status.active),
        "frames_dropped": str(status.dropped),
        "lambda2": UNKNOWN if status.lambda2 is None else repr(float(status.lambda2)),
    }
    if status.charge is not None:
        values["charge"] = repr(float(status.charge))
    if status.errand:
        values["errand"] = status.errand
    for permit in status.permits:
        values[f"permit {permit.queue}"] = f"{permit.token} {permit.slot} {permit.left}"
    if status.out:
        values["permits_out"] = " ".join(map(str, status.out))
    if status.facts is not None:
        for field in dataclasses.fields(status.facts):
            values[f"{_LOG}{field.name}"] = str(getattr(status.facts, field.name))
    if status.orders is not None:
        values |= _orders_told(status.orders)
    for decided in status.decisions:
        values[f"decision {decided.name}"] = decided.value
        values[f"view {decided.name}"] = str(decided.view)
        values[f"liars {decided.name}"] = " ".join(decided.liars)
    if status.cargo is not None:
        for field in dataclasses.fields(status.cargo):
            told = getattr(status.cargo, field.name)
            values[f"{_BUNDLE}{field.name}"] = " ".join(told) if isinstance(told, tuple) else str(told)
    for cause, count in status.refused:
        values[f"{_REFUSED}{cause}"] = str(count)
    for each in status.values:
        values[f"value {each.name}"] = _numbers(each.value)
        values[f"spread {each.name}"] = repr(float(each.spread))
    message.status = [
        DiagnosticStatus(
            level=DiagnosticStatus.OK if status.mode == "moving" else DiagnosticStatus.WARN,
            name=name,
            message=status.mode,
            hardware_id=name,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
    ]
    return message


def status_from_ros(message: DiagnosticArray) -> Status | None:
    """Read what `status_to_ros` wrote; None if it was not what wrote it."""
    try:
        entry = message.status[0]
        values = {pair.key: pair.value for pair in entry.values}
        return Status(
            mode=entry.message,
            reference=_vector(values["reference_m"]),
            desired=_vector(values["desired_m_s"]),
            velocity=_vector(values["velocity_m_s"]),
            held=tuple(values["held"].split()),
            lost=tuple(values["lost"].split()),
            active=tuple(filter(None, values["active"].split("; "))),
            dropped=int(values["frames_dropped"]),
            lambda2=None if values["lambda2"] == UNKNOWN else float(values["lambda2"]),
            facts=_standing(values),
            orders=_orders(values),
            decisions=tuple(
                Decided(name, text, int(values[f"view {name}"]), tuple(values[f"liars {name}"].split()))
                for kind, _, name in (key.partition(" ") for key in values)
                if kind == "decision"
                for text in (values[f"decision {name}"],)
            ),
            cargo=_cargo(values),
            refused=tuple(
                (key.removeprefix(_REFUSED), int(value)) for key, value in values.items() if key.startswith(_REFUSED)
            ),
            charge=float(values["charge"]) if "charge" in values else None,
            errand=values.get("errand", ""),
            out=tuple(map(int, values.get("permits_out", "").split())),
            permits=tuple(
                Permit(queue, *map(int, values[f"permit {queue}"].split()))
                for kind, _, queue in (key.partition(" ") for key in values)
                if kind == "permit"
            ),
            values=tuple(
                Value(name, np.array([float(x) for x in text.split()]), float(values[f"spread {name}"]))
                for kind, _, name in (key.partition(" ") for key in values)
                if kind == "value"
                for text in (values[f"value {name}"],)
            ),
        )
    except (LookupError, ValueError, TypeError):
        return None


def _orders_told(orders: OrdersStatus) -> dict[str, str]:
    """Tell how orders of people stand; ``orders_obeyed`` has entry, author, action and tick of each."""
    return {
        "armed": orders.armed,
        "fence": orders.fence,
        "orders_denied": orders.denied,
        "orders_obeyed": "; ".join(f"{each.index} {each.author} {each.action} {each.tick}" for each in orders.obeyed),
        "journal_lines": str(orders.lines),
    }


def _orders(values: Mapping[str, str]) -> OrdersStatus | None:
    if "armed" not in values:
        return None
    each = [words.split() for words in values["orders_obeyed"].split("; ") if words]
    obeyed = tuple(Obeyed(int(index), author, action, int(tick)) for index, author, action, tick in each)
    lines = int(values["journal_lines"])
    return OrdersStatus(values["orders_denied"], obeyed, lines, values["armed"], values["fence"])


def _standing(values: Mapping[str, str]) -> Standing | None:
    told = {key.removeprefix(_LOG): value for key, value in values.items() if key.startswith(_LOG)}
    if not told:
        return None
    return Standing(
        leader=told["leader"],
        term=int(told["term"]),
        commit=int(told["commit"]),
        index=int(told["index"]),
        digest=told["digest"],
        stopped=told["stopped"],
    )


def _cargo(values: Mapping[str, str]) -> Cargo | None:
    told = {key.removeprefix(_BUNDLE): value for key, value in values.items() if key.startswith(_BUNDLE)}
    if not told:
        return None
    return Cargo(
        name=told["name"],
        digest=told["digest"],
        named=tuple(told["named"].split()),
        **{field: int(told[field]) for field in ("number", "chunks", "of", "index", "resumed")},
    )


def _numbers(vector: Array) -> str:
    return " ".join(repr(float(x)) for x in vector)


def _vector(numbers: str) -> Array:
    x, y, z = map(float, numbers.split())
    return np.array((x, y, z))
