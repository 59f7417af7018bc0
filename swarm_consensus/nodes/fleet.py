"""The world's ports to all robots, opened and closed as robots get and lose power or end by themselves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from rclpy.node import Node

from swarm_consensus.nodes.crew import Crew
from swarm_consensus.nodes.port import Port
from swarm_consensus.nodes.qos import Qualities
from swarm_consensus.simulation.engine import PowerEvent, Simulation

_LOG = logging.getLogger(__name__)


class Fleet:
    """Ports by roster index; a robot without power, or whose node ended, has none.

    Parameters
    ----------
    node
        The world's node.
    simulation
        Whose robots they are.
    crew
        Runs the robots' nodes.
    qualities
        Quality of service, the same as the robots'.
    heard
        Called with the roster index after each message from a robot.
    """

    def __init__(
        self, node: Node, simulation: Simulation, crew: Crew, qualities: Qualities, heard: Callable[[int], None]
    ) -> None:
        self.ports: dict[int, Port] = {}
        self.newcomers: set[int] = set()  # robots that have not answered yet; whoever hears one takes it out
        self.notes: list[str] = []  # a sentence for each robot whose node ended by itself
        self._node = node
        self._simulation = simulation
        self._crew = crew
        self._qualities = qualities
        self._heard = heard

    def open_all(self) -> None:
        """Start every robot's node."""
        for robot in range(len(self._simulation.robots)):
            self._open(robot, rejoin=False)

    def switch(self, events: Sequence[PowerEvent]) -> None:
        """Start and stop nodes as robots get and lose power."""
        for event in events:
            self._shut(event.robot)
            if event.on:
                self._open(event.robot, rejoin=True)

    def lose_ended(self) -> bool:
        """Give up the robots whose nodes ended by themselves; return whether there were any."""
        ended = [(robot, why) for robot, why in self._crew.ended() if robot in self.ports]
        for robot, why in ended:
            self.lose(robot, why)
        return bool(ended)

    def lose(self, robot: int, why: str) -> None:
        """Give up a robot: its node is stopped, its vehicle loses power, and a note says why."""
        simulation = self._simulation
        note = f"{simulation.robots[robot].name}: its node {why}, at {simulation.time:g} s; the run goes on without it"
        self.notes.append(note)
        _LOG.warning(note)
        self._shut(robot)
        simulation.set_power(robot, False)

    def _open(self, robot: int, rejoin: bool) -> None:
        name, rate = self._simulation.robots[robot].name, self._simulation.scenario.control.rate_hz
        self.ports[robot] = Port(self._node, name, rate, self._qualities, lambda: self._heard(robot))
        self.newcomers.add(robot)
        self._crew.start(robot, rejoin)

    def _shut(self, robot: int) -> None:
        self.newcomers.discard(robot)
        port = self.ports.pop(robot, None)
        if port is not None:
            port.close()
            self._crew.stop(robot)
