"""A robot's part in decisions that must survive captured robots: where to meet, whether to go on with the mission.

Members vote over the mesh, beside the log and independent of it (`agreement.byzantine`). Until it knows what was
decided a robot holds still: nothing that moves it rests on a message arriving. Votes that convict somebody of lying
go to the disk at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import msgspec
import numpy as np

from swarm_consensus.agreement.byzantine.decision import Timing
from swarm_consensus.agreement.byzantine.votes import KeyRing, KeySigner
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.arrays import Array
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.network.keys import PrivateKey, PublicKey
from swarm_consensus.network.mesh import Mesh
from swarm_consensus.robot.disk import Disk
from swarm_consensus.robot.letters import Desk, cut, read
from swarm_consensus.robot.seats import (
    ABORT,
    Ballot,
    Chair,
    Member,
    Outsider,
    Question,
    Seat,
    Word,
    judge_of,
    pack_place,
    read_place,
    spell,
)
from swarm_consensus.robot.state import Decided

WAITING = 256  # sheets that wait for the mesh; more push out the oldest, which are said again


class _Letter(msgspec.Struct, array_like=True, frozen=True):
    """What goes over the mesh."""

    question: int  # place among the questions
    word: Word


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Letter)
_ballot_decoder = msgspec.msgpack.Decoder(Ballot)


@dataclass(frozen=True, slots=True)
class Part:
    """What one robot is told of one decision."""

    question: Question
    timing: Timing = Timing()
    value: bytes | None = None  # what it proposes; None: the place where it is
    member: Callable[[Chair], Seat] = Member  # what it is as a member; a captured robot is something else


@dataclass(frozen=True, slots=True)
class DecisionOrders:
    """What one robot is told of decisions."""

    parts: tuple[Part, ...]  # in the same order on all robots


@dataclass(frozen=True, slots=True)
class Keys:
    """By what votes are signed and checked."""

    own: PrivateKey
    roster: tuple[PublicKey, ...]  # of all robots

    def ring(self, members: Sequence[int]) -> KeyRing:
        """Return the keys of some robots, in their order."""
        return KeyRing(tuple(self.roster[robot] for robot in members))


def file_of(name: str) -> str:
    """Return the name of the file in which a robot keeps what it said in a decision, and proofs of lies."""
    return f"decision_{name}"


def read_ballot(data: bytes | None) -> Ballot | None:
    """Return what such a file says.

    Raises
    ------
    StorageError
        If it says nothing: a member that forgot what it said must not vote.
    """
    if data is None:
        return None
    try:
        return _ballot_decoder.decode(data)
    except UNREADABLE:
        raise StorageError("the file of a decision is not what this robot wrote") from None


class Decisions:
    """All decisions that one robot takes part in.

    Each tick: `start` once it is known where the robot is, `hear` for each message of the mesh, then `act`.

    Parameters
    ----------
    own
        Place in the roster.
    orders
        Its own.
    keys
        Its own and the others'.
    mesh
        Shared with whatever else the robot says to robots that are no neighbours.
    disk
        Its disk.
    fence, obstacles
        What a place must respect: (m, 2) m, and prisms.
    """

    def __init__(
        self,
        own: int,
        orders: DecisionOrders,
        keys: Keys,
        mesh: Mesh,
        disk: Disk,
        fence: Array,
        obstacles: tuple[Prism, ...],
    ) -> None:
        self.stopped = ""  # why this robot takes no part any more
        self.faults = 0  # letters that are none
        self._own, self._orders, self._keys, self._mesh, self._disk = own, orders, keys, mesh, disk
        self._valid = {
            about: judge_of(about, fence, obstacles) for about in {part.question.about for part in orders.parts}
        }
        self._desk = Desk()
        self._seats: list[Seat] = []
        self._waiting: dict[bytes, set[int]] = {}  # sheets for the mesh, and for whom

    def start(self, position: Array) -> None:
        """Take the seats, proposing this place where one is asked for; only the first call does something."""
        if self._seats or self.stopped:
            return
        try:
            self._seats = [self._seat(part, position) for part in self._orders.parts]
        except StorageError as error:
            self._stop(error)

    def _seat(self, part: Part, position: Array) -> Seat:
        question = part.question
        here = pack_place(float(position[0]), float(position[1]))
        chair = Chair(
            question=question,
            own=self._own,
            value=here if part.value is None else part.value,
            is_valid=self._valid[question.about],
            signer=KeySigner(self._keys.own),
            ring=self._keys.ring(question.members),
            timing=part.timing,
            ballot=read_ballot(self._disk.load(file_of(question.name))),
        )
        return part.member(chair) if self._own in question.members else Outsider(chair)

    def hear(self, origin: int, payload: bytes) -> bool:
        """Take in a message of the mesh; False if it is for somebody else on this robot."""
        sheet = read(payload)
        if sheet is None:
            return False
        data = self._desk.add(origin, sheet)
        letter = None if data is None else _read(data)
        if letter is not None and letter.question < len(self._seats):
            self._seats[letter.question].hear(origin, letter.word)
        elif data is not None:
            self.faults += 1
        return True

    def act(self) -> None:
        """Let a tick pass: store, then say."""
        try:
            for number, seat in enumerate(self._seats):
                seat.tick()
                ballot, said = seat.ready()
                if ballot is not None:
                    self._disk.save(file_of(self._orders.parts[number].question.name), _encoder.encode(ballot))
                for robots, word in said:
                    self._post(robots, _encoder.encode(_Letter(number, word)))
        except StorageError as error:
            self._stop(error)
        self._send()

    def _stop(self, error: StorageError) -> None:
        """Say nothing more: what was not stored must not be said."""
        self.stopped = str(error)
        self._seats, self._waiting = [], {}

    def _post(self, robots: Sequence[int], letter: bytes) -> None:
        for sheet in cut(letter):
            self._waiting.setdefault(sheet, set()).update(robots)
        while len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _send(self) -> None:
        """Hand sheets to the mesh, as long as it has said what it was given before."""
        while self._waiting and not self._mesh.lags:
            sheet = next(iter(self._waiting))
            self._mesh.send(self._waiting.pop(sheet), sheet)

    # what was decided

    def _values(self) -> list[tuple[Question, bytes | None]]:
        """Return each question with the decided value, or None where nothing is known."""
        values = [seat.decision.value if seat.decision else None for seat in self._seats]
        return list(zip_longest([part.question for part in self._orders.parts], values))

    @property
    def place(self) -> Array | None:
        """The place to meet, (2,) m, of the last question that asks for one; None: not decided, or not asked."""
        values = [value for question, value in self._values() if question.about == "meeting_point"]
        place = read_place(values[-1]) if values and values[-1] is not None else None
        return None if place is None else np.array(place)

    def reason_to_hold(self) -> str | None:
        """Return why the robot must hold still, or None."""
        for question, value in self._values():
            if value is None:
                return f"waits for decision {question.name}" + (f": {self.stopped}" if self.stopped else "")
            if value == ABORT:
                return "mission aborted"
        return None

    def status(self, names: Sequence[str]) -> tuple[Decided, ...]:
        """Return how the decisions stand, in the names of the roster."""
        if not self._seats:
            return tuple(Decided(part.question.name) for part in self._orders.parts)
        return tuple(
            Decided(
                name=question.name,
                value=spell(seat.decision.value) if seat.decision else "",
                view=seat.view,
                liars=tuple(names[question.members[member]] for member in sorted(seat.conflicts)),
            )
            for question, seat in zip([part.question for part in self._orders.parts], self._seats, strict=True)
        )


def _read(data: bytes) -> _Letter | None:
    try:
        letter = _decoder.decode(data)
    except UNREADABLE:
        return None
    return letter if letter.question >= 0 else None
