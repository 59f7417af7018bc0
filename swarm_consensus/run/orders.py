"""What became of people's orders, judged from outside.

When a dismissal was settled is known from the log; when a robot began to carry out an order, from the tick at which it
did so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.run.agreement import Finding
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario


class OrdersJudge:
    """Watches the orders of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with operators.
    names
        The roster.
    """

    def __init__(self, scenario: Scenario, names: tuple[str, ...]) -> None:
        self._scenario, self._names = scenario, names
        self._rate = scenario.control.rate_hz
        self._settled: list[tuple[int, float]] = [(0, 0.0)]  # index that somebody knew to be settled, and since when, s
        self._dismissals: dict[int, str] = {}  # by index: who
        self._obeyed: list[dict[int, tuple[int, str, str]]] = [{} for _ in names]  # by robot and index: tick, who, what
        self._newest: list[tuple[int, ...]] = [()] * len(names)  # of each robot: indexes of the orders in force
        self._alive: NDArray[np.bool_] = np.ones(len(names), dtype=bool)
        self.rulings: dict[int, tuple[int, bool]] = {}  # by command: entry, and whether it was allowed
        self.twice = ""  # first order that was obeyed twice or after a newer one of its kind

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
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
        }
