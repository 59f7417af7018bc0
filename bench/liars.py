"""Agreement among liars: message counts and bytes, planted bugs, and a campaign. `liars.py N`: N seeds of each."""

# ruff: noqa: D102  (what a method does wrong stands at its class)

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec
from arguments import number
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement.byzantine import decision as deciding
from swarm_consensus.agreement.byzantine.broadcast import Broadcast, Say
from swarm_consensus.agreement.byzantine.decision import Decider
from swarm_consensus.agreement.byzantine.messages import Certificate, Change, Proposal, Rules
from swarm_consensus.agreement.byzantine.votes import KeyRing, KeySigner, Poll, Ring, Signer, Vote
from swarm_consensus.agreement.quorum import liars_tolerated, majority
from swarm_consensus.agreement.simulator import broadcasts, captured
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.plays import PLAYS
from swarm_consensus.network.keys import PrivateKey

SEEDS = 1000  # of each kind, unless another number is given
SIZES = (4, 7, 10)

# counts


def count_broadcast(members: int, signer: Callable[[int], Signer], ring: Ring) -> tuple[int, int]:
    """Return messages and bytes of one broadcast in which nobody fails; those to oneself count."""
    group = [Broadcast(i, members, liars_tolerated(members), 0, b"count", signer(i), ring) for i in range(members)]
    waiting: list[Say] = group[0].begin(b"the meeting point")
    messages = size = 0
    while waiting:
        say = waiting.pop(0)
        for member in group:
            messages, size = messages + 1, size + len(msgspec.msgpack.encode(say))
            waiting += member.step(say)
    assert {member.delivered for member in group} == {b"the meeting point"}
    return messages, size


def count_decision(members: int, signer: Callable[[int], Signer], ring: Ring) -> tuple[int, int, int]:
    """Return messages, bytes and steps one after the other of one decision in which nobody fails."""
    group = [
        Decider(i, members, liars_tolerated(members), b"count", b"the meeting point", bool, signer(i), ring)
        for i in range(members)
    ]
    messages = size = steps = 0
    while letters := [letter for member in group for letter in member.ready()[1]]:
        steps += 1
        for letter in letters:
            messages, size = messages + 1, size + len(msgspec.msgpack.encode(letter.message))
            group[letter.to].step(letter.message)
    assert {member.decided for member in group} == {b"the meeting point"}
    return messages, size, steps


# planted bugs


class SmallQuorum(Decider):
    """More than half is enough."""

    def __init__(self, own: int, members: int, *rest: object) -> None:
        super().__init__(own, members, *rest)  # type: ignore[arg-type]
        self._quorum = self._rules._quorum = majority(members)


class _AnyRules(Rules):
    def may_propose(self, view: int, value: bytes, changes: object) -> bool:
        return True


class _OldestRules(Rules):
    def may_propose(self, view: int, value: bytes, changes: Sequence[Change]) -> bool:
        oldest = _oldest(changes)
        return oldest is None or oldest.value == value


class UnboundPrimary(Decider):
    """Does not look at what the changes bind a primary to."""

    def __init__(self, own: int, members: int, *rest: object) -> None:
        super().__init__(own, members, *rest)  # type: ignore[arg-type]
        self._rules = _AnyRules(members, self._quorum, self._poll.is_sound)


class Forgetful(Decider):
    """Brings no certificate to the next view."""

    def _enter(self, view: int) -> None:
        kept = self._state
        self._update(certificate=None)
        super()._enter(view)
        if kept.certificate and self._state.certificate is None:
            self._update(certificate=kept.certificate)


class HastyCommit(Decider):
    """Commits what was proposed, before anybody else stands behind it."""

    def _prepare(self, proposal: Proposal) -> None:
        super()._prepare(proposal)
        self._commit(proposal.vote.digest)


class TwoVotes(Decider):
    """Votes for each proposal that comes."""

    def _on_proposal(self, proposal: Proposal) -> None:
        self._poll._newest.pop(("propose", proposal.vote.member), None)
        if self._state.accepted and self._state.accepted.vote != proposal.vote:
            self._update(accepted=None)
        super()._on_proposal(proposal)


class AnyValue(Decider):
    """Does not ask whether a value makes sense."""

    def __init__(self, *rest: object) -> None:
        super().__init__(*rest)  # type: ignore[arg-type]
        self._is_valid = lambda _: True


class _Trusting(Poll):
    def is_sound(self, vote: Vote) -> bool:
        return True


class Unsigned(Decider):
    """Believes who a vote says it is from."""

    def __init__(self, own: int, members: int, liars: int, instance: bytes, *rest: object) -> None:
        super().__init__(own, members, liars, instance, *rest)  # type: ignore[arg-type]
        self._poll = _Trusting(instance, self._poll._ring)
        self._rules = Rules(members, self._quorum, self._poll.is_sound)


class OldestCertificate(Decider):
    """Proposes what the oldest certificate says, and lets others do so."""

    def _lead(self) -> None:
        deciding.newest_certificate, kept = _oldest, deciding.newest_certificate
        try:
            super()._lead()
        finally:
            deciding.newest_certificate = kept

    def __init__(self, own: int, members: int, *rest: object) -> None:
        super().__init__(own, members, *rest)  # type: ignore[arg-type]
        self._rules = _OldestRules(members, self._quorum, self._poll.is_sound)


def _oldest(changes: Iterable[Change]) -> Certificate | None:
    found = [change.certificate for change in changes if change.certificate]
    return min(found, key=lambda certificate: certificate.view, default=None)


class _Counting(Poll):
    def votes(self, kind: object, view: int, digest: bytes) -> list[Vote]:
        return super().votes(kind, view, digest) * 2  # type: ignore[arg-type]


class SmallBroadcast(Broadcast):
    """More than half is enough."""

    def __init__(self, own: int, members: int, *rest: object) -> None:
        super().__init__(own, members, *rest)  # type: ignore[arg-type]
        self._quorum = majority(members)


class VotesTwiceCounted(Broadcast):
    """Counts each vote double."""

    def __init__(self, own: int, members: int, liars: int, sender: int, instance: bytes, *rest: object) -> None:
        super().__init__(own, members, liars, sender, instance, *rest)  # type: ignore[arg-type]
        self.poll = _Counting(instance, self.poll._ring)


class DeliversEchoes(Broadcast):
    """Delivers what a quorum echoed."""

    def step(self, say: Say) -> list[Say]:
        out = super().step(say)
        if self.delivered is None and len(self.poll.votes("echo", 0, say.vote.digest)) >= self._quorum:
            self.delivered = say.value
        return out


class NotInfected(Broadcast):
    """Is not ready because others are."""

    def __init__(self, own: int, members: int, *rest: object) -> None:
        super().__init__(own, members, *rest)  # type: ignore[arg-type]
        self._honest = 10**6


class EchoesAll(Broadcast):
    """Echoes each value that comes."""

    def step(self, say: Say) -> list[Say]:
        if say.vote.kind == "send":
            self._said.pop("echo", None)
            self.poll._newest.pop(("send", say.vote.member), None)
        return super().step(say)


class UnsignedBroadcast(Broadcast):
    """Believes who a vote says it is from."""

    def __init__(self, own: int, members: int, liars: int, sender: int, instance: bytes, *rest: object) -> None:
        super().__init__(own, members, liars, sender, instance, *rest)  # type: ignore[arg-type]
        self.poll = _Trusting(instance, self.poll._ring)


DECIDERS = {
    "more than half is a quorum": captured.Parts(SmallQuorum),
    "a primary may propose anything": captured.Parts(UnboundPrimary),
    "brings no certificate to the next view": captured.Parts(Forgetful),
    "commits before a quorum prepared": captured.Parts(HastyCommit),
    "votes for two proposals": captured.Parts(TwoVotes),
    "stands behind nonsense": captured.Parts(AnyValue),
    "does not check signatures": captured.Parts(Unsigned),
    "goes by the oldest certificate": captured.Parts(OldestCertificate),
    "forgets in a crash": captured.Parts(forgets=True),
    "one liar more than n bears": captured.Parts(extra_liars=1),
}
BROADCASTS = {
    "more than half is a quorum": broadcasts.Parts(SmallBroadcast),
    "counts votes twice": broadcasts.Parts(VotesTwiceCounted),
    "delivers what is echoed": broadcasts.Parts(DeliversEchoes),
    "is not ready because others are": broadcasts.Parts(NotInfected),
    "echoes two values": broadcasts.Parts(EchoesAll),
    "does not check signatures": broadcasts.Parts(UnsignedBroadcast),
    "forgets in a crash": broadcasts.Parts(forgets=True),
    "one liar more than n bears": broadcasts.Parts(extra_liars=1),
}


def killing_play(parts: captured.Parts) -> str:
    """Return the first play that parts do not stand, or ''."""
    for play in PLAYS:
        try:
            play(parts)
        except Violation:
            return play.__name__
    return ""


def first_violation(run: Callable[[int], object], seeds: Iterable[int], what: str = "") -> str:
    """Return the first violation that begins with a word, or ''."""
    for seed in seeds:
        try:
            run(seed)
        except Violation as violation:
            if str(violation).startswith(what):
                return str(violation)
    return ""


# tables


def costs(console: Console) -> None:
    """Print what one broadcast and one decision take, signed with Ed25519."""
    table = Table("n", "f", "broadcast", "n + 2n^2", "bytes", "ms", "decision", "2n(n-1)", "bytes", "steps", "ms")
    table.title = "Messages when nobody fails; time of all members together in one process"
    for members in SIZES:
        keys = [PrivateKey(bytes((number + 1,)) * 32) for number in range(members)]
        ring = KeyRing(tuple(key.public for key in keys))
        began = time.perf_counter()
        one = count_broadcast(members, lambda i, keys=keys: KeySigner(keys[i]), ring)  # type: ignore[misc]
        middle = time.perf_counter()
        other = count_decision(members, lambda i, keys=keys: KeySigner(keys[i]), ring)  # type: ignore[misc]
        times = 1e3 * (middle - began), 1e3 * (time.perf_counter() - middle)
        table.add_row(
            *map(str, (members, liars_tolerated(members), one[0], members + 2 * members**2, one[1])),
            f"{times[0]:.1f}",
            *map(str, (other[0], 2 * members * (members - 1), other[1], other[2])),
            f"{times[1]:.1f}",
        )
    console.print(table)


def campaign(console: Console, seeds: int) -> list[str]:
    """Run seeds of both kinds, print what happened and return the violations."""
    began, total, violations = time.perf_counter(), Counter[str](), []
    for seed in range(seeds):
        try:
            one = captured.run(seed)
            total.update({f"decisions: {name}": number for name, number in one.tally.items()})
            total["decisions: messages"] += sum(one.sent.values())
        except Violation as violation:
            violations.append(str(violation))
        try:
            other = broadcasts.run(seed)
            total["broadcasts: messages of honest members"] += other.sent
            total["broadcasts: delivered"] += next(iter(other.honest.values())).delivered is not None
            total["broadcasts: with a proof of a lie"] += any(m.poll.conflicts for m in other.honest.values())
        except Violation as violation:
            violations.append(str(violation))
    table = Table("what", "number", title=f"{seeds} decisions and {seeds} broadcasts, as many liars as n bears")
    for name, times in sorted(total.items()):
        table.add_row(name, f"{times:,}")
    table.add_row("violations", str(len(violations)))
    table.add_row("minutes", f"{(time.perf_counter() - began) / 60:.1f}")
    console.print(table)
    return violations


def main() -> None:
    """Print the tables; exit status 1 if anything was violated."""
    seeds = number(__doc__, "seeds", SEEDS)
    console = Console()
    costs(console)
    table = Table("planted bug", "play", "first violation in 300 seeds", title="Decisions")
    for name, parts in DECIDERS.items():
        found = first_violation(lambda seed, parts=parts: captured.run(seed, parts), range(300))  # type: ignore[misc]
        table.add_row(name, killing_play(parts), escape(found))
    console.print(table)
    table = Table("planted bug", "first violation in 300 seeds", title="Broadcasts")
    for name, planted in BROADCASTS.items():
        found = first_violation(lambda seed, p=planted: broadcasts.run(seed, p), range(300))  # type: ignore[misc]
        table.add_row(name, escape(found))
    console.print(table)
    violations = campaign(console, seeds)
    for violation in violations[:20]:
        console.print(violation)
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
