"""Stand-ins: a node whose topics are lists, clocks that are set by hand, a crew that notes what it is told."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from swarm_consensus.motion.behaviour import Task
from swarm_consensus.robot.config import AgentConfig, Peer
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Control, Fault, Mission, Radio, Robot, Scenario

RATE = 20


class FakeClock:
    """A clock, both of a node (ns, as `now().nanoseconds`) and a steady one (s, by a call)."""

    def __init__(self) -> None:
        self.nanoseconds = 0

    def now(self) -> FakeClock:
        return self

    def __call__(self) -> float:
        return self.nanoseconds * 1e-9

    def pass_s(self, seconds: float) -> None:
        self.nanoseconds += round(seconds * 1e9)


class FakePublisher:
    def __init__(self, sent: list[Any], readers: Callable[[], int]) -> None:
        self._sent = sent
        self.get_subscription_count = readers

    def publish(self, message: Any) -> None:
        self._sent.append(deepcopy(message))  # nodes fill the same message again


class FakeNode:
    """Topics by name: what was published, and who listens."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Any]] = {}
        self.listeners: dict[str, Callable[[Any], None]] = {}
        self.timers: list[Callable[[], None]] = []
        self.clock = FakeClock()
        self.others = True  # whether anybody is at the other end of the topics

    def create_publisher(self, _: type, topic: str, __: Any) -> FakePublisher:
        return FakePublisher(self.sent.setdefault(topic, []), lambda: int(self.others))

    def create_subscription(self, _: type, topic: str, heard: Callable[[Any], None], __: Any) -> str:
        self.listeners[topic] = heard
        return topic

    def create_timer(self, _: float, look: Callable[[], None], **__: Any) -> None:
        self.timers.append(look)

    def destroy_subscription(self, topic: str) -> None:
        self.listeners.pop(topic)

    def destroy_publisher(self, _: FakePublisher) -> None:
        pass

    def count_publishers(self, _: str) -> int:
        return int(self.others)

    def get_clock(self) -> FakeClock:
        return self.clock

    def hear(self, topic: str, message: Any) -> None:
        """Let a message arrive."""
        if topic in self.listeners:
            self.listeners[topic](message)


class FakeLoop:
    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


class FakeCrew:
    """Notes who was started and stopped; a test writes into `died` whose node ends by itself."""

    def __init__(self) -> None:
        self.started: list[tuple[int, bool]] = []
        self.stopped: list[int] = []
        self.died: list[tuple[int, str]] = []

    def start(self, robot: int, rejoin: bool) -> None:
        self.started.append((robot, rejoin))

    def stop(self, robot: int) -> None:
        self.stopped.append(robot)

    def ended(self) -> list[tuple[int, str]]:
        died, self.died = self.died, []
        return died

    def close(self) -> None:
        pass


def orders(count: int = 1, kind: str = "multirotor") -> AgentConfig:
    """Orders of the first of some robots that go east."""
    model = VEHICLES[kind]
    return AgentConfig(
        index=0,
        roster=tuple(Peer(f"r{i}", model.radius, model.reach, model.speed) for i in range(count)),
        vehicle=model,
        rate=RATE,
        radio_range=6.0,
        margin=0.1,
        gain=3.0,
        max_age=20,
        lost_after=100,
        redundancy=1,
        start_links=frozenset(range(1, count)),
        obstacles=(),
        fence=np.zeros((0, 2)),
        altitude=(0.3, 3.0),
        task=Task("go_to", goal=np.array([500.0, 0.0, 1.0])),
    )


def simulation(duration: float = 1.0, faults: tuple[Fault, ...] = ()) -> Simulation:
    """Three rovers in a row, 2 m apart, bound for a place ahead of them."""
    scenario = Scenario(
        file_version=1,
        name="three",
        bounds_m=[[-9.0, -9.0], [9.0, 9.0]],
        radio=Radio(range_m=5.0),
        control=Control(rate_hz=RATE),
        robots=[Robot(vehicle="rover", name=name, position_m=[2.0 * i, 0.0]) for i, name in enumerate("abc")],
        mission=Mission(behaviour="go_to", goals_m={name: [2.0 * i, 5.0] for i, name in enumerate("abc")}),
        faults=list(faults),
        duration_s=duration,
    )
    robots = place(scenario, np.random.default_rng(0))
    return Simulation(scenario, robots, KinematicWorld(scenario, robots), np.random.default_rng(1))
