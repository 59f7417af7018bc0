"""The world in lockstep: every living robot's answer to tick k is there before the physics leaves tick k.

No thread waits and nothing is polled: the callback of the last answer advances the world. So what a run computes
depends on the scenario and the seed alone, and not on the order or the speed of messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from swarm_consensus.nodes.crew import Crew
from swarm_consensus.nodes.executor import EventLoop
from swarm_consensus.nodes.fleet import Fleet
from swarm_consensus.nodes.qos import LOCKSTEP
from swarm_consensus.nodes.robot_node import next_report
from swarm_consensus.nodes.sim_clock import SimClock
from swarm_consensus.robot.state import Response
from swarm_consensus.simulation.engine import Simulation

STARTUP_S = 60.0  # s, longest wait for a node's first answer
PATIENCE_S = 10.0  # s, longest wait for each further one
_WATCH_S = 0.1  # s, between two looks for nodes that ended or hang


class Lockstep:
    """Hosts a simulation and steps it as soon as all living robots have answered.

    Parameters
    ----------
    node
        The world's node.
    simulation
        At its first tick.
    crew
        Runs the robots' nodes.
    loop
        Serves ``node``; it is ended when the simulation is done.
    startup, patience
        Longest wait for a node's first answer and for each further one, s. One that takes longer is given up.
    steady
        Clock that never jumps, s.
    """

    def __init__(
        self,
        node: Node,
        simulation: Simulation,
        crew: Crew,
        loop: EventLoop,
        *,
        startup: float = STARTUP_S,
        patience: float = PATIENCE_S,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fleet = Fleet(node, simulation, crew, LOCKSTEP, self._hear)
        self._simulation = simulation
        self._loop = loop
        self._startup = startup
        self._patience = patience
        self._steady = steady
        self._rate = simulation.scenario.control.rate_hz
        self._clock = SimClock(node, self._rate)
        self._waiting: set[int] = set()  # robots whose answer to the present tick is not complete
        self._reports = False  # whether all robots tell their status at the present tick
        self._sent = 0.0  # s, steady time at which the present tick began
        node.create_timer(_WATCH_S, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def start(self) -> None:
        """Start all robots' nodes and begin the first tick; the rest happens in callbacks."""
        self.fleet.open_all()
        self._begin()

    def _hear(self, robot: int) -> None:
        if robot in self._waiting and self._complete(robot):
            self.fleet.newcomers.discard(robot)
            self._waiting.discard(robot)
            self._advance()

    def _complete(self, robot: int) -> bool:
        port, tick = self.fleet.ports[robot], self._simulation.tick
        if not port.frames or port.command is None or port.command[0] != tick:
            return False
        if self._reports:
            return port.status is not None and port.status[0] == tick
        # The first word of a node is its status; one that was cut off and is back unchanged has told it before.
        return port.status is not None

    def _advance(self) -> None:
        if not self._waiting:
            self._finish()
            self._begin()

    def _begin(self) -> None:
        """Begin ticks until one has robots to wait for."""
        simulation, fleet = self._simulation, self.fleet
        while not simulation.done and not self._loop.ended:
            stimuli = simulation.begin()
            fleet.switch(simulation.events)
            self._clock.publish(simulation.tick)
            self._reports = next_report(simulation.tick - 1, self._rate) == simulation.tick
            self._sent = self._steady()
            self._waiting = set(fleet.ports)
            for robot, port in fleet.ports.items():
                stimulus = stimuli[robot]
                assert stimulus is not None, "a robot without power has no port"
                port.send(stimulus)
            if self._waiting:
                return
            self._finish()
        self._loop.end()

    def _finish(self) -> None:
        responses: list[Response | None] = [None] * len(self._simulation.robots)
        for robot, port in self.fleet.ports.items():
            assert port.command is not None, "all ports have answered"
            assert port.status is not None, "all ports have answered"
            responses[robot] = Response(port.command[1], port.frames[-1], port.status[1])
            port.frames.clear()  # more than one is no answer to the next tick
        self._simulation.finish(responses)

    def _watch(self) -> None:
        """Go on without nodes that ended or that take too long."""
        fleet, waiting = self.fleet, bool(self._waiting)
        fleet.lose_ended()
        waited = self._steady() - self._sent
        for robot in sorted(self._waiting & fleet.ports.keys()):
            limit = self._startup if robot in fleet.newcomers else self._patience
            if waited > limit:
                fleet.lose(robot, f"did not answer tick {self._simulation.tick} within {limit:g} s and was stopped")
        self._waiting &= fleet.ports.keys()
        if waiting:
            self._advance()
