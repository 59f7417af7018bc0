"""Permits for places: first come first served, each grant with a fencing token that only grows.

A deterministic state machine for the log. It knows no time: that a holder's lease is over is a command as well,
proposed by whoever leads (see `lease`), and it names the renewal that was seen last. A renewal that was committed
before it wins.

Asking, renewing or reclaiming again changes nothing. A late copy of a give-back takes back a later permit of the same
robot only before that one is in use. Sent through a session no copy comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.errors import UNREADABLE


class Ask(msgspec.Struct, array_like=True, frozen=True, tag=0):
    """A robot wants a permit; the answer is its token, or 0 while it waits."""

    place: str
    robot: Member


class Renew(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """The holder is alive and goes on; the answer is 0 if it holds the permit no more."""

    place: str
    token: Count
    proposed: Count  # tick of the holder's clock


class GiveBack(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """The holder is done, or who waits waits no more; a renewal that was proposed later wins.

    Otherwise one that is late would take a permit from a robot that has crashed meanwhile, knows nothing of having
    given it back, and goes on; or would take away its next one.
    """

    place: str
    robot: Member
    proposed: Count = 2**53  # tick of the robot's clock


class Reclaim(msgspec.Struct, array_like=True, frozen=True, tag=3):
    """The lease is over unless the holder has renewed it since."""

    place: str
    token: Count
    renewed: Count  # as it was seen in the grant


Request = Ask | Renew | GiveBack | Reclaim


class Grant(msgspec.Struct, array_like=True, frozen=True):
    """A permit that is out."""

    robot: int
    token: int
    renewed: int = 0  # tick of the holder's clock at which the newest renewal was proposed; 0: none yet
    slot: int = 0  # which of the equal places it is for: no two permits that are out at a time have the same


@dataclass(slots=True)
class Place:
    """One place, or several equal ones."""

    permits: int
    grants: list[Grant] = field(default_factory=list)  # in the order of tokens
    waiting: list[int] = field(default_factory=list)  # robots, first come first


_State = tuple[int, dict[str, tuple[list[Grant], list[int]]]]
_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_state_decoder: msgspec.msgpack.Decoder[_State] = msgspec.msgpack.Decoder(_State)


def read(data: bytes) -> Request | None:
    """Return the request that bytes spell, or None."""
    try:
        return _request_decoder.decode(data)
    except UNREADABLE:
        return None


def pack(request: Request) -> bytes:
    """Return a request as a command for the log."""
    return _encoder.encode(request)


class Semaphores:
    """Permits for named places, as a machine behind the log.

    Parameters
    ----------
    permits
        How many at each place, the same on all robots.

    Raises
    ------
    SettingsError
        If a place has less than one.
    """

    def __init__(self, permits: Mapping[str, int]) -> None:
        problems = [
            f"place '{name}' has {count} permits, must have at least 1" for name, count in permits.items() if count < 1
        ]
        if problems:
            raise SettingsError(problems)
        self.places = {name: Place(permits[name]) for name in sorted(permits)}
        self._last_token = 0

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a request; anything else, and a place that does not exist, is answered with 0."""
        request = read(command)
        place = None if request is None else self.places.get(request.place)
        return _encoder.encode(0 if place is None or request is None else self._carry_out(place, request))

    def _carry_out(self, place: Place, request: Request) -> int:
        if isinstance(request, Ask):
            held = next((grant.token for grant in place.grants if grant.robot == request.robot), 0)
            if not held and request.robot not in place.waiting:
                place.waiting.append(request.robot)
        elif isinstance(request, Renew):
            return self._renew(place, request)
        elif isinstance(request, GiveBack):
            place.grants = [
                grant for grant in place.grants if grant.robot != request.robot or grant.renewed > request.proposed
            ]
            place.waiting = [robot for robot in place.waiting if robot != request.robot]
        else:
            over = (request.token, request.renewed)
            place.grants = [grant for grant in place.grants if (grant.token, grant.renewed) != over]
        self._hand_out(place)
        robot = request.robot if isinstance(request, Ask) else -1
        return next((grant.token for grant in place.grants if grant.robot == robot), 0)

    def _renew(self, place: Place, request: Renew) -> int:
        for number, grant in enumerate(place.grants):
            if grant.token == request.token:
                renewed = max(grant.renewed, request.proposed)
                place.grants[number] = msgspec.structs.replace(grant, renewed=renewed)
                return grant.token
        return 0

    def _hand_out(self, place: Place) -> None:
        while place.waiting and len(place.grants) < place.permits:
            self._last_token += 1
            taken = {grant.slot for grant in place.grants}
            slot = next(slot for slot in range(place.permits) if slot not in taken)
            place.grants.append(Grant(place.waiting.pop(0), self._last_token, slot=slot))

    def snapshot(self) -> bytes:
        """Return everything but how many permits there are."""
        return _encoder.encode(
            (self._last_token, {name: (place.grants, place.waiting) for name, place in self.places.items()})
        )

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        self._last_token, places = _state_decoder.decode(state)
        for name, (grants, waiting) in places.items():
            if name in self.places:
                self.places[name].grants, self.places[name].waiting = grants, waiting


def deadlocked(places: Mapping[str, Place]) -> frozenset[int]:
    """Return the robots that wait for each other for ever.

    Robots that wait for nothing will give back what they hold. Then others can go on, who will give back theirs, and
    so on; who is left waits in a circle (Holt, "Some deadlock properties of computer systems", ACM Comput. Surv. 4,
    1972).
    """
    waits: dict[int, set[str]] = {}
    for name, place in places.items():
        for robot in place.waiting:
            waits.setdefault(robot, set()).add(name)
    stuck = set(waits)
    while True:
        # a place frees itself if not all of its permits are with robots that are stuck
        free = {
            name
            for name, place in places.items()
            if sum(grant.robot in stuck for grant in place.grants) < place.permits
        }
        going = {robot for robot in stuck if waits[robot] <= free}
        if not going:
            return frozenset(stuck)
        stuck -= going


def who_yields(places: Mapping[str, Place]) -> int | None:
    """Return the robot that gives back what it holds so that the others of a circle go on, or None.

    It is the one that came to its permit last. Every robot finds the same one in its own copy of the state, and only
    this one acts: nothing needs to be agreed upon by robots that are stuck.
    """
    stuck = deadlocked(places)
    grants = [grant for place in places.values() for grant in place.grants if grant.robot in stuck]
    return max(grants, key=lambda grant: grant.token).robot if grants else None
