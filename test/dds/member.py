"""One robot as it is on board, on a vehicle that stands still, with a client: ``member.py SCENARIO ROBOT FOLDER X Y``.

The node, the agent, the disk and DDS are the real ones. The client adds to counters, one operation after the other,
through the log; what it asked and what it was told goes to ``FOLDER/ROBOT.jsonl``, with what the robot knows of the
log, each with the time of the steady clock, which is the same for all processes of a host.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.node import Node

from swarm_consensus.agreement.machines import pack, unpack
from swarm_consensus.agreement.requests import Answer, Requests
from swarm_consensus.agreement.sessions import Outcome
from swarm_consensus.agreement.simulator.counters import Counters, answer_of, pack_add
from swarm_consensus.nodes.conversions import odometry_to_ros
from swarm_consensus.nodes.executor import EventLoop, session
from swarm_consensus.nodes.orders import Orders, load_agent
from swarm_consensus.nodes.qos import CLOCK
from swarm_consensus.nodes.robot_node import RobotNode
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.state import Odometry
from swarm_consensus.run.environment import die_with_parent

KEYS = 2
MACHINE = "counters"


class Diary:
    """What happened, a line each; what was written outlives a process that is killed."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, what: str, **details: object) -> None:
        line = json.dumps({"what": what, "ns": time.monotonic_ns(), **details})
        os.write(self._file, f"{line}\n".encode())


class Client(Requests):
    """Takes the place of a robot's requests, and asks for one addition after the other."""

    def __init__(self, own: int, again: int, diary: Diary) -> None:
        super().__init__(own, again)
        self._diary = diary
        self._draw = random.Random(time.monotonic_ns())

    def due(self, tick: int) -> bytes | None:
        if not self:
            key, amount = self._draw.randrange(KEYS), self._draw.randint(1, 9)
            self._diary.note("call", key=key, amount=amount)
            self.ask(pack(MACHINE, pack_add(key, amount)))
        return super().due(tick)

    def hear(self, outcomes: Iterable[Outcome]) -> list[Answer]:
        answers = super().hear(outcomes)
        for each in answers:
            found = unpack(each.data)
            if found is not None and found[0] == MACHINE:
                self._diary.note("answer", value=answer_of(each.answer) if each.known else None)
        return answers


class Vehicle(Node):
    """Stands where the scenario places it."""

    def __init__(self, robot: str, position: np.ndarray, rate: int) -> None:
        super().__init__("vehicle", namespace=robot, start_parameter_services=False, enable_rosout=False)
        still = np.zeros(3)
        self._message = OdometryMessage()
        odometry = Odometry(0, position, np.array([0.0, 0.0, 0.0, 1.0]), still, still)
        odometry_to_ros(odometry, 0, rate, self._message)
        self._odom = self.create_publisher(OdometryMessage, "odom", CLOCK.control)
        self.create_timer(1.0 / rate, lambda: self._odom.publish(self._message))


def equip(agent: Agent, diary: Diary) -> None:
    """Give a robot the client, and the machine that it speaks to."""
    facts = agent._sharing.facts
    assert facts is not None
    facts._machines._machines[MACHINE] = Counters()
    facts._requests = Client(agent.config.index, facts._requests._again, diary)


def watch(node: Node, agent: Agent, diary: Diary) -> None:
    """Write down what the robot knows of the log, four times a second."""

    def look() -> None:
        standing = agent._sharing.facts.standing(agent.names) if agent._sharing.facts else None
        if standing is not None:
            diary.note("stands", leader=standing.leader, term=standing.term, commit=standing.commit)

    node.create_timer(0.25, look)


def main() -> None:
    die_with_parent()
    scenario, robot, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    diary = Diary(folder / f"{robot}.jsonl")
    with session([sys.argv[0], "--ros-args", "-r", "tx:=/swarm/air", "-r", "rx:=/swarm/air"]):
        agent = load_agent(Orders(scenario, robot, seal="none"))
        equip(agent, diary)
        node = RobotNode(agent, "clock", namespace=robot)
        vehicle = Vehicle(robot, np.array([float(sys.argv[4]), float(sys.argv[5]), 0.0]), agent.config.rate)
        watch(node, agent, diary)
        loop = EventLoop()
        loop.add(node)
        loop.add(vehicle)
        diary.note("up")
        try:
            loop.run()
        finally:
            loop.close()
            agent.close()


if __name__ == "__main__":
    main()
