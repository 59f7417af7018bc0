"""What became of the log that the swarm shares, judged from outside.

Robots tell in their status how far they know the log to be settled, and a digest of what they carried out. Who could
hear whom, and who lived, is known from the scenario and the faults, not from them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.agreement.quorum import has_majority
from swarm_consensus.network.channel import Outage
from swarm_consensus.run.agreement import Finding
from swarm_consensus.simulation.agreement import facts_of
from swarm_consensus.simulation.fleet import channel_model
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario

REPORT_S = 0.5  # s, between two statuses over DDS


@dataclass(slots=True)
class _Stretch:
    """A time in which the same robots could hear each other and the same robots lived."""

    since: float  # s
    what: str  # began with it
    majority: frozenset[int]  # robots in touch with more than half of the voters; empty: nobody is
    highest: int  # commit index of anybody, when it began
    allowed: int  # commit index that those without a majority may know of
    waiting: set[int] = field(default_factory=set)  # of the majority: have not come beyond that yet


class FactsJudge:
    """Watches the log of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with a log.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        orders = facts_of(scenario)
        assert orders is not None
        self._scenario = scenario
        self._names = tuple(robot.name for robot in robots)
        self._voters = orders.voters
        self._outages: tuple[Outage, ...] = channel_model(scenario, robots).partitions
        self._rate = scenario.control.rate_hz
        # s, for which a message that had come across may still be on its way, and a status over DDS be old
        self._settling = orders.mesh.lifetime / self._rate + REPORT_S
        self._stretch: _Stretch | None = None
        self._told: tuple[object, ...] = ()  # who was in which group and who lived, in the tick before
        self._digests: dict[int, tuple[str, int]] = {}  # by index: what was said first, and by whom
        self._leaders: dict[int, str] = {}  # by term
        self.commit: NDArray[np.int_] = np.zeros(len(robots), dtype=int)  # as each robot told last
        self.alive: NDArray[np.bool_] = np.ones(len(robots), dtype=bool)
        self.diverged: tuple[float, str] | None = None  # first time that two robots contradicted each other, s
        self.minority = 0  # entries that somebody without a majority committed
        self.minority_who = ""
        self.slowest = 0.0  # s, until all with the majority had something new after a change
        self.slowest_when = ""
        self.terms = 0
        self._jobs = orders.jobs
        self._has_jobs = bool(orders.jobs or orders.conditions)
        self.effects: dict[tuple[str, int], list[float]] = {}  # by job and occurrence: when it took effect, s
        self.refused = 0  # attempts that the executor refused
        self.stopped: dict[str, str] = {}  # who takes no part any more, and why

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        self._note_changes(record)
        for effect in record.effects:
            if effect.verdict == "go":
                self.effects.setdefault((effect.job, effect.number), []).append(record.time)
            else:
                self.refused += 1
        self.alive = record.alive
        for robot, status in enumerate(record.status):
            told = status.facts if status is not None else None
            if told is None or not record.alive[robot]:
                continue
            if told.stopped:
                self.stopped.setdefault(self._names[robot], told.stopped)
            self._compare(record.time, robot, told.index, told.digest)
            self._note_leader(record.time, robot, told.term, told.leader)
            self._note_commit(record.time, robot, told.commit)

    # one log

    def _compare(self, time: float, robot: int, index: int, digest: str) -> None:
        first, who = self._digests.setdefault(index, (digest, robot))
        if first != digest:
            self._contradict(time, f"{self._names[who]} and {self._names[robot]} differ at entry {index}")

    def _note_leader(self, time: float, robot: int, term: int, leader: str) -> None:
        self.terms = max(self.terms, term)
        known = self._leaders.setdefault(term, leader) if leader else leader
        if leader and known != leader:
            self._contradict(time, f"{known} and {leader} lead in term {term}, as {self._names[robot]} has it")

    def _contradict(self, time: float, what: str) -> None:
        self.diverged = self.diverged or (time, what)

    # who commits, and how soon

    def _note_commit(self, time: float, robot: int, commit: int) -> None:
        self.commit[robot] = commit
        stretch = self._stretch
        if stretch is None:
            return
        if robot in stretch.waiting and commit > stretch.highest:
            stretch.waiting.discard(robot)
            self._note_wait(stretch, time)
        if robot in stretch.majority:
            return
        if time - stretch.since <= self._settling:
            stretch.allowed = max(stretch.allowed, commit)
        elif commit - stretch.allowed > self.minority:
            self.minority = commit - stretch.allowed
            self.minority_who = f"{self._names[robot]} at {time:.2f} s"

    def _note_wait(self, stretch: _Stretch, time: float) -> None:
        if time - stretch.since > self.slowest:
            self.slowest, self.slowest_when = time - stretch.since, f"after {stretch.what} at {stretch.since:.2f} s"

    def _note_changes(self, record: TickRecord) -> None:
        """Begin a new stretch where the radio is cut or mended, or a robot dies or comes back."""
        active = tuple(outage.start <= record.time < outage.end for outage in self._outages)
        told = (active, record.alive.tobytes())
        if told == self._told:
            return
        before, self._told = self._told, told
        groups = self._groups(active)
        self._end(record.time)
        majority = frozenset().union(*(group for group in groups if self._has_majority(group, record.alive)))
        majority = frozenset(robot for robot in majority if record.alive[robot])
        highest = int(self.commit.max(initial=0))
        what = "the start" if not before else "a cut or healing" if before[0] != active else "a crash or return"
        self._stretch = _Stretch(record.time, what, majority, highest, highest, set(majority))

    def _groups(self, active: Sequence[bool]) -> list[frozenset[int]]:
        """Return the robots that the radio joins, by the cuts that are on."""
        key = [
            tuple(int(outage.group[robot]) for outage, on in zip(self._outages, active, strict=True) if on)
            for robot in range(len(self._names))
        ]
        return [frozenset(robot for robot, each in enumerate(key) if each == one) for one in sorted(set(key))]

    def _has_majority(self, group: frozenset[int], alive: NDArray[np.bool_]) -> bool:
        return has_majority(self._voters, {robot for robot in group if alive[robot]})

    def _end(self, time: float) -> None:
        """Whoever has seen nothing new until the next change waited at least so long."""
        stretch = self._stretch
        if stretch is not None and stretch.waiting:
            self._note_wait(stretch, time)

    # the verdict

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of the log."""
        expect = self._scenario.expect
        if expect.one_log is not None:
            held = (self.diverged is None) == expect.one_log
            bound = "no two robots contradict each other" if expect.one_log else "two robots contradict each other"
            detail = f"at {self.diverged[0]:.2f} s {self.diverged[1]}" if self.diverged else ""
            yield Finding("one_log", bound, "two logs" if self.diverged else "one log", held, detail)
        if expect.minority_commits is not None:
            most = expect.minority_commits
            yield Finding(
                "minority_commits", f"at most {most}", str(self.minority), self.minority <= most, self.minority_who
            )
        if expect.commits_at_least is not None:
            yield self._commits(expect.commits_at_least)
        if expect.jobs_within_s is not None:
            yield self._done(expect.jobs_within_s)
        for name, count in expect.job_effects.items():
            yield self._effects(name, count)
        if expect.resumes_within_s is not None:
            yield self._resumes(expect.resumes_within_s)

    def _commits(self, least: int) -> Finding:
        living = np.flatnonzero(self.alive)
        if not len(living):
            return Finding("commits_at_least", f"at least {least}", "nobody lives", False, "")
        worst = living[self.commit[living].argmin()]
        found = int(self.commit[worst])
        return Finding("commits_at_least", f"at least {least}", str(found), found >= least, self._names[worst])

    def _done(self, within: float) -> Finding:
        """Judge that all that was due early enough took effect once, in time, and nothing that was not."""
        end = self._scenario.duration_s
        due, slowest, where, wrong = 0, 0.0, "", ""
        known = set()
        for name, times in self._jobs:
            second = times.after(0)
            while second <= end:
                known.add((name, second))
                when = self.effects.get((name, second), [])
                late = (when[0] if when else math.inf) - second
                if second <= end - within or when:
                    due += 1
                    if late > slowest:
                        slowest, where = late, f"{name} of {second} s"
                if len(when) > 1:
                    wrong = wrong or f"{name} of {second} s took effect {len(when)} times"
                second = times.after(second)
        scheduled = {name for name, _ in self._jobs}
        strangers = {each for each in self.effects if each[0] in scheduled} - known
        if strangers:
            wrong = wrong or f"{min(strangers)[0]} of {min(strangers)[1]} s was never due"
        held = not wrong and slowest <= within
        value = f"{sum(each in known for each in self.effects)} of {due}, slowest {slowest:.2f} s"
        return Finding("jobs_within_s", f"each once, within {within:g} s", value, held, wrong or where)

    def _effects(self, job: str, count: int) -> Finding:
        """Judge how often a job took effect."""
        times = {number: when for (name, number), when in sorted(self.effects.items()) if name == job}
        found = sum(map(len, times.values()))
        twice = next((number for number, when in times.items() if len(when) > 1), None)
        held = found == count and twice is None
        detail = "" if twice is None else f"occurrence {twice} took effect {len(times[twice])} times"
        told = detail or ", ".join(f"at {when[0]:.2f} s" for when in times.values())
        return Finding(f"job_effects {job}", f"exactly {count}, each once", str(found), held, told)

    def _resumes(self, most: float) -> Finding:
        stretch, slowest, when = self._stretch, self.slowest, self.slowest_when
        if stretch is not None and stretch.waiting and self._scenario.duration_s - stretch.since > most:
            slowest, when = math.inf, f"never after {stretch.what} at {stretch.since:.2f} s"
        bound = f"at most {most:g} s after each change"
        return Finding("resumes_within_s", bound, f"{slowest:.2f} s", slowest <= most, when)

    def metrics(self) -> dict[str, Any]:
        """Return the numbers of the log."""
        index = max(self._digests, default=0)
        return {
            "log_commits": int(self.commit.max(initial=0)),
            "log_terms": self.terms,
            "log_digest": self._digests[index][0] if self._digests else "",
            "log_slowest_resume_s": round(self.slowest, 3),
            **({"jobs_done": len(self.effects), "jobs_refused": self.refused} if self._has_jobs else {}),
            **(
                {"log_stopped": "; ".join(f"{who}: {why}" for who, why in self.stopped.items())} if self.stopped else {}
            ),
        }
