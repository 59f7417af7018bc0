"""Simulated time on ``/clock``."""

from __future__ import annotations

from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from swarm_consensus.nodes.ticks import write_stamp


class SimClock:
    """Publishes simulated time (rosgraph_msgs/Clock), tick by tick.

    Parameters
    ----------
    node
        The world's node.
    rate
        Ticks a second.
    """

    def __init__(self, node: Node, rate: int) -> None:
        self._rate = rate
        self._message = Clock()
        self._publisher = node.create_publisher(Clock, "/clock", 1)

    def publish(self, tick: int) -> None:
        """Tell that a tick begins."""
        write_stamp(self._message.clock, tick, self._rate)
        self._publisher.publish(self._message)
