"""One robot's part in one decision among liars: a member votes, an outsider asks members for the decided value.

Both hold to one rule: what a seat has to store is stored before what it has to say is said.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, TypeAlias

import msgspec
import shapely
from msgspec import Meta

from swarm_consensus.agreement.byzantine.decision import Decider, Timing
from swarm_consensus.agreement.byzantine.messages import Decision, Message, Rules, Saved
from swarm_consensus.agreement.byzantine.votes import Conflict, Poll, Ring, Signer, Vote
from swarm_consensus.agreement.quorum import byzantine_quorum
from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import Prism

COMMIT, ABORT = b"commit", b"abort"
_PLACE = struct.Struct(">2d")
Subject = Literal["meeting_point", "mission"]


class Ask(msgspec.Struct, array_like=True, frozen=True, tag="ba"):
    """Somebody wants to know what was decided."""


class Witness(msgspec.Struct, array_like=True, frozen=True, tag="bw"):
    """A member that knows what was decided tells what others voted: who told others something else is found out."""

    votes: Annotated[tuple[Vote, ...], Meta(max_length=64)]


Word: TypeAlias = Message | Ask | Witness
Said: TypeAlias = tuple[tuple[int, ...], Word]  # to whom, by place in the roster, and what


class Ballot(msgspec.Struct, array_like=True, frozen=True):
    """What must survive a crash: what a member said, and proofs of others' lies, which nobody says twice."""

    saved: Saved
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One decision, as all robots are told of it."""

    name: str
    about: Subject
    instance: bytes  # up to 32 bytes, never used twice
    members: tuple[int, ...]  # places in the roster of who decides: in this order they are primaries
    liars: int  # f: so many are borne


class Seat(Protocol):
    """What a robot does about one decision."""

    @property
    def conflicts(self) -> Mapping[int, Conflict]:
        """Proofs of lies, by place among the members."""

    @property
    def decision(self) -> Decision | None:
        """The decided value with its proof; None so far."""

    @property
    def view(self) -> int:
        """The present view."""

    def hear(self, origin: int, word: Word) -> None:
        """Take in what a robot said."""

    def tick(self) -> None:
        """Let a tick pass."""

    def ready(self) -> tuple[Ballot | None, list[Said]]:
        """Return what is to be stored, or None, and what is to be said after that."""


@dataclass(frozen=True, slots=True)
class Chair:
    """What a seat is made from."""

    question: Question
    own: int  # place in the roster
    value: bytes  # what this robot proposes
    is_valid: Callable[[bytes], bool]
    signer: Signer  # of its own votes
    ring: Ring  # of the members' keys, in their order
    timing: Timing
    ballot: Ballot | None = None  # what it stored before a crash


def decider(chair: Chair, value: bytes, saved: Saved | None) -> Decider:
    """Return the machine of a member that proposes a value."""
    question = chair.question
    return Decider(
        own=question.members.index(chair.own),
        members=len(question.members),
        liars=question.liars,
        instance=question.instance,
        value=value,
        is_valid=chair.is_valid,
        signer=chair.signer,
        ring=chair.ring,
        timing=chair.timing,
        saved=saved,
    )


class Member:
    """A robot that decides with others, by the rules."""

    def __init__(self, chair: Chair) -> None:
        ballot = chair.ballot
        self._conflicts: dict[int, Conflict] = {each.one.member: each for each in ballot.conflicts} if ballot else {}
        self._roster, self._own = chair.question.members, chair.own
        self._decider = decider(chair, chair.value, ballot.saved if ballot else None)
        self._saved = ballot.saved if ballot else Saved()
        self._asked: set[int] = set()
        self._again = chair.timing.again
        self._decided_for = 0  # ticks

    @property
    def conflicts(self) -> Mapping[int, Conflict]:
        """Proofs of lies, by place among the members."""
        return self._conflicts

    @property
    def decision(self) -> Decision | None:
        """The decided value with its proof; None so far."""
        return self._decider.decision

    @property
    def view(self) -> int:
        """The present view."""
        return self._decider.view

    def hear(self, origin: int, word: Word) -> None:
        """Take in what a robot said: votes carry their own proof, whoever brings them."""
        if isinstance(word, Ask):
            self._asked.add(origin)
        elif isinstance(word, Witness):
            self._decider.look(word.votes)
        else:
            self._decider.step(word)

    def tick(self) -> None:
        """Let a tick pass."""
        self._decider.tick()
        self._decided_for += self.decision is not None

    def ready(self) -> tuple[Ballot | None, list[Said]]:
        """Return what is to be stored, or None, and what is to be said after that."""
        saved, letters = self._decider.ready()
        said: list[Said] = [((self._roster[letter.to],), letter.message) for letter in letters]
        if self.decision is not None and self._asked:
            said.append((tuple(sorted(self._asked)), self.decision))
        self._asked = set()
        if self.decision is not None and self._decided_for in (self._again, 3 * self._again):  # twice: radios lose
            others = tuple(robot for robot in self._roster if robot != self._own)
            said.append((others, Witness(self._decider.votes)))
        known = len(self._conflicts)
        for member, conflict in self._decider.conflicts.items():
            self._conflicts.setdefault(member, conflict)
        self._saved = saved or self._saved
        is_news = saved is not None or len(self._conflicts) > known
        return Ballot(self._saved, tuple(self._conflicts.values())) if is_news else None, said


class Outsider:
    """A robot that has no vote, and takes the decided value from whoever can prove it."""

    def __init__(self, chair: Chair) -> None:
        question = chair.question
        quorum = byzantine_quorum(len(question.members), question.liars)
        self._decision = chair.ballot.saved.decision if chair.ballot else None
        self._members = question.members
        self._rules = Rules(len(question.members), quorum, Poll(question.instance, chair.ring).is_sound)
        self._again = chair.timing.again
        self._wait = chair.own % self._again
        self._is_news = False

    @property
    def conflicts(self) -> Mapping[int, Conflict]:
        """None: it hears no votes."""
        return {}

    @property
    def decision(self) -> Decision | None:
        """The decided value with its proof; None so far."""
        return self._decision

    @property
    def view(self) -> int:
        """The view in which it was decided."""
        return self._decision.votes[0].view if self._decision else 0

    def hear(self, origin: int, word: Word) -> None:
        """Take in what a robot said."""
        if self._decision is None and isinstance(word, Decision) and self._rules.is_decision(word):
            self._decision, self._is_news = word, True

    def tick(self) -> None:
        """Let a tick pass."""
        self._wait -= 1

    def ready(self) -> tuple[Ballot | None, list[Said]]:
        """Return what is to be stored, or None, and what is to be said after that."""
        ballot = Ballot(Saved(decision=self.decision)) if self._is_news else None
        self._is_news = False
        if self.decision is not None or self._wait > 0:
            return ballot, []
        self._wait = self._again
        return ballot, [(self._members, Ask())]


# values


def pack_place(x: float, y: float) -> bytes:
    """Return a place, m, as a value."""
    return _PLACE.pack(x, y)


def read_place(value: bytes) -> tuple[float, float] | None:
    """Return the place, m, that a value stands for; None if it is none."""
    if len(value) != _PLACE.size:
        return None
    x, y = _PLACE.unpack(value)
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def spell(value: bytes) -> str:
    """Spell a value for people."""
    if value in (COMMIT, ABORT):
        return value.decode()
    place = read_place(value)
    return value.hex() or "nothing" if place is None else f"{place[0]:.3f} {place[1]:.3f}"


def judge_of(about: Subject, fence: Array, obstacles: tuple[Prism, ...]) -> Callable[[bytes], bool]:
    """Return what tells whether a value makes sense: a place where robots can stand, or whether to go on.

    Parameters
    ----------
    about
        What is decided.
    fence
        (m, 2) m; (0, 2): there is none.
    obstacles
        Nobody meets inside of one.
    """
    if about == "mission":
        return lambda value: value in (COMMIT, ABORT)
    inside = shapely.Polygon(fence) if len(fence) else None
    blocked = shapely.union_all([shapely.Polygon(prism.polygon) for prism in obstacles])

    def is_place(value: bytes) -> bool:
        place = read_place(value)
        if place is None:
            return False
        point = shapely.Point(place)
        return not blocked.intersects(point) and (inside is None or bool(inside.contains(point)))

    return is_place
