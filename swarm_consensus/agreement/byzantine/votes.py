"""Signed votes, who gave them, and the proof that somebody gave two that exclude each other.

An honest member votes at most once in each (instance, kind, view). Two votes of one member there for different values,
both with its signature, are a proof that anybody can check without having been there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.network.keys import PrivateKey, PublicKey

PURPOSE = b"swarm vote"
REMEMBERED = 4096  # signatures that were checked and need not be checked again
Kind: TypeAlias = Literal["send", "echo", "ready", "propose", "prepare", "commit", "change"]
Digest: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature: TypeAlias = Annotated[bytes, Meta(min_length=64, max_length=64)]


class Vote(msgspec.Struct, array_like=True, frozen=True, tag="bv"):
    """One member's signed word."""

    kind: Kind
    instance: Annotated[bytes, Meta(max_length=32)]  # what is voted on
    view: Count  # 0 where there are no views
    digest: Digest  # of the value
    member: Member
    signature: Signature


class Conflict(msgspec.Struct, array_like=True, frozen=True):
    """Two votes of one member that exclude each other."""

    one: Vote
    other: Vote


class Signer(Protocol):
    """Signs for one member."""

    def sign(self, data: bytes) -> bytes:
        """Return 64 bytes."""


class Ring(Protocol):
    """Knows by what each member's signature is checked."""

    def verify(self, member: int, data: bytes, signature: bytes) -> bool:
        """Tell whether a member signed; False for a stranger."""


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Ed25519."""

    key: PrivateKey

    def sign(self, data: bytes) -> bytes:
        """Return the signature of a vote."""
        return self.key.sign(PURPOSE, data)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Ed25519 keys of the members, in their order."""

    keys: tuple[PublicKey, ...]

    def verify(self, member: int, data: bytes, signature: bytes) -> bool:
        """Tell whether a member signed a vote."""
        return 0 <= member < len(self.keys) and self.keys[member].verify(PURPOSE, data, signature)


_encoder = msgspec.msgpack.Encoder()


def digest_of(value: bytes) -> bytes:
    """Return what stands for a value in votes: its BLAKE2b, 32 bytes."""
    return blake2b(value, digest_size=32).digest()


def signed_bytes(kind: Kind, instance: bytes, view: int, digest: bytes, member: int) -> bytes:
    """Return what a vote's signature covers: all of it, its member included."""
    return _encoder.encode((kind, instance, view, digest, member))


def cast(signer: Signer, kind: Kind, instance: bytes, view: int, digest: bytes, member: int) -> Vote:
    """Return a signed vote."""
    signature = signer.sign(signed_bytes(kind, instance, view, digest, member))
    return Vote(kind, instance, view, digest, member, signature)


def is_signed(vote: Vote, ring: Ring) -> bool:
    """Tell whether the member that a vote names signed it."""
    data = signed_bytes(vote.kind, vote.instance, vote.view, vote.digest, vote.member)
    return ring.verify(vote.member, data, vote.signature)


def is_proof(conflict: Conflict, ring: Ring) -> bool:
    """Tell whether a conflict proves that its member lies; whoever shows it."""
    one, other = conflict.one, conflict.other
    place = (one.kind, one.instance, one.view, one.member)
    if place != (other.kind, other.instance, other.view, other.member) or one.digest == other.digest:
        return False
    return is_signed(one, ring) and is_signed(other, ring)


class Poll:
    """The votes of one instance: for each kind the newest view of each member, where its first vote counts.

    So a member that floods takes the place of its own votes only.

    Parameters
    ----------
    instance
        What is voted on.
    ring
        Checks signatures.
    """

    def __init__(self, instance: bytes, ring: Ring) -> None:
        self.conflicts: dict[int, Conflict] = {}  # by member; the first of each is enough
        self._instance = instance
        self._ring = ring
        self._newest: dict[tuple[Kind, int], Vote] = {}
        self._sound: set[Vote] = set()

    def is_sound(self, vote: Vote) -> bool:
        """Tell whether a vote is signed and about this instance; it is not counted."""
        if vote.instance != self._instance:
            return False
        if vote in self._sound:
            return True
        if not is_signed(vote, self._ring):
            return False
        if len(self._sound) >= REMEMBERED:
            self._sound.clear()
        self._sound.add(vote)
        return True

    def take(self, vote: Vote) -> bool:
        """Count a vote if it is sound and the first of its member in its view; keep it as proof if it conflicts."""
        place = (vote.kind, vote.member)
        known = self._newest.get(place)
        if known is not None and (vote.view < known.view or vote == known):
            return vote == known
        if not self.is_sound(vote):
            return False
        if known is not None and vote.view == known.view:
            if vote.digest == known.digest:
                return True
            self.conflicts.setdefault(vote.member, Conflict(known, vote))
            return False
        self._newest[place] = vote
        return True

    @property
    def held(self) -> tuple[Vote, ...]:
        """All votes that are remembered."""
        return tuple(self._newest.values())

    def votes(self, kind: Kind, view: int, digest: bytes) -> list[Vote]:
        """Return the votes that count for a value, one a member, in the order of members."""
        found = [
            vote
            for (what, _), vote in self._newest.items()
            if what == kind and vote.view == view and vote.digest == digest
        ]
        return sorted(found, key=lambda vote: vote.member)


def are_distinct(votes: Iterable[Vote], is_good: Callable[[Vote], bool], enough: int) -> bool:
    """Tell whether votes are all good and from enough different members."""
    listed = list(votes)
    members = {vote.member for vote in listed}
    return len(members) == len(listed) >= enough and all(map(is_good, listed))
