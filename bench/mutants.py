"""Planted bugs: each rule of the log taken out in turn, and the first seed of the simulation at which it shows."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.quorum import majority, reached_by_majority
from swarm_consensus.agreement.raft import membership
from swarm_consensus.agreement.raft.election import Ballot
from swarm_consensus.agreement.raft.leader import Leader
from swarm_consensus.agreement.raft.messages import (
    Append,
    AppendReply,
    Config,
    Entry,
    Message,
    Read,
    ReadReply,
    Ready,
    VoteReply,
    VoteRequest,
)
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.replication import Progress
from swarm_consensus.agreement.sessions import Command, Open, Outcome, Sessions, _request_decoder
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.cluster import run
from swarm_consensus.agreement.simulator.host import Parts

MOST = 2000  # seeds tried


class DoubleVote(Node):
    def _on_vote_request(self, request: VoteRequest) -> None:
        self.state.voted_for = None
        super()._on_vote_request(request)


class VoterNotChecked(Node):
    class ballot(Ballot):  # noqa: N801
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
    def _on_vote_request(self, request: VoteRequest) -> None:
        log = self.state.log
        same = VoteRequest(
            request.term, request.sender, request.to, log.last, log.last_term, request.pre, request.forced
        )
        super()._on_vote_request(same)


class AlwaysCuts(Node):
    def _take_in(self, message: Append) -> bool:
        state = self.state
        first = message.previous_index + 1
        if first <= state.log.commit:
            return super()._take_in(message)
        if first <= state.log.last:
            state.cut(first)
        state.append(message.entries)
        return True


class PreviousTermNotChecked(Node):
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
    def _on_append(self, message: Append) -> None:
        super()._on_append(message)
        if self.lead is None:
            self.state.log.commit = max(self.state.log.commit, min(message.commit, self.state.log.last))


class StaleTermAccepted(Node):
    def step(self, message: Message) -> None:
        if isinstance(message, AppendReply) and message.term < self.state.term:
            message = AppendReply(
                self.state.term, message.sender, message.to, message.success, message.index, 0
            )
        super().step(message)


class StaleVoteAccepted(Node):
    def step(self, message: Message) -> None:
        if isinstance(message, VoteReply) and message.granted and not message.pre and message.term < self.state.term:
            message = VoteReply(self.state.term, message.sender, message.to, True, False)
        super().step(message)


class RestartForgetsLease(Node):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._patience._contact = -1000


class EveryCandidateHeard(Node):
    def _trusts_leader(self) -> bool:
        return False


class SameTermHeard(Node):
    def step(self, message: Message) -> None:
        if isinstance(message, VoteRequest) and message.term == self.state.term and not message.pre:
            self._on_vote_request(message)
        else:
            super().step(message)


class ConfigStaysAfterCut(Node):
    def _take_in(self, message: Append) -> bool:
        history = list(self.state.members._history)
        result = super()._take_in(message)
        kept = [each for each in history if each[0] > self.state.log.last]
        self.state.members._history += kept
        self.state.members.index, self.state.members.current = self.state.members._history[-1]
        return result


class NewestConfigInSnapshot(Node):
    def compact(self, state: bytes) -> None:
        members = self.state.members
        at, members.at = members.at, lambda index: members.current  # type: ignore[method-assign]
        super().compact(state)
        members.at = at  # type: ignore[method-assign]


class CommitsOldTerms(Leader):
    def commit(self) -> None:
        log = self._state.log
        index = reached_by_majority([self._match(voter) for voter in self._state.members.current.voters])
        if index > log.commit:
            log.commit = index
            self._meet_followers()


class LearnersCount(Leader):
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
    def has_lease(self) -> bool:
        return True


class ReadsBeforeNoop(Leader):
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
    def has_lease(self) -> bool:
        return self._state.now - self._rounds.confirmed < 1.3 * self._state.settings.election_ticks


class LeaseFromAnswer(Leader):
    def accept(self, reply: AppendReply) -> None:
        before = self._rounds.answered
        super().accept(reply)
        if self._rounds.answered > before:
            self._rounds.confirmed = self._state.now


class LeaseOutlivesTransfer(Leader):
    def _hand_over(self) -> None:
        super()._hand_over()
        self._lease_given_up = False


class ChangesOverlap(Leader):
    def _check_change(self, config: Config) -> None:
        members = self._state.members
        index, members.index = members.index, 0
        try:
            super()._check_change(config)
        finally:
            members.index = index


class ChangesBeforeNoop(Leader):
    def _check_change(self, config: Config) -> None:
        first, self._first = self._first, 0
        try:
            super()._check_change(config)
        finally:
            self._first = first


class UnsyncedVote(MemoryStorage):
    def save(self, ready: Ready) -> None:
        if ready.entries or ready.snapshot or self.power_cut:
            super().save(ready)
        else:
            self.write(ready)


class UnsyncedEntries(MemoryStorage):
    def save(self, ready: Ready) -> None:
        if self.power_cut or (ready.vote and not ready.entries):
            super().save(ready)
        else:
            self.sync()
            self.write(ready)


class SessionsNotInSnapshot(Sessions):
    def snapshot(self) -> bytes:
        table, self._table = self._table, {}
        state = super().snapshot()
        self._table = table
        return state


class NumberNotChecked(Sessions):
    def apply(self, index: int, data: bytes) -> Outcome:
        request = _request_decoder.decode(data)
        session = self._table.get(request.session) if isinstance(request, Command) else None
        if session:
            session.number = 0
        return super().apply(index, data)


def leading(leader: type[Leader]) -> Parts:
    """Return the parts of a run whose leaders are broken."""
    return Parts(node=type("Mutant", (Node,), {"leadership": leader}))


MUTANTS: dict[str, Parts] = {
    "votes twice in a term": Parts(node=DoubleVote),
    "counts a vote as often as it arrives": Parts(node=VoterNotChecked),
    "counts a vote of an older term": Parts(node=StaleVoteAccepted),
    "votes for any log": Parts(node=AnyLogElected),
    "forgets its vote in a crash": Parts(storage=UnsyncedVote),
    "acknowledges before it stores": Parts(storage=UnsyncedEntries),
    "cuts the log without a conflict": Parts(node=AlwaysCuts),
    "appends without comparing the term before": Parts(node=PreviousTermNotChecked),
    "commits more than was compared": Parts(node=CommitsWhatIsNotChecked),
    "counts an answer of an older term": Parts(node=StaleTermAccepted),
    "commits an older term by counting": leading(CommitsOldTerms),
    "counts learners": leading(LearnersCount),
    "changes members before the last change is committed": leading(ChangesOverlap),
    "changes members before its term has a commit": leading(ChangesBeforeNoop),
    "keeps a configuration that was cut off": Parts(node=ConfigStaysAfterCut),
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
