"""Orders of people, on a robot: heard from a ground station, brought into the log, and obeyed by what stands there.

A request is signed by its author and goes through the log, so that all obey the same in the same order. A robot obeys
what stands in the log only if its author may do so by what is applied here, and only if the robot knows that this is
fresh (`agreement.authority`). It asks the log for that only while there is something to be judged. Halting waits for
nobody: it is obeyed as soon as it is heard from an operator who is known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import Raw

from swarm_consensus.agreement.authority import Gate
from swarm_consensus.agreement.commands import STRANGERS, Commands, bring, read_request
from swarm_consensus.agreement.machines import pack
from swarm_consensus.agreement.roles import ALWAYS, Order, Request, Ruling, Standing, body_of, ruling_of
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.motion.behaviour import Task
from swarm_consensus.network.frame import Note, packed
from swarm_consensus.network.keys import PublicKey
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.identity import Trust
from swarm_consensus.robot.mission import Fence, Sense, changed, words_of
from swarm_consensus.robot.state import Obeyed, OrdersStatus

COMMANDS = "commands"  # name of the machine behind the log
RULING = "ruling"  # topic of the note by which a robot answers a ground station
MAGIC = b"SO"  # before a request on the air
WAITING = 16  # requests that a robot minds at a time
CHECKS = 4  # signatures looked at in a tick: a flood of forgeries costs no more
AROUND = 64  # bytes of an entry around a request: whose it is, who brought it and when, and the session
LONGEST = 160  # letters of a reason, on the air
STATE_S = 30  # s, between two statements of a robot's clock, where keys expire; and between two strangers' requests
_TASK = {"goal", "behaviour", "fence"}  # what orders are about that change what a robot is to do
_encoder = msgspec.msgpack.Encoder()


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """What a robot tells a ground station of a request: final if the ruling has an index, else how it stands here."""

    author: bytes
    number: int
    ruling: bytes


_answer_decoder = msgspec.msgpack.Decoder(Answer)


def packet_of(request: bytes) -> bytes:
    """Return a signed request as it goes over the air."""
    return MAGIC + request


def is_order(packet: bytes) -> bool:
    """Tell a request from a frame."""
    return packet[:2] == MAGIC


def read_answer(note: Note) -> tuple[Answer, Ruling] | None:
    """Return what a note tells a ground station, or None if it is nothing."""
    try:
        answer = _answer_decoder.decode(note.words)
        return answer, ruling_of(answer.ruling)
    except UNREADABLE:
        return None


class Desk:
    """One robot's orders.

    Each tick: `hear` each packet of a ground station, `wanted` before the log acts, `served`, then `decide`.

    Parameters
    ----------
    config
        The robot's orders.
    trust
        Who had which role at the beginning.
    largest
        Bytes that an entry of the log may have.
    behind
        True for a robot that starts again: it holds still until it knows what was ordered before, and meanwhile.
    """

    def __init__(self, config: AgentConfig, trust: Trust, largest: int, *, behind: bool = False) -> None:
        self.machine = Commands(
            dict(trust.people), trust.swarm, Sense(config), count=len(config.roster), rate=config.rate
        )
        self.refused: Counter[str] = Counter()  # packets, by cause
        self._own, self._largest = config.index, largest - AROUND
        self._armed, self.behind = config.armed, behind
        self._every = STATE_S * config.rate
        self._reports_from = 0  # tick from which on a stranger's request is brought into the log again
        self._stated: int | None = None  # tick at which the robot stated the time last
        self._gate = Gate(trust.freshness, self.machine.roles)
        self._waiting: dict[tuple[bytes, int], bytes] = {}  # requests without a ruling, by author and number
        self._new: list[bytes] = []  # of them, that are not brought into the log yet
        self._answers: dict[tuple[bytes, int], Ruling] = {}
        self._done: dict[str, int] = {}  # by what an order is about: index of the newest one that was decided on
        self._obeyed: dict[str, tuple[Standing, Obeyed]] = {}
        self._halt: tuple[bytes, int] | None = None  # author and number of a halt that was heard and is not lifted
        self._denied = ""
        self._checks = 0

    # what is heard

    def hear(self, packet: bytes, tick: int) -> None:
        """Take in a packet of a ground station, whatever it is."""
        request = read_request(packet[len(MAGIC) :])
        if request is None or len(packet) - len(MAGIC) > self._largest:
            self.refused["garbage" if request is None else "oversized"] += 1
            return
        key = (request.author, request.number)
        if self._waiting.get(key) == packet[len(MAGIC) :]:
            self._stands(request, tick)
        elif request.number <= self.machine.roles.numbers.get(request.author, 0):
            self._recall(request)
        elif cause := self._objection(request):
            self.refused[cause] += 1
            if cause == "stranger":
                self._report(request, packet[len(MAGIC) :], tick)
        else:
            self._take(request, packet[len(MAGIC) :], tick)

    def _objection(self, request: Request) -> str:
        roles = self.machine.roles
        if request.author not in roles.people and request.author not in roles.numbers:
            return "stranger"
        self._checks += 1
        return "" if self._checks <= CHECKS and roles.is_signed(request) else "forged"

    def _report(self, request: Request, data: bytes, tick: int) -> None:
        """Have a stranger's request denied in the journal, and tell whoever asked: now and then, and not for ever."""
        self._checks += 1
        if tick < self._reports_from or self._checks > CHECKS or self.machine.strangers >= STRANGERS:
            return
        if self.machine.roles.is_signed(request):
            self._reports_from = tick + self._every
            self._new.append(data)
            name, body = PublicKey(request.author).fingerprint, body_of(request)
            action = body.action if isinstance(body, Order) else ""
            why = f"key {name} is not known"
            self._answers.setdefault((request.author, request.number), Ruling(0, name, action, False, why))

    def _recall(self, request: Request) -> None:
        """Answer what was ruled on; anything older is a replay."""
        ruling = self.machine.ruling(request.author, request.number)
        if ruling is None or len(self._answers) >= WAITING:
            self.refused["replayed"] += 1
        else:
            self._answers[request.author, request.number] = ruling

    def _take(self, request: Request, data: bytes, tick: int) -> None:
        body = body_of(request)
        halts = isinstance(body, Order) and body.action == ALWAYS
        if halts and not self._gate.judge(request.author, ALWAYS, tick):
            self._halt = (request.author, request.number)
        if len(self._waiting) >= WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[request.author, request.number] = data
        self._new.append(data)

    def _stands(self, request: Request, tick: int) -> None:
        """Say why a request that waits is denied here for now, if it is."""
        body = body_of(request)
        action = body.action if isinstance(body, Order) else "grant"
        why = self._gate.judge(request.author, action, tick)
        if why:
            name = self._called(request.author)
            self._deny(name, action, why)
            self._answers[request.author, request.number] = Ruling(0, name, action, False, why)

    # what is asked of the log

    def wanted(self, tick: int) -> tuple[list[bytes], int | None]:
        """Return what is to be brought into the log, and the token of a read that is to be asked for now, if any."""
        self._checks = 0
        if self.machine.asks_time and (self._stated is None or tick - self._stated >= self._every):
            self._stated = tick
            self._new.append(b"")
        brought = [pack(COMMANDS, bring(self._own, tick, data)) for data in self._new]
        self._new = []
        if not (self.behind or self._waiting or any(self._undecided())) or not self._gate.read_due(tick):
            return brought, None
        self._gate.asked(tick, tick)
        return brought, tick  # a token that was never used before, also not before a restart

    def served(self, tokens: Iterable[int]) -> None:
        """Take in which reads were allowed."""
        for token in tokens:
            self._gate.served(token)
            self.behind = False

    # what is obeyed

    def _undecided(self) -> list[tuple[str, Standing]]:
        found = [
            (about, each) for about, each in self.machine.standing.items() if each.index > self._done.get(about, 0)
        ]
        return sorted(found, key=lambda pair: pair[1].index)

    def decide(self, tick: int) -> bool:
        """Judge what stands in the log and was not decided on; return whether the task changed."""
        self._settle()
        news = False
        for about, standing in self._undecided():
            action = standing.order.action
            why = self._gate.judge(standing.author, action, tick)
            if not why:
                self._obey(about, standing, tick)
                news = news or about in _TASK
            else:
                self._deny(self._called(standing.author), action, why)
                if self.machine.roles.may(standing.author, action):
                    self._done[about] = standing.index  # for good: a role that is given anew is for new orders
        return news

    def _obey(self, about: str, standing: Standing, tick: int) -> None:
        action, halt = standing.order.action, self._halt
        self._done[about] = standing.index
        self._obeyed[about] = (standing, Obeyed(standing.index, self._called(standing.author), action, tick))
        self._denied = ""
        lifts = about == "motion" and action != ALWAYS
        if lifts and halt is not None and self.machine.roles.numbers.get(halt[0], 0) >= halt[1]:
            self._halt = None  # the log knew of it before it was lifted

    def _settle(self) -> None:
        """Forget requests that were ruled on, and say so to whoever asked."""
        for author, number in list(self._waiting):
            if number <= self.machine.roles.numbers.get(author, 0):
                del self._waiting[author, number]
                ruling = self.machine.ruling(author, number)
                if ruling is not None:
                    self._answers[author, number] = ruling
                    if not ruling.allowed:
                        self._deny(ruling.author, ruling.action, ruling.why)

    def _deny(self, who: str, action: str, why: str) -> None:
        self._denied = f"{who}: {action}: {why}"

    def _called(self, author: bytes) -> str:
        person = self.machine.roles.people.get(author)
        return person.name if person else PublicKey(author).fingerprint

    def task(self, task: Task, altitude: float) -> Task:
        """Return what a task has become by the orders in force; the altitude, m, is for goals that name none."""
        orders = [standing for about, (standing, _) in self._obeyed.items() if about in _TASK]
        return changed(task, [each.order for each in sorted(orders, key=lambda each: each.index)], altitude)

    @property
    def fence(self) -> tuple[int, Fence] | None:
        """The fence in force, with the index of its entry; None: nobody ordered one."""
        given = self._obeyed.get("fence")
        words = None if given is None else words_of(given[0].order)
        return (given[0].index, words) if given is not None and isinstance(words, Fence) else None

    @property
    def disarmed(self) -> str:
        """Why the robot must not move under its own power, or ''."""
        given = self._obeyed.get("arming")
        if given is None:
            return "" if self._armed else "not armed so far"
        return f"disarmed by {given[1].author}" if given[1].action == "disarm" else ""

    @property
    def halted(self) -> str:
        """Why the robot is to hold still, or ''."""
        if self.behind:
            return "what was ordered is not known since the start: the log has not answered"
        if self._halt is not None:
            return f"halted by {self._called(self._halt[0])}"
        given = self._obeyed.get("motion")
        return f"halted by {given[1].author}" if given is not None and given[1].action == ALWAYS else ""

    @property
    def lands(self) -> bool:
        """Whether the robot is to land."""
        given = self._obeyed.get("motion")
        return given is not None and given[1].action == "land"

    # what is told

    def notes(self) -> tuple[Raw, ...]:
        """Return an answer to a ground station as a message, if there is one; the others wait."""
        if not self._answers:
            return ()
        key = next(iter(self._answers))
        ruling = self._answers.pop(key)
        short = msgspec.structs.replace(ruling, why=ruling.why[:LONGEST])
        return (packed(Note(RULING, Raw(_encoder.encode(Answer(*key, _encoder.encode(short)))))),)

    def status(self, armed: str, fence: str) -> OrdersStatus:
        """Return how orders stand; the two words say what became of arming, and where the robot is to a fence."""
        obeyed = sorted((told for _, told in self._obeyed.values()), key=lambda told: told.index)
        return OrdersStatus(self._denied, tuple(obeyed), len(self.machine.lines), armed, fence)
