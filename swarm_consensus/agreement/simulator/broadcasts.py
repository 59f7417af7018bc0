"""Reliable broadcasts with captured robots: messages in any order, lost and doubled; from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from swarm_consensus.agreement.byzantine.broadcast import Broadcast, Saved, Say
from swarm_consensus.agreement.byzantine.votes import Kind, cast, digest_of, is_proof
from swarm_consensus.agreement.quorum import liars_tolerated
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.dice import Dice
from swarm_consensus.agreement.simulator.notary import Notary

VALUES = (b"north", b"south")


@dataclass
class Parts:
    """What a run is made of; a mutant puts a broken part in."""

    broadcast: type[Broadcast] = Broadcast
    forgets: bool = False  # the disk, at a crash
    extra_liars: int = 0  # beyond what n bears


class Run:
    """One broadcast.

    Parameters
    ----------
    seed
        Everything follows from it.
    parts
        What the robots are made of.
    """

    def __init__(self, seed: int, parts: Parts | None = None) -> None:
        self.parts = parts or Parts()
        self.dice = dice = Dice(seed)
        self.members = dice.pick((4, 4, 5, 7, 7, 10))
        self.tolerated = liars_tolerated(self.members)
        shuffled = sorted(range(self.members), key=lambda _: dice.share())
        self.liars = tuple(shuffled[: self.tolerated + self.parts.extra_liars])
        self.sender = self.liars[0] if dice.chance(0.7) else shuffled[-1]
        self.instance = b"broadcast %d" % seed
        self.notary = Notary(self.members)
        self.flight: list[tuple[int, Say]] = []
        self.heard: list[Say] = []  # by any liar
        self.sent = 0
        self.disks: dict[int, Saved] = {}
        self.honest = {
            number: self._make(number, Saved()) for number in range(self.members) if number not in self.liars
        }
        self.two_faced = dice.chance(0.7)
        self.both = dice.chance(0.3)  # the sender tells everybody both values
        self.half = {number: int(dice.chance(0.5)) for number in self.honest}
        self.silent = {number for number in self.honest if dice.chance(0.25)}  # of these the liars say nothing to

    def _make(self, number: int, saved: Saved) -> Broadcast:
        return self.parts.broadcast(
            number,
            self.members,
            self.tolerated,
            self.sender,
            self.instance,
            self.notary.signer(number),
            self.notary,
            saved,
        )

    def _say(self, number: int, says: list[Say], loss: float) -> None:
        """Store, then send to all, oneself included."""
        self.disks[number] = self.honest[number].saved
        for say in says:
            for to in range(self.members):
                self.sent += 1
                if not self.dice.chance(loss):
                    self.flight += [(to, say)] * (1 + self.dice.chance(loss))

    def run(self) -> Run:
        """Run to the end and check everything.

        Raises
        ------
        Violation
            If a property did not hold.
        """
        if self.sender in self.honest:
            self._say(self.sender, self.honest[self.sender].begin(VALUES[0]), 0.1)
        self._lie()
        self._drain(loss=0.15)
        for _ in range(4):  # the radio is good now: what was lost is said again, and what that causes
            for number, member in self.honest.items():
                self._say(number, member.again(), 0.0)
            self._drain(loss=0.0)
        self._check()
        return self

    def _drain(self, loss: float) -> None:
        while self.flight:
            place = int(self.dice.share() * len(self.flight))
            self.flight[place], self.flight[-1] = self.flight[-1], self.flight[place]
            to, say = self.flight.pop()
            if to in self.liars:
                if len(self.heard) < 40:
                    self.heard.append(say)
                if self.dice.chance(0.1):
                    self._forge()
                continue
            if loss and self.dice.chance(0.02):
                self.honest[to] = self._make(to, Saved() if self.parts.forgets else self.disks.get(to, Saved()))
            self._say(to, self.honest[to].step(say), loss)

    def _lie(self) -> None:
        """Tell each half its own value, by all liars, in every kind."""
        signer = self.notary.signer(self.sender) if self.sender in self.liars else None
        for to, half in self.half.items():
            digest = digest_of(VALUES[half if self.two_faced else 0])
            value = VALUES[half if self.two_faced else 0]
            if signer is None or to in self.silent:
                continue
            vouched = cast(signer, "send", self.instance, 0, digest, self.sender)
            self.flight.append((to, Say(vouched, value, vouched)))
            if self.both:
                other = cast(signer, "send", self.instance, 0, digest_of(VALUES[1 - half]), self.sender)
                self.flight.append((to, Say(other, VALUES[1 - half], other)))
            for liar in self.liars:
                kinds: tuple[Kind, ...] = ("echo", "ready")
                for kind in kinds:
                    if self.dice.chance(0.7):
                        vote = cast(self.notary.signer(liar), kind, self.instance, 0, digest, liar)
                        self.flight.append((to, Say(vote, value, vouched)))

    def _forge(self) -> None:
        """Say something old again, altered or not."""
        dice = self.dice
        say = dice.pick(self.heard)
        liar, victim = dice.pick(self.liars), dice.pick(tuple(self.honest))
        digest = digest_of(VALUES[1])
        forged = dice.pick(
            (
                say,
                msgspec.structs.replace(say, value=VALUES[1]),
                msgspec.structs.replace(say, vote=msgspec.structs.replace(say.vote, member=victim)),
                Say(
                    cast(self.notary.signer(liar), dice.pick(("echo", "ready")), self.instance, 0, digest, liar),
                    VALUES[1],
                    msgspec.structs.replace(say.vouched, digest=digest),
                ),
                msgspec.structs.replace(say, vote=msgspec.structs.replace(say.vote, kind="ready")),
            )
        )
        self.flight.append((dice.pick(tuple(self.honest)), forged))

    def _check(self) -> None:
        delivered = {member.delivered for member in self.honest.values()}
        if len(delivered - {None}) > 1:
            raise Violation(f"agreement: honest members delivered {sorted(filter(None, delivered))}")
        if None in delivered and len(delivered) > 1:
            raise Violation("totality: one honest member delivered and another did not")
        if self.sender in self.honest and delivered != {VALUES[0]}:
            raise Violation(f"validity: an honest sender's value was not delivered, but {delivered}")
        for member in self.honest.values():
            for liar, conflict in member.poll.conflicts.items():
                if liar in self.honest or conflict.one.member != liar or not is_proof(conflict, self.notary):
                    raise Violation(f"proof: honest member {liar} is shown to lie")


def run(seed: int, parts: Parts | None = None) -> Run:
    """Run one seed; a violation names it."""
    one = Run(seed, parts)
    try:
        return one.run()
    except Violation as violation:
        raise Violation(f"{violation} (seed {seed}, {one.members} members, {len(one.liars)} liars)") from None
