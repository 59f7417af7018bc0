"""A ground station as a ROS 2 node: an operator's signed requests to the swarm, and what robots answer.

===================  ==============================  =======================================================
in ``/goal_pose``    geometry_msgs/PoseStamped       m, world frame; RViz's goal tool: all are to go there
in ``rx``            std_msgs/UInt8MultiArray        frames of robots
out ``tx``           std_msgs/UInt8MultiArray        a signed request, twice a second until it is answered
out ``ruling``       std_msgs/String                 each answer, a sentence
===================  ==============================  =======================================================

``tx`` and ``rx`` are ``/swarm/air``; with the parameter ``robot`` those of one robot of a simulated world. The
parameters are those of `TYPES`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast, get_args

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from std_msgs.msg import String, UInt8MultiArray

from swarm_consensus.agreement.roles import Body, Ruling, sign
from swarm_consensus.errors import SwarmError, nearest
from swarm_consensus.nodes.conversions import frame_from_ros, frame_to_ros
from swarm_consensus.nodes.executor import EventLoop, run_main, session
from swarm_consensus.nodes.parameters import read_parameters
from swarm_consensus.nodes.qos import CLOCK
from swarm_consensus.robot.mission import Goto, order
from swarm_consensus.robot.orders import RULING, packet_of, read_answer
from swarm_consensus.run.command import Desk, Seal, desk, said
from swarm_consensus.run.environment import visiting
from swarm_consensus.simulation.office import notes_of

AGAIN_S = 0.5
AIR = "/swarm/air"
TYPES = {
    "scenario": str,  # the placed scenario, the same that the robots have
    "operator": str,  # whose private key signs
    "keys": str,  # folder of keys; default: $SWARM_KEYS, or ~/.swarm/keys
    "swarm": str,  # for which swarm signatures are; default: the scenario's name
    "seal": str,  # identity, group, none, or simulated
    "robot": str,  # of a simulated world, by whose topics it talks; default: over the air
}


class GroundStation(Node):
    """Sends one request at a time.

    Parameters
    ----------
    side
        Who speaks, and how it knows the robots.
    robot
        See above.
    told
        Called with each answer.
    node
        Further arguments of rclpy's Node.
    """

    def __init__(
        self, side: Desk, robot: str = "", told: Callable[[Ruling], None] = lambda _: None, **node: Any
    ) -> None:
        super().__init__("ground_station", start_parameter_services=False, **node)
        self._side, self._told = side, told
        self._number = 0
        self._packet = UInt8MultiArray()
        self._sending = False
        self._tx = self.create_publisher(UInt8MultiArray, f"/{robot}/rx" if robot else AIR, CLOCK.air)
        self._ruling = self.create_publisher(String, "ruling", 10)
        self.create_subscription(UInt8MultiArray, f"/{robot}/tx" if robot else AIR, self._on_frame, CLOCK.air)
        self.create_subscription(PoseStamped, "/goal_pose", self._on_goal, 10)
        self.create_timer(AGAIN_S, self._send)
        if side.body is not None:
            self.ask(side.body)

    def ask(self, body: Body) -> None:
        """Sign a request and send it until it is answered; one before it is given up."""
        self._number = max(self._number + 1, round(time.time() * 1000.0))  # grows for ever, also over restarts
        frame_to_ros(packet_of(sign(self._side.key, self._number, body, self._side.swarm)), self._packet)
        self._sending = True
        self._send()

    def _send(self) -> None:
        if self._sending:
            self._tx.publish(self._packet)

    def _on_frame(self, message: UInt8MultiArray) -> None:
        frame = self._side.ears.frame(frame_from_ros(message), int(time.time()))
        for note in [] if frame is None else notes_of(frame, RULING):
            answer = read_answer(note)
            if answer is None or (answer[0].author, answer[0].number) != (self._side.key.public.raw, self._number):
                continue
            if self._sending:
                self._sending = not answer[1].index
                self._ruling.publish(String(data=said(answer[1])))
                self._told(answer[1])

    def _on_goal(self, message: PoseStamped) -> None:
        place = message.pose.position
        self.ask(order("goto", Goto([float(place.x), float(place.y)])))


def run(arguments: list[str]) -> None:
    """Run a ground station until SIGINT or SIGTERM."""
    with session(arguments):
        given, _ = read_parameters(arguments, "ground_station", TYPES)
        for name in ("scenario", "operator"):
            if not given.get(name):
                raise SwarmError(f"parameter {name} is missing")
        seal = given.get("seal") or "identity"
        if seal not in get_args(Seal):
            known = ", ".join(get_args(Seal))
            raise SwarmError(f"parameter seal is '{seal}', must be one of {known}{nearest(seal, get_args(Seal))}")
        keys = Path(given["keys"]) if given.get("keys") else None
        side = desk(Path(given["scenario"]), given["operator"], (), cast("Seal", seal), keys, given.get("swarm") or "")
        node = GroundStation(side, given.get("robot") or "")
        node._told = lambda ruling: node.get_logger().info(said(ruling)) and None
        loop = EventLoop()
        loop.add(node)
        try:
            loop.run()
        finally:
            loop.close()


def ask_once(side: Desk, robot: str, wait: float, tell: Callable[[Ruling], None]) -> Ruling | None:
    """Send one request; return the ruling of the log, or None if there was none in so many seconds."""
    final: list[Ruling] = []

    def told(ruling: Ruling) -> None:
        tell(ruling)
        if ruling.index:
            final.append(ruling)
            loop.end()

    with visiting(), session([]):
        node = GroundStation(side, robot, told)
        loop = EventLoop()
        loop.add(node)
        node.create_timer(wait, loop.end)
        try:
            loop.run()
        finally:
            loop.close()
    return final[0] if final else None


def main() -> int:
    """Console script ``ground_station``."""
    return run_main(run, sys.argv)


if __name__ == "__main__":
    sys.exit(main())
