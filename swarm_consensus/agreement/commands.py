"""What people told the swarm to do, as a machine behind the log: signed requests, each ruled on once; the journal.

The session of a client is its key: requests of one author are numbered, and one that comes again, whoever brings it, is
answered with the ruling that it had and changes nothing. What is in force is kept by what it is about, so that a robot
that was away carries out the newest of each kind and not all that was said meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.activation import Announce
from swarm_consensus.agreement.clocks import Clocks
from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.agreement.roles import Order, Person, Request, Roles, Ruling, Standing, ruling_of
from swarm_consensus.errors import UNREADABLE

ABOUT = {
    "goto": "goal",
    "behaviour": "behaviour",
    "formation": "behaviour",
    "halt": "motion",
    "resume": "motion",
    "land": "motion",
    "arm": "arming",
    "disarm": "arming",
    "fence": "fence",
}  # what an action is about: a newer one about the same stands in its place
MOST = 10_000  # lines of the journal; when it is full nothing is allowed any more
STRANGERS = 100  # of them about keys that nobody knows, and false bundles: so a flood of these does not fill it
BUNDLE = "bundle"  # the action of lines about bundles
UNPROVEN = "(unproven)"  # who wants a bundle that no commander's signature vouches for


class Brought(msgspec.Struct, array_like=True, frozen=True):
    """A request as a robot put it into the log; or only the time by its clock."""

    robot: Member
    tick: Count  # of its clock
    request: Annotated[bytes, Meta(max_length=1000)]  # as `roles.sign` made it; b'': there is none


class Line(msgspec.Struct, array_like=True, frozen=True):
    """A line of the journal: who asked for what, when, and what was said to it."""

    index: int  # of the entry
    tick: int  # at which a robot brought it
    robot: int  # which one
    number: int  # of the author's requests
    ruling: Ruling


class _Last(msgspec.Struct, array_like=True, frozen=True):
    """The newest request of an author, and its ruling."""

    request: bytes
    ruling: bytes


_State = tuple[bytes, dict[bytes, _Last], dict[str, Standing], list[bytes], int, tuple[dict[int, int], int | None]]
_encoder = msgspec.msgpack.Encoder()
_brought_decoder = msgspec.msgpack.Decoder(Brought)
_request_decoder = msgspec.msgpack.Decoder(Request)
_line_decoder = msgspec.msgpack.Decoder(Line)
_state_decoder: msgspec.msgpack.Decoder[_State] = msgspec.msgpack.Decoder(_State)


def bring(robot: int, tick: int, request: bytes) -> bytes:
    """Return a request as a command of the machine."""
    return _encoder.encode(Brought(robot, tick, request))


def read_request(data: bytes) -> Request | None:
    """Return a signed request, whose signature nobody has looked at, or None if it is none."""
    try:
        return _request_decoder.decode(data)
    except UNREADABLE:
        return None


def read_line(data: bytes) -> Line | None:
    """Return a line of the journal, or None if it is none."""
    try:
        return _line_decoder.decode(data)
    except UNREADABLE:
        return None


class Commands:
    """The register of people, what is in force, and the journal.

    Parameters
    ----------
    founders
        Who has which role at the beginning.
    swarm
        For which requests are signed.
    sense
        Says why an order can't be carried out by anybody, or '', given what is in force; the same on all robots.
    most
        Lines that the journal takes.
    count
        Robots in the swarm.
    rate
        Ticks of their clocks in a second; tick 0 is the beginning of 1970.
    """

    def __init__(
        self,
        founders: Mapping[bytes, Person],
        swarm: bytes,
        sense: Callable[[Order, Mapping[str, Standing]], str] = lambda *_: "",
        most: int = MOST,
        count: int = 1,
        rate: int = 20,
    ) -> None:
        self.roles = Roles(founders, swarm, lambda order: sense(order, self.standing))
        self.roles.expired = self._expired
        self.clocks = Clocks(count)
        self._rate = rate
        self._stated: int | None = None  # s since 1970: of the request that is ruled on now
        self.standing: dict[str, Standing] = {}  # by what it is about
        self.lines: list[bytes] = []  # of the journal
        self.strangers = 0  # lines about keys that nobody knows, and about bundles that were refused
        self._last: dict[bytes, _Last] = {}  # by author
        self._written: set[str] = set()  # why bundles were refused, each written down once
        self._most = most

    def apply(self, index: int, command: bytes) -> bytes:
        """Rule on a request, unless that was done before."""
        brought = _read_brought(command)
        if brought is not None:
            self.clocks.state(brought.robot, brought.tick // self._rate)
            if not brought.request:
                return b""
        request = None if brought is None else read_request(brought.request)
        if brought is None or request is None:
            return _encoder.encode(Ruling(index, "", "", False, "bytes that are no request"))
        last = self._last.get(request.author)
        if last is not None and last.request == brought.request:
            return last.ruling
        if self._full:
            return _encoder.encode(Ruling(index, "", "", False, self._full))
        known = request.author in self.roles.people or request.author in self.roles.numbers
        self.strangers += not known
        if self.strangers > STRANGERS:
            self.strangers = STRANGERS
            why = "the key is not known, and the journal holds enough lines about such keys"
            return _encoder.encode(Ruling(index, "", "", False, why))
        self._stated = brought.tick // self._rate
        answer = self.roles.apply(index, brought.request)
        self._stated = None
        ruling = ruling_of(answer)
        if self.roles.numbers.get(request.author) == request.number and "used already" not in ruling.why:
            self._last[request.author] = _Last(brought.request, answer)
        self.lines.append(_encoder.encode(Line(index, brought.tick, brought.robot, request.number, ruling)))
        standing = self.roles.standing
        if ruling.allowed and standing is not None and standing.index == index and ruling.action in ABOUT:
            self.standing[ABOUT[ruling.action]] = standing
        return answer

    def bundle(self, index: int, announced: Announce, proven: bool, why: str) -> str:
        """Write down what was ruled on the announcement of a bundle; return why none may be allowed, or ''.

        Parameters
        ----------
        index
            Of the entry.
        announced
            What a robot brought.
        proven
            Whether a commander vouches for it.
        why
            It is refused, or ''.
        """
        if self._full:
            return self._full
        if why:
            if why in self._written or self.strangers >= STRANGERS:
                return ""
            self._written.add(why)
            self.strangers += 1
        manifest = announced.manifest
        who = self.roles.called(manifest.commander) if proven else UNPROVEN
        ruling = Ruling(index, who, BUNDLE, not why, why)
        self.lines.append(_encoder.encode(Line(index, announced.tick, announced.robot, manifest.number, ruling)))
        return ""

    @property
    def _full(self) -> str:
        """Why nothing is allowed any more, or ''."""
        lines = len(self.lines)
        return f"the journal is full: it holds {lines} lines" if lines >= self._most else ""

    def _expired(self, name: str, expires: int) -> str:
        now = self.clocks.now or 0
        return self.clocks.objection(name, expires, now if self._stated is None else self._stated)

    @property
    def asks_time(self) -> bool:
        """Whether anybody has a key that expires, so that robots are to state the time."""
        return any(person.expires for person in self.roles.people.values())

    def ruling(self, author: bytes, number: int) -> Ruling | None:
        """Return what was said to a request, if that is still known."""
        last = self._last.get(author)
        request = None if last is None else read_request(last.request)
        if last is None or request is None or request.number != number:
            return None
        return ruling_of(last.ruling)

    def snapshot(self) -> bytes:
        """Return all."""
        last, standing = dict(sorted(self._last.items())), dict(sorted(self.standing.items()))
        return _encoder.encode(
            (self.roles.snapshot(), last, standing, self.lines, self.strangers, self.clocks.snapshot())
        )

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        roles, self._last, self.standing, self.lines, self.strangers, clocks = _state_decoder.decode(state)
        self.roles.restore(roles)
        self.clocks.restore(clocks)
        rulings = [line.ruling for line in map(read_line, self.lines) if line is not None]
        self._written = {ruling.why for ruling in rulings if ruling.action == BUNDLE and not ruling.allowed}


def _read_brought(command: bytes) -> Brought | None:
    try:
        return _brought_decoder.decode(command)
    except UNREADABLE:
        return None
