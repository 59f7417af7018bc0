"""Planted bugs: each rule of the log taken out in turn, and the first seed of the simulation at which it shows."""

# ruff: noqa: D102  (what a method does wrong stands at its class)

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from arguments import number
from rich.console import Console
from rich.table import Table

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.quorum import majority, reached_by_majority
from swarm_consensus.agreement.raft.election import Ballot
from swarm_consensus.agreement.raft.follower import Follower
from swarm_consensus.agreement.raft.leader import Leader
from swarm_consensus.agreement.raft.messages import (
    Append,
    AppendReply,
    Config,
    Message,
    Read,
    ReadReply,
    Ready,
    VoteReply,
    VoteRequest,
)
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.sessions import Outcome, Sessions
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.cluster import run
from swarm_consensus.agreement.simulator.host import Parts
from swarm_consensus.agreement.simulator.scenes import SCENES

SEEDS = 100  # tried for each, unless another number is given


class DoubleVote(Node):
    """Gives its vote to everybody who asks."""

    def _on_vote_request(self, request: VoteRequest) -> None:
        self.state.voted_for = None
        super()._on_vote_request(request)


class VoterNotChecked(Node):
    """Counts replies, not voters."""

    class ballot(Ballot):  # noqa: N801
        """Counts replies."""

        def __init__(self, pre: bool) -> None:
            super().__init__(pre)
            self.yes = 0

        def count(self, voter: int, granted: bool) -> None:
            self.yes += granted

        def is_won(self, voters: tuple[int, ...]) -> bool:  # type: ignore[override]
            return self.yes >= majority(len(voters))

        def is_lost(self, voters: tuple[int, ...]) -> bool:  # type: ignore[override]
            return False


class AnyLogElected(Node):
    """Does not compare logs."""

    def _on_vote_request(self, request: VoteRequest) -> None:
        log = self.state.log
        same = VoteRequest(
            request.term, request.sender, request.to, log.last, log.last_term, request.pre, request.forced
        )
        super()._on_vote_request(same)


class AlwaysCuts(Follower):
    """Cuts the log where a message begins."""

    def _take_in(self, message: Append) -> bool:
        state = self._state
        first = message.previous_index + 1
        if first <= state.log.commit:
            return super()._take_in(message)
        if first <= state.log.last:
            state.cut(first)
        state.append(message.entries)
        return True


class PreviousTermNotChecked(Node):
    """Takes entries whatever stands before them."""

    def _on_append(self, message: Append) -> None:
        known = self.state.log.term_at(message.previous_index)
        if known >= 0:
            message = Append(
                message.term,
                message.sender,
                message.to,
                message.previous_index,
                known,
                message.entries,
                message.commit,
                message.round,
            )
        super()._on_append(message)


class CommitsWhatIsNotChecked(Node):
    """Commits to the end of its log, not to the end of what the message covers."""

    def _on_append(self, message: Append) -> None:
        super()._on_append(message)
        if self.lead is None:
            self.state.log.commit = max(self.state.log.commit, min(message.commit, self.state.log.last))


class StaleTermAccepted(Node):
    """Takes an answer of an older term for one of this."""

    def step(self, message: Message) -> None:
        if isinstance(message, AppendReply) and message.term < self.state.term:
            message = AppendReply(self.state.term, message.sender, message.to, message.success, message.index, 0)
        super().step(message)


class StaleVoteAccepted(Node):
    """Takes a vote of an older term for one of this."""

    def step(self, message: Message) -> None:
        if isinstance(message, VoteReply) and message.granted and not message.pre and message.term < self.state.term:
            message = VoteReply(self.state.term, message.sender, message.to, True, False)
        super().step(message)


class RestartForgetsLease(Node):
    """Hears candidates at once after a start."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._patience._contact = -1000


class EveryCandidateHeard(Node):
    """Hears every candidate, whenever it heard the leader."""

    def _trusts_leader(self) -> bool:
        return False


class SameTermHeard(Node):
    """Hears candidates of its own term."""

    def _ignores(self, request: VoteRequest) -> bool:
        return request.term > self.state.term and super()._ignores(request)


class ConfigStaysAfterCut(Follower):
    """Keeps configurations whose entries are gone."""

    def _take_in(self, message: Append) -> bool:
        self._state.members.cut = lambda first: None  # type: ignore[method-assign]
        return super()._take_in(message)


class NewestConfigInSnapshot(Node):
    """Takes the configuration in force for that of the snapshot."""

    def compact(self, state: bytes) -> None:
        members = self.state.members
        at, members.at = members.at, lambda index: members.current  # type: ignore[method-assign]
        super().compact(state)
        members.at = at  # type: ignore[method-assign]


class CommitsOldTerms(Leader):
    """Commits whatever a majority stores."""

    def commit(self) -> None:
        log = self._state.log
        index = reached_by_majority([self._match(voter) for voter in self._state.members.current.voters])
        if index > log.commit:
            log.commit = index
            self._meet_followers()


class LearnersCount(Leader):
    """Counts everybody who stores an entry."""

    def commit(self) -> None:
        log = self._state.log
        everybody = {*self.followers, self._state.own}
        voters = len(self._state.members.current.voters)
        ranked = sorted((self._match(each) for each in everybody), reverse=True)
        index = ranked[min(majority(voters), len(ranked)) - 1]
        if index > log.commit and log.term_at(index) == self._state.term:
            log.commit = index
            self._meet_followers()


class ReadsAtOnce(Leader):
    """Is always sure to be the leader."""

    def has_lease(self) -> bool:
        return True


class ReadsBeforeNoop(Leader):
    """Trusts its commit index from the first moment."""

    def read(self, member: int, token: int) -> None:
        state = self._state
        if self.has_lease():
            if member == state.own:
                state.reads.append(Read(token, state.log.commit))
            else:
                state.send(ReadReply(state.term, state.own, member, token, state.log.commit))
        else:
            super().read(member, token)


class LeaseIgnoresDrift(Leader):
    """Holds its lease for longer than the others' patience."""

    def has_lease(self) -> bool:
        return self._state.now - self._rounds.confirmed < 1.3 * self._state.settings.election_ticks


class LeaseFromAnswer(Leader):
    """Begins its lease when the answer arrives."""

    def accept(self, reply: AppendReply) -> None:
        before = self._rounds.answered
        super().accept(reply)
        if self._rounds.answered > before:
            self._rounds.confirmed = self._state.now


class LeaseOutlivesTransfer(Leader):
    """Takes its lease up again after a transfer."""

    def _hand_over(self) -> None:
        super()._hand_over()
        self._lease_given_up = False


class ChangesOverlap(Leader):
    """Does not wait for the last change."""

    def _check_change(self, config: Config) -> None:
        if self._state.own not in self._state.members.current.voters:
            raise AgreementError("it has removed itself; that it may do more is not the bug meant")
        members = self._state.members
        index, members.index = members.index, 0
        try:
            super()._check_change(config)
        finally:
            members.index = index


class ChangesBeforeNoop(Leader):
    """Does not wait for the first commit of its term."""

    def _check_change(self, config: Config) -> None:
        first, self._first = self._first, 0
        try:
            super()._check_change(config)
        finally:
            self._first = first


class UnsyncedVote(MemoryStorage):
    """Does not sync a vote."""

    def save(self, ready: Ready) -> None:
        if ready.entries or ready.snapshot or self.power_cut:
            super().save(ready)
        else:
            self.write(ready)


class UnsyncedEntries(MemoryStorage):
    """Syncs entries only when a vote or a snapshot is stored."""

    def save(self, ready: Ready) -> None:
        if self.power_cut or ready.vote or ready.snapshot:
            super().save(ready)
        else:
            self.write(ready)


class SessionsNotInSnapshot(Sessions):
    """Leaves the sessions out of snapshots."""

    def snapshot(self) -> bytes:
        table, self._table = self._table, {}
        state = super().snapshot()
        self._table = table
        return state


class NumberNotChecked(Sessions):
    """Does not look at a command's number."""

    def apply(self, index: int, data: bytes) -> Outcome:
        for session in self._table.values():
            session.number = 0
        return super().apply(index, data)


def leading(leader: type[Leader]) -> Parts:
    """Return the parts of a run whose leaders are broken."""
    return Parts(node=type("Mutant", (Node,), {"leadership": leader}))


def following(follower: type[Follower]) -> Parts:
    """Return the parts of a run whose followers are broken."""
    return Parts(node=type("Mutant", (Node,), {"following": follower}))


def killing_scene(parts: Parts, scenes: Iterable[Callable[[Parts], None]] = SCENES) -> str:
    """Return the name of the first scene in which the checks cry out, or ''."""
    for scene in scenes:
        try:
            scene(parts)
        except Violation:
            return scene.__name__
    return ""


def killing_seed(parts: Parts, seeds: Iterable[int]) -> tuple[int, str] | None:
    """Return the first seed at which the checks cry out, and what they say."""
    for seed in seeds:
        try:
            run(seed, parts)
        except Violation as violation:
            return seed, str(violation)
    return None


MUTANTS: dict[str, Parts] = {
    "votes twice in a term": Parts(node=DoubleVote),
    "counts a vote as often as it arrives": Parts(node=VoterNotChecked),
    "counts a vote of an older term": Parts(node=StaleVoteAccepted),
    "votes for any log": Parts(node=AnyLogElected),
    "forgets its vote in a crash": Parts(storage=UnsyncedVote),
    "acknowledges before it stores": Parts(storage=UnsyncedEntries),
    "cuts the log without a conflict": following(AlwaysCuts),
    "appends without comparing the term before": Parts(node=PreviousTermNotChecked),
    "commits more than was compared": Parts(node=CommitsWhatIsNotChecked),
    "counts an answer of an older term": Parts(node=StaleTermAccepted),
    "commits an older term by counting": leading(CommitsOldTerms),
    "counts learners": leading(LearnersCount),
    "changes members before the last change is committed": leading(ChangesOverlap),
    "changes members before its term has a commit": leading(ChangesBeforeNoop),
    "keeps a configuration that was cut off": following(ConfigStaysAfterCut),
    "puts the newest configuration into a snapshot": Parts(node=NewestConfigInSnapshot),
    "reads without asking anybody": leading(ReadsAtOnce),
    "reads before its term has a commit": leading(ReadsBeforeNoop),
    "lease as long as the patience of others": leading(LeaseIgnoresDrift),
    "lease counted from the answer": leading(LeaseFromAnswer),
    "lease kept after a transfer": leading(LeaseOutlivesTransfer),
    "lease forgotten in a crash": Parts(node=RestartForgetsLease),
    "lease broken by any candidate": Parts(node=EveryCandidateHeard),
    "lease broken by a candidate of the same term": Parts(node=SameTermHeard),
    "sessions left out of snapshots": Parts(sessions=SessionsNotInSnapshot),
    "carries out a command as often as it stands in the log": Parts(sessions=NumberNotChecked),
}


def main() -> None:
    """Print the table; exit with 1 if a mutant lives or the log as it should be does not."""
    seeds = range(number(__doc__, "seeds", SEEDS))
    table = Table("planted bug", "scene", "first seed", "what the checks say there", title="Mutants of the log")
    alive = 0
    for name, parts in {"none: as it should be": Parts(), **MUTANTS}.items():
        scene, found = killing_scene(parts), killing_seed(parts, seeds)
        seed, words = (str(found[0]), found[1].partition(" (")[0]) if found else (f"none of {len(seeds)}", "")
        table.add_row(name, scene or "none", seed, words)
        alive += (scene == "" and found is None) == (parts != Parts())
    Console(width=170).print(table)
    sys.exit(alive > 0)


if __name__ == "__main__":
    main()
