"""The monitor: what really happened, measured on the ground truth at every physics step.

It knows nothing of what controllers believe. It takes one thing from robots, which links they say they hold, since
a link is held by saying so; how long it is, it measures itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from swarm_consensus.arrays import Array, length
from swarm_consensus.graph import algebraic_connectivity, components
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.network.walls import cut_by_walls
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.fleet import goal_of, prisms
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario

_NONE = np.zeros(0, dtype=np.intp)


@dataclass(slots=True)
class Extreme:
    """The worst value of something so far, when it was and between whom."""

    value: float
    time: float = 0.0  # s
    robots: tuple[str, ...] = ()


@dataclass(slots=True)
class Series:
    """Values tick by tick, for the report."""

    time: list[float] = field(default_factory=list)  # s
    lambda2: list[float] = field(default_factory=list)
    separation: list[float] = field(default_factory=list)  # m, smallest in the period before
    link: list[float] = field(default_factory=list)  # m, longest held one in the period before
    links: list[int] = field(default_factory=list)  # held by both ends
    parts: list[int] = field(default_factory=list)  # connected parts of the living
    goal: list[Array] = field(default_factory=list)  # (n,) m, distance to the goal; NaN for the dead
    active: list[dict[str, int]] = field(default_factory=list)  # robots held back, by kind of limit


class Monitor:
    """Watches a run; an `Observer` of the engine.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster.
    substeps
        Physics steps in one control period.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], substeps: int) -> None:
        count = len(robots)
        self.scenario = scenario
        self.names = tuple(robot.name for robot in robots)
        self.series = Series()
        self.separation = Extreme(np.inf)  # m, of two living robots
        self.link = Extreme(0.0)  # m, longest held
        self.split: Extreme | None = None  # first time the living were no network
        self.outside: Extreme | None = None  # first time a living robot left the fence or the band
        self.steps = 0  # physics steps seen
        self.connected_steps = 0
        self.time = 0.0  # s, of the last physics step
        self.alive: NDArray[np.bool_] = np.ones(count, dtype=bool)
        self.radio: dict[str, int] = {}
        self.path_length: Array = np.zeros(count)  # m
        self.start: Array = np.array([robot.position for robot in robots])
        self.last: Array = self.start
        self._step = 1.0 / (scenario.control.rate_hz * substeps)
        self._goals = [goal_of(scenario.mission, robot) for robot in robots]
        self._walls = [(p.polygon, p.height) for p in prisms(scenario)] if scenario.radio.walls == "block" else []
        self._flies = np.array([VEHICLES[robot.vehicle].dims == 3 for robot in robots])
        self._fence = shapely.Polygon(fence_corners(scenario.bounds_m))
        self._box = shapely.bounds(self._fence) if len(scenario.bounds_m) == 2 else None
        shapely.prepare(self._fence)
        self._living = self._living_pairs()
        self._held: tuple[NDArray[np.intp], NDArray[np.intp]] = (_NONE, _NONE)
        self._tree: tuple[NDArray[np.intp], NDArray[np.intp]] = (_NONE, _NONE)
        self._least, self._longest = np.inf, 0.0  # in the present period

    def record(self, record: TickRecord) -> None:
        """Take one tick: who lives, which links are held from now on, and the values that need no finer grid."""
        position = record.truth.position
        if not np.array_equal(self.alive, record.alive):
            self.alive = record.alive
            self._living = self._living_pairs()
        self.radio = dict(record.radio)
        self._held = self._held_pairs(record)
        adjacency = self._adjacency(position)
        self._tree = self._spanning_tree(position, adjacency)
        series = self.series
        series.time.append(record.time)
        series.lambda2.append(algebraic_connectivity(adjacency))
        series.parts.append(int(components(adjacency).max(initial=-1)) + 1)
        series.links.append(len(self._held[0]))
        series.separation.append(float(self._least))
        series.link.append(float(self._longest))
        series.goal.append(self.goal_distance(position))
        series.active.append(_kinds(record))
        self._least, self._longest = np.inf, 0.0

    def observe(self, position: Array) -> None:
        """Take the true positions (n, 3), m, after one physics step."""
        self.steps += 1
        self.time = self.steps * self._step
        self._see_separation(position)
        self._see_links(position)
        self._see_network(position)
        self._see_fence(position)
        self.path_length += length(position - self.last)
        self.last = position.copy()

    def goal_distance(self, position: Array) -> Array:
        """Distance of each robot to its goal in the plane, or to the middle of the living if it has none, (n,) m."""
        alive = self.alive
        middle = position[alive].mean(axis=0) if alive.any() else np.zeros(3)
        goals = np.array([middle if goal is None else goal for goal in self._goals]).reshape(-1, 3)
        distance = length(position[:, :2] - goals[:, :2])
        distance[~alive] = np.nan
        return distance

    def _see_separation(self, position: Array) -> None:
        first, second = self._living
        if not len(first):
            return
        distance = length(position[first] - position[second])
        worst = int(distance.argmin())
        self._least = min(self._least, float(distance[worst]))
        if distance[worst] < self.separation.value:
            names = (self.names[first[worst]], self.names[second[worst]])
            self.separation = Extreme(float(distance[worst]), self.time, names)

    def _see_links(self, position: Array) -> None:
        first, second = self._held
        if not len(first):
            return
        distance = length(position[first] - position[second])
        worst = int(distance.argmax())
        self._longest = max(self._longest, float(distance[worst]))
        if distance[worst] > self.link.value:
            self.link = Extreme(
                float(distance[worst]), self.time, (self.names[first[worst]], self.names[second[worst]])
            )

    def _see_network(self, position: Array) -> None:
        """Connected if a spanning tree of the last tick still is one; only if it is not, look at all pairs."""
        if not self._tree_holds(position):
            adjacency = self._adjacency(position)
            labels = components(adjacency)
            if labels.any():
                if self.split is None:
                    living = np.flatnonzero(self.alive)
                    cut_off = tuple(self.names[i] for i in living[labels > 0])
                    self.split = Extreme(float(labels.max() + 1), self.time, cut_off)
                return
            self._tree = self._spanning_tree(position, adjacency)
        self.connected_steps += 1

    def _tree_holds(self, position: Array) -> bool:
        first, second = self._tree
        if len(first) != max(int(self.alive.sum()) - 1, 0):
            return False
        if not len(first):
            return True
        if length(position[first] - position[second]).max() > self.scenario.radio.range_m:
            return False
        return not (self._walls and cut_by_walls(position[first], position[second], self._walls).any())

    def _see_fence(self, position: Array) -> None:
        if self.outside is not None:
            return
        out = ~self._within(position)
        low, high = self.scenario.altitude_m
        out |= self._flies & ((position[:, 2] < low) | (position[:, 2] > high))
        out &= self.alive
        if out.any():
            self.outside = Extreme(float(out.sum()), self.time, tuple(self.names[i] for i in np.flatnonzero(out)))

    def _within(self, position: Array) -> NDArray[np.bool_]:
        x, y = position[:, 0], position[:, 1]
        if self._box is not None:
            west, south, east, north = self._box
            return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))
        return np.asarray(shapely.intersects_xy(self._fence, x, y))

    def _living_pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        living = np.flatnonzero(self.alive)
        first, second = np.triu_indices(len(living), 1)
        return living[first], living[second]

    def _held_pairs(self, record: TickRecord) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pairs of living robots that both say they hold their link."""
        says = np.zeros((len(self.names), len(self.names)), dtype=bool)
        for index, held in enumerate(record.held):
            if held and record.alive[index]:
                says[index, [other for other in held if other < len(self.names)]] = True
        first, second = np.nonzero(np.triu(says & says.T))
        return first, second

    def _adjacency(self, position: Array) -> Array:
        """Radio graph of the living, (k, k): within range, and in sight where walls block."""
        here = position[self.alive]
        offset = here[:, None] - here[None]
        near = length(offset) <= self.scenario.radio.range_m
        np.fill_diagonal(near, False)
        if self._walls:
            first, second = np.nonzero(np.triu(near))
            cut = cut_by_walls(here[first], here[second], self._walls)
            near[first[cut], second[cut]] = near[second[cut], first[cut]] = False
        return near.astype(float)

    def _spanning_tree(self, position: Array, adjacency: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        here = position[self.alive]
        lengths = np.where(adjacency > 0, np.maximum(length(here[:, None] - here[None]), 1e-9), 0.0)
        tree = minimum_spanning_tree(lengths).tocoo()
        living = np.flatnonzero(self.alive)
        return living[tree.row], living[tree.col]


def _kinds(record: TickRecord) -> dict[str, int]:
    """Count robots by what holds them back: link, near, fence, obstacle, floor, ceiling."""
    counts: dict[str, int] = {}
    for status in record.status:
        for kind in {name.split(" ")[0] for name in status.active} if status else ():
            counts[kind] = counts.get(kind, 0) + 1
    return counts
