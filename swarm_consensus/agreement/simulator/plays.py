"""Plays for decisions among liars: no chance; in each, one rule alone stands between the honest and two decisions.

Members 0 to 3 of whom one lies, or 0 to 6 of whom two do. The liar holds its own key and sees to it who hears what.
"""

from __future__ import annotations

from collections.abc import Collection

from swarm_consensus.agreement.byzantine.decision import Decider, Timing
from swarm_consensus.agreement.byzantine.messages import (
    Change,
    Letter,
    Message,
    Prepare,
    Proposal,
    certificate_digest,
)
from swarm_consensus.agreement.byzantine.votes import Kind, Vote, cast, digest_of
from swarm_consensus.agreement.quorum import liars_tolerated
from swarm_consensus.agreement.simulator.captured import Parts
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.notary import Notary

A, B = b"commit", b"abort"
PLAY = b"play"


class Stage:
    """Honest members on a stage; `post` holds the letters on their way.

    Parameters
    ----------
    parts
        What they are made of.
    members
        How many, liars included.
    liars
        Who.
    values
        What each would propose; A where nothing is said.
    """

    def __init__(self, parts: Parts, members: int, liars: tuple[int, ...], values: dict[int, bytes]) -> None:
        self.notary = Notary(members)
        self.post: list[tuple[int, Letter]] = []
        self.members: dict[int, Decider] = {}
        for number in range(members):
            if number not in liars:
                self.members[number] = parts.decider(
                    number,
                    members,
                    liars_tolerated(members),
                    PLAY,
                    values.get(number, A),
                    lambda value: value in (A, B),
                    self.notary.signer(number),
                    self.notary,
                    Timing(patience=12, again=100),
                )
                self._collect(number)

    def _collect(self, number: int) -> None:
        self.post += [(number, letter) for letter in self.members[number].ready()[1]]
        decided = {member.decided for member in self.members.values()} - {None}
        if len(decided) > 1:
            raise Violation("agreement: two honest members decided differently")

    def give(self, to: int, *messages: Message) -> None:
        """Let a liar's messages arrive."""
        for message in messages:
            self.members[to].step(message)
            self._collect(to)

    def flow(self, senders: Collection[int], to: Collection[int], kind: str = "") -> None:
        """Let all messages of a kind from some to some arrive, and what they cause; the others stay on their way."""
        while True:
            due = (each for each in self.post if each[0] in senders and each[1].to in to and _is(each[1].message, kind))
            found = next(due, None)
            if found is None:
                return
            self.post.remove(found)
            self.give(found[1].to, found[1].message)

    def lose(self) -> None:
        """Lose all messages on their way."""
        self.post.clear()

    def time(self, *numbers: int) -> None:
        """Let some members lose patience once each."""
        for number in numbers:
            view = self.members[number].view
            for _ in range(2000):
                if self.members[number].view > view:
                    break
                self.members[number].tick()
            self._collect(number)

    def vote(self, kind: Kind, view: int, value: bytes, liar: int) -> Vote:
        """Return a liar's vote."""
        return cast(self.notary.signer(liar), kind, PLAY, view, digest_of(value), liar)

    def join(self, view: int, value: bytes, liar: int, *to: int) -> None:
        """Let a liar prepare a value that was proposed, and commit it."""
        said = [letter.message for _, letter in self.post if isinstance(letter.message, Prepare | Proposal)]
        votes = [each.proposed if isinstance(each, Prepare) else each.vote for each in said]
        proposed = [vote for vote in votes if (vote.view, vote.digest) == (view, digest_of(value))]
        for each in to:
            if proposed:
                self.give(each, Prepare(self.vote("prepare", view, value, liar), proposed[0]))
            self.give(each, self.vote("commit", view, value, liar))

    def change(self, view: int, liar: int) -> Change:
        """Return a liar's change, which keeps certificates back."""
        vote = cast(self.notary.signer(liar), "change", PLAY, view, certificate_digest(None), liar)
        return Change(vote, None)

    def changes(self, view: int, *numbers: int) -> tuple[Change, ...]:
        """Return the changes that honest members have said."""
        said = {sender: letter.message for sender, letter in self.post if isinstance(letter.message, Change)}
        return tuple(said[each] for each in numbers if said[each].vote.view == view)


def _is(message: Message, kind: str) -> bool:
    if not kind:
        return True
    return (message.kind if isinstance(message, Vote) else type(message).__name__.lower()) in kind.split()


def small_quorum(parts: Parts) -> None:
    """Seven, of whom 0 and 1 lie: A to 2 and 3, B to the others, who don't hear each other."""
    stage = Stage(parts, 7, (0, 1), {})
    for value, half in ((A, (2, 3)), (B, (4, 5, 6))):
        for to in half:
            stage.give(to, Proposal(stage.vote("propose", 0, value, 0), value))
        for liar in (0, 1):
            stage.join(0, value, liar, *half)
        stage.flow(half, half)


def bound_primary(parts: Parts) -> None:
    """Member 0 decided A; the next primary, 1, lies and proposes B though the others' certificates bind it."""
    stage = Stage(parts, 4, (1,), {})
    stage.flow((0, 2, 3), (0, 2, 3), "proposal prepare")
    stage.flow((2,), (0,), "commit")
    stage.give(0, stage.vote("commit", 0, A, 1))
    assert stage.members[0].decided == A
    stage.lose()
    stage.time(2, 3)
    changes = (*stage.changes(1, 2, 3), stage.change(1, 1))
    stage.lose()
    for to in (2, 3):
        stage.give(to, Proposal(stage.vote("propose", 1, B, 1), B, changes))
    stage.flow((2, 3), (2, 3))
    stage.join(1, B, 1, 2, 3)


def newest_binds(parts: Parts) -> None:
    """A has a certificate of view 0 at member 2; B was decided in view 1 at 0; in view 2 it is B that binds."""
    stage = Stage(parts, 4, (1,), {})
    stage.flow((0,), (2, 3), "proposal")
    stage.flow((3,), (2,), "prepare")
    stage.lose()
    stage.time(0, 3)
    changes = (*stage.changes(1, 0, 3), stage.change(1, 1))
    stage.lose()
    for to in (0, 3):
        stage.give(to, Proposal(stage.vote("propose", 1, B, 1), B, changes))
    stage.flow((0, 3), (0, 3), "prepare")
    stage.flow((3,), (0,), "commit")
    stage.give(0, stage.vote("commit", 1, B, 1))
    assert stage.members[0].decided == B
    stage.lose()
    stage.time(2, 3)
    stage.flow((3,), (2,), "change")
    stage.give(2, stage.change(2, 1))
    stage.flow((2,), (3,), "change proposal")
    for value in (A, B):
        stage.join(2, value, 1, 2, 3)
    stage.flow((2, 3), (2, 3))


def certificate_first(parts: Parts) -> None:
    """Members 2 and 3 got B and commit it at once; nobody has a certificate that would bind the next primary."""
    stage = Stage(parts, 4, (0,), {1: A})
    for to in (2, 3):
        stage.give(to, Proposal(stage.vote("propose", 0, B, 0), B))
    stage.flow((3,), (2,), "commit")
    stage.give(2, stage.vote("commit", 0, B, 0))
    stage.lose()
    stage.time(1, 3)
    stage.flow((3,), (1,), "change")
    stage.give(1, stage.change(1, 0))
    stage.flow((1,), (3,), "change proposal")
    stage.join(1, A, 0, 1, 3)
    stage.flow((1, 3), (1, 3))


def one_vote(parts: Parts) -> None:
    """A to 1 and 2, then B to 2 and 3: if 2 votes for both there are two certificates in one view."""
    stage = Stage(parts, 4, (0,), {})
    for to in (1, 2):
        stage.give(to, Proposal(stage.vote("propose", 0, A, 0), A))
    stage.flow((1, 2), (1, 2), "prepare")
    stage.flow((2,), (1,), "commit")
    stage.give(1, stage.vote("commit", 0, A, 0))
    assert stage.members[1].decided == A
    for to in (2, 3):
        stage.give(to, Proposal(stage.vote("propose", 0, B, 0), B))
    for each in [letter.message for sender, letter in stage.post if (sender, letter.to) == (2, 3)]:
        if isinstance(each, Prepare) and each.vote.digest == digest_of(B):
            stage.give(3, each)
    stage.lose()
    for view in (1, 2, 3):
        stage.time(2, 3)
        stage.flow((2, 3), (2, 3), "change")
        for to in (2, 3):
            stage.give(to, stage.change(view, 0))
        if view < 3:
            stage.lose()
    stage.flow((3,), (2,), "proposal")
    stage.join(3, B, 0, 2, 3)
    stage.flow((2, 3), (2, 3))


PLAYS = (small_quorum, bound_primary, newest_binds, certificate_first, one_vote)
