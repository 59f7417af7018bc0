"""The recorder: a run as a rosbag2 recording (MCAP) that ``ros2 bag``, Foxglove and PlotJuggler open.

Ticks are kept in memory as they come, which costs next to nothing, and are written at the end, also of a run that was
interrupted. ``recording.mcap`` and ``metadata.yaml`` lie in the run folder itself, so that the folder is the bag.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from swarm_consensus.arrays import Array
from swarm_consensus.robot.state import Odometry, Status
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.rotation import rotate_back

_STORE = get_typestore(Stores.ROS2_JAZZY)
_T = _STORE.types
_UNKNOWN = np.zeros(36)  # a covariance of zeros means: unknown
_STATUS_S = 1.0  # s, between two recorded statuses of a robot


class Recorder:
    """Keeps a run and writes it; an `Observer` of the engine.

    Parameters
    ----------
    names
        The roster's names: topics are ``/<robot>/ground_truth``, ``odom``, ``cmd_vel`` and ``status``,
        and where there are quantities ``values``: all their numbers in the order of the scenario, NaN for none. How
        far robots differ about each quantity is in ``/values_spread``. Where there are batteries ``battery``, once a
        second.
    rate
        Ticks a second.
    """

    def __init__(self, names: Sequence[str], rate: int) -> None:
        self._names = tuple(names)
        self._rate = rate
        self._records: list[TickRecord] = []
        self._digest = hashlib.sha256()

    def observe(self, position: Array) -> None:
        """Physics steps are not recorded."""

    def record(self, record: TickRecord) -> None:
        """Keep one tick."""
        self._records.append(record)
        truth = record.truth
        for part in (truth.position, truth.orientation, truth.velocity, truth.angular_velocity):
            self._digest.update(part.tobytes())

    @property
    def digest(self) -> str:
        """SHA-256 of the ground truth so far: equal for two runs if and only if their trajectories are, to the bit."""
        return self._digest.hexdigest()

    def paths(self) -> Array:
        """Return the true positions tick by tick, shape (ticks, n, 3), m."""
        return np.array([record.truth.position for record in self._records]).reshape(-1, len(self._names), 3)

    def write(self, folder: Path) -> None:
        """Write ``recording.mcap`` and ``metadata.yaml`` into a run folder."""
        bag = folder / "recording"
        with Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            told = any(record.values for record in self._records)
            charged = any(record.charge is not None for record in self._records)
            topics = _Topics(writer, self._names, told, charged)
            for record in self._records:
                topics.write(record, self._rate)
        for path in bag.iterdir():
            shutil.move(path, folder / path.name)
        bag.rmdir()


class _Topics:
    """The topics of one recording."""

    def __init__(self, writer: Writer, names: Sequence[str], told: bool, charged: bool) -> None:
        self._writer = writer
        self._names = names

        def topic(name: str, kind: str) -> Any:
            return writer.add_connection(name, kind, typestore=_STORE)

        self._clock = topic("/clock", "rosgraph_msgs/msg/Clock")
        self._truth = [topic(f"/{name}/ground_truth", "nav_msgs/msg/Odometry") for name in names]
        self._odometry = [topic(f"/{name}/odom", "nav_msgs/msg/Odometry") for name in names]
        self._command = [topic(f"/{name}/cmd_vel", "geometry_msgs/msg/TwistStamped") for name in names]
        self._spread = topic("/values_spread", "std_msgs/msg/Float64MultiArray") if told else None
        self._values = [topic(f"/{name}/values", "std_msgs/msg/Float64MultiArray") for name in names if told]
        self._battery = [topic(f"/{name}/battery", "sensor_msgs/msg/BatteryState") for name in names if charged]
        self._status = [topic(f"/{name}/status", "diagnostic_msgs/msg/DiagnosticArray") for name in names]

    def write(self, record: TickRecord, rate: int) -> None:
        now = record.tick * 1_000_000_000 // rate
        stamp = _T["builtin_interfaces/msg/Time"](sec=now // 1_000_000_000, nanosec=now % 1_000_000_000)
        self._put(self._clock, now, _T["rosgraph_msgs/msg/Clock"](clock=stamp))
        if record.values:
            self._put(self._spread, now, _numbers(_spreads(record.values)))
        velocity = rotate_back(record.truth.orientation, record.truth.velocity)
        spin = rotate_back(record.truth.orientation, record.truth.angular_velocity)
        for i, name in enumerate(self._names):
            true = Odometry(record.tick, record.truth.position[i], record.truth.orientation[i], velocity[i], spin[i])
            self._put(self._truth[i], now, _odometry(true, stamp, name))
            self._put(self._odometry[i], now, _odometry(record.odometry[i], stamp, name))
            if record.alive[i]:
                self._put(self._command[i], now, _command(record.command[i], stamp, name))
            values = record.values[i] if record.values else None
            if values is not None:
                self._put(self._values[i], now, _numbers([number for value in values for number in value]))
            status, seldom = record.status[i], record.tick % max(1, round(_STATUS_S * rate)) == 0
            if record.charge is not None and seldom:
                self._put(self._battery[i], now, _charge(float(record.charge[i]), stamp, name))
            if status is not None and seldom:
                self._put(self._status[i], now, _status(status, stamp, name))

    def _put(self, connection: Any, now: int, message: Any) -> None:
        self._writer.write(connection, now, _STORE.serialize_cdr(message, message.__msgtype__))


def _header(stamp: Any, frame: str) -> Any:
    return _T["std_msgs/msg/Header"](stamp=stamp, frame_id=frame)


def _vector(values: Sequence[float]) -> Any:
    x, y, z = values
    return _T["geometry_msgs/msg/Vector3"](x=x, y=y, z=z)


def _spreads(values: Sequence[tuple[tuple[float, ...], ...] | None]) -> list[float]:
    """Largest difference between two robots' values, in any coordinate, of each quantity; NaN if nobody tells one."""
    found = []
    for each in zip(*[told for told in values if told is not None], strict=True):
        known = np.array([value for value in each if not np.isnan(value).any()])
        found.append(float(np.ptp(known, axis=0).max()) if len(known) else np.nan)
    return found


def _numbers(values: Sequence[float]) -> Any:
    layout = _T["std_msgs/msg/MultiArrayLayout"](dim=[], data_offset=0)
    return _T["std_msgs/msg/Float64MultiArray"](layout=layout, data=np.array(values, dtype=np.float64))


def _odometry(odometry: Odometry, stamp: Any, name: str) -> Any:
    x, y, z = odometry.position.tolist()
    qx, qy, qz, qw = odometry.orientation.tolist()
    pose = _T["geometry_msgs/msg/Pose"](
        position=_T["geometry_msgs/msg/Point"](x=x, y=y, z=z),
        orientation=_T["geometry_msgs/msg/Quaternion"](x=qx, y=qy, z=qz, w=qw),
    )
    twist = _T["geometry_msgs/msg/Twist"](
        linear=_vector(odometry.velocity.tolist()), angular=_vector(odometry.angular_velocity.tolist())
    )
    return _T["nav_msgs/msg/Odometry"](
        header=_header(stamp, "world"),
        child_frame_id=f"{name}/base_link",
        pose=_T["geometry_msgs/msg/PoseWithCovariance"](pose=pose, covariance=_UNKNOWN),
        twist=_T["geometry_msgs/msg/TwistWithCovariance"](twist=twist, covariance=_UNKNOWN),
    )


def _command(command: Array, stamp: Any, name: str) -> Any:
    forward, left, up, turn = command.tolist()
    twist = _T["geometry_msgs/msg/Twist"](linear=_vector((forward, left, up)), angular=_vector((0.0, 0.0, turn)))
    return _T["geometry_msgs/msg/TwistStamped"](header=_header(stamp, f"{name}/base_link"), twist=twist)


def _charge(share: float, stamp: Any, name: str) -> Any:
    unknown = dict.fromkeys(("voltage", "temperature", "current", "charge", "capacity", "design_capacity"), np.nan)
    kinds = dict.fromkeys(("power_supply_status", "power_supply_health", "power_supply_technology"), 0)
    cells = dict.fromkeys(("cell_voltage", "cell_temperature"), np.zeros(0, dtype=np.float32))
    words = {"location": "", "serial_number": name}
    return _T["sensor_msgs/msg/BatteryState"](
        header=_header(stamp, ""), percentage=share, present=True, **unknown, **kinds, **cells, **words
    )


def _status(status: Status, stamp: Any, name: str) -> Any:
    values = {
        "mode": status.mode,
        "held": " ".join(status.held),
        "lost": " ".join(status.lost),
        "active": ", ".join(status.active),
        "dropped": str(status.dropped),
        **{f"value {v.name}": " ".join(map(repr, v.value.tolist())) for v in status.values},
        **{f"spread {v.name}": repr(v.spread) for v in status.values},
        **({f"log {k}": str(v) for k, v in asdict(status.facts).items()} if status.facts else {}),
        **({} if status.charge is None else {"charge": repr(status.charge)}),
        **({"errand": status.errand} if status.errand else {}),
        **{f"permit {p.queue}": f"{p.token} {p.slot} {p.left}" for p in status.permits},
        "lambda2": "unknown" if status.lambda2 is None else str(status.lambda2),
    }
    entries = [_T["diagnostic_msgs/msg/KeyValue"](key=key, value=value) for key, value in values.items()]
    level = 0 if status.mode == "moving" else 1
    one = _T["diagnostic_msgs/msg/DiagnosticStatus"](
        level=level, name=name, message=status.mode, hardware_id=name, values=entries
    )
    return _T["diagnostic_msgs/msg/DiagnosticArray"](header=_header(stamp, ""), status=[one])
