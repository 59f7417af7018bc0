"""Jobs: what the log says of attempts, and what the executor sees while everything fails. About 8 s."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.schedule import Every, Schedule
from swarm_consensus.agreement.sessions import Machine, Outcome, Sessions
from swarm_consensus.agreement.simulator.cluster import BAD, Cluster
from swarm_consensus.agreement.simulator.faults import Faults
from swarm_consensus.agreement.simulator.host import Host, Parts
from swarm_consensus.agreement.simulator.network import TICK
from swarm_consensus.agreement.trigger import (
    REMEMBERED,
    Attempt,
    Begin,
    End,
    Executor,
    Foreman,
    Notice,
    Request,
    Start,
    Triggers,
    pack,
)


def told(triggers: Triggers, index: int, request: Request) -> int:
    return msgspec.msgpack.decode(triggers.apply(index, pack(request)), type=int)


def test_what_is_no_request_or_names_no_job_is_answered_with_nothing() -> None:
    triggers = Triggers(["report"])
    assert told(triggers, 1, Begin("tea", 5, 0)) == 0
    assert msgspec.msgpack.decode(triggers.apply(2, b"now")) == 0
    assert told(triggers, 3, End("report", 7, "done")) == 0
    assert told(triggers, 4, Start("tea", 5)) == 0


def test_an_attempt_has_the_index_of_its_entry_as_its_token_and_ends() -> None:
    triggers = Triggers(["report"])
    assert told(triggers, 4, Begin("report", 60, 2)) == 4
    assert triggers.jobs["report"].open == Attempt(4, 60, 2)
    assert told(triggers, 9, End("report", 4, "done")) == 1
    assert (triggers.jobs["report"].done, triggers.jobs["report"].open) == (60, None)
    assert told(triggers, 10, Begin("report", 60, 1)) == 0
    assert told(triggers, 11, Begin("report", 59, 1)) == 0


def test_an_outcome_that_was_lost_stays_in_the_log_as_unknown_until_it_is_found_out() -> None:
    triggers = Triggers(["report"])
    told(triggers, 4, Begin("report", 60, 2))
    assert told(triggers, 8, Begin("report", 61, 1)) == 0  # the one before must take effect first
    assert told(triggers, 9, Begin("report", 60, 1)) == 9
    assert [each.outcome for each in triggers.jobs["report"].attempts] == ["unknown", "open"]
    told(triggers, 10, End("report", 4, "done"))  # the word of the first one comes after all
    assert triggers.jobs["report"].done == 60
    told(triggers, 11, End("report", 4, "failed"))  # nothing undoes an effect
    assert triggers.jobs["report"].attempts[0].outcome == "done"


def test_several_that_notice_the_same_make_one_occurrence() -> None:
    triggers = Triggers(["alarm"])
    assert [told(triggers, k, Notice("alarm", 1)) for k in (1, 2, 3)] == [1, 0, 0]
    assert told(triggers, 4, Notice("alarm", 5)) == 0
    told(triggers, 5, Begin("alarm", 1, 0))
    told(triggers, 6, End("alarm", 5, "done"))
    assert told(triggers, 7, Notice("alarm", 2)) == 1


def test_few_attempts_are_remembered_and_a_snapshot_brings_everything_back() -> None:
    triggers, other = Triggers(["report"]), Triggers(["report"])
    for index in range(1, 50):
        told(triggers, index, Begin("report", 60, index % 3))
    assert len(triggers.jobs["report"].attempts) == REMEMBERED
    other.restore(triggers.snapshot())
    assert other.jobs == triggers.jobs
    assert other.snapshot() == triggers.snapshot()


REQUESTS = st.one_of(
    st.builds(Notice, st.just("a"), st.integers(0, 4)),
    st.builds(Start, st.just("a"), st.integers(0, 4)),
    st.builds(Begin, st.just("a"), st.integers(0, 4), st.integers(0, 2)),
    st.builds(End, st.just("a"), st.integers(1, 30), st.sampled_from(["done", "failed"])),
)


@given(st.lists(REQUESTS, max_size=30))
def test_what_took_effect_is_never_begun_again_and_one_attempt_is_open_at_most(requests: list[Request]) -> None:
    triggers, done = Triggers(["a"]), 0
    for index, request in enumerate(requests, 1):
        answer = told(triggers, index, request)
        job = triggers.jobs["a"]
        assert job.done >= done
        done = job.done
        assert sum(attempt.outcome == "open" for attempt in job.attempts) <= 1
        assert [each.token for each in job.attempts] == sorted({each.token for each in job.attempts})
        if isinstance(request, Begin) and answer:
            assert request.number > job.done
            assert answer == index


def test_the_executor_refuses_what_is_older_and_what_is_done() -> None:
    executor = Executor()
    assert executor.admits(Attempt(5, 60, 0), "report") == "go"
    assert executor.admits(Attempt(9, 60, 1), "report") == "done"
    assert executor.admits(Attempt(5, 61, 0), "report") == "stale"
    assert executor.admits(Attempt(5, 61, 0), "other") == "go"
    again = Executor(executor.done, executor.highest)
    assert again.admits(Attempt(9, 60, 1), "report") == "done"
    assert again.admits(Attempt(10, 120, 1), "report") == "go"


def test_only_the_leader_begins_what_is_due_and_takes_over_what_is_open_for_too_long() -> None:
    triggers, foreman = Triggers(["report"]), Foreman(1, {"report": Every(60)}, since=0, patience=20)
    told(triggers, 1, Start("report", 99))
    assert foreman.due(triggers.jobs, 119, 1, leads=True) == []
    assert foreman.due(triggers.jobs, 120, 2, leads=False) == []
    assert foreman.due(triggers.jobs, 120, 3, leads=True) == [Begin("report", 120, 1)]
    assert foreman.due(triggers.jobs, 121, 4, leads=True) == []
    told(triggers, 1, Begin("report", 120, 1))
    assert [foreman.due(triggers.jobs, 121, tick, leads=True) for tick in range(5, 25)] == [[]] * 20
    assert foreman.due(triggers.jobs, 122, 25, leads=True) == [Begin("report", 120, 1)]
    told(triggers, 2, End("report", 1, "done"))
    # all that was missed is made up for, one after the other, and the next at once
    assert foreman.due(triggers.jobs, 300, 26, leads=True) == [Begin("report", 180, 1)]


def test_what_was_due_before_anybody_was_there_never_was_and_that_is_said_once() -> None:
    """On a real clock seconds count from 1970: without this a job would be made up for since then."""
    now = 1_800_000_030
    triggers, foreman = Triggers(["report"]), Foreman(1, {"report": Every(60)}, since=now, patience=20)
    assert foreman.due(triggers.jobs, now, 1, leads=True) == [Start("report", now - 1)]
    assert foreman.due(triggers.jobs, now, 2, leads=True) == []
    assert foreman.due(triggers.jobs, now, 21, leads=True) == [Start("report", now - 1)]  # it was lost
    assert told(triggers, 3, Start("report", now - 1)) == 1
    assert told(triggers, 4, Start("report", now + 500)) == 0  # of a robot that was switched on later
    assert foreman.due(triggers.jobs, now + 1, 22, leads=True) == []
    later = Foreman(2, {"report": Every(60)}, since=now + 500, patience=20)  # it leads, and was not there at the time
    assert later.due(triggers.jobs, now + 501, 23, leads=True) == [Begin("report", now + 30, 2)]


def test_a_new_leader_waits_for_an_attempt_that_is_open_and_asks_again_for_what_was_not_taken() -> None:
    triggers, foreman = Triggers(["report"]), Foreman(1, {"report": Every(60)}, since=0, patience=20)
    told(triggers, 1, Begin("report", 120, 0))
    assert [foreman.due(triggers.jobs, 121, tick, leads=True) for tick in range(5, 25)] == [[]] * 20
    assert foreman.due(triggers.jobs, 122, 25, leads=True) == [Begin("report", 120, 1)]
    assert foreman.due(triggers.jobs, 122, 26, leads=True) == []
    assert foreman.due(triggers.jobs, 122, 45, leads=True) == [Begin("report", 120, 1)]


# when


def test_a_period_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="a period is 0 s, must be at least 1"):
        Every(0)


def test_cron_expressions_are_read_in_utc() -> None:
    pytest.importorskip("croniter")
    daily = Schedule("30 6 * * *")
    assert daily.after(0) == (6 * 60 + 30) * 60
    assert daily.after((6 * 60 + 30) * 60) == (30 * 60 + 30) * 60
    assert Schedule("*/5 * * * *").after(299) == 300


@pytest.mark.parametrize("expression", ["every day", "61 * * * *", "", "* * *"])
def test_a_malformed_schedule_is_a_sentence(expression: str) -> None:
    pytest.importorskip("croniter")
    with pytest.raises(SettingsError, match=f"schedule '{expression}' can't be read".replace("*", r"\*")):
        Schedule(expression)


def test_a_schedule_that_is_never_due_is_a_sentence() -> None:
    pytest.importorskip("croniter")
    with pytest.raises(SettingsError, match="is never due"):
        Schedule("0 0 31 2 *")


@pytest.mark.parametrize("expression", ["R * * * *", "0 r(0-6) * * *", "0 0 * * R/2", "0,R 0 * * *"])
def test_a_schedule_by_chance_is_refused_since_each_robot_would_draw_another_time(expression: str) -> None:
    pytest.importorskip("croniter")
    with pytest.raises(SettingsError, match="R is drawn by chance, and robots would not agree when it is due"):
        Schedule(expression)
    assert Schedule("0 0 * MAR FRI").after(0) == 64 * 86400  # Friday, 6 March 1970


def test_a_schedule_with_years_is_refused_since_behind_the_last_one_there_is_no_next_time() -> None:
    pytest.importorskip("croniter")
    with pytest.raises(SettingsError, match="its seventh field is a year"):
        Schedule("0 0 1 1 * 0 1971")
    assert Schedule("0 0 1 1 * 30").after(0) == 30


# while everything fails

EVERY = 25  # ticks between two occurrences
NAME = "report"


class Jobs(Sessions):
    """The jobs straight behind the log: their requests may come twice, late, and in any order."""

    machine = Triggers

    def __init__(self, machine: Machine, most: int = 0) -> None:
        super().__init__(machine, most)
        self.triggers = self.machine([NAME])

    def apply(self, index: int, data: bytes) -> Outcome:
        return Outcome(0, 0, "done", self.triggers.apply(index, data))

    def snapshot(self) -> bytes:
        return self.triggers.snapshot()

    def restore(self, state: bytes) -> None:
        if state:
            self.triggers.restore(state)


class NeverAgain(Triggers):
    """A mutant: an attempt whose outcome was lost is left at that."""

    def _begin(self, index: int, job: object, request: Begin) -> int:
        return 0 if job.open is not None else super()._begin(index, job, request)  # type: ignore[attr-defined, arg-type]


class Abandoning(Jobs):
    machine = NeverAgain


class Gullible(Executor):
    """A mutant: does whatever it is told."""

    def admits(self, attempt: Attempt, job: str) -> str:  # type: ignore[override]
        return "go"


class NoMemory(Executor):
    """A mutant: looks at the token only."""

    def admits(self, attempt: Attempt, job: str) -> str:  # type: ignore[override]
        self.done.clear()
        return super().admits(attempt, job)


@dataclass
class Office:
    """Where the job takes effect, as seen there."""

    executor: Executor
    effects: list[int] = field(default_factory=list)  # occurrences, in the order in which they took effect
    refused: int = 0

    def hear(self, attempt: Attempt) -> str:
        verdict = self.executor.admits(attempt, NAME)
        if verdict == "go":
            self.effects.append(attempt.number)
        self.refused += verdict == "stale"
        return verdict


class Worker:
    """Has what is due begun while it leads, and does what it began. Whatever it says to the office may be late."""

    def __init__(self, cluster: Cluster, host: Host, office: Office) -> None:
        self._cluster, self._host, self._office = cluster, host, office
        self._forget()
        cluster.clock.after(cluster.dice.between(1, TICK), self._turn)

    def _forget(self) -> None:
        self._foreman = Foreman(self._host.number, {NAME: Every(EVERY)}, since=0, patience=20)
        self._did: set[int] = set()  # tokens
        self._replica = self._host.replica

    def _turn(self) -> None:
        clock, host = self._cluster.clock, self._host
        clock.after(host.tick_length, self._turn)
        if host.replica is not self._replica:
            self._forget()
        if host.replica is None or host.is_asleep:
            return
        now = clock.now // TICK
        node, triggers = host.replica.node, host.replica._sessions.triggers  # type: ignore[attr-defined]
        for begin in self._foreman.due(triggers.jobs, now, now, leads=node.lead is not None):
            node.propose(pack(begin))
        attempt = triggers.jobs[NAME].open
        if attempt is not None and attempt.robot == host.number and attempt.token not in self._did:
            self._did.add(attempt.token)
            late = self._cluster.dice.between(0, 60 * TICK if self._cluster.dice.chance(0.3) else TICK)
            clock.after(late, self._carry_out, attempt)
        host.pump()

    def _carry_out(self, attempt: Attempt) -> None:
        """The attempt arrives; its outcome is lost if the robot is down, as after "killed right after sending"."""
        verdict = self._office.hear(attempt)
        replica = self._host.replica
        if replica is not None and verdict != "stale" and not self._host.is_asleep:
            replica.node.propose(pack(End(NAME, attempt.token, "done")))


def work(seed: int, executor: type[Executor] = Executor, sessions: type[Jobs] = Jobs) -> tuple[Cluster, Office]:
    """Let a swarm do its job through the bad time and some good time after it."""
    cluster, office = Cluster(seed, Parts(sessions=sessions)), Office(executor())
    for client in cluster.clients:
        client.resting = True
    for host in cluster.hosts:
        Worker(cluster, host, office)
    cluster.faults = Faults(cluster)
    cluster.clock.run(BAD * TICK)
    cluster.faults.end()
    cluster.clock.run((BAD + 400) * TICK)
    return cluster, office


SEEDS = range(10)


def test_each_occurrence_takes_effect_exactly_once_and_in_order() -> None:
    refused = 0
    for seed in SEEDS:
        _, office = work(seed)
        # every one up to the last is there once: none is left out, and the last is of the good time
        assert office.effects == list(range(EVERY, office.effects[-1] + 1, EVERY)), f"seed {seed}"
        assert office.effects[-1] > BAD + 200, f"seed {seed}"
        refused += office.refused
    assert refused > 0


@pytest.mark.parametrize("executor", [Gullible, NoMemory])
def test_an_executor_that_believes_what_it_is_told_does_things_twice(executor: type[Executor]) -> None:
    assert any(len(effects) > len(set(effects)) for effects in (work(seed, executor)[1].effects for seed in SEEDS))


def test_without_another_attempt_a_lost_outcome_ends_the_job() -> None:
    assert any(work(seed, sessions=Abandoning)[1].effects[-1:] < [BAD + 200] for seed in SEEDS)
