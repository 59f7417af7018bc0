"""Whether robots kept to the fences that people ordered, and stood still while disarmed, by where their bodies went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.run.agreement import Finding
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Command, Scenario

STILL = 0.1  # m, farther than this from where it ends up a robot that should stand moves
Entry = tuple[int, Command]  # index in the log, and what it orders


class RestraintJudge:
    """Watches bodies, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with operators.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        self._scenario = scenario
        self._names = [robot.name for robot in robots]
        self._radius = np.array([VEHICLES[robot.vehicle].radius for robot in robots])
        self._flies = np.array([robot.vehicle == "multirotor" for robot in robots])
        self._judges = scenario.expect.fenced_within_s is not None or scenario.expect.disarmed_within_s is not None
        self._time: list[float] = []
        self._place: list[Array] = []  # (n, 3) m
        self._alive: list[NDArray[np.bool_]] = []

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        if self._judges:
            self._time.append(record.time)
            self._place.append(record.truth.position.copy())
            self._alive.append(record.alive)

    def findings(self, allowed: Mapping[int, int], settled_at: Callable[[int], float]) -> Iterator[Finding]:
        """Judge what the scenario expects.

        Parameters
        ----------
        allowed
            By command of the scenario: the index of the entry that allowed it.
        settled_at
            When an index was known to be settled, s.
        """
        expect, commands = self._scenario.expect, self._scenario.commands
        orders = sorted(((index, commands[place]) for place, index in allowed.items()), key=lambda each: each[0])
        for name, most, starts, stops, misses in (
            ("fenced_within_s", expect.fenced_within_s, ("fence",), ("fence",), self._out),
            ("disarmed_within_s", expect.disarmed_within_s, ("disarm",), ("arm", "disarm"), self._moves),
        ):
            if most is not None:
                windows = _windows(orders, starts, stops, settled_at)
                yield self._finding(name, most, starts[0], windows, misses)

    def _finding(
        self,
        name: str,
        most: float,
        action: str,
        windows: Sequence[tuple[float, float, Command]],
        misses: Callable[[NDArray[np.intp], Command], NDArray[np.bool_]],
    ) -> Finding:
        """Judge the last time at which any robot was not as it should be, from the settling of each order on."""
        bound = f"at most {most:g} s after each {action}, and from then on"
        if not windows:
            return Finding(name, bound, f"no {action} was allowed", False, "")
        worst, where = 0.0, ""
        times = np.array(self._time)
        for start, end, command in windows:
            ticks = np.flatnonzero((times >= start) & (times < end))
            if not len(ticks):
                continue
            alive = np.array([self._alive[tick] for tick in ticks.tolist()])
            missed = misses(ticks, command) & alive
            rows, columns = np.nonzero(missed)
            if len(rows):
                last = int(rows.argmax())
                late = float(times[ticks[rows[last]]]) - start
                if late > worst:
                    worst, where = late, f"{self._names[columns[last]]} after the {action} settled at {start:.2f} s"
        return Finding(name, bound, f"{worst:.2f} s", worst <= most, where)

    def _out(self, ticks: NDArray[np.intp], fence: Command) -> NDArray[np.bool_]:
        """Tell whose body reaches out of a fence, or is above or below its band, (t, n)."""
        place = np.array([self._place[tick] for tick in ticks.tolist()])
        polygon = shapely.Polygon(fence.polygon_m)
        shapely.prepare(polygon)
        points = shapely.points(place[..., :2])
        out = ~shapely.contains(polygon, points) | (shapely.distance(polygon.exterior, points) < self._radius)
        if fence.altitude_m is not None:
            low, high = fence.altitude_m
            out |= self._flies & ((place[..., 2] < low) | (place[..., 2] > high))
        return np.asarray(out)

    def _moves(self, ticks: NDArray[np.intp], _: Command) -> NDArray[np.bool_]:
        """Tell who is not yet where it comes to rest, (t, n)."""
        place = np.array([self._place[tick] for tick in ticks.tolist()])
        return np.asarray(length(place - place[-1]) > STILL)


def _windows(
    orders: Sequence[Entry], starts: Sequence[str], stops: Sequence[str], settled_at: Callable[[int], float]
) -> list[tuple[float, float, Command]]:
    """Return from when until when each order bound the robots, s: until the next one of its kind was given.

    When that was settled is known over DDS up to half a second late, and robots may have begun to obey it by then.
    """
    found = []
    for place, (index, command) in enumerate(orders):
        if command.order in starts:
            later = [other.at_s for _, other in orders[place + 1 :] if other.order in stops]
            found.append((settled_at(index), later[0] if later else float("inf"), command))
    return found
