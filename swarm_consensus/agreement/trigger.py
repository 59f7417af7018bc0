"""Jobs: each occurrence takes effect at most once, and at least once while a majority lives.

What is due is decided by whoever leads; that an attempt *begins* stands in the log before anything is done about it.
The index of that entry is the attempt's **token**: it grows with every attempt, so with every leader. Whoever led
before may still be at work on an older one, so the *executor*, where the effect happens, decides: it refuses a token
below the highest that it has seen, and an occurrence that has taken effect already. That holds without any clock.

An attempt whose robot is not heard of again stays in the log as one whose outcome is not known. The next attempt finds
it out: the executor says that the occurrence is done.

An occurrence is a number that grows. Of a job by schedule it is the second at which it is due (`schedule`). Of a job by
condition it is one more than the last; several robots that notice the same thing name the same number, and so make one
occurrence of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import msgspec

from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.errors import UNREADABLE

REMEMBERED = 16  # attempts of a job, the newest, that stay in the state
Outcome: TypeAlias = Literal["open", "done", "failed", "unknown"]


class Notice(msgspec.Struct, array_like=True, frozen=True, tag=0):
    """The condition of a job has come true: occurrence `number` is due, unless it was before. The answer is 1 if so."""

    job: str
    number: Count


class Begin(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """A robot begins an attempt; the answer is its token, or 0 if there is nothing to be attempted."""

    job: str
    number: Count
    robot: Member


class End(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """What came of an attempt, as the executor said; the answer is 1 if the attempt is known."""

    job: str
    token: Count
    outcome: Literal["done", "failed"]


class Start(msgspec.Struct, array_like=True, frozen=True, tag=3):
    """Occurrences up to this number were never due: nobody was there yet. The answer is 1 if that was news."""

    job: str
    number: Count


Request: TypeAlias = Notice | Begin | End | Start


class Attempt(msgspec.Struct, array_like=True, frozen=True):
    """One try at an occurrence."""

    token: int
    number: int  # the occurrence
    robot: int
    outcome: Outcome = "open"


@dataclass(slots=True)
class Job:
    """What is known of one job."""

    done: int = 0  # the newest occurrence that took effect; those before it did as well, or were never due
    noticed: int = 0  # of a job by condition: the newest occurrence that is due
    attempts: list[Attempt] = field(default_factory=list)  # the newest last

    @property
    def open(self) -> Attempt | None:
        """The newest attempt, if its outcome is not known."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.outcome == "open" else None

    @property
    def is_new(self) -> bool:
        """Tell whether nothing is known of it yet."""
        return not (self.done or self.attempts)


_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_state_decoder = msgspec.msgpack.Decoder(dict[str, tuple[int, int, list[Attempt]]])


def read(data: bytes) -> Request | None:
    """Return the request that bytes spell, or None."""
    try:
        return _request_decoder.decode(data)
    except UNREADABLE:
        return None


def pack(request: Request) -> bytes:
    """Return a request as a command for the log."""
    return _encoder.encode(request)


class Triggers:
    """Jobs, as a machine behind the log.

    Parameters
    ----------
    jobs
        Their names, the same on all robots.
    """

    def __init__(self, jobs: Iterable[str]) -> None:
        self.jobs = {name: Job() for name in sorted(jobs)}

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a request; anything else, and a job that does not exist, is answered with 0."""
        request = read(command)
        job = None if request is None else self.jobs.get(request.job)
        return _encoder.encode(0 if job is None or request is None else self._carry_out(index, job, request))

    def _carry_out(self, index: int, job: Job, request: Request) -> int:
        if isinstance(request, Notice):
            fresh = request.number == max(job.noticed, job.done) + 1
            job.noticed = request.number if fresh else job.noticed
            return int(fresh)
        if isinstance(request, Start):
            fresh = job.is_new
            job.done = request.number if fresh else job.done
            return int(fresh)
        if isinstance(request, Begin):
            return self._begin(index, job, request)
        return self._end(job, request)

    def _begin(self, index: int, job: Job, request: Begin) -> int:
        newest = job.attempts[-1] if job.attempts else None
        unsettled = newest is not None and newest.number > job.done
        if request.number <= job.done or (unsettled and newest is not None and request.number != newest.number):
            return 0  # it has taken effect, or another one must first
        if job.open is not None:
            job.attempts[-1] = msgspec.structs.replace(job.attempts[-1], outcome="unknown")
        job.attempts.append(Attempt(index, request.number, request.robot))
        del job.attempts[:-REMEMBERED]
        return index

    def _end(self, job: Job, request: End) -> int:
        """Note an outcome, also of an attempt that was followed by another: nothing undoes an effect."""
        for place, attempt in enumerate(job.attempts):
            if attempt.token == request.token:
                if attempt.outcome != "done":
                    job.attempts[place] = msgspec.structs.replace(attempt, outcome=request.outcome)
                if request.outcome == "done":
                    job.done = max(job.done, attempt.number)
                return 1
        return 0

    def snapshot(self) -> bytes:
        """Return the state of all jobs."""
        return _encoder.encode({name: (job.done, job.noticed, job.attempts) for name, job in self.jobs.items()})

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        for name, (done, noticed, attempts) in _state_decoder.decode(state).items():
            if name in self.jobs:
                self.jobs[name] = Job(done, noticed, attempts)


_UNSEEN = Attempt(-1, -1, 0)


class Times(Protocol):
    """When a job is due: `swarm_consensus.agreement.schedule.Schedule` is one."""

    def after(self, second: int) -> int:
        """Return the first second, later than this one, at which it is due."""


class Foreman:
    """Has what is due begun; on every robot, and only the leader's requests are proposed.

    Parameters
    ----------
    own
        Place in the roster.
    schedules
        Of the jobs by schedule; the others are by condition.
    since
        Second at which this robot was switched on. The first leader that there is has it written into the log that
        nothing was due before.
    patience
        Ticks after which an attempt that is open, or failed, is followed by another.
    """

    def __init__(self, own: int, schedules: Mapping[str, Times], since: int, patience: int) -> None:
        self._own = own
        self._schedules = schedules
        self.since = since
        self._patience = patience
        # by job: its newest attempt as last seen, and since when, or since the last request, it is like that
        self._seen: dict[str, tuple[Attempt | None, int]] = {}

    def due(self, jobs: Mapping[str, Job], second: int, tick: int, leads: bool) -> list[Begin | Start]:
        """Return what is to be proposed; to be called once a tick."""
        if not leads:
            self._seen.clear()
            return []
        found: list[Begin | Start] = []
        for name, job in jobs.items():
            number = self._next(name, job)
            if number > self._limit(name, job, second):
                self._seen.pop(name, None)
                continue
            newest = job.attempts[-1] if job.attempts else None
            seen, since = self._seen.get(name, (_UNSEEN, tick))
            pending = newest is not None and newest.number == number  # open, failed, or not known
            if seen != newest:
                since = tick
            if (seen != newest and not pending) or tick - since >= self._patience:
                found.append(Start(name, number) if self._must_start(name, job) else Begin(name, number, self._own))
                since = tick
            self._seen[name] = (newest, since)
        return found

    def _next(self, name: str, job: Job) -> int:
        """Return the occurrence that comes next: one that was begun and has not taken effect, or the one after."""
        if job.attempts and job.attempts[-1].number > job.done:
            return job.attempts[-1].number
        if self._must_start(name, job):
            return self.since - 1
        schedule = self._schedules.get(name)
        return job.done + 1 if schedule is None else schedule.after(job.done)

    def _must_start(self, name: str, job: Job) -> bool:
        return name in self._schedules and self.since > 1 and job.is_new

    def _limit(self, name: str, job: Job, second: int) -> int:
        return second if name in self._schedules else job.noticed


class Ruling(msgspec.Struct, array_like=True, frozen=True):
    """What the executor answers to a robot."""

    job: str
    robot: Member
    token: Count
    verdict: Literal["go", "done", "stale"]
    number: Count  # the occurrence: a log that was begun anew has tokens that were there before, and none of its own


_RULING = b"SJ"  # first bytes, by which it is told from a frame
_ruling_decoder = msgspec.msgpack.Decoder(Ruling)


def pack_ruling(ruling: Ruling) -> bytes:
    """Return a ruling as it goes over the air."""
    return _RULING + _encoder.encode(ruling)


def is_ruling(data: bytes) -> bool:
    """Tell a ruling, whole or not, from a frame."""
    return data[: len(_RULING)] == _RULING


def read_ruling(data: bytes) -> Ruling | None:
    """Return the ruling that bytes spell, or None."""
    try:
        return _ruling_decoder.decode(data[len(_RULING) :])
    except UNREADABLE:
        return None


class Executor:
    """Where a job takes effect. What `admits` remembers must be stored before the effect happens.

    Parameters
    ----------
    done, highest
        By job: newest occurrence that took effect, and highest token, as they were stored.
    """

    def __init__(self, done: Mapping[str, int] | None = None, highest: Mapping[str, int] | None = None) -> None:
        self.done = dict(done or {})
        self.highest = dict(highest or {})

    def admits(self, attempt: Attempt, job: str) -> Literal["go", "done", "stale"]:
        """Tell what is to become of an attempt.

        `go`: it takes effect now. `done`: its occurrence has taken effect already. `stale`: another attempt has been
        here that began later.
        """
        if attempt.token < self.highest.get(job, 0):
            return "stale"
        self.highest[job] = attempt.token
        if attempt.number <= self.done.get(job, 0):
            return "done"
        self.done[job] = attempt.number
        return "go"
