"""Who may do what: people, their roles, and their signed requests, as a deterministic state machine for the log.

Each role includes those before it. A request is signed by its author and numbered; numbers grow for ever, also
through a dismissal and a new grant, so that no old request takes effect again, whoever proposes it. What is refused
changes nothing but is answered, and journalled, with the reason.

There is always an administrator whose key does not expire: nobody may dismiss or demote the last one, himself included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.raft.messages import Count
from swarm_consensus.errors import UNREADABLE, nearest
from swarm_consensus.network.keys import PrivateKey, PublicKey

PURPOSE = b"swarm request"
ROLES = ("viewer", "operator", "commander", "administrator")  # each includes those before it
ACTIONS = {
    "look": "viewer",
    "goto": "operator",
    "behaviour": "operator",
    "formation": "operator",
    "halt": "operator",
    "resume": "operator",
    "land": "operator",
    "arm": "commander",
    "disarm": "commander",
    "fence": "commander",
    "bundle": "commander",
    "grant": "administrator",
    "revoke": "administrator",
}  # and the least role that may do it
ALWAYS = "halt"  # the safe direction: it is obeyed from whoever is known here, fresh or not, expired or not
Key: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]


class Grant(msgspec.Struct, array_like=True, frozen=True, tag="grant"):
    """Gives a role to a key, or another one to a key that has one."""

    key: Key
    name: Name
    role: Annotated[str, Meta(max_length=64)]
    expires: Count = 0  # s since 1970, from which on the key counts for nothing; 0: never


class Revoke(msgspec.Struct, array_like=True, frozen=True, tag="revoke"):
    """Takes all roles from a key."""

    key: Key


class Order(msgspec.Struct, array_like=True, frozen=True, tag="order"):
    """Something robots are to do."""

    action: Annotated[str, Meta(max_length=64)]
    data: Annotated[bytes, Meta(max_length=512)] = b""


Body: TypeAlias = Grant | Revoke | Order


class Request(msgspec.Struct, array_like=True, frozen=True):
    """A signed request."""

    author: Key
    number: Annotated[int, Meta(ge=1, le=2**53)]  # grows with each request of the author
    body: bytes
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


class Person(msgspec.Struct, array_like=True, frozen=True):
    """Somebody with a role."""

    name: str
    role: str
    expires: int
    index: int  # of the entry that gave the role; 0: from the beginning


class Ruling(msgspec.Struct, array_like=True, frozen=True):
    """What became of a request: the line of the journal."""

    index: int
    author: str  # name, or the fingerprint of an unknown key
    action: str
    allowed: bool
    why: str  # '' if allowed


class Standing(msgspec.Struct, array_like=True, frozen=True):
    """The newest order that was allowed; robots obey it once, if they may."""

    index: int
    author: bytes
    order: Order


_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(Request)
_body_decoder: msgspec.msgpack.Decoder[Body] = msgspec.msgpack.Decoder(Body)
_ruling_decoder = msgspec.msgpack.Decoder(Ruling)
_State = tuple[dict[bytes, Person], dict[bytes, int], Standing | None, dict[bytes, str]]
_state_decoder: msgspec.msgpack.Decoder[_State] = msgspec.msgpack.Decoder(_State)


def sign(key: PrivateKey, number: int, body: Body, swarm: bytes) -> bytes:
    """Return a signed request as a command for the log of a swarm."""
    packed = _encoder.encode(body)
    signature = key.sign(PURPOSE, _covered(swarm, number, packed))
    return _encoder.encode(Request(key.public.raw, number, packed, signature))


def ruling_of(answer: bytes) -> Ruling:
    """Return what an answer says."""
    return _ruling_decoder.decode(answer)


def body_of(request: Request) -> Body | None:
    """Return what is asked for, or None if it can't be read."""
    try:
        return _body_decoder.decode(request.body)
    except UNREADABLE:
        return None


def includes(role: str, least: str) -> bool:
    """Tell whether a role is at least another one."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(least)


def _covered(swarm: bytes, number: int, body: bytes) -> bytes:
    return _encoder.encode((swarm, number, body))


class Roles:
    """The register of people, as a machine behind the log.

    Parameters
    ----------
    founders
        Who has which role at the beginning, by public key, the same on all robots.
    swarm
        A name that no other swarm with the same people has.
    sense
        Says why an order can't be carried out by anybody, or ''; the same on all robots.

    Raises
    ------
    SettingsError
        If a role does not exist, or no founder is an administrator for ever.
    """

    def __init__(
        self, founders: Mapping[bytes, Person], swarm: bytes, sense: Callable[[Order], str] = lambda _: ""
    ) -> None:
        problems = [
            f"{each.name}: role '{each.role}' does not exist{nearest(each.role, ROLES)}"
            for each in founders.values()
            if each.role not in ROLES
        ]
        self.people = dict(sorted(founders.items()))
        if not self._permanent(self.people):
            problems.append("no founder is an administrator whose key never expires: nobody could ever change a role")
        if problems:
            raise SettingsError(problems)
        # says why a key that expires does not count by the time of the log, or '', given name and expiry
        self.expired: Callable[[str, int], str] = lambda name, _: (
            f"the key of {name} expires, and nothing tells the time"
        )
        self.standing: Standing | None = None
        self.numbers: dict[bytes, int] = {}  # newest request of each key
        self._former: dict[bytes, str] = {}  # names of who was dismissed
        self._swarm, self._sense = swarm, sense

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a request, or refuse it with a sentence."""
        try:
            request = _request_decoder.decode(command)
        except UNREADABLE:
            return _encoder.encode(Ruling(index, "", "", False, "bytes that are no request"))
        try:
            body = _body_decoder.decode(request.body)
        except UNREADABLE:
            return _encoder.encode(
                Ruling(index, self.called(request.author), "", False, "a request that can't be read")
            )
        action = body.action if isinstance(body, Order) else "grant" if isinstance(body, Grant) else "revoke"
        why = self._objection(request, action) or self._carry_out(index, request.author, body)
        return _encoder.encode(Ruling(index, self.called(request.author), action, not why, why))

    def may(self, author: bytes, action: str) -> str:
        """Return why a key may not do something as of what is applied here, or ''."""
        person, least = self.people.get(author), ACTIONS.get(action)
        if person is None:
            return f"key {self.called(author)} has no role"
        if least is None:
            return f"action '{action}' does not exist{nearest(action, ACTIONS)}"
        if not includes(person.role, least):
            return f"{person.name} is {person.role}, '{action}' takes {least}"
        return self.expired(person.name, person.expires) if person.expires and action != ALWAYS else ""

    def is_signed(self, request: Request) -> bool:
        """Tell whether a request was signed by its author for this swarm."""
        covered = _covered(self._swarm, request.number, request.body)
        return PublicKey(request.author).verify(PURPOSE, covered, request.signature)

    def commanders(self) -> list[PublicKey]:
        """Return the keys that may sign bundles."""
        return [PublicKey(key) for key in self.people if not self.may(key, "bundle")]

    def called(self, author: bytes) -> str:
        """Return the name of a key's owner, or the fingerprint of a key that nobody knows."""
        person = self.people.get(author)
        if person is None and author in self._former:
            return f"{self._former[author]} (dismissed)"
        return person.name if person else PublicKey(author).fingerprint

    def _objection(self, request: Request, action: str) -> str:
        """Return why a request is not even looked at, or ''; a true one uses up its number."""
        if request.author not in self.people and request.author not in self.numbers:
            return f"key {self.called(request.author)} is not known"
        if not self.is_signed(request):
            return "the signature does not fit; something was altered, or meant for another swarm"
        used = self.numbers.get(request.author, 0)
        if request.number <= used:
            return f"request number {request.number} was used already, the newest is {used}"
        self.numbers[request.author] = request.number
        return self.may(request.author, action)

    def _carry_out(self, index: int, author: bytes, body: Body) -> str:
        if isinstance(body, Grant):
            return self._grant(index, body)
        if isinstance(body, Revoke):
            return self._revoke(body)
        if body.action in ("grant", "revoke"):
            return f"'{body.action}' is no order to robots"
        if nonsense := self._sense(body):
            return nonsense
        self.standing = Standing(index, author, body)
        return ""

    def _grant(self, index: int, grant: Grant) -> str:
        if grant.role not in ROLES:
            return f"role '{grant.role}' does not exist{nearest(grant.role, ROLES)}"
        if any(person.name == grant.name and key != grant.key for key, person in self.people.items()):
            return f"the name {grant.name} is that of another key"
        person = Person(grant.name, grant.role, grant.expires, index)
        return self._replace({**self.people, grant.key: person})

    def _revoke(self, revoke: Revoke) -> str:
        if revoke.key not in self.people:
            return f"key {self.called(revoke.key)} has no role"
        # its number is remembered even if it never asked for anything: then it counts as known, and as dismissed
        self.numbers.setdefault(revoke.key, 0)
        name = self.people[revoke.key].name
        refused = self._replace({key: person for key, person in self.people.items() if key != revoke.key})
        if not refused:
            self._former[revoke.key] = name
        return refused

    def _replace(self, people: dict[bytes, Person]) -> str:
        if not self._permanent(people):
            return "that would leave no administrator whose key never expires"
        self.people = dict(sorted(people.items()))
        return ""

    @staticmethod
    def _permanent(people: Mapping[bytes, Person]) -> bool:
        return any(person.role == "administrator" and not person.expires for person in people.values())

    def snapshot(self) -> bytes:
        """Return people, numbers, the standing order, and the names of who was dismissed."""
        former = dict(sorted(self._former.items()))
        return _encoder.encode((self.people, dict(sorted(self.numbers.items())), self.standing, former))

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        self.people, self.numbers, self.standing, self._former = _state_decoder.decode(state)
