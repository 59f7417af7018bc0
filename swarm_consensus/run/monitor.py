"""The monitor: what really happened, measured on the ground truth at every physics step.

It knows nothing of what controllers believe. It takes one thing from robots, which links they say they hold, since
a link is held by saying so; how long it is, it measures itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.errors import SwarmError
from swarm_consensus.motion.metrics import relative_connectivity
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.run.agreement import Agreement
from swarm_consensus.run.batteries import BatteryJudge
from swarm_consensus.run.bundle import BundleJudge
from swarm_consensus.run.choices import ChoiceJudge
from swarm_consensus.run.decisions import DecisionsJudge
from swarm_consensus.run.docks import DockJudge
from swarm_consensus.run.exploration import Exploration
from swarm_consensus.run.facts import FactsJudge
from swarm_consensus.run.formation import FormationJudge
from swarm_consensus.run.held_links import HeldLinks
from swarm_consensus.run.motion_record import MotionRecord
from swarm_consensus.run.orders import OrdersJudge
from swarm_consensus.run.radio_graph import RadioGraph
from swarm_consensus.run.sight_lines import SightLines
from swarm_consensus.simulation.fleet import goal_of
from swarm_consensus.simulation.placement import PlacedRobot, blocking
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario

ROUND_OFF = 1e-9  # m, of a distance that equals its bound


@dataclass(slots=True)
class Extreme:
    """The worst value of something so far, when it was and between whom."""

    value: float
    time: float = 0.0  # s
    robots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a reader of the run should know of."""

    time: float  # s
    what: str


@dataclass(slots=True)
class Series:
    """Values tick by tick, for the report."""

    time: list[float] = field(default_factory=list)  # s
    lambda2: list[float] = field(default_factory=list)  # of the radio graph of the living
    lambda2_held: list[float] = field(default_factory=list)  # of the living by the links that both ends hold
    estimated: list[Array] = field(default_factory=list)  # (n,) the same as each robot tells it; NaN: it does not know
    separation: list[float] = field(default_factory=list)  # m, smallest in the period before
    link: list[float] = field(default_factory=list)  # m, longest held one in the period before
    links: list[int] = field(default_factory=list)  # held by both ends
    formed: list[int] = field(default_factory=list)  # links new in this tick
    let_go: list[int] = field(default_factory=list)  # links that are no more, though both ends live
    parts: list[int] = field(default_factory=list)  # connected parts of the living, by radio
    connectivity: list[float] = field(default_factory=list)  # relative, rank(L) / (n - 1), of the same graph
    formation: list[float] = field(default_factory=list)  # m, largest distance from a slot; 0 where there are none
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
        walls = [(wall.polygon, wall.height) for wall in blocking(scenario)]
        self.scenario = scenario
        self.names = tuple(robot.name for robot in robots)
        self.series = Series()
        self.motion = MotionRecord(scenario.mission.spacing_m)
        self.events: list[Event] = []  # deaths, returns, robots given up by others
        self.separation = Extreme(np.inf)  # m, of two living robots
        self.too_close: Extreme | None = None  # first time below the separation that the scenario expects
        self.link = Extreme(0.0)  # m, longest held
        self.stretched: Extreme | None = None  # first time a held link was longer than the range
        self.hidden: Extreme | None = None  # first time a wall that blocks the radio cut a held link
        self.split: Extreme | None = None  # first time the living were no network
        self.outside: Extreme | None = None  # first time a living robot left the fence or the band
        self.steps = 0  # physics steps seen
        self.connected_steps = 0
        self.time = 0.0  # s, of the last physics step
        self.alive: NDArray[np.bool_] = np.ones(count, dtype=bool)
        self.radio: dict[str, int] = {}
        self.path_length: Array = np.zeros(count)  # m
        self.start: Array = np.array([robot.position for robot in robots]).reshape(count, 3)
        self.last: Array = self.start
        self.exploration = Exploration(scenario) if scenario.expect.explored_share is not None else None
        self.agreement = Agreement(scenario, robots) if scenario.quantities else None
        self.choices = ChoiceJudge(scenario, robots) if scenario.choices else None
        self.facts = FactsJudge(scenario, robots) if scenario.agreement is not None else None
        self.orders = OrdersJudge(scenario, robots) if scenario.operators else None
        self.batteries = BatteryJudge(scenario, robots) if scenario.battery is not None else None
        self.docks = DockJudge(scenario, robots) if scenario.docks or scenario.mission.points_m else None
        self.decisions = DecisionsJudge(scenario, robots, self._tell) if scenario.decisions else None
        self.bundle = BundleJudge(scenario, robots, self._tell) if scenario.bundle is not None else None
        self._step = 1.0 / (scenario.control.rate_hz * substeps)
        self._graph = RadioGraph(count, scenario.radio.range_m, walls)
        self._sight = SightLines(walls)
        self._goals, self._homeless = _goals(scenario, robots)
        self._formation = FormationJudge(scenario, robots)
        self._fence = shapely.Polygon(fence_corners(scenario.bounds_m))
        self._is_box = len(scenario.bounds_m) == 2
        shapely.prepare(self._fence)
        self._low, self._high = _bounds(self._fence, scenario, robots)
        self._links = HeldLinks(count)
        self._given_up: list[tuple[str, ...]] = [()] * count  # whom each robot presumes dead
        self._least, self._longest = np.inf, 0.0  # m, in the present period

    def record(self, record: TickRecord) -> None:
        """Take one tick: who lives, which links are held from now on, and the values that need no finer grid."""
        position = record.truth.position
        if not np.array_equal(self.alive, record.alive):
            self._note_power(record)
            self.alive = record.alive
            self._graph.keep(record.alive)
        self._links.look(record)
        pairs = self._links.pairs
        self._sight.watch(self._graph.first[pairs], self._graph.second[pairs], position)
        self._note_given_up(record)
        self._graph.look(position, self._distances(position))
        self.radio = dict(record.radio)
        if self.exploration is not None:
            self.exploration.look(position[record.alive])
        if self.agreement is not None:
            self.agreement.look(record)
        if self.choices is not None:
            self.choices.look(record)
        if self.facts is not None:
            self.facts.look(record)
        if self.orders is not None:
            self.orders.look(record)
        if self.batteries is not None:
            self.events += [Event(record.time, what) for what in self.batteries.look(record)]
        if self.docks is not None:
            self.events += [Event(record.time, what) for what in self.docks.look(record)]
        if self.decisions is not None:
            self.decisions.look(record)
        if self.bundle is not None:
            self.bundle.look(record)
        self.motion.look(record)
        series = self.series
        series.time.append(record.time)
        series.lambda2.append(self._graph.lambda2)
        series.parts.append(self._graph.parts)
        series.connectivity.append(float(relative_connectivity(self._graph.parts, len(self._graph.living))))
        series.lambda2_held.append(self._links.lambda2)
        series.estimated.append(_estimates(record))
        series.links.append(len(self._links.pairs))
        series.formed.append(self._links.formed)
        series.let_go.append(self._links.let_go)
        series.separation.append(self._least)
        series.link.append(self._longest)
        series.goal.append(self.goal_distance(position))
        series.formation.append(self.formation_error(position))
        series.active.append(_kinds(record))
        self._least, self._longest = np.inf, 0.0

    def observe(self, position: Array) -> None:
        """Take the true positions (n, 3), m, after one physics step.

        Raises
        ------
        SwarmError
            If the physics gave a position that is no number: nothing can be judged from there on.
        """
        self.steps += 1
        self.time = self.steps * self._step
        if not math.isfinite(position.sum()):
            self._refuse(position)
        distance = self._distances(position)
        self._see_separation(distance)
        self._see_links(distance)
        self._see_sight(position)
        self._see_network(position, distance)
        self._see_fence(position)
        self.path_length += length(position - self.last)
        self.last = position.copy()

    def goal_distance(self, position: Array) -> Array:
        """Distance of each robot to its goal in the plane, or to the middle of the living if it has none, (n,) m."""
        goals = self._goals
        if self._homeless.any():
            goals = goals.copy()
            goals[self._homeless] = position[self.alive, :2].mean(axis=0) if self.alive.any() else 0.0
        distance = length(position[:, :2] - goals)
        distance[~self.alive] = np.nan
        return distance

    def formation_error(self, position: Array) -> float:
        """Largest distance of a living robot from its slot about the centre that fits best, m; 0 without slots."""
        return self._formation.error(position, self.alive) if self.scenario.mission.slots_m else 0.0

    def _distances(self, position: Array) -> Array:
        """Distance of every pair, in the graph's order, m."""
        return length(position.take(self._graph.first, axis=0) - position.take(self._graph.second, axis=0))

    def _pair(self, pair: int) -> tuple[str, ...]:
        return self.names[self._graph.first[pair]], self.names[self._graph.second[pair]]

    def _see_separation(self, distance: Array) -> None:
        pairs = self._graph.living_pairs
        if not len(pairs):
            return
        near = distance.take(pairs)
        worst = int(near.argmin())
        least = float(near[worst])
        self._least = min(self._least, least)
        if least < self.separation.value:
            self.separation = Extreme(least, self.time, self._pair(pairs[worst]))
            bound = self.scenario.expect.min_separation_m
            if self.too_close is None and bound is not None and least < bound - ROUND_OFF:
                self.too_close = self.separation

    def _see_links(self, distance: Array) -> None:
        pairs = self._links.pairs
        if not len(pairs):
            return
        held = distance.take(pairs)
        worst = int(held.argmax())
        longest = float(held[worst])
        self._longest = max(self._longest, longest)
        if longest > self.link.value:
            self.link = Extreme(longest, self.time, self._pair(pairs[worst]))
            if self.stretched is None and longest > self.scenario.radio.range_m + ROUND_OFF:
                self.stretched = self.link

    def _see_sight(self, position: Array) -> None:
        if self.hidden is None:
            cut = self._sight.cut(position)
            if cut is not None:
                self.hidden = Extreme(0.0, self.time, self._pair(self._links.pairs[cut]))

    def _see_network(self, position: Array, distance: Array) -> None:
        parts, cut_off = self._graph.cut_off(position, distance)
        if parts <= 1:
            self.connected_steps += 1
        elif self.split is None:
            self.split = Extreme(float(parts), self.time, tuple(self.names[i] for i in cut_off))

    def _see_fence(self, position: Array) -> None:
        if self.outside is not None:
            return
        within = (position >= self._low) & (position <= self._high)
        if self._is_box and within.all():
            return
        out = self.alive & ~within.all(axis=1)
        if not self._is_box:
            out |= self.alive & ~shapely.intersects_xy(self._fence, position[:, 0], position[:, 1])
        if out.any():
            self.outside = Extreme(float(out.sum()), self.time, tuple(self.names[i] for i in np.flatnonzero(out)))

    def _refuse(self, position: Array) -> None:
        broken = [name for name, row in zip(self.names, position, strict=True) if not np.isfinite(row).all()]
        raise SwarmError(f"the physics gave no position at {self.time:.3f} s for {', '.join(broken)}")

    def _tell(self, time: float, what: str) -> None:
        self.events.append(Event(time, what))

    def _note_power(self, record: TickRecord) -> None:
        for index in np.flatnonzero(self.alive != record.alive):
            what = "is back" if record.alive[index] else "is dead"
            self.events.append(Event(record.time, f"{self.names[index]} {what}"))
            self._given_up[index] = ()

    def _note_given_up(self, record: TickRecord) -> None:
        """Note who is presumed dead by anybody, once, and whether that is wrong."""
        for index, status in enumerate(record.status):
            if status is None or status.lost == self._given_up[index]:
                continue
            before = {name for lost in self._given_up for name in lost}
            self._given_up[index] = status.lost
            for name in status.lost:
                if name not in before:
                    wrong = name in self.names and bool(record.alive[self.names.index(name)])
                    what = f"{self.names[index]} presumes {name} dead{', which is alive' if wrong else ''}"
                    self.events.append(Event(record.time, what))


def _goals(scenario: Scenario, robots: Sequence[PlacedRobot]) -> tuple[Array, NDArray[np.bool_]]:
    """Goals in the plane, (n, 2) m, and who has none, (n,)."""
    goals = [goal_of(scenario.mission, robot) for robot in robots]
    known = np.array([np.zeros(2) if goal is None else goal[:2] for goal in goals]).reshape(-1, 2)
    return known, np.array([goal is None for goal in goals], dtype=bool)


def _bounds(fence: shapely.Polygon, scenario: Scenario, robots: Sequence[PlacedRobot]) -> tuple[Array, Array]:
    """Lowest and highest coordinates allowed to each robot, (n, 3) m: the fence's box, and the band for multirotors."""
    west, south, east, north = shapely.bounds(fence)
    floor, ceiling = scenario.altitude_m
    flies = np.array([VEHICLES[robot.vehicle].dims == 3 for robot in robots], dtype=bool)
    low, high = np.full((len(robots), 3), -np.inf), np.full((len(robots), 3), np.inf)
    low[:, :2], high[:, :2] = (west, south), (east, north)
    low[flies, 2], high[flies, 2] = floor, ceiling
    return low, high


def _estimates(record: TickRecord) -> Array:
    """Algebraic connectivity as each robot tells it, (n,); NaN where one does not know or does not tell."""
    told = [status.lambda2 if status else None for status in record.status]
    return np.array([np.nan if value is None else value for value in told])


def _kinds(record: TickRecord) -> dict[str, int]:
    """Count robots by what holds them back: link, near, fence, obstacle, floor, ceiling."""
    counts: dict[str, int] = {}
    for status in record.status:
        for kind in {name.split(" ")[0] for name in status.active} if status else ():
            counts[kind] = counts.get(kind, 0) + 1
    return counts
