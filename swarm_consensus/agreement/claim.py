"""The light tool: where one place can arbitrate alone, a compare-and-set there does without a log.

One dock, one flag: who wants it says which *version* it has seen; if that is still the present one it gets the place,
and the version grows. Two messages and no majority. What it lacks: a queue (who comes second has to ask again), and any
memory of the swarm's: if the place is lost, so is who held it. Where several places must be agreed upon together, or
waiting must be fair, or history be kept, take `semaphore`.

The version is a fencing token: it grows with each holder, and the place refuses whoever shows an older one.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.raft.messages import Count, Member

NOBODY = 256


class Claim(msgspec.Struct, array_like=True, frozen=True, tag=0):
    """A robot takes a free place whose version it has seen, or keeps the one that it has."""

    robot: Member
    version: Count
    ticks: Annotated[int, Meta(ge=1, le=10**6)]  # of the place's clock, for which it holds from when it arrives


class Release(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """The holder is done."""

    robot: Member
    version: Count


class State(msgspec.Struct, array_like=True, frozen=True):
    """What the place answers, and what it must store before it does."""

    holder: int = NOBODY
    version: int = 0  # grows with each holder; that of the present one, or of the last
    until: int = 0  # tick of the place's clock up to which it is held


class Place:
    """A place that arbitrates alone.

    Parameters
    ----------
    state
        As it was stored.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()

    def hear(self, request: Claim | Release, now: int) -> State:
        """Decide on a request at a tick of the place's own clock; the answer says who holds it, and as which version.

        A request that comes twice changes nothing the second time; one that comes late names a version that is past.
        """
        self._look(now)
        state = self.state
        mine = state.holder == request.robot and request.version in (state.version - 1, state.version)
        if isinstance(request, Release):
            if mine and request.version == state.version:
                self.state = msgspec.structs.replace(state, holder=NOBODY, until=now)
        elif state.holder == NOBODY and request.version == state.version:
            self.state = State(request.robot, state.version + 1, now + request.ticks)
        elif mine and request.version == state.version:
            self.state = msgspec.structs.replace(state, until=max(state.until, now + request.ticks))
        return self.state

    def admits(self, version: int, now: int) -> bool:
        """Tell whether whoever shows a version may use the place now."""
        self._look(now)
        return self.state.holder != NOBODY and version == self.state.version

    def _look(self, now: int) -> None:
        if self.state.holder != NOBODY and now >= self.state.until:
            self.state = msgspec.structs.replace(self.state, holder=NOBODY)
