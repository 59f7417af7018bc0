"""What members of a log say to each other. Each message has its tag, so that it can ride on a frame.

Every message names its sender, whom it is for and the sender's term; the term of a pre-vote that is asked or granted is
the one that would begin.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

Member: TypeAlias = Annotated[int, Meta(ge=0, le=255)]  # place in the roster
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Digest: TypeAlias = Annotated[bytes, Meta(min_length=16, max_length=16)]

NOTHING, COMMAND, MEMBERS = 0, 1, 2  # kinds of entries


class Config(msgspec.Struct, array_like=True, frozen=True):
    """Who decides, and who only listens; both sorted."""

    voters: tuple[Member, ...]
    learners: tuple[Member, ...] = ()


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One line of the log. Its index is its place."""

    term: Count
    kind: Annotated[int, Meta(ge=NOTHING, le=MEMBERS)]
    data: bytes = b""


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """Everything that the log up to an index amounts to."""

    index: Count
    term: Count
    config: Config
    state: bytes = b""


class _Letter(msgspec.Struct, array_like=True, frozen=True):
    term: Count
    sender: Member
    to: Member


class VoteRequest(_Letter, frozen=True, tag="rv"):
    """Section 3.4; a pre-vote asks what the answer would be (9.6); `forced` in a transfer (3.10)."""

    last_index: Count
    last_term: Count
    pre: bool
    forced: bool


class VoteReply(_Letter, frozen=True, tag="rw"):
    """Granted or not; a refused one carries the term of who refuses."""

    granted: bool
    pre: bool


class Append(_Letter, frozen=True, tag="ra"):
    """Section 3.5. Without entries it is a heartbeat, or tells how far the log is committed."""

    previous_index: Count
    previous_term: Count
    entries: tuple[Entry, ...]
    commit: Count
    round: Count  # of the leader's rounds: who answers it was a follower after it began


class AppendReply(_Letter, frozen=True, tag="rb"):
    """`index`: up to where the logs surely agree, and are stored; or the previous index that did not fit."""

    success: bool
    index: Count
    round: Count
    hint_index: Count = 0  # if it did not fit: the last place where they may agree, and the term there
    hint_term: Count = 0


class Chunk(_Letter, frozen=True, tag="rs"):
    """A piece of a snapshot, which (index, digest) names."""

    index: Count
    size: Count  # of the whole, bytes
    digest: Digest
    offset: Count
    data: bytes
    round: Count


class ChunkReply(_Letter, frozen=True, tag="rt"):
    """The offset up to which the snapshot has arrived."""

    index: Count
    digest: Digest
    offset: Count
    round: Count


class TimeoutNow(_Letter, frozen=True, tag="rn"):
    """The leader asks one follower to take over at once (3.10)."""


class Forward(_Letter, frozen=True, tag="rf"):
    """A command on its way to the leader."""

    data: bytes


class ReadRequest(_Letter, frozen=True, tag="rq"):
    """A follower asks for a read index."""

    token: Count


class ReadReply(_Letter, frozen=True, tag="rr"):
    """Who has applied up to the index may read."""

    token: Count
    index: Count


Message: TypeAlias = (
    VoteRequest | VoteReply | Append | AppendReply | Chunk | ChunkReply | TimeoutNow | Forward | ReadRequest | ReadReply
)


class Vote(msgspec.Struct, array_like=True, frozen=True):
    """What must never be forgotten: the term, and who got this member's vote in it."""

    term: Count
    voted_for: Member | None = None


class Saved(msgspec.Struct, frozen=True):
    """What a member finds on its disk when it starts."""

    vote: Vote
    snapshot: Snapshot
    entries: tuple[Entry, ...] = ()  # from snapshot.index + 1 on


class Read(msgspec.Struct, frozen=True):
    """A read that may now be served from the state, once everything up to the index is applied."""

    token: int
    index: int


class Ready(msgspec.Struct, frozen=True):
    """What is to be done, in this order: store, then send and apply.

    `vote`, `snapshot` and `entries` must be on the disk, together or not at all, before any of the messages leaves
    and before anything is applied.
    """

    vote: Vote | None
    snapshot: Snapshot | None
    restore: bool  # the snapshot came from the leader: it replaces the whole log, and the state
    first: int  # the entries go here; whatever the disk holds from here on goes away
    entries: tuple[Entry, ...]
    messages: list[Message]
    committed: list[tuple[int, Entry]]
    reads: list[Read]
