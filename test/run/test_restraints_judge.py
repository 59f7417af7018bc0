"""The judges of fences, of disarmed robots and of dismissals: by where bodies went, and when orders were obeyed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from rich.console import Console

from swarm_consensus.agreement.roles import Ruling
from swarm_consensus.robot.state import Obeyed, OrdersStatus, Standing, Status
from swarm_consensus.run import report
from swarm_consensus.run.orders import OrdersJudge, dismissals_table
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.stations import Told

WORLD = """
file_version: 1
name: two
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 18}
robots:
  - {name: a, vehicle: rover, position_m: [0, 0]}
  - {name: b, vehicle: multirotor, position_m: [2, 0, 1]}
security: {seal: none}
agreement: {}
operators: [{name: ada, role: administrator}, {name: bob, role: operator}]
commands:
  - at_s: 1
    operator: ada
    order: fence
    polygon_m: [[-3, -3], [3, -3], [3, 3], [-3, 3]]
    altitude_m: [0.3, 1.5]
    heard_by: [a]
  - {at_s: 4, operator: ada, order: disarm, heard_by: [a]}
  - {at_s: 7, operator: ada, order: arm, heard_by: [a]}
  - {at_s: 8, operator: ada, order: revoke, who: bob, heard_by: [a]}
expect: {fenced_within_s: 2, disarmed_within_s: 1}
duration_s: 10
"""
SETTLED = {10: 1.0, 20: 4.0, 30: 7.0, 40: 8.0}  # by entry, s


class Watch:
    """A judge of a run in which both stand in the middle, but for what is given."""

    def __init__(self, rulings: dict[int, bool] | None = None, obeyed: tuple[Obeyed, ...] = ()) -> None:
        scenario = parse(WORLD, "two.yaml")
        self.judge = OrdersJudge(scenario, place(scenario, np.random.default_rng(0)))
        self.rulings = {0: True, 1: True, 2: True} if rulings is None else rulings
        self.obeyed = obeyed

    def run(self, moves: Sequence[tuple[float, float, int, tuple[float, float, float]]] = ()) -> Watch:
        for tick in range(200):
            time = tick / 20.0
            at = np.array([[0.0, 0.0, 0.06], [2.0, 0.0, 1.0]])
            for since, until, robot, where in moves:
                if since <= time < until:
                    at[robot] = where
            self._look(tick, time, at)
        return self

    def _look(self, tick: int, time: float, at: np.ndarray) -> None:
        class Truth:
            position = at

        commit = max((entry for entry, settled in SETTLED.items() if settled <= time), default=0)
        zero, orders = np.zeros(3), OrdersStatus("", self.obeyed, 0)
        facts = Standing("a", 1, commit, commit, "")
        said = Status("moving", zero, zero, zero, (), (), (), 0, facts=facts, orders=orders)
        told = tuple(
            Told(command, 0, Ruling(10 * (command + 1), "ada", "", allowed, ""))
            for command, allowed in self.rulings.items()
            if tick == 0
        )
        self.judge.look(
            TickRecord(
                tick=tick, time=time, truth=Truth(), odometry=(), command=np.zeros((2, 4)),
                alive=np.array([True, True]), held=(), status=(said, said), radio={}, told=told,
            )  # type: ignore[arg-type]
        )  # fmt: skip

    def verdict(self) -> dict[str, tuple[bool, str, str]]:
        return {found.name: (found.held, found.value, found.detail) for found in self.judge.findings()}


def test_who_is_inside_and_stands_is_held() -> None:
    verdict = Watch().run().verdict()
    assert verdict == {"fenced_within_s": (True, "0.00 s", ""), "disarmed_within_s": (True, "0.00 s", "")}


@pytest.mark.parametrize(
    ("moves", "name", "held", "detail"),
    [
        ([(0, 2.5, 0, (5, 0, 0.06))], "fenced_within_s", True, "a after the fence settled at 1.00 s"),
        ([(0, 3.5, 0, (5, 0, 0.06))], "fenced_within_s", False, "a after the fence settled at 1.00 s"),
        ([(6, 6.1, 1, (3.1, 0, 1))], "fenced_within_s", False, "b after the fence settled at 1.00 s"),  # out again
        ([(6, 6.1, 1, (2.95, 0, 1))], "fenced_within_s", False, "b after the fence settled at 1.00 s"),  # part of it
        ([(6, 6.1, 1, (2, 0, 1.6))], "fenced_within_s", False, "b after the fence settled at 1.00 s"),  # too high
        ([(6, 6.1, 0, (0, 0, 0.0))], "fenced_within_s", True, ""),  # a rover has no altitude to keep
        ([(4, 4.5, 0, (1, 0, 0.06))], "disarmed_within_s", True, "a after the disarm settled at 4.00 s"),
        ([(4, 5.5, 0, (1, 0, 0.06))], "disarmed_within_s", False, "a after the disarm settled at 4.00 s"),
        ([(6, 6.2, 1, (2, 0.2, 1))], "disarmed_within_s", False, "b after the disarm settled at 4.00 s"),
        ([(7.5, 10, 1, (2, 1, 1))], "disarmed_within_s", True, ""),  # armed again
    ],
)
def test_where_bodies_go_is_what_counts(
    moves: list[tuple[float, float, int, tuple[float, float, float]]], name: str, held: bool, detail: str
) -> None:
    found = Watch().run(moves).verdict()[name]
    assert (found[0], found[2]) == (held, detail)


def test_orders_that_were_denied_bind_nobody_and_without_any_nothing_is_held() -> None:
    verdict = Watch({0: False, 1: False}).run([(0, 10, 0, (5, 0, 0.06))]).verdict()
    assert verdict["fenced_within_s"] == (False, "no fence was allowed", "")
    assert verdict["disarmed_within_s"] == (False, "no disarm was allowed", "")


def test_the_table_has_commit_time_and_last_obeyed_command_for_each_robot() -> None:
    obeyed = (Obeyed(3, "bob", "goto", 40), Obeyed(7, "bob", "halt", 60), Obeyed(9, "ada", "resume", 80))
    metrics = Watch({0: True, 1: True, 2: True, 3: True}, obeyed).run().judge.metrics()
    row = {"operator": "bob", "entry": 40, "committed_s": 8.0, "order": "halt, entry 7", "obeyed_s": 3.0}
    assert metrics["dismissals"] == [{**row, "robot": "a"}, {**row, "robot": "b"}]
    shown = dismissals_table(metrics)
    assert shown is not None
    page = io.StringIO()
    Console(width=120, file=page).print(shown)
    line = next(each for each in page.getvalue().splitlines() if " b " in each)
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "bob, entry 40", "8.00 s", "b", "halt, entry 7", "3.00 s", "-5.00 s",
    ]  # fmt: skip
    page_of = report._dismissals(Verdict("two", 0, (), metrics))
    assert "<td>b<td>halt, entry 7<td>3.00 s<td>-5.00 s" in page_of
    assert "dismissals" not in report._numbers(Verdict("two", 0, (), metrics))
    never = Watch({3: True}).run().judge.metrics()["dismissals"]
    assert [(each["order"], each["obeyed_s"]) for each in never] == [("", None)] * 2
    assert dismissals_table(Watch().run().judge.metrics()) is None
