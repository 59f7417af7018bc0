"""Everything one robot is told before the mission; nothing in it changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Task
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.network.mesh import MeshSettings
from swarm_consensus.robot.bundles import BundleOrders
from swarm_consensus.robot.choices import Chart, Choice
from swarm_consensus.robot.decisions import DecisionOrders
from swarm_consensus.robot.docks import DockOrders
from swarm_consensus.robot.facts import FactsOrders
from swarm_consensus.robot.identity import Trust
from swarm_consensus.robot.rounds import Quantity
from swarm_consensus.robot.vehicle import VehicleModel


def _nowhere() -> Array:
    return np.zeros((0, 2))


@dataclass(frozen=True, slots=True)
class Peer:
    """What every robot knows of each robot of the swarm, itself included."""

    name: str
    radius: float  # m, of the sphere that holds its body
    reach: float  # m, greatest distance from its reference to its body's centre
    speed: float  # m/s, bound on its reference's speed


@dataclass(frozen=True, slots=True)
class Battery:
    """What a robot knows of its battery."""

    capacity: float  # J
    idle: float  # W, drains while the robot has power
    motion: float  # J/m, drains beside that, for each metre moved
    charge: float  # W, the most that it takes


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """One robot's orders."""

    index: int  # own place in the roster, which is also the robot's number on the air
    roster: tuple[Peer, ...]  # the whole swarm, in the same order for all
    vehicle: VehicleModel
    rate: int  # ticks a second
    radio_range: float  # m
    margin: float  # m, kept free of a held link beside what tracking needs
    gain: float  # 1/s, share of a constraint's slack that may be used up per second
    max_age: int  # ticks, oldest news of a held neighbour that it still moves on
    lost_after: int  # ticks of silence after which a robot is presumed dead
    redundancy: int  # witnesses without whom no link is let go: 1, or 2 so that any one robot may die; 0: none is kept
    start_links: frozenset[int]  # links held from the first tick; empty for a robot that comes back after a crash
    obstacles: tuple[Prism, ...]
    fence: Array  # (m, 2) m, polygon that no robot leaves; (0, 2) for none
    altitude: tuple[float, float]  # m, band for the body's centre of a multirotor
    task: Task
    quantities: tuple[Quantity, ...] = ()  # on which the swarm agrees, in the same order on all robots
    facts: FactsOrders | None = None  # of the log that the swarm shares; None: there is none
    trust: Trust | None = None  # whom it trusts; None: frames are not sealed, and nobody commands
    choices: tuple[Choice, ...] = ()  # that the swarm makes, in the same order on all robots
    blocking: tuple[Prism, ...] = ()  # walls that block the radio: held links are kept in sight past them
    battery: Battery | None = None  # None: it does not end
    mesh: MeshSettings | None = None  # of what goes to robots that are no neighbours, if there is no log
    decisions: DecisionOrders | None = None  # that must survive captured robots
    bundle: BundleOrders | None = None  # that spreads through the swarm
    armed: bool = True  # False: it must not move before somebody orders so
    # (g, 2) m, to where the mission sends anybody, and (s, 2) m, docks and what is patrolled; the same on all robots.
    # Only the register of roles looks at them: a fence must not leave them out.
    goals: Array = field(default_factory=_nowhere)
    sites: Array = field(default_factory=_nowhere)
    claims: DockOrders | None = None  # docks that arbitrate alone; None: who may go onto one is decided in the log

    @property
    def readings(self) -> int:
        """Readings in each stimulus: so many quantities are sensed, and then so many fields are mapped."""
        sensed = sum(quantity.reading is not None for quantity in self.quantities)
        return sensed + sum(isinstance(choice, Chart) for choice in self.choices)

    @property
    def period(self) -> float:
        """Duration of a tick, s."""
        return 1.0 / self.rate
