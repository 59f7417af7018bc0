"""Reliable broadcast among liars: what one honest member delivers, all do, even if the sender lies. No clock, no I/O.

The sender *sends* its value to all; who gets it first hand *echoes* it to all; who has echoes of a Byzantine quorum,
or f + 1 who are *ready*, is ready itself and says so to all; who has a quorum that is ready delivers. Of n + 2 n^2
messages in all, those to oneself included.

Each message carries the vote by which the sender vouched for the value, so that a sender of two values is found out
as soon as both meet in one honest member. Channels may lose: `again` gives what is to be said once more.

References
----------
G. Bracha, "Asynchronous Byzantine agreement protocols", Information and Computation 75, 1987.
"""

from __future__ import annotations

import msgspec

from swarm_consensus.agreement.byzantine.votes import Kind, Poll, Ring, Signer, Vote, cast, digest_of
from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.quorum import byzantine_quorum, one_honest

LARGEST = 512  # bytes of a value


class Say(msgspec.Struct, array_like=True, frozen=True, tag="bs"):
    """One message."""

    vote: Vote  # send, echo or ready
    value: bytes
    vouched: Vote  # the sender's own vote for the value; of a `send` it is `vote` again


class Saved(msgspec.Struct, array_like=True, frozen=True):
    """What must survive a crash: what this member has said, at most one of each."""

    said: tuple[Say, ...] = ()
    delivered: bytes | None = None


class Broadcast:
    """One member in one broadcast.

    Whoever drives it stores `saved` before it hands out what `step` returned, each message to all members, itself
    included.

    Parameters
    ----------
    own
        Its place.
    members, liars
        n and f.
    sender
        Whose broadcast it is.
    instance
        A name that is never used twice.
    signer, ring
        For votes.
    saved
        What it said before it crashed.

    Raises
    ------
    AgreementError
        If n < 3f + 1, or the sender is no member.
    """

    def __init__(
        self,
        own: int,
        members: int,
        liars: int,
        sender: int,
        instance: bytes,
        signer: Signer,
        ring: Ring,
        saved: Saved | None = None,
    ) -> None:
        self._quorum = byzantine_quorum(members, liars)
        self._honest = one_honest(liars)
        if not 0 <= sender < members:
            raise AgreementError(f"sender {sender} is no member, must be from 0 to {members - 1}")
        self._own, self._members, self._sender, self._instance = own, members, sender, instance
        self._signer = signer
        self.poll = Poll(instance, ring)
        saved = saved or Saved()
        self._said: dict[Kind, Say] = {say.vote.kind: say for say in saved.said}
        self.delivered = saved.delivered

    @property
    def saved(self) -> Saved:
        """What is to be stored."""
        return Saved(tuple(self._said.values()), self.delivered)

    def begin(self, value: bytes) -> list[Say]:
        """Send a value; asked again, also after a crash, the first one.

        Raises
        ------
        AgreementError
            If this member is not the sender, or the value too large.
        """
        if self._own != self._sender:
            raise AgreementError(f"member {self._own} begins the broadcast of member {self._sender}")
        if len(value) > LARGEST:
            raise AgreementError(f"a value of {len(value)} bytes, must be at most {LARGEST}")
        if "send" in self._said:
            return [self._said["send"]]
        return self._say("send", value, None)

    def step(self, say: Say) -> list[Say]:
        """Take in a message; return what is to be said to all."""
        if not self._is_sound(say):
            return []
        self.poll.take(say.vouched)  # a second value of the sender becomes a proof
        if not self.poll.take(say.vote):
            return []
        out: list[Say] = []
        if say.vote.kind == "send" and "echo" not in self._said:
            out += self._say("echo", say.value, say.vouched)
        digest = say.vote.digest
        ready = len(self.poll.votes("ready", 0, digest))
        if "ready" not in self._said and (
            len(self.poll.votes("echo", 0, digest)) >= self._quorum or ready >= self._honest
        ):
            out += self._say("ready", say.value, say.vouched)
        if self.delivered is None and ready >= self._quorum:
            self.delivered = say.value
        return out

    def again(self) -> list[Say]:
        """Return everything that was said, for channels that lose."""
        return list(self._said.values())

    def _is_sound(self, say: Say) -> bool:
        vote, vouched = say.vote, say.vouched
        if not (vote.member < self._members and vote.view == vouched.view == 0 and len(say.value) <= LARGEST):
            return False
        if vote.kind not in ("send", "echo", "ready") or (vote.kind == "send" and vote != vouched):
            return False
        if (vouched.kind, vouched.member) != ("send", self._sender):
            return False
        if not vote.digest == vouched.digest == digest_of(say.value):
            return False
        return self.poll.is_sound(vouched) and self.poll.is_sound(vote)

    def _say(self, kind: Kind, value: bytes, vouched: Vote | None) -> list[Say]:
        vote = cast(self._signer, kind, self._instance, 0, digest_of(value), self._own)
        say = Say(vote, value, vouched or vote)
        self._said[kind] = say
        return [say]
