"""What became of decisions among liars, judged from outside: alike or not, in time or not, and who was found out.

Who is captured is known from the scenario, where robots stand from the physics. What a robot decided it tells itself,
in its status; the honest ones are judged on that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from swarm_consensus.run.agreement import Finding
from swarm_consensus.simulation.decisions import liars_of, members_of, named
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Scenario

_ROUND_OFF = 1e-9


class DecisionsJudge:
    """Watches the decisions of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with decisions.
    robots
        The roster.
    tell
        Takes what happened, and when, s.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], tell: Callable[[float, str], None]) -> None:
        self._scenario, self._tell = scenario, tell
        self._names = tuple(robot.name for robot in robots)
        captured = {name for decision in scenario.decisions for name in named(decision.captured, self._names)}
        self._honest = [index for index, name in enumerate(self._names) if name not in captured]
        self._known: dict[
            tuple[str, int], tuple[float, str]
        ] = {}  # by decision and honest robot: first when, s, and what
        self._first: dict[str, str] = {}  # by decision: the value that was known first
        self.proven: dict[tuple[str, str], dict[str, None]] = {}  # by decision and liar: who has a proof, in order
        self.wrong = ""  # first thing that should never be
        self._alive = np.ones(len(robots), dtype=bool)
        self._apart: list[tuple[float, float, str]] = []  # s, m, who: farthest honest robot from the place, each tick
        points = [decision.name for decision in scenario.decisions if decision.about == "meeting_point"]
        self._point = points[-1] if points else ""

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        self._alive = record.alive
        for robot in self._honest:
            status = record.status[robot]
            for told in status.decisions if status is not None and record.alive[robot] else ():
                if told.value:
                    self._note_value(record.time, robot, told.name, told.value)
                for liar in told.liars:
                    self._note_proof(record.time, told.name, liar, self._names[robot])
        if self._point:
            self._measure(record)

    def _note_value(self, time: float, robot: int, decision: str, value: str) -> None:
        known = self._known.setdefault((decision, robot), (time, value))
        first = self._first.setdefault(decision, value)
        if known[0] == time and known[1] == value:
            self._tell(time, f"{self._names[robot]} knows of decision '{decision}': {value}")
        if value not in (first, known[1]) or value != first:
            self.wrong = self.wrong or f"at {time:.2f} s {self._names[robot]} goes by {value} in decision '{decision}'"

    def _note_proof(self, time: float, decision: str, liar: str, holder: str) -> None:
        holders = self.proven.setdefault((decision, liar), {})
        if holder in holders:
            return
        holders[holder] = None
        if len(holders) == 1:
            self._tell(time, f"{holder} has proof that {liar} signed two votes that exclude each other")
        if liar in {self._names[robot] for robot in self._honest}:
            self.wrong = self.wrong or f"at {time:.2f} s {holder} shows honest {liar} to lie in decision '{decision}'"

    def _measure(self, record: TickRecord) -> None:
        """Keep how far the farthest honest robot is from the place, in the plane."""
        place = self._first.get(self._point)
        living = [robot for robot in self._honest if record.alive[robot]]
        if place is None or not living:
            self._apart.append((record.time, math.inf, "nobody knows of a place" if living else "nobody lives"))
            return
        distance = np.hypot(*(record.truth.position[living, :2] - np.array([float(x) for x in place.split()])).T)
        worst = int(distance.argmax())
        self._apart.append((record.time, float(distance[worst]), self._names[living[worst]]))

    # the verdict

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of decisions."""
        expect = self._scenario.expect
        if expect.decided_alike is not None:
            yield self._alike(expect.decided_alike)
        if expect.met_within_m is not None:
            yield self._met(expect.met_within_m)

    def _by(self) -> float:
        by = self._scenario.expect.by_s
        return self._scenario.duration_s if by is None else by

    def _alike(self, wanted: bool) -> Finding:
        values: dict[str, list[str]] = {}
        late = []
        for decision in self._scenario.decisions:
            for robot in self._honest:
                time, value = self._known.get((decision.name, robot), (math.inf, ""))
                if value:
                    values.setdefault(f"{decision.name} {value}", []).append(self._names[robot])
                if time > self._by() and self._alive[robot]:
                    late.append(f"{self._names[robot]} of '{decision.name}'")
        found = not self.wrong and not late
        told = "; ".join(f"{value} by {len(who)} of {len(self._honest)}" for value, who in values.items())
        detail = self.wrong or (f"not in time: {', '.join(late)}" if late else "")
        bound = f"the honest decide alike by {self._by():g} s" if wanted else "the honest do not decide alike"
        return Finding("decided_alike", bound, told or "nothing", found == wanted, detail)

    def _met(self, within: float) -> Finding:
        judged = [each for each in self._apart if each[0] >= self._by() - _ROUND_OFF] or self._apart[-1:]
        time, distance, who = max(judged, key=lambda each: each[1], default=(0.0, math.inf, "no tick"))
        bound = f"at most {within:g} m from {self._by():g} s on"
        return Finding("met_within_m", bound, f"{distance:.3f} m", distance <= within, f"{who} at {time:.2f} s")

    def notes(self) -> Iterator[str]:
        """Say who was found out, and by whom: what a person should know of."""
        for (decision, liar), holders in sorted(self.proven.items()):
            yield (
                f"{liar} signed votes that exclude each other in decision '{decision}'; "
                f"{', '.join(holders)} {'keeps' if len(holders) == 1 else 'keep'} the proof"
            )

    def metrics(self) -> dict[str, Any]:
        """Return the numbers of decisions."""
        slowest = max((time for time, _ in self._known.values()), default=math.nan)
        return {
            "decisions": "; ".join(f"{name} {value}" for name, value in sorted(self._first.items())),
            "decided_s": round(slowest, 3),
            "proven_liars": ", ".join(sorted({liar for _, liar in self.proven})),
        }


def weaker(scenario: Scenario) -> Iterator[str]:
    """Say which decisions of a scenario nothing is promised of."""
    names = robot_names(scenario)
    for decision in scenario.decisions:
        captured, members = len(named(decision.captured, names)), len(members_of(decision, names))
        borne = liars_of(decision, names)
        if decision.unsafe:
            yield (
                f"decision '{decision.name}' is unsafe: {captured} of {members} members are captured, {borne} "
                "are borne; that the honest decide alike was not guaranteed"
            )
