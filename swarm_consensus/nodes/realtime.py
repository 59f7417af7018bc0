"""The world at the wall clock's pace: it steps whether robots answer or not, and the newest command counts."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from swarm_consensus.nodes.crew import Crew
from swarm_consensus.nodes.executor import EventLoop
from swarm_consensus.nodes.fleet import Fleet
from swarm_consensus.nodes.lockstep import STARTUP_S
from swarm_consensus.nodes.port import Port
from swarm_consensus.nodes.qos import CLOCK
from swarm_consensus.nodes.sim_clock import SimClock
from swarm_consensus.robot.state import STOP, Response
from swarm_consensus.simulation.engine import Simulation

DEADMAN_S = 0.5  # s, a vehicle that got no command for so long stops


class RealTime:
    """Hosts a simulation and steps it once each period of the wall clock, from when all robots' nodes are there.

    Where the machine is too slow, simulated time falls behind; it never catches up in a burst.

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
    startup
        Longest wait for robots' nodes, s; one that takes longer is given up.
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
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fleet = Fleet(node, simulation, crew, CLOCK, self._hear)
        self._simulation = simulation
        self._loop = loop
        self._startup = startup
        self._steady = steady
        self._rate = simulation.scenario.control.rate_hz
        self._clock = SimClock(node, self._rate)
        self._commanded: dict[int, tuple[object, float]] = {}  # each robot's last command, and when it came, s, steady
        self._started = 0.0
        node.create_timer(1.0 / self._rate, self._step, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def start(self) -> None:
        """Start all robots' nodes; the rest happens in callbacks."""
        self._started = self._steady()
        self.fleet.open_all()

    def _hear(self, robot: int) -> None:
        command = self.fleet.ports[robot].command
        if command is not self._commanded.get(robot, (None, 0.0))[0]:  # and not a frame or a status
            self._commanded[robot] = (command, self._steady())

    def _step(self) -> None:
        simulation, fleet = self._simulation, self.fleet
        fleet.lose_ended()
        if simulation.tick == 0 and not self._all_there():
            return
        stimuli = simulation.begin()
        fleet.switch(simulation.events)
        self._clock.publish(simulation.tick)
        for robot, port in fleet.ports.items():
            stimulus = stimuli[robot]
            if stimulus is not None:
                port.send(stimulus)
        simulation.finish([self._response(robot) for robot in range(len(simulation.robots))])
        if simulation.done:
            self._loop.end()

    def _all_there(self) -> bool:
        late = self._steady() - self._started > self._startup
        for robot in [robot for robot, port in self.fleet.ports.items() if not port.matched()]:
            if not late:
                return False
            self.fleet.lose(robot, f"was not found within {self._startup:g} s and was stopped")
        return True

    def _response(self, robot: int) -> Response | None:
        """Return what the vehicle and the radio have of a robot now."""
        port: Port | None = self.fleet.ports.get(robot)
        if port is None:
            return None
        given, came = self._commanded.get(robot, (None, 0.0))
        fresh = given is port.command and self._steady() - came < DEADMAN_S
        command = port.command[1] if port.command is not None and fresh else STOP
        frame = port.frames.popleft() if port.frames else b""
        return Response(command, frame, port.status[1] if port.status is not None else None)
