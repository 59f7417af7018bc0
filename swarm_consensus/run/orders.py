"""What became of people's orders, judged from outside.

When a dismissal was settled is known from the log; when a robot began to carry out an order, from the tick at which it
did so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table

from swarm_consensus.run.agreement import Finding
from swarm_consensus.run.restraints import RestraintJudge
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario


class OrdersJudge:
    """Watches the orders of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with operators.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        names = tuple(robot.name for robot in robots)
        self._scenario, self._names = scenario, names
        self._restraints = RestraintJudge(scenario, robots)
        self._rate = scenario.control.rate_hz
        self._settled: list[tuple[int, float]] = [(0, 0.0)]  # index that somebody knew to be settled, and since when, s
        self._dismissals: dict[int, str] = {}  # by index: who
        self._obeyed: list[dict[int, tuple[int, str, str]]] = [{} for _ in names]  # by robot and index: tick, who, what
        self._last: dict[tuple[int, str], tuple[int, int, str]] = {}  # by robot and author: tick, index, action
        self._newest: list[tuple[int, ...]] = [()] * len(names)  # of each robot: indexes of the orders in force
        self._alive: NDArray[np.bool_] = np.ones(len(names), dtype=bool)
        self.rulings: dict[int, tuple[int, bool]] = {}  # by command: entry, and whether it was allowed
        self.twice = ""  # first order that was obeyed twice or after a newer one of its kind

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        self._restraints.look(record)
        for told in record.told:
            if told.ruling.index:
                self.rulings[told.command] = (told.ruling.index, told.ruling.allowed)
                command = self._scenario.commands[told.command]
                if command.order == "revoke" and told.ruling.allowed:
                    self._dismissals[told.ruling.index] = command.who or ""
        for robot, on in enumerate(record.alive.tolist()):
            if not on:
                self._obeyed[robot], self._newest[robot] = {}, ()  # it will know nothing of what it did
        self._alive = record.alive
        for robot, status in enumerate(record.status):
            if status is None or status.orders is None or not record.alive[robot]:
                continue
            if status.facts is not None and status.facts.commit > self._settled[-1][0]:
                self._settled.append((status.facts.commit, record.time))
            for order in status.orders.obeyed:
                self._note(robot, order.index, (order.tick, order.author, order.action))
            self._newest[robot] = tuple(order.index for order in status.orders.obeyed)

    def _note(self, robot: int, index: int, told: tuple[int, str, str]) -> None:
        before = self._obeyed[robot].setdefault(index, told)
        tick, author, action = told
        self._last[robot, author] = max(self._last.get((robot, author), (-1, 0, "")), (tick, index, action))
        later = [i for i, (tick, _, action) in self._obeyed[robot].items() if action == told[2] and tick < told[0]]
        if before != told or any(i > index for i in later):
            self.twice = self.twice or f"{self._names[robot]} obeyed entry {index} twice or late"

    def _settled_at(self, index: int) -> float:
        return next((time for settled, time in self._settled if settled >= index), float("inf"))

    def last_obeyed(self, who: str) -> dict[str, float]:
        """Return when each robot began to carry out the last order of somebody, s; without those that never did."""
        times = {
            name: [tick / self._rate for tick, author, _ in obeyed.values() if author == who]
            for name, obeyed in zip(self._names, self._obeyed, strict=True)
        }
        return {name: max(each) for name, each in times.items() if each}

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of orders."""
        expect = self._scenario.expect
        if expect.dismissed_obeyed_s is not None:
            yield self._dismissed(expect.dismissed_obeyed_s)
        if expect.orders_agree is not None:
            yield self._agree(expect.orders_agree)
        allowed = {place: index for place, (index, was) in self.rulings.items() if was}
        yield from self._restraints.findings(allowed, self._settled_at)

    def _dismissed(self, most: float) -> Finding:
        bound = f"at most {most:g} s after each dismissal"
        if not self._dismissals:
            return Finding("dismissed_obeyed_s", bound, "nobody was dismissed", False, "")
        worst, where = -float("inf"), ""
        for index, who in self._dismissals.items():
            for name, time in self.last_obeyed(who).items():
                late = time - self._settled_at(index)
                if late > worst:
                    worst, where = late, f"{name} obeyed {who} last at {time:.2f} s"
        held = worst <= most
        return Finding("dismissed_obeyed_s", bound, "never" if worst < -1e9 else f"{worst:.2f} s", held, where)

    def _agree(self, wanted: bool) -> Finding:
        living = np.flatnonzero(self._alive).tolist()
        newest = {self._newest[robot] for robot in living}
        found = len(newest) <= 1 and not self.twice
        value = "yes" if found else "no"
        detail = self.twice or "; ".join(f"{self._names[robot]}: {self._newest[robot]}" for robot in living)
        return Finding("orders_agree", "yes" if wanted else "no", value, found == wanted, "" if found else detail)

    def metrics(self) -> dict[str, Any]:
        """Return when dismissals were settled, who obeyed when, and how many commands were ruled on."""
        return {
            "commands_allowed": sum(allowed for _, allowed in self.rulings.values()),
            "commands_denied": sum(not allowed for _, allowed in self.rulings.values()),
            "dismissed_s": {who: self._settled_at(index) for index, who in self._dismissals.items()},
            "last_obeyed_s": {
                f"{who} by {name}": time
                for who in self._dismissals.values()
                for name, time in self.last_obeyed(who).items()
            },
            **({"dismissals": self.dismissals()} if self._dismissals else {}),
        }

    def dismissals(self) -> list[dict[str, Any]]:
        """Return a row for each dismissal and robot: commit time, and the last order of the dismissed that it obeyed.

        Times in s; ``obeyed_s`` None: it obeyed none. What a robot obeyed before a crash counts as well.
        """
        rows: list[dict[str, Any]] = []
        for index, who in sorted(self._dismissals.items()):
            for robot, name in enumerate(self._names):
                obeyed = self._last.get((robot, who))
                rows.append(
                    {
                        "operator": who,
                        "entry": index,
                        "committed_s": self._settled_at(index),
                        "robot": name,
                        "order": "" if obeyed is None else f"{obeyed[2]}, entry {obeyed[1]}",
                        "obeyed_s": None if obeyed is None else obeyed[0] / self._rate,
                    }
                )
        return rows


COLUMNS = ("dismissed", "committed", "robot", "last order obeyed", "at", "after the commit")  # of the table


def told(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a row of `OrdersJudge.dismissals` in the words of the table."""
    who = f"{row['operator']}, entry {row['entry']}"
    committed, at = f"{row['committed_s']:.2f} s", row["obeyed_s"]
    if at is None:
        return who, committed, row["robot"], "none", "never", ""
    return who, committed, row["robot"], row["order"], f"{at:.2f} s", f"{at - row['committed_s']:+.2f} s"


def dismissals_table(metrics: Mapping[str, Any]) -> Table | None:
    """Return the last order of each dismissed operator that each robot obeyed; None if nobody was dismissed."""
    if not metrics.get("dismissals"):
        return None
    shown = Table(*COLUMNS, title="Dismissals")
    for row in metrics["dismissals"]:
        shown.add_row(*map(escape, told(row)))
    return shown
