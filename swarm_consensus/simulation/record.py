"""Everything about one tick of a run, as the verdict, the recording and the report see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from numpy import bool_
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.robot.state import Odometry, Status
from swarm_consensus.simulation.docks import Sight
from swarm_consensus.simulation.office import Effect
from swarm_consensus.simulation.stations import Told
from swarm_consensus.simulation.world import Truth


@dataclass(frozen=True, slots=True)
class TickRecord:
    """One tick, before the physics advances by it."""

    tick: int
    time: float  # s, at the start of the tick
    truth: Truth  # at the start of the tick
    odometry: tuple[Odometry, ...]  # what each robot was told of itself
    command: Array  # (n, 4) forward, left, up in m/s, yaw rate in rad/s
    alive: NDArray[bool_]  # (n,)
    held: tuple[frozenset[int] | None, ...]  # links each robot says it holds, in its frame; None if it sent none
    status: tuple[Status | None, ...]  # None where a robot did not tell
    radio: Mapping[str, int]  # frames so far, by what became of them
    values: tuple[tuple[tuple[float, ...], ...] | None, ...] = ()  # of each robot and quantity, as its frame tells it
    given: Array | None = None  # (n,) W, power from outside to each robot's battery in this period
    readings: tuple[tuple[float, ...], ...] = ()  # of each robot's sensors
    choices: tuple[tuple[tuple[float, ...], ...] | None, ...] = ()  # of each robot and choice, likewise as told
    effects: tuple[Effect, ...] = ()  # attempts at jobs, as their executor saw them in this tick
    told: tuple[Told, ...] = ()  # answers that ground stations heard in this tick
    charge: Array | None = None  # (n,) share of its battery's capacity that each robot has left; None: no batteries
    docks: tuple[Sight, ...] = ()  # what each dock saw in this tick
