"""Asking a running robot over ROS, for `swarm log ROBOT --live` and its like.

==============================  =========================  ===================================================
out ``/<robot>/asked``          std_msgs/UInt8MultiArray   a question, again until it is answered
in ``/<robot>/told``            std_msgs/UInt8MultiArray   pages of its log or its journal (docs/frames.md)
==============================  =========================  ===================================================
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_msgs.msg import UInt8MultiArray

from swarm_consensus.nodes.conversions import frame_from_ros, frame_to_ros
from swarm_consensus.nodes.executor import EventLoop, session
from swarm_consensus.nodes.qos import QUESTIONS
from swarm_consensus.run.environment import visiting
from swarm_consensus.run.live import Call, check

LOOK_S = 0.1  # s, between two looks at the clock


class AskerNode(Node):
    """Asks one robot until it has told everything, can't, or is silent for too long.

    Parameters
    ----------
    call
        Whom to ask, and for what.
    wait
        s without anything of use, after which it gives up.
    end
        Called once, when it is over.
    steady
        Clock that never jumps, s.
    node
        Further arguments of rclpy's Node.
    """

    def __init__(
        self,
        call: Call,
        wait: float,
        end: Callable[[], None],
        steady: Callable[[], float] = time.monotonic,
        **node: Any,
    ) -> None:
        super().__init__("asker", start_parameter_services=False, enable_rosout=False, **node)
        self._asker, self._wait, self._end, self._steady = call.asker, wait, end, steady
        self._over = False
        asked, told = call.topics
        self._question = UInt8MultiArray()
        self._asked = self.create_publisher(UInt8MultiArray, asked, QUESTIONS)
        self.create_subscription(UInt8MultiArray, told, self._on_page, QUESTIONS)
        self.create_timer(LOOK_S, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _on_page(self, message: UInt8MultiArray) -> None:
        self._asker.hear(frame_from_ros(message), self._steady())
        self._look()

    def _look(self) -> None:
        now = self._steady()
        question = self._asker.due(now)
        if question is not None:
            frame_to_ros(question, self._question)
            self._asked.publish(self._question)
        if not self._over and (self._asker.done or self._asker.fault or self._asker.silence(now) >= self._wait):
            self._over = True
            self._end()


def ask(call: Call, wait: float) -> None:
    """Ask a robot, and return once it has told everything; what it told is in the call's asker.

    Raises
    ------
    SwarmError
        If it does not answer for `wait` seconds, or what it tells can't be.
    KeyboardInterrupt
        On SIGINT or SIGTERM.
    """
    with visiting(), session([]):
        loop = EventLoop()
        node = AskerNode(call, wait, loop.end)
        loop.add(node)
        try:
            loop.run()
        finally:
            loop.close()
            node.destroy_node()
    if loop.signal is not None:
        raise KeyboardInterrupt
    check(call, wait, os.environ)
