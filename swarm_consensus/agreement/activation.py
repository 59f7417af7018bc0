"""When a bundle counts: all robots go over to it at one index of the log, once all that need it have the whole of it.

A deterministic state machine for the log. A commander announces a bundle and whom it is for; each of these says when
it is whole; the entry of the last one is the index at which it becomes the active one of its name. A robot acts by a
bundle only if it is active, whole on this robot, and the log is applied up to there: never by half of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.keys import PublicKey
from swarm_consensus.network.manifest import BundleFault, Manifest, check

Name = Annotated[str, Meta(max_length=64)]


class Announce(msgspec.Struct, array_like=True, frozen=True, tag="aa"):
    """A bundle is on its way to some robots; the answer is '' or why not."""

    manifest: Manifest
    needed: Annotated[tuple[Member, ...], Meta(max_length=256)]  # nobody: a robot reports what it refused
    robot: Member = 0  # that brings it
    tick: Count = 0  # of its clock


class Whole(msgspec.Struct, array_like=True, frozen=True, tag="aw"):
    """A robot has all of a bundle; the answer is '' or why that does not matter."""

    name: Name
    number: Count
    robot: Member


class Active(msgspec.Struct, array_like=True, frozen=True):
    """The bundle that counts."""

    manifest: Manifest
    index: int  # of the log, from which on it counts


class Coming(msgspec.Struct, array_like=True, frozen=True):
    """A bundle that was announced."""

    manifest: Manifest
    missing: tuple[int, ...]  # robots that have not said that they have it


Request = Announce | Whole
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_State = tuple[dict[str, Active], dict[str, Coming]]
_state_decoder: msgspec.msgpack.Decoder[_State] = msgspec.msgpack.Decoder(_State)


def pack(request: Request) -> bytes:
    """Return a request as a command for the log."""
    return _encoder.encode(request)


def unwritten(index: int, announced: Announce, proven: bool, why: str) -> str:
    """Keep no journal."""
    return ""


def answer_of(data: bytes) -> str:
    """Return what an answer says."""
    return msgspec.msgpack.decode(data, type=str)


@dataclass(slots=True)
class Activations:
    """The bundles, as a machine behind the log.

    Parameters
    ----------
    commanders
        Returns the keys of those who may command *as of the entry that is applied*: part of the replicated state.
    journal
        Writes down an announcement with its index, whether its commander's signature is proven, and why it is refused
        or ''; returns why nothing may be allowed, or ''. Part of the replicated state, too.
    """

    commanders: Callable[[], Collection[PublicKey]]
    journal: Callable[[int, Announce, bool, str], str] = unwritten
    active: dict[str, Active] = field(default_factory=dict)
    coming: dict[str, Coming] = field(default_factory=dict)

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a request; a refused one changes nothing and is answered with a sentence."""
        try:
            request = _decoder.decode(command)
        except UNREADABLE:
            return _encoder.encode("bytes that are no request about bundles")
        if isinstance(request, Announce):
            return _encoder.encode(self._announce(index, request))
        return _encoder.encode(self._whole(index, request))

    def _announce(self, index: int, request: Announce) -> str:
        manifest = request.manifest
        known = [each[manifest.name].manifest for each in (self.active, self.coming) if manifest.name in each]
        proven, why = self._objection(request, max([each.number for each in known], default=-1))
        if manifest in known:  # told once more: nothing new to write down
            return why
        why = self.journal(index, request, proven, why) or why
        if not why:
            self.coming[manifest.name] = Coming(manifest, tuple(sorted(set(request.needed))))
        return why

    def _objection(self, request: Announce, newest: int) -> tuple[bool, str]:
        """Tell whether a commander vouches for a bundle, and why it is refused, or ''."""
        manifest = request.manifest
        try:
            check(manifest, self.commanders())
        except BundleFault as fault:
            return False, str(fault)
        if manifest.number <= newest:
            return True, f"bundle '{manifest.name}' number {manifest.number} is not newer than number {newest}"
        if not request.needed:
            return True, f"bundle '{manifest.name}' number {manifest.number} is for nobody"
        return True, ""

    def _whole(self, index: int, request: Whole) -> str:
        coming = self.coming.get(request.name)
        if coming is None or coming.manifest.number != request.number:
            return f"bundle '{request.name}' number {request.number} is not awaited"
        missing = tuple(robot for robot in coming.missing if robot != request.robot)
        if missing == coming.missing:
            return f"robot {request.robot} is not awaited for bundle '{request.name}'"
        if missing:
            self.coming[request.name] = Coming(coming.manifest, missing)
        else:
            del self.coming[request.name]
            self.active[request.name] = Active(coming.manifest, index)
        return ""

    def snapshot(self) -> bytes:
        """Return the bundles that count and those on their way."""
        return _encoder.encode((dict(sorted(self.active.items())), dict(sorted(self.coming.items()))))

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        self.active, self.coming = _state_decoder.decode(state)
