"""One robot's ROS 2 node: topics, time and parameters for `swarm_consensus.robot.agent.Agent`, and nothing else.

Names are relative to the namespace, ``/<robot>``.

===================  =================================  ====================================================
in ``odom``          nav_msgs/Odometry                  m, m/s, rad/s; pose in the world frame, twist in the body's
in ``rx``            std_msgs/UInt8MultiArray           a frame each, or a bundle of frames (docs/frames.md)
in ``readings``      std_msgs/Float64MultiArray         of the sensors of quantities, in their units, if there are any
in ``battery``       sensor_msgs/BatteryState           its ``percentage``, 0 to 1, if there is a battery
in ``asked``         std_msgs/UInt8MultiArray           what a person asks of its log, if the swarm shares one
out ``told``         std_msgs/UInt8MultiArray           a page of it for each question (docs/frames.md)
out ``cmd_vel``      geometry_msgs/TwistStamped, Twist  m/s forward, left, up; rad/s
out ``tx``           std_msgs/UInt8MultiArray           one frame each tick
out ``status``       diagnostic_msgs/DiagnosticArray    twice a second
out ``markers``      visualization_msgs/MarkerArray     reference and velocities, twice a second if anybody looks
out ``neighbours``   visualization_msgs/MarkerArray     held links, twice a second if anybody looks
service ``halt``     std_srvs/Trigger                   stop, and stay so
===================  =================================  ====================================================

The parameters are the fields of `swarm_consensus.nodes.orders.Orders`.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from std_msgs.msg import UInt8MultiArray
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from swarm_consensus.agreement.raft.membership import advice
from swarm_consensus.nodes.conversions import command_to_ros, frame_from_ros, frame_to_ros, status_to_ros
from swarm_consensus.nodes.executor import EventLoop, run_main, session
from swarm_consensus.nodes.markers import link_markers, motion_markers
from swarm_consensus.nodes.orders import TYPES, Orders, Pace, check_orders, load_agent, warning
from swarm_consensus.nodes.parameters import read_parameters
from swarm_consensus.nodes.qos import CLOCK, LOCKSTEP, QUESTIONS
from swarm_consensus.nodes.stimuli import FromClock, FromWorld
from swarm_consensus.nodes.ticks import write_stamp
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.state import STOP, Command, Response, Status, Stimulus
from swarm_consensus.run.environment import die_with_parent

REPORTS_S = 2  # status and markers a second


class RobotNode(Node):
    """Brings stimuli to an agent and publishes its responses.

    Parameters
    ----------
    agent
        The robot.
    pace
        ``lockstep``: a tick for each stimulus of the world node; ``clock``: a tick for each period of ROS time.
    stamped
        Whether ``cmd_vel`` is a TwistStamped.
    node
        Further arguments of rclpy's Node.
    """

    def __init__(self, agent: Agent, pace: Pace, stamped: bool = True, **node: Any) -> None:
        super().__init__("robot", start_parameter_services=False, **node)
        self._agent = agent
        self._rate = agent.config.rate
        self._name = agent.config.roster[agent.config.index].name
        self._due = 0  # tick of the next status
        qualities = LOCKSTEP if pace == "lockstep" else CLOCK
        self._command = TwistStamped() if stamped else Twist()
        if stamped:
            self._command.header.frame_id = f"{self._name}/base_link"
        self._frame = UInt8MultiArray()
        self._cmd_vel = self.create_publisher(type(self._command), "cmd_vel", qualities.control)
        self._tx = self.create_publisher(UInt8MultiArray, "tx", qualities.air)
        self._status = self.create_publisher(DiagnosticArray, "status", qualities.report)
        self._markers = self.create_publisher(MarkerArray, "markers", 1)
        self._neighbours = self.create_publisher(MarkerArray, "neighbours", 1)
        self.create_service(Trigger, "halt", self._halt)
        if agent.teller is not None:
            self._page = UInt8MultiArray()
            self._told = self.create_publisher(UInt8MultiArray, "told", QUESTIONS)
            self.create_subscription(UInt8MultiArray, "asked", self._on_question, QUESTIONS)
        self._stimuli = (FromWorld if pace == "lockstep" else FromClock)(
            self,
            self._rate,
            qualities,
            self._tick,
            readings=agent.config.readings,
            battery=agent.config.battery is not None,
        )

    def stop(self) -> None:
        """Tell the vehicle to stop, as the last thing before this node ends."""
        self._send_command(STOP, self._stimuli.tick)

    def _tick(self, stimulus: Stimulus) -> None:
        response = self._agent.tick(stimulus)
        if stimulus.tick >= self._due and response.status is not None:
            self._report(response.status, stimulus.tick)
        self._send(response, stimulus.tick)

    def _send(self, response: Response, tick: int) -> None:
        self._send_command(response.command, tick)
        frame_to_ros(response.frame, self._frame)
        self._tx.publish(self._frame)

    def _send_command(self, command: Command, tick: int) -> None:
        message = self._command
        if isinstance(message, TwistStamped):
            write_stamp(message.header.stamp, tick, self._rate)
            command_to_ros(command, message.twist)
        else:
            command_to_ros(command, message)
        self._cmd_vel.publish(message)

    def _report(self, status: Status, tick: int) -> None:
        self._due = next_report(tick, self._rate)
        self._status.publish(status_to_ros(status, tick, self._rate, self._name))
        if self._markers.get_subscription_count():
            self._markers.publish(motion_markers(status, tick, self._rate))
        table = self._agent.neighbours
        if table is not None and self._neighbours.get_subscription_count():
            links = link_markers(status.reference, table.positions(table.held), tick, self._rate)
            self._neighbours.publish(links)

    def _on_question(self, message: UInt8MultiArray) -> None:
        teller = self._agent.teller
        page = None if teller is None else teller.hear(frame_from_ros(message), time.monotonic())
        if page is not None:
            frame_to_ros(page, self._page)
            self._told.publish(self._page)

    def _halt(self, _: Any, answer: Any) -> Any:
        self._agent.halt()
        answer.success = True
        answer.message = f"{self._name} stops and stays so"
        return answer


def next_report(tick: int, rate: int) -> int:
    """Return the tick of the first status after that of `tick`: all robots report at the same ticks."""
    every = max(1, rate // REPORTS_S)
    return tick - tick % every + every


def run(arguments: list[str]) -> None:
    """Run one robot's node until SIGINT or SIGTERM."""
    with session(arguments):
        orders = check_orders(*read_parameters(arguments, "robot", TYPES))
        agent = load_agent(orders)
        node = RobotNode(agent, orders.pace, orders.stamped, namespace=orders.robot)
        for words in notes(orders, agent.config):
            node.get_logger().warning(words)
        loop = EventLoop()
        loop.add(node)
        gc.freeze()  # what was made so far stays for good, and need not be looked at again
        try:
            loop.run()
        finally:
            if orders.pace == "clock":
                node.stop()
            loop.close()
            agent.close()


def notes(orders: Orders, config: AgentConfig) -> list[str]:
    """Return what a person should know of a robot that starts: of its seal, and of an even number of voters."""
    facts = config.facts
    voters = "" if facts is None else advice(facts.config(len(config.roster)))
    return [words for words in (warning(orders), voters) if words]


def main() -> int:
    """Console script ``robot_node``."""
    die_with_parent()
    return run_main(run, sys.argv)


if __name__ == "__main__":
    sys.exit(main())
