"""The judge of the log: what it sees in robots' words, by what is known of radio and crashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from swarm_consensus.agreement import trigger
from swarm_consensus.agreement.raft import leader
from swarm_consensus.robot.jobs import Condition, Jobs
from swarm_consensus.robot.state import Standing, Status
from swarm_consensus.run.facts import FactsJudge
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation import agreement, office
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.overrides import with_duration
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord

TEXT = """
file_version: 1
name: five
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 9, partitions: [{from_s: 4, until_s: 10, groups: [[a, b]]}]}
robots:
  - {name: a, vehicle: rover, position_m: [0, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
  - {name: c, vehicle: rover, position_m: [2, 0]}
  - {name: d, vehicle: rover, position_m: [3, 0]}
  - {name: e, vehicle: rover, position_m: [4, 0]}
agreement: {report_s: 1}
expect: {one_log: true, minority_commits: 0, commits_at_least: 20, resumes_within_s: 2}
duration_s: 19
"""
WORLDS = Path(__file__).parents[2] / "worlds"


class Told:
    """What five robots tell, tick by tick; by default all goes on as it should."""

    def __init__(self) -> None:
        scenario = parse(TEXT, "five.yaml")
        self.judge = FactsJudge(scenario, place(scenario, np.random.default_rng(0)))
        self.commit = [0] * 5
        self.digest = [""] * 5
        self.leader = ["a"] * 5
        self.term = 1
        self.alive = np.ones(5, dtype=bool)

    def say(self, tick: int) -> None:
        status = tuple(
            Status(
                mode="moving",
                reference=np.zeros(3),
                desired=np.zeros(3),
                velocity=np.zeros(3),
                held=(),
                lost=(),
                active=(),
                dropped=0,
                facts=Standing(self.leader[i], self.term, self.commit[i], self.commit[i], f"{self.commit[i]}"),
            )
            for i in range(5)
        )
        status = tuple(
            each
            if not self.digest[i]
            else Status(
                "moving", np.zeros(3), np.zeros(3), np.zeros(3), (), (), (), 0,
                facts=Standing(self.leader[i], self.term, self.commit[i], self.commit[i], self.digest[i]),
            )
            for i, each in enumerate(status)
        )  # fmt: skip
        self.judge.look(
            TickRecord(tick, tick / 20, None, (), np.zeros((5, 4)), self.alive.copy(), (), status, {})  # type: ignore[arg-type]
        )

    def run(self, until: int, since: int = 0, grows: tuple[int, ...] = (0, 1, 2, 3, 4)) -> None:
        for tick in range(since, until):
            for robot in grows:
                self.commit[robot] = max(self.commit) if tick % 10 else tick // 10
            self.say(tick)

    def held(self) -> dict[str, bool]:
        return {finding.name: finding.held for finding in self.judge.findings()}


def test_where_all_goes_well_all_holds() -> None:
    told = Told()
    told.run(80)
    told.run(200, since=80, grows=(2, 3, 4))
    told.run(300, since=200)
    assert told.held() == dict.fromkeys(("one_log", "minority_commits", "commits_at_least", "resumes_within_s"), True)
    assert told.judge.metrics()["log_commits"] == 29


def test_two_robots_that_carried_out_different_commands_are_found() -> None:
    told = Told()
    told.run(60)
    told.digest[3] = "other"
    told.run(61, since=60)
    assert not told.held()["one_log"]
    assert told.judge.diverged is not None
    assert "a and d differ at entry 6" in told.judge.diverged[1]


def test_two_leaders_of_one_term_are_found() -> None:
    told = Told()
    told.run(60)
    told.leader[2] = "b"
    told.run(61, since=60)
    assert not told.held()["one_log"]


def test_what_a_minority_commits_is_found_but_not_what_was_on_its_way() -> None:
    told = Told()
    told.run(80)
    told.run(100, since=80)  # one second after the cut a message may still be on its way
    told.run(190, since=100, grows=(2, 3, 4))
    assert told.held()["minority_commits"]
    told.commit[1] += 30
    told.say(190)
    assert not told.held()["minority_commits"]
    assert told.judge.minority_who == "b at 9.50 s"


def test_a_part_that_stands_still_is_found_after_the_cut_and_after_the_healing() -> None:
    told = Told()
    told.run(80)
    told.run(200, since=80, grows=())
    told.run(300, since=200)
    found = next(f for f in told.judge.findings() if f.name == "resumes_within_s")
    assert not found.held
    assert found.value == "6.00 s"
    told = Told()
    told.run(80)
    told.run(200, since=80, grows=(2, 3, 4))
    told.run(300, since=200, grows=(2, 3, 4))
    found = next(f for f in told.judge.findings() if f.name == "resumes_within_s")
    assert (found.held, found.value) == (False, "inf s")


def test_the_dead_are_not_waited_for() -> None:
    told = Told()
    told.run(40)
    told.alive[4] = False
    told.run(80, since=40, grows=(0, 1, 2, 3))
    assert told.held()["resumes_within_s"]


def test_a_leader_that_counts_itself_alone_is_caught_by_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(values: list[int]) -> int:
        return max(values)

    monkeypatch.setattr(leader, "reached_by_majority", alone)
    monkeypatch.setattr(leader.Leader, "has_lost_quorum", lambda self: False)
    world = with_duration(load(WORLDS / "partition.yaml"), 26.0)
    held = {each.name: each.held for each in judged_run(world, 0).expectations}
    assert not held["minority_commits"]
    assert not held["one_log"]


DEAF = """
file_version: 1
name: deaf
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 18, loss: 0.5}
robots: [{group: r, vehicle: rover, count: 3, spawn: {polygon_m: [[-4, -4], [4, -4], [4, 4], [-4, 4]], spacing_m: 1}}]
mission: {behaviour: go_to, goal_m: [0, 0]}
quantities: [{name: heat, source: values, law: maximum, values: {r: 40}}]
agreement: {jobs: [{name: report, every_s: 3}, {name: alarm, when: {quantity: heat, above: 30, quiet_s: 8}}]}
expect: {one_log: true, jobs_within_s: 8, job_effects: {alarm: 2}}
duration_s: 19
"""


def found(seed: int = 0) -> dict[str, bool]:
    return {each.name: each.held for each in judged_run(parse(DEAF, "deaf.yaml"), seed).expectations}


@pytest.mark.parametrize("seed", range(2))
def test_half_of_what_goes_to_and_from_the_executor_may_be_lost(seed: int) -> None:
    assert found(seed) == {"one_log": True, "jobs_within_s": True, "job_effects alarm": True}


def test_a_robot_that_takes_its_own_word_for_the_deed_is_caught_by_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    do = Jobs._do

    def do_and_believe(self: Jobs, tick: int) -> None:
        do(self, tick)
        self._rulings += [
            trigger.Ruling(e.job, e.attempt.robot, e.attempt.token, "go", e.attempt.number) for e in self._efforts
        ]

    monkeypatch.setattr(Jobs, "_do", do_and_believe)
    assert not found()["jobs_within_s"]


def test_an_executor_that_believes_what_it_is_told_is_caught_by_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.Executor, "admits", lambda self, attempt, job: "go")
    assert not found()["jobs_within_s"]


def test_robots_that_are_never_quiet_are_caught_by_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "condition_of", lambda when, rate: Condition(when.quantity, when.above, 1))
    assert not found()["job_effects alarm"]
