"""A robot's part in the jobs of its swarm: what it has begun, does, and notices.

It does what it has begun by telling the executor, again and again until the executor answers: only the executor knows
whether something took effect, and its answers may be lost like anything on the air. Then it says so in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from swarm_consensus.agreement import trigger
from swarm_consensus.agreement.trigger import Attempt, End, Foreman, Notice, Ruling, Times, Triggers
from swarm_consensus.arrays import Array
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Note, packed
from swarm_consensus.robot.devices import EXECUTOR, Devices

JOBS = "job"  # topic of the note by which a robot does a job; also the machine's name
AGAIN_S = 0.5  # s, after which the executor is told again
Values = Callable[[str], Array | None]  # a robot's present value of a quantity


class Effort(msgspec.Struct, array_like=True, frozen=True):
    """What a robot tells the executor of a job."""

    job: str
    attempt: Attempt


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Effort)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a job by condition is due: while a robot's value of a quantity is above a bound, every so often."""

    quantity: str
    above: float  # in the quantity's unit
    quiet: int  # ticks without another occurrence after one was noticed


class Jobs:
    """What one robot does about jobs, in each tick.

    Parameters
    ----------
    own
        Place in the roster.
    schedules, conditions
        When each job is due; the same for all robots.
    rate
        Ticks a second.
    patience
        Ticks after which another attempt follows one without an outcome.
    devices
        Tell what the executor said from what others say in its name.
    """

    def __init__(
        self,
        own: int,
        schedules: Iterable[tuple[str, Times]],
        conditions: Iterable[tuple[str, Condition]],
        rate: int,
        patience: int,
        devices: Devices | None = None,
    ) -> None:
        self._devices = devices or Devices()
        self._own = own
        self._conditions = dict(conditions)
        times = dict(schedules)
        self.triggers = Triggers([*times, *self._conditions])
        self._foreman = Foreman(own, times, since=0, patience=patience)
        self._rate = rate
        self._patience = patience
        self._told: dict[str, tuple[int, int]] = {}  # by job: token of which the executor was told last, and when
        self._ruled: dict[str, int] = {}  # by job: token of which the executor said that it took effect
        self._rulings: list[Ruling] = []  # heard since the last tick
        self._noticed: dict[str, tuple[int, int]] = {}  # by job: newest occurrence, and since when it is the newest
        self._asked: dict[str, int] = {}  # by job: when it was last said to be due, tick
        self._efforts: list[Effort] = []  # for the next frame

    def start(self, tick: int) -> None:
        """Take note of when this robot was switched on."""
        self._foreman.since = tick // self._rate

    def hear(self, frames: Iterable[bytes], now: int = 0) -> tuple[bytes, ...]:
        """Take what executors say out of what was heard, at a second of this robot's clock; return the rest."""
        rest = []
        for frame in frames:
            if not trigger.is_ruling(frame):
                rest.append(frame)
                continue
            answer = self._devices.heard(EXECUTOR, frame, now)
            ruling = None if answer is None else trigger.read_ruling(answer)
            if ruling is not None and ruling.robot == self._own:
                self._rulings.append(ruling)
        return tuple(rest)

    def act(self, tick: int, leads: bool, values: Values) -> list[bytes]:
        """Return what is to be written into the log."""
        wanted: list[trigger.Request] = [*self._ends(), *self._notices(tick, values)]
        wanted += self._foreman.due(self.triggers.jobs, tick // self._rate, tick, leads)
        self._do(tick)
        return [trigger.pack(each) for each in wanted]

    def efforts(self) -> tuple[Raw, ...]:
        """Return what is to be said to executors in this tick's frame, as messages."""
        efforts, self._efforts = self._efforts, []
        return tuple(packed(Note(JOBS, Raw(_encoder.encode(effort)))) for effort in efforts)

    def _ends(self) -> list[End]:
        """Say of what took effect that it did, once for each attempt."""
        found = []
        for ruling in self._rulings:
            job = self.triggers.jobs.get(ruling.job)
            named = (ruling.token, ruling.number)
            mine = job is not None and any((each.token, each.number) == named for each in job.attempts)
            if mine and ruling.verdict != "stale" and self._ruled.get(ruling.job, 0) < ruling.token:
                self._ruled[ruling.job] = ruling.token
                found.append(End(ruling.job, ruling.token, "done"))
        self._rulings = []
        return found

    def _do(self, tick: int) -> None:
        """Tell the executor of what this robot has begun, until it has answered."""
        for name, job in self.triggers.jobs.items():
            attempt = job.open
            if attempt is None or attempt.robot != self._own or self._ruled.get(name, 0) >= attempt.token:
                continue
            token, when = self._told.get(name, (0, 0))
            if attempt.token > token or tick - when >= AGAIN_S * self._rate:
                self._told[name] = (attempt.token, tick)
                self._efforts.append(Effort(name, attempt))

    def _notices(self, tick: int, values: Values) -> list[Notice]:
        """Say that a job is due whose condition holds; all who see it name the same occurrence."""
        found = []
        for name, condition in self._conditions.items():
            job = self.triggers.jobs[name]
            newest, since = self._noticed.get(name, (-1, tick))
            if newest != job.noticed:
                newest, since = job.noticed, tick
                self._noticed[name] = (newest, since)
                self._asked.pop(name, None)
            quiet = newest > 0 and tick - since < condition.quiet
            value = values(condition.quantity)
            if quiet or value is None or not float(value[0]) > condition.above:
                continue
            if tick - self._asked.get(name, tick - self._patience) >= self._patience:
                self._asked[name] = tick
                found.append(Notice(name, max(job.noticed, job.done) + 1))
        return found


def nothing(_: str) -> None:
    """Return that there is no value of any quantity."""


def read_effort(note: Note) -> Effort | None:
    """Return what a note tells an executor, or None if it is nothing."""
    try:
        return _decoder.decode(note.words)
    except UNREADABLE:
        return None
