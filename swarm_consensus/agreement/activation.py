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
from swarm_consensus.network.keys import PublicKey
from swarm_consensus.network.manifest import BundleFault, Manifest, check

Name = Annotated[str, Meta(max_length=64)]


class Announce(msgspec.Struct, array_like=True, frozen=True, tag="aa"):
    """A bundle is on its way to some robots; the answer is '' or why not."""

    manifest: Manifest
    needed: Annotated[tuple[Member, ...], Meta(max_length=256)]


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
    """

    commanders: Callable[[], Collection[PublicKey]]
    active: dict[str, Active] = field(default_factory=dict)
    coming: dict[str, Coming] = field(default_factory=dict)

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a request; a refused one changes nothing and is answered with a sentence."""
        try:
            request = _decoder.decode(command)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _encoder.encode("bytes that are no request about bundles")
        if isinstance(request, Announce):
            return _encoder.encode(self._announce(request))
        return _encoder.encode(self._whole(index, request))

    def _announce(self, request: Announce) -> str:
        manifest = request.manifest
        try:
            check(manifest, self.commanders())
        except BundleFault as fault:
            return str(fault)
        newest = max(
            [each[manifest.name].manifest.number for each in (self.active, self.coming) if manifest.name in each],
            default=-1,
        )
        if manifest.number <= newest:
            return f"bundle '{manifest.name}' number {manifest.number} is not newer than number {newest}"
        if not request.needed:
            return f"bundle '{manifest.name}' number {manifest.number} is for nobody"
        self.coming[manifest.name] = Coming(manifest, tuple(sorted(set(request.needed))))
        return ""

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
