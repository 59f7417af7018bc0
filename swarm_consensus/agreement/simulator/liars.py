"""Attackers: what a captured robot may do to a decision. They sign with their own keys, together if they are several.

All liars of a run share a pool of everything that any of them heard, and each other's signers.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, islice
from typing import TYPE_CHECKING

import msgspec

from swarm_consensus.agreement.byzantine.messages import (
    Certificate,
    Change,
    Decision,
    Letter,
    Message,
    Prepare,
    Proposal,
    certificate_digest,
    newest_certificate,
)
from swarm_consensus.agreement.byzantine.votes import Kind, Vote, cast, digest_of
from swarm_consensus.agreement.quorum import byzantine_quorum

if TYPE_CHECKING:
    from swarm_consensus.agreement.simulator.captured import Run

Pool = dict[str, list[Message]]
VALUES = (b"commit", b"abort")
NONSENSE = b"nonsense"


class Liar:
    """Says nothing: the simplest one.

    Parameters
    ----------
    number
        Its place.
    run
        The run.
    pool
        What all liars heard.
    """

    def __init__(self, number: int, run: Run, pool: Pool) -> None:
        self.number, self.run, self.pool = number, run, pool
        self.others = [each for each in range(run.setting.members) if each not in run.setting.liars]

    def hear(self, message: Message) -> None:
        """Take in a message."""
        heard = self.pool.setdefault("heard", [])
        if len(heard) < 400:
            heard.append(message)

    def tick(self) -> None:
        """Do something."""

    def post(self, to: int, message: Message, extra: int = 0) -> None:
        """Send."""
        self.run.send(self.number, Letter(to, message), extra)


class Delayer(Liar):
    """Plays by the rules, but some get its messages late, and some others not at all."""

    def __init__(self, number: int, run: Run, pool: Pool) -> None:
        super().__init__(number, run, pool)
        self._face = run.make(number, run.dice.pick(VALUES))
        self._late = {each: run.dice.pick((0, 0, 20_000, 60_000)) for each in self.others}
        self._never = {each for each in self.others if run.dice.chance(0.2)}

    def hear(self, message: Message) -> None:
        """Take in a message as one should."""
        super().hear(message)
        self._face.step(message)
        self._say()

    def tick(self) -> None:
        """Let time pass as one should."""
        self._face.tick()
        self._say()

    def _say(self) -> None:
        for letter in self._face.ready()[1]:
            if letter.to not in self._never:
                self.post(letter.to, letter.message, self._late.get(letter.to, 0))


class Twins(Liar):
    """Two members with one key and two opinions, each for some of the others (Bano et al., "Twins", OPODIS 2021)."""

    def __init__(self, number: int, run: Run, pool: Pool) -> None:
        super().__init__(number, run, pool)
        self._faces = [run.make(number, value) for value in VALUES]
        self._side = dict(run.half)

    def hear(self, message: Message) -> None:
        """Let both take in a message."""
        super().hear(message)
        for face in self._faces:
            face.step(message)
        self._say()

    def tick(self) -> None:
        """Let time pass for both, and now and then change who sees whom."""
        if self.run.dice.chance(0.02):
            self._side[self.run.dice.pick(self.others)] ^= 1
        for face in self._faces:
            face.tick()
        self._say()

    def _say(self) -> None:
        for side, face in enumerate(self._faces):
            for letter in face.ready()[1]:
                if self._side[letter.to] == side:
                    self.post(letter.to, letter.message)


class Replayer(Delayer):
    """Plays by the rules, and says again what others said, of this decision and of another."""

    def tick(self) -> None:
        """Repeat something old."""
        super().tick()
        heard, dice = self.pool.get("heard", []), self.run.dice
        for _ in range(2 if heard else 0):
            message = dice.pick(heard)
            if isinstance(message, Vote) and dice.chance(0.3):  # as it would be in another decision
                message = msgspec.structs.replace(message, instance=b"another")
            self.post(dice.pick(self.others), message)


class Forger(Liar):
    """Speaks in the name of others: with its own signature, with theirs from elsewhere, with certificates made up."""

    def tick(self) -> None:
        """Forge something."""
        dice, heard = self.run.dice, self.pool.get("heard", [])
        view = self.run.hosts[self.others[0]].decider.view
        digest, victim = digest_of(dice.pick(VALUES)), dice.pick(self.others)
        kinds: tuple[Kind, ...] = ("prepare", "commit", "propose", "change")
        own = cast(self.run.notary.signer(self.number), dice.pick(kinds), self.run.instance, view, digest, self.number)
        forged: list[Message] = [msgspec.structs.replace(own, member=victim)]
        votes = [message for message in heard if isinstance(message, Vote)]
        forged += [msgspec.structs.replace(each, vote=own) for each in heard[:1] if isinstance(each, Prepare)]
        if votes:
            vote = dice.pick(votes)
            forged += [msgspec.structs.replace(vote, digest=digest), msgspec.structs.replace(vote, kind="commit")]
            forged.append(Decision(dice.pick(VALUES), tuple(votes[:7])))
            forged.append(Decision(dice.pick(VALUES), (vote,) * 7))
        for message in heard:
            if isinstance(message, Change):
                forged.append(Change(message.vote, None))
                forged.append(Change(message.vote, Certificate(view, dice.pick(VALUES), tuple(votes[:7]))))
                break
        for message in islice((m for m in heard if isinstance(m, Proposal)), 1):
            forged.append(msgspec.structs.replace(message, value=dice.pick(VALUES)))
        if view == 0 == self.number:  # a proposal in order, but for its value
            vote = cast(self.run.notary.signer(0), "propose", self.run.instance, 0, digest_of(NONSENSE), 0)
            forged = [Proposal(vote, NONSENSE)]
            for to in self.others:
                self.post(to, forged[0])
        self.post(dice.pick(self.others), dice.pick(forged))


class Schemer(Liar):
    """Knows the protocol: two values for two halves, votes for both, and changes that keep a certificate back."""

    def __init__(self, number: int, run: Run, pool: Pool) -> None:
        super().__init__(number, run, pool)
        self._half = run.half
        self._done: set[tuple[str, int, int]] = set()

    def tick(self) -> None:
        """Attack the newest view that it knows of."""
        heard = self.pool.get("heard", [])
        views = [_view_of(message) for message in heard[-60:]]
        for view in {max(views, default=0), self.run.dice.pick(views or [0])}:
            self._attack(view, heard)

    def _attack(self, view: int, heard: Iterable[Message]) -> None:
        signer, instance = self.run.notary.signer(self.number), self.run.instance
        primary = view % self.run.setting.members
        if primary == self.number:
            self._propose(view, heard)
        for to in self.others:
            digest = digest_of(VALUES[self._half[to]])
            for kind in ("prepare", "commit"):
                if primary in self.run.setting.liars or kind == "commit" or self.run.dice.chance(0.5):
                    vote = cast(signer, kind, instance, view, digest, self.number)
                    self._once(kind, view, to, vote if kind == "commit" else self._prepare(vote, primary))
            if view and self.run.dice.chance(0.3):
                self._once("change", view, to, self._empty_change(self.number, view))
        if self.run.dice.chance(0.05):  # push the others on
            for to in self.others:
                self._once("change", view + 1, to, self._empty_change(self.number, view + 1))

    def _propose(self, view: int, heard: Iterable[Message]) -> None:
        """Propose to each half its own value, with the changes that allow it, if such can be found."""
        changes = self._changes(view, heard)
        for side, value in enumerate(VALUES):
            reason = self._reason(view, value, changes)
            if reason is None:
                continue
            vote = cast(
                self.run.notary.signer(self.number), "propose", self.run.instance, view, digest_of(value), self.number
            )
            for to in self.others:
                if self._half[to] == side:
                    self._once("propose", view, to, Proposal(vote, value, reason))

    def _changes(self, view: int, heard: Iterable[Message]) -> list[Change]:
        found = {
            m.vote.member: m
            for m in heard
            if isinstance(m, Change) and m.vote.view == view and m.vote.member in self.others
        }
        return [*found.values(), *(self._empty_change(liar, view) for liar in self.run.setting.liars)] if view else []

    def _reason(self, view: int, value: bytes, changes: list[Change]) -> tuple[Change, ...] | None:
        if view == 0:
            return ()
        setting = self.run.setting
        quorum = byzantine_quorum(setting.members, setting.tolerated)
        for chosen in islice(combinations(changes, quorum), 40):
            newest = newest_certificate(chosen)
            if newest is None or newest.value == value:
                return chosen
        return tuple(changes[:quorum]) if len(changes) >= quorum else None  # not allowed: honest members refuse it

    def _prepare(self, vote: Vote, primary: int) -> Prepare:
        """Return a prepare with a proposal that fits: that of a liar, or one that was heard."""
        if primary in self.run.setting.liars:
            signer = self.run.notary.signer(primary)
            return Prepare(vote, cast(signer, "propose", self.run.instance, vote.view, vote.digest, primary))
        heard = (m.proposed for m in self.pool.get("heard", []) if isinstance(m, Prepare))
        return Prepare(vote, next((each for each in heard if each.view == vote.view), vote))

    def _empty_change(self, liar: int, view: int) -> Change:
        signer = self.run.notary.signer(liar)
        return Change(cast(signer, "change", self.run.instance, view, certificate_digest(None), liar), None)

    def _once(self, what: str, view: int, to: int, message: Message) -> None:
        if (what, view, to) not in self._done:
            self._done.add((what, view, to))
            self.post(to, message)


def _view_of(message: Message) -> int:
    if isinstance(message, Decision):
        return 0
    return message.view if isinstance(message, Vote) else message.vote.view


WAYS: dict[str, type[Liar]] = {
    "silent": Liar,
    "delays": Delayer,
    "twins": Twins,
    "replays": Replayer,
    "forges": Forger,
    "schemes": Schemer,
}
