"""The light tool: where a place can arbitrate alone, a compare-and-set there does without a log.

One dock, one flag: who wants it says which *version* it has seen; if that is still the present one, and free, it gets
the place, and the version grows. Two messages and no majority. What it lacks: a queue (who comes second has to ask
again), and any memory of the swarm's: if the place is lost, so is who held it. Where several places must be agreed upon
together, or waiting must be fair, or history be kept, take `semaphore`.

The version is a fencing token: it grows whenever a place changes hands, also to nobody, and the place refuses whoever
shows another. Of several places side by side they are drawn from one counter, so that the older of two claims shows.

Time is as in `lease`: each request carries the tick of its **asker's** clock, from which the holder counts; the place
counts by its own clock from when it hears the request, which is later. Of a holder's requests those count that are
newer than the newest: a release that comes late takes nothing from a holder that has forgotten it in a crash.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.errors import UNREADABLE

NOBODY = 256
MOST = 16  # places side by side


class Claim(msgspec.Struct, array_like=True, frozen=True, tag=0):
    """A robot takes a free place whose version it has seen, or keeps the one that it has."""

    robot: Member
    place: Annotated[int, Meta(ge=0, lt=MOST)]
    version: Count
    asked: Count  # tick of the robot's clock, which only grows


class Release(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """The holder is done."""

    robot: Member
    place: Annotated[int, Meta(ge=0, lt=MOST)]
    version: Count
    asked: Count


Request: TypeAlias = Claim | Release


class Held(msgspec.Struct, array_like=True, frozen=True, order=True):
    """One place: what is answered, and what must be stored before. The greater of two is the newer."""

    version: Count = 0
    renewed: Count = 0  # newest tick of the holder's clock at which it asked
    robot: Annotated[int, Meta(ge=0, le=NOBODY)] = NOBODY


State: TypeAlias = Annotated[tuple[Held, ...], Meta(max_length=MOST)]
_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_state_decoder: msgspec.msgpack.Decoder[State] = msgspec.msgpack.Decoder(State)


class Arbiter:
    """A place, or several equal ones side by side, that arbitrates alone. Time is the tick of its own clock.

    What `state` is after a request must be stored before anybody is told.

    Parameters
    ----------
    places
        How many.
    lease
        After `lease_ticks` without a word of its holder a place is free again.
    stored
        The state as it was stored.
    now
        When it starts: a holder that it finds has a whole lease from then on, whatever its clock did meanwhile.
    """

    def __init__(self, places: int, lease: LeaseSettings, stored: tuple[Held, ...] = (), now: int = 0) -> None:
        self.state = (*stored, *[Held()] * places)[:places]
        self._lease = lease
        self._since = [now] * places  # since when each is held

    def hear(self, request: Request, now: int) -> None:
        """Decide on a request.

        One that comes twice changes nothing the second time; one that comes late names a version that is past, or a
        tick that is.
        """
        self.look(now)
        if request.place >= len(self.state):
            return
        held = self.state[request.place]
        if not self.fits(held, request):
            return
        if isinstance(request, Release):
            if held.robot != NOBODY:
                self._free(request.place)
            return
        version = held.version if held.robot == request.robot else self._next
        self._put(request.place, Held(version, request.asked, request.robot))
        self._since[request.place] = now

    def fits(self, held: Held, request: Request) -> bool:
        """Compare: the asker has seen the place as it is, and it is free, or its own since before this was asked."""
        if request.version != held.version:
            return False
        return held.robot == NOBODY or (held.robot == request.robot and request.asked > held.renewed)

    def look(self, now: int) -> None:
        """Let time pass: a holder that was silent for a lease holds it no more."""
        for place, held in enumerate(self.state):
            if held.robot != NOBODY and now - self._since[place] >= self._lease.lease_ticks:
                self._free(place)

    def admits(self, place: int, version: int) -> bool:
        """Tell whether whoever shows a version may use a place: nobody but its present holder."""
        held = self.state[place] if place < len(self.state) else Held()
        return held.robot != NOBODY and held.version == version

    @property
    def _next(self) -> int:
        return max(held.version for held in self.state) + 1

    def _free(self, place: int) -> None:
        self._put(place, Held(self._next))

    def _put(self, place: int, held: Held) -> None:
        self.state = (*self.state[:place], held, *self.state[place + 1 :])


def pack(said: Request | tuple[Held, ...]) -> bytes:
    """Return a request, or a state, as bytes."""
    return _encoder.encode(said)


def read_request(data: bytes | msgspec.Raw) -> Request | None:
    """Return the request that bytes spell, or None."""
    try:
        return _request_decoder.decode(data)
    except UNREADABLE:
        return None


def read_state(data: bytes | msgspec.Raw) -> tuple[Held, ...] | None:
    """Return the state that bytes spell, or None."""
    try:
        return _state_decoder.decode(data)
    except UNREADABLE:
        return None
