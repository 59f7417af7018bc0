"""What became of a bundle, judged from outside: the same bytes on all robots, and one index from which on it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.robot.bundles import digest_of
from swarm_consensus.robot.state import Cargo
from swarm_consensus.run.agreement import Finding
from swarm_consensus.simulation.cargo import data_of
from swarm_consensus.simulation.decisions import named
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario


class BundleJudge:
    """Watches the bundle of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with a bundle.
    robots
        The roster.
    tell
        Takes what happened, and when, s.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], tell: Callable[[float, str], None]) -> None:
        assert scenario.bundle is not None
        self._scenario, self._tell = scenario, tell
        self._names = tuple(robot.name for robot in robots)
        self._corrupting = set(named(scenario.bundle.corrupting, self._names))
        self._digest = digest_of(data_of(scenario.bundle))
        self._last: dict[int, Cargo] = {}  # as each robot told last
        self._since: dict[int, float] = {}  # s, from which on each robot has gone by it
        self._whole: dict[int, float] = {}  # s, from which on each robot had all of it
        self.named: dict[str, dict[str, None]] = {}  # by liar: who named it, in order
        self.wrong = ""  # first thing that should never be
        self._alive: NDArray[np.bool_] = np.ones(len(robots), dtype=bool)

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        for robot, status in enumerate(record.status):
            if status is None or not record.alive[robot]:
                continue
            if status.cargo is not None:
                self._note(record.time, robot, status.cargo)
        for robot in np.flatnonzero(self._alive & ~record.alive).tolist():
            self._last.pop(robot, None)  # what it says when it is back counts
            self._since.pop(robot, None)
        self._alive = record.alive

    def _note(self, time: float, robot: int, cargo: Cargo) -> None:
        name = self._names[robot]
        self._last[robot] = cargo
        if cargo.digest and cargo.digest != self._digest:
            self.wrong = self.wrong or f"at {time:.2f} s {name} holds altered bytes"
        if cargo.digest and robot not in self._whole:
            self._whole[robot] = time
        if cargo.digest and cargo.index and robot not in self._since:
            self._since[robot] = time
            self._tell(time, f"{name} goes by bundle '{cargo.name}' from entry {cargo.index} on")
        for liar in cargo.named:
            self._note_named(time, liar, name)

    def _note_named(self, time: float, liar: str, by: str) -> None:
        who = self.named.setdefault(liar, {})
        if by in who:
            return
        if not who:
            self._tell(time, f"{by} names {liar}, which handed on an altered chunk")
        who[by] = None
        if liar not in self._corrupting:
            self.wrong = self.wrong or f"at {time:.2f} s {by} names {liar}, which alters nothing"

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of the bundle."""
        by = self._scenario.expect.active_by_s
        if by is None:
            return
        living = np.flatnonzero(self._alive).tolist()
        late = [self._names[robot] for robot in living if not self._since.get(robot, np.inf) <= by]
        indexes = sorted({cargo.index for robot, cargo in self._last.items() if cargo.index})
        found = bool(living) and not self.wrong and not late and len(indexes) == 1
        value = f"{len(living) - len(late)} of {len(living)}, from entry {', '.join(map(str, indexes)) or 'none'} on"
        detail = self.wrong or (f"not {', '.join(late)}" if late else "")
        bound = f"all go by the same bytes, from one entry on, by {by:g} s"
        yield Finding("active_by_s", bound, value, found, detail)

    def notes(self) -> Iterator[str]:
        """Say who was found out, and by whom."""
        assert self._scenario.bundle is not None
        for liar, by in sorted(self.named.items()):
            yield f"{liar} handed on altered chunks of bundle '{self._scenario.bundle.name}'; named by {', '.join(by)}"

    def metrics(self) -> dict[str, Any]:
        """Return the numbers of the bundle."""
        return {
            "bundle_whole": len(self._whole),
            "bundle_slowest_s": round(max(self._whole.values(), default=np.nan), 3),
            "bundle_active_s": round(max(self._since.values(), default=np.nan), 3),
            "bundle_resumed_chunks": {self._names[r]: each.resumed for r, each in self._last.items() if each.resumed},
            "bundle_named": ", ".join(sorted(self.named)),
        }
