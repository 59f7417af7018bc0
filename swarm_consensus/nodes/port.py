"""The world's side of one robot's topics: what it senses and hears out, command, frame and status back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Float64MultiArray, UInt8MultiArray

from swarm_consensus.network.bundle import bundle
from swarm_consensus.network.frame import MTU
from swarm_consensus.nodes.conversions import (
    WORLD_FRAME,
    charge_to_ros,
    command_from_ros,
    frame_from_ros,
    frame_to_ros,
    odometry_to_ros,
    readings_to_ros,
    status_from_ros,
)
from swarm_consensus.nodes.qos import Qualities
from swarm_consensus.nodes.ticks import read_stamp
from swarm_consensus.robot.state import STOP, Command, Status, Stimulus

_BACKLOG = 4  # newest frames kept of a robot; one enters the radio each tick


class Port:
    """All topics of one robot, from when its node starts until it ends.

    A robot that starts again gets a new port, so that nothing its predecessor sent or was sent lives on. A robot may
    send anything at all: a command that is none stops its vehicle, the radio sends nothing of a frame that is too long
    for it, and a status that can't be read is not heard.

    Parameters
    ----------
    node
        The world's node.
    name
        The robot's name, which is its namespace.
    rate
        Ticks a second.
    qualities
        Quality of service, the same as the robot's.
    heard
        Called after each message from the robot.
    """

    def __init__(self, node: Node, name: str, rate: int, qualities: Qualities, heard: Callable[[], None]) -> None:
        self.name = name
        self.command: tuple[int, Command] | None = None  # the newest, with the tick of its stamp
        self.frames: deque[bytes] = deque(maxlen=_BACKLOG)  # since they were last taken away
        self.status: tuple[int, Status] | None = None  # the newest, with the tick of its stamp
        self._rate = rate
        self._heard = heard
        self._node = node
        self._odometry = Odometry()
        self._odometry.header.frame_id = WORLD_FRAME
        self._odometry.child_frame_id = f"{name}/base_link"
        self._bundle = UInt8MultiArray()
        self._odom = node.create_publisher(Odometry, f"/{name}/odom", qualities.control)
        self._readings = Float64MultiArray()
        self._senses: Any = None  # publisher of readings, once there are any
        self._battery = BatteryState()
        self._charges: Any = None  # publisher of the charge, likewise
        self._qualities = qualities
        self._rx = node.create_publisher(UInt8MultiArray, f"/{name}/rx", qualities.air)
        self._subscriptions: list[Any] = [
            node.create_subscription(TwistStamped, f"/{name}/cmd_vel", self._on_command, qualities.control),
            node.create_subscription(UInt8MultiArray, f"/{name}/tx", self._on_frame, qualities.air),
            node.create_subscription(DiagnosticArray, f"/{name}/status", self._on_status, qualities.report),
        ]

    def send(self, stimulus: Stimulus) -> None:
        """Tell the robot what it senses and hears at a tick."""
        odometry_to_ros(stimulus.odometry, stimulus.tick, self._rate, self._odometry)
        if stimulus.readings:
            self._sense(stimulus)
        if stimulus.charge is not None:
            self._tell_charge(stimulus.charge, stimulus.tick)
        frame_to_ros(bundle(stimulus.tick, stimulus.frames), self._bundle)
        self._odom.publish(self._odometry)
        self._rx.publish(self._bundle)

    def _sense(self, stimulus: Stimulus) -> None:
        if self._senses is None:
            topic = f"/{self.name}/readings"
            self._senses = self._node.create_publisher(Float64MultiArray, topic, self._qualities.control)
        readings_to_ros(stimulus.readings, stimulus.tick, self._readings)
        self._senses.publish(self._readings)

    def _tell_charge(self, charge: float, tick: int) -> None:
        if self._charges is None:
            topic = f"/{self.name}/battery"
            self._charges = self._node.create_publisher(BatteryState, topic, self._qualities.control)
        charge_to_ros(charge, tick, self._rate, self._battery)
        self._charges.publish(self._battery)

    def matched(self) -> bool:
        """Return whether a robot's node is at the other end of all topics."""
        ends = (self._odom.get_subscription_count(), self._rx.get_subscription_count())
        topics = (f"/{self.name}/cmd_vel", f"/{self.name}/tx")
        return all(ends) and all(self._node.count_publishers(topic) for topic in topics)

    def close(self) -> None:
        """Leave all topics."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._node.destroy_publisher(self._odom)
        self._node.destroy_publisher(self._rx)
        for publisher in filter(None, (self._senses, self._charges)):
            self._node.destroy_publisher(publisher)

    def _on_command(self, message: TwistStamped) -> None:
        self.command = (read_stamp(message.header.stamp, self._rate), command_from_ros(message.twist) or STOP)
        self._heard()

    def _on_frame(self, message: UInt8MultiArray) -> None:
        frame = frame_from_ros(message)
        self.frames.append(frame if len(frame) <= MTU else b"")
        self._heard()

    def _on_status(self, message: DiagnosticArray) -> None:
        status = status_from_ros(message)
        if status is not None:
            self.status = (read_stamp(message.header.stamp, self._rate), status)
            self._heard()
