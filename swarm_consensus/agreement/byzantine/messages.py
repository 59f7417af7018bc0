"""What members of a decision say to each other, and what makes it believable by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from swarm_consensus.agreement.byzantine.votes import Digest, Vote, are_distinct, digest_of
from swarm_consensus.agreement.raft.messages import Count, Member

LARGEST = 512  # bytes of a value
NOTHING = digest_of(b"")  # stands for a certificate where there is none
Value: TypeAlias = Annotated[bytes, Meta(max_length=LARGEST)]


class Prepare(msgspec.Struct, array_like=True, frozen=True, tag="bq"):
    """A member stands behind a proposal, and shows it: a primary that proposed two is found out here."""

    vote: Vote
    proposed: Vote  # the primary's


class Certificate(msgspec.Struct, array_like=True, frozen=True):
    """A quorum stood behind a value in a view: the primary's proposal and the others' prepares."""

    view: Count
    value: Value
    votes: tuple[Vote, ...]


class Change(msgspec.Struct, array_like=True, frozen=True, tag="bc"):
    """A member goes to a view, and brings the newest certificate it has."""

    vote: Vote  # its digest is that of the certificate
    certificate: Certificate | None


class Proposal(msgspec.Struct, array_like=True, frozen=True, tag="bp"):
    """The primary's value, with the changes that made it primary and show that it may propose this."""

    vote: Vote
    value: Value
    changes: tuple[Change, ...] = ()


class Decision(msgspec.Struct, array_like=True, frozen=True, tag="bd"):
    """A decided value, with the commits of a quorum."""

    value: Value
    votes: tuple[Vote, ...]


Message: TypeAlias = Vote | Prepare | Change | Proposal | Decision


class Letter(msgspec.Struct, frozen=True):
    """A message to one other member."""

    to: Member
    message: Message


class Saved(msgspec.Struct, array_like=True, frozen=True):
    """What must survive a crash, so that a member never says two things where it may say one."""

    view: Count = 0
    asked: Change | None = None  # by which it came to the view
    accepted: Proposal | None = None  # for which it voted in the view
    certificate: Certificate | None = None
    decision: Decision | None = None


def certificate_digest(certificate: Certificate | None) -> Digest:
    """Return what a change's vote covers."""
    if certificate is None:
        return NOTHING
    return digest_of(msgspec.msgpack.encode((certificate.view, digest_of(certificate.value))))


class Rules:
    """Which messages prove what they say, in one instance.

    Parameters
    ----------
    members
        n.
    quorum
        A Byzantine one.
    is_sound
        Checks a vote's signature and instance.
    """

    def __init__(self, members: int, quorum: int, is_sound: Callable[[Vote], bool]) -> None:
        self._members, self._quorum, self._is_sound = members, quorum, is_sound

    def primary(self, view: int) -> int:
        """Return who proposes in a view: each in turn."""
        return view % self._members

    def is_certificate(self, certificate: Certificate) -> bool:
        """Tell whether a quorum stood behind the value: the primary by proposing, the others by preparing."""
        digest, primary = digest_of(certificate.value), self.primary(certificate.view)

        def is_good(vote: Vote) -> bool:
            kind = "propose" if vote.member == primary else "prepare"
            if (vote.kind, vote.view, vote.digest) != (kind, certificate.view, digest):
                return False
            return vote.member < self._members and self._is_sound(vote)

        return are_distinct(certificate.votes, is_good, self._quorum)

    def is_change(self, change: Change) -> bool:
        """Tell whether a change is signed, and its certificate sound and older than the view."""
        vote, certificate = change.vote, change.certificate
        if vote.kind != "change" or vote.member >= self._members or vote.view == 0:
            return False
        if vote.digest != certificate_digest(certificate) or not self._is_sound(vote):
            return False
        return certificate is None or (certificate.view < vote.view and self.is_certificate(certificate))

    def may_propose(self, view: int, value: bytes, changes: Sequence[Change]) -> bool:
        """Tell whether the primary of a view may propose a value: one that was perhaps decided binds it.

        Any quorum that committed shares an honest member with the quorum of these changes, and that one brings the
        certificate. So the newest certificate among them is the value; without any, it is free.
        """
        if view == 0:
            return not changes
        members = {change.vote.member for change in changes}
        if len(members) != len(changes) or len(members) < self._quorum:
            return False
        if not all(change.vote.view == view and self.is_change(change) for change in changes):
            return False
        newest = newest_certificate(changes)
        return newest is None or newest.value == value

    def is_decision(self, decision: Decision) -> bool:
        """Tell whether a quorum committed the value in one view."""
        digest = digest_of(decision.value)
        view = decision.votes[0].view if decision.votes else 0

        def is_good(vote: Vote) -> bool:
            if (vote.kind, vote.view, vote.digest) != ("commit", view, digest):
                return False
            return vote.member < self._members and self._is_sound(vote)

        return are_distinct(decision.votes, is_good, self._quorum)


def newest_certificate(changes: Sequence[Change]) -> Certificate | None:
    """Return the certificate of the highest view, or None."""
    found = [change.certificate for change in changes if change.certificate]
    return max(found, key=lambda certificate: certificate.view, default=None)
