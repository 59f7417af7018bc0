"""What became of the docks: how many bodies stood on each, in truth, and for which tokens it gave power.

When a holder's permit came back is what living robots tell of the log; all else is the docks' own view, also when a
claim came back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from swarm_consensus.run.agreement import Finding
from swarm_consensus.run.plots import BLUE, RED, Series
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario

VISIT = 0.6  # m, a robot's true middle is this near to a point of the patrol: it visits it


@dataclass(slots=True)
class _Bereft:
    """A permit or claim whose holder has crashed."""

    robot: int
    queue: str
    token: int
    since: float  # s


class DockJudge:
    """Watches the docks and the patrol of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        self._scenario = scenario
        self._names = tuple(robot.name for robot in robots)
        self.on: list[list[int]] = []  # robots on each dock, tick by tick
        self.most_over = 0  # robots too many on a dock, at the most
        self.over: str = ""  # when that was, and who
        self.stale = 0
        self.refused = 0
        self.charged = np.zeros(len(robots))  # s that each robot was given power
        self._first: dict[tuple[str, str], float] = {}  # by robot and dock: s, when it was given power there first
        self._permits: dict[int, tuple[Any, ...]] = {}  # as each robot told last
        self._alive: NDArray[np.bool_] = np.ones(len(robots), dtype=bool)
        self._kind = "permit" if scenario.claims is None else "claim"
        self._held: dict[tuple[str, int], int] = {}  # by dock and version: who has the claim, as the dock knows
        self._bereft: list[_Bereft] = []
        self._out: dict[int, set[int]] = {}  # tokens that were out, as each robot told last
        self.slowest_back = 0.0  # s, until a dead holder's permit was back
        self.backs = 0  # permits that came back
        self._where_back = ""
        self._points = np.array([point[:2] for point in scenario.mission.points_m], dtype=float).reshape(-1, 2)
        self._visited = np.zeros(len(self._points))  # s, of the last visit
        self.longest = 0.0  # s, that a point was not visited
        self._lonely = ""
        self._time = 0.0

    def look(self, record: TickRecord) -> list[str]:
        """Take one tick; return what a reader should know of it."""
        self._time = record.time
        self._see_patrol(record)
        if not record.docks:
            return []
        said = self._see_docks(record)
        for robot in np.flatnonzero(self._alive & ~record.alive).tolist():
            for queue, token in self._owned(robot):
                self._bereft.append(_Bereft(robot, queue, token, record.time))
                said.append(f"{self._names[robot]} dies with {self._kind} {token} of {queue}")
        self._alive = record.alive
        for robot, status in enumerate(record.status):
            if status is not None and record.alive[robot]:
                self._permits[robot] = status.permits
        self._held = {
            (dock.name, token): robot
            for dock, sight in zip(self._scenario.docks, record.docks, strict=True)
            for robot, token in sight.held
        }
        return said + self._see_backs(record)

    def _owned(self, robot: int) -> list[tuple[str, int]]:
        """Return the rights of a robot: its claims as docks know them, or else its permits as it told last."""
        if self._scenario.claims is not None:
            return [right for right, holder in self._held.items() if holder == robot]
        return [(permit.queue, permit.token) for permit in self._permits.get(robot, ())]

    def _see_docks(self, record: TickRecord) -> list[str]:
        said = []
        rate = self._scenario.control.rate_hz
        self.on.append([len(sight.on) for sight in record.docks])
        for dock, sight in zip(self._scenario.docks, record.docks, strict=True):
            self.stale += sight.stale
            self.refused += len(sight.refused)
            for robot in sight.who:
                self.charged[robot] += 1.0 / rate
                self._first.setdefault((self._names[robot], dock.name), record.time)
            over = len(sight.on) - dock.places
            if over > self.most_over:
                self.most_over = over
                names = ", ".join(self._names[robot] for robot in sorted(sight.on))
                self.over = f"{dock.name} at {record.time:.2f} s: {names}"
                said.append(f"too many on dock {dock.name}: {names}")
        return said

    def _see_backs(self, record: TickRecord) -> list[str]:
        """Look whether who knew a dead one's permit, a living robot or the dock, knows that it is out no more."""
        told = {
            robot: set(status.out)
            for robot, status in enumerate(record.status)
            if status is not None and record.alive[robot]
        }
        said, left = [], []
        for lost in self._bereft:
            if self._scenario.claims is not None:
                who = [] if (lost.queue, lost.token) in self._held else [lost.queue]
            else:
                told_of = [robot for robot, out in told.items() if lost.token in self._out.get(robot, set()) - out]
                who = [self._names[robot] for robot in told_of]
            if not who:
                left.append(lost)
                continue
            late = record.time - lost.since
            self.backs += 1
            if late > self.slowest_back:
                self.slowest_back = late
                self._where_back = f"{lost.queue} {lost.token}, of {self._names[lost.robot]}"
            said.append(f"{self._kind} {lost.token} of {lost.queue} is back, as {who[0]} knows")
        self._bereft = left
        self._out |= told
        return said

    def _see_patrol(self, record: TickRecord) -> None:
        if not len(self._points):
            return
        here = record.truth.position[record.alive, :2]
        waited = record.time - self._visited
        worst = int(waited.argmax())
        if waited[worst] > self.longest:
            self.longest, self._lonely = float(waited[worst]), f"{self._points[worst].tolist()} at {record.time:.2f} s"
        if len(here):
            near = np.sqrt(((self._points[:, None] - here[None]) ** 2).sum(axis=2)).min(axis=1) <= VISIT
            self._visited[near] = record.time

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of docks and of the patrol."""
        expect = self._scenario.expect
        most = expect.over_places
        if most is not None:
            yield Finding("over_places", f"at most {most}", str(self.most_over), self.most_over <= most, self.over)
        most = expect.stale_charges
        if most is not None:
            yield Finding(
                "stale_charges", f"at most {most}", str(self.stale), self.stale <= most, f"{self.refused} refused"
            )
        name = f"{self._kind}_back_s"
        within = expect.claim_back_s if self._kind == "claim" else expect.permit_back_s
        if within is not None:
            late = [lost for lost in self._bereft if self._time - lost.since > within]
            slowest = math.inf if late else self.slowest_back
            where = f"never: {late[0].queue} {late[0].token}, of {self._names[late[0].robot]}" if late else ""
            held = slowest <= within and self.backs + len(self._bereft) > 0
            value = f"{slowest:.2f} s" if self.backs or late else "no holder died"
            yield Finding(name, f"at most {within:g} s", value, held, where or self._where_back)
        if expect.tours_done is not None:
            yield self._tours(expect.tours_done)
        within = expect.patrol_within_s
        if within is not None:
            yield Finding(
                "patrol_within_s",
                f"at most {within:g} s",
                f"{self.longest:.2f} s",
                self.longest <= within,
                self._lonely,
            )

    def _tours(self, wanted: bool) -> Finding:
        agreement = self._scenario.agreement
        tours = agreement.permits.tours if agreement is not None and agreement.permits is not None else {}
        stops = [(robot, dock) for robot, tour in tours.items() for dock in tour]
        missing = [f"{robot} was never charged at {dock}" for robot, dock in stops if (robot, dock) not in self._first]
        last = f"the last at {max(self._first[stop] for stop in stops):.2f} s" if stops and not missing else ""
        value = f"{len(stops) - len(missing)} of {len(stops)} stops"
        bound = "each stop of each tour" if wanted else "not each stop"
        return Finding("tours_done", bound, value, bool(missing) != wanted, "; ".join(missing) or last)

    def metrics(self) -> dict[str, Any]:
        """Return the numbers of docks and patrol."""
        found: dict[str, Any] = {}
        if self._scenario.docks:
            found["charged_s"] = dict(zip(self._names, np.round(self.charged, 2).tolist(), strict=True))
            found["dock_refused"] = self.refused
            found[f"{self._kind}_slowest_back_s"] = round(self.slowest_back, 3)
        if len(self._points):
            found["patrol_longest_s"] = round(self.longest, 3)
        return found

    def series(self) -> dict[str, NDArray[Any]]:
        """Array for ``series.npz``: dock_on (t, docks), robots on each."""
        if not self._scenario.docks:
            return {}
        return {"dock_on": np.array(self.on, dtype=float).reshape(-1, len(self._scenario.docks))}


def pictures(scenario: Scenario, series: Series) -> Iterator[tuple[str, Callable[[Axes], None]]]:
    """Yield caption and drawing of each dock's occupancy."""
    if "dock_on" not in series:
        return
    for number, dock in enumerate(scenario.docks):

        def draw(axes: Axes, number: int = number, places: int = dock.places) -> None:
            axes.step(series["time"], series["dock_on"][:, number], color=BLUE, linewidth=1.0, where="post")
            axes.axhline(places, color=RED, linestyle="--", linewidth=1.2, label=f"places, {places}")
            axes.legend(fontsize=8, frameon=False)
            axes.set(xlabel="time, s", ylabel="robots on it")
            axes.set_ylim(bottom=0.0)

        yield f"Dock {dock.name}", draw
