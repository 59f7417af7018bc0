"""How a robot's node comes by its stimuli: handed out by a simulated world tick by tick, or at its own clock's pace."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.node import Node
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Float64MultiArray, UInt8MultiArray

from swarm_consensus.network.bundle import is_bundle, unbundle
from swarm_consensus.network.frame import FrameError
from swarm_consensus.nodes.conversions import charge_from_ros, frame_from_ros, odometry_from_ros, readings_from_ros
from swarm_consensus.nodes.qos import Qualities
from swarm_consensus.nodes.ticks import read_stamp, tick_at
from swarm_consensus.robot.state import Odometry, Stimulus

DEADMAN_S = 0.5  # s, odometry older than this on the steady clock is none
OLD_CHARGE_S = 5.0  # s, likewise of a charge: batteries are slow, and so are their drivers
LOOKS = 4  # at the clock in each period, so that a tick begins at most a quarter of a period late
_BACKLOG = 1024  # frames kept for a tick


class FromWorld:
    """Lockstep: a stimulus is complete once odometry, bundle, and readings and charge, if any, of one tick are there.

    The newest of each is kept, in whatever order they come; what is no bundle is not heard.

    Parameters
    ----------
    node
        Subscribes to ``odom`` and ``rx``, to ``readings`` if there are any, and to ``battery`` if there is one.
    rate
        Ticks a second.
    qualities
        Quality of service, the same as the world's.
    tick
        Called with each stimulus.
    readings
        How many the robot is to be told.
    battery
        Whether it is told its charge.
    """

    def __init__(
        self,
        node: Node,
        rate: int,
        qualities: Qualities,
        tick: Callable[[Stimulus], None],
        readings: int = 0,
        battery: bool = False,
    ) -> None:
        self.tick = -1  # of the last stimulus
        self._rate = rate
        self._give = tick
        self._sensed: tuple[int, Odometry | None] = (-1, None)
        self._heard: tuple[int, tuple[bytes, ...]] = (-1, ())
        self._read: tuple[int, tuple[float, ...]] | None = None  # None: nothing is to be read
        if readings:
            self._read = (-1, ())
            node.create_subscription(Float64MultiArray, "readings", self._on_readings, qualities.control)
        self._charged: tuple[int, float | None] | None = None  # likewise
        if battery:
            self._charged = (-1, None)
            node.create_subscription(BatteryState, "battery", self._on_battery, qualities.control)
        node.create_subscription(OdometryMessage, "odom", self._on_odometry, qualities.control)
        node.create_subscription(UInt8MultiArray, "rx", self._on_bundle, qualities.air)

    def _on_odometry(self, message: OdometryMessage) -> None:
        tick = read_stamp(message.header.stamp, self._rate)
        if tick > self._sensed[0]:
            self._sensed = (tick, odometry_from_ros(message, self._rate))
            self._complete()

    def _on_bundle(self, message: UInt8MultiArray) -> None:
        try:
            tick, frames = unbundle(frame_from_ros(message))
        except FrameError:
            return
        if tick > self._heard[0]:
            self._heard = (tick, frames)
            self._complete()

    def _on_readings(self, message: Float64MultiArray) -> None:
        tick, readings = readings_from_ros(message)
        if tick is not None and self._read is not None and tick > self._read[0]:
            self._read = (tick, readings)
            self._complete()

    def _on_battery(self, message: BatteryState) -> None:
        tick = read_stamp(message.header.stamp, self._rate)
        if self._charged is not None and tick > self._charged[0]:
            self._charged = (tick, charge_from_ros(message))
            self._complete()

    def _complete(self) -> None:
        tick, odometry = self._sensed
        heard_at, frames = self._heard
        read_at, readings = (tick, ()) if self._read is None else self._read
        charged_at, charge = (tick, None) if self._charged is None else self._charged
        if tick == heard_at == read_at == charged_at and tick > self.tick:
            self.tick = tick
            self._give(Stimulus(tick=tick, odometry=odometry, frames=frames, readings=readings, charge=charge))


class FromClock:
    """Real time: one stimulus each period of ROS time, with the newest odometry and all frames since the last.

    The tick is the number of whole periods since the zero of ROS time, so robots agree on it as well as their clocks
    agree. Guarantees allow for half a period of difference between any two clocks (chrony or PTP keep far less).

    Parameters
    ----------
    node
        Subscribes to ``odom`` and ``rx``, to ``readings`` and ``battery`` if there are any, and has the clock.
    rate
        Ticks a second.
    qualities
        Quality of service.
    tick
        Called with each stimulus.
    steady
        Clock that never jumps, s, for the age of odometry and readings.
    readings
        How many the robot is to be told.
    battery
        Whether it is told its charge.
    """

    def __init__(
        self,
        node: Node,
        rate: int,
        qualities: Qualities,
        tick: Callable[[Stimulus], None],
        steady: Callable[[], float] = time.monotonic,
        readings: int = 0,
        battery: bool = False,
    ) -> None:
        self.tick = 0
        self._rate = rate
        self._give = tick
        self._steady = steady
        self._clock = node.get_clock()
        self._odometry: Odometry | None = None
        self._measured = -DEADMAN_S
        self._frames: deque[bytes] = deque(maxlen=_BACKLOG)
        self._readings: tuple[float, ...] = ()
        self._read = -DEADMAN_S
        self._charge: float | None = None
        self._charged = -DEADMAN_S
        if battery:
            node.create_subscription(BatteryState, "battery", self._on_battery, qualities.control)
        if readings:
            node.create_subscription(Float64MultiArray, "readings", self._on_readings, qualities.control)
        node.create_subscription(OdometryMessage, "odom", self._on_odometry, qualities.control)
        node.create_subscription(UInt8MultiArray, "rx", self._on_frame, qualities.air)
        node.create_timer(1.0 / (LOOKS * rate), self._look)

    def _on_odometry(self, message: OdometryMessage) -> None:
        self._odometry = odometry_from_ros(message, self._rate)
        self._measured = self._steady()

    def _on_readings(self, message: Float64MultiArray) -> None:
        self._readings = readings_from_ros(message)[1]
        self._read = self._steady()

    def _on_battery(self, message: BatteryState) -> None:
        self._charge = charge_from_ros(message)
        self._charged = self._steady()

    def _on_frame(self, message: UInt8MultiArray) -> None:
        data = frame_from_ros(message)
        if not is_bundle(data):
            self._frames.append(data)
            return
        try:
            self._frames.extend(unbundle(data)[1])
        except FrameError:
            self._frames.append(data)  # garbage, which the agent counts

    def _look(self) -> None:
        tick = tick_at(self._clock.now().nanoseconds, self._rate)
        if tick <= self.tick:  # the same period still, or simulated time has not begun
            return
        self.tick = tick
        now = self._steady()
        odometry = self._odometry if now - self._measured < DEADMAN_S else None
        readings = self._readings if now - self._read < DEADMAN_S else ()
        charge = self._charge if now - self._charged < OLD_CHARGE_S else None
        frames = tuple(self._frames)
        self._frames.clear()
        self._give(Stimulus(tick=tick, odometry=odometry, frames=frames, readings=readings, charge=charge))
