"""One member of a replicated log: messages and ticks in, `Ready` out. No clock, no disk, no network.

The rule that everything rests on is *store before you send*. Whoever drives a node does this, again and again:

1. `tick()` for each tick that has passed, also for those it slept through, then `step(message)` for what was heard,
   then whatever is asked of it (`propose`, `read`, `change`, `transfer`);
2. `ready()`: store vote, snapshot and entries, durably and together; `advance()`; only then send the messages, apply
   what is committed and serve the reads. Repeat until it returns None. `agreement.replica` does just that.

References
----------
D. Ongaro, "Consensus: bridging theory and practice", Ph.D. dissertation, Stanford, 2014; sections are cited from it.
"""

from __future__ import annotations

from numpy.random import Generator

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.raft.election import Ballot, Patience
from swarm_consensus.agreement.raft.follower import Follower
from swarm_consensus.agreement.raft.handover import Handover
from swarm_consensus.agreement.raft.leader import Leader
from swarm_consensus.agreement.raft.messages import (
    Append,
    AppendReply,
    Chunk,
    ChunkReply,
    Config,
    Forward,
    Message,
    Read,
    ReadReply,
    ReadRequest,
    Ready,
    Saved,
    Snapshot,
    TimeoutNow,
    VoteReply,
    VoteRequest,
)
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.raft.state import State


class Node:
    """A member of the log.

    Parameters
    ----------
    own
        Its place in the roster.
    settings
        The same for all members.
    saved
        What its disk holds.
    rng
        For how long it waits before it stands for election; seeded differently from the others'.

    Raises
    ------
    SettingsError
        If the settings don't fit together.
    """

    ballot = Ballot
    following = Follower
    leadership = Leader

    def __init__(self, own: int, settings: Settings, saved: Saved, rng: Generator) -> None:
        settings.validate()
        self.state = State(own, settings, saved)
        self.lead: Leader | None = None
        self._ballot: Ballot | None = None  # of the present term, however late its votes arrive
        self._poll: Ballot | None = None  # whether standing in the next term would be worth it
        self._stood = 0  # tick of the own candidacy in the present term
        self._patience = Patience(settings.election_ticks, rng)
        self._follower = self.following(self.state)
        self._handover = Handover(self.state, saved.vote)
        self._stirred = True  # something has happened since `ready` looked, without which nothing can be due
        self._handlers = {kind: getattr(self, name) for kind, name in _HANDLERS.items()}

    # what is asked of it

    def propose(self, data: bytes) -> bool:
        """Take a command to the log, by way of the leader.

        True promises nothing but that it is on its way; that it is applied is the only proof. Sent again it may be
        applied twice, which sessions prevent.

        Raises
        ------
        AgreementError
            If it does not fit into a message.
        """
        state = self.state
        if len(data) > state.settings.message_bytes:
            raise AgreementError(f"a command of {len(data)} bytes, must be at most {state.settings.message_bytes}")
        self._stirred = True
        if self.lead:
            return self.lead.propose(data)
        if state.leader is None:
            return False
        state.send(Forward(state.term, state.own, state.leader, data))
        return True

    def read(self, token: int) -> bool:
        """Ask for a read; it is allowed once its token comes out in a `Ready`, maybe never.

        A read is linearizable: it sees everything whose outcome anybody knew when it was asked. A token must never
        have been used before by this member, also not before it started anew: an answer to the older read may still
        be on its way. A token may come out more than once, since answers may arrive twice.
        """
        state = self.state
        self._stirred = True
        if self.lead:
            self.lead.read(state.own, token)
        elif state.leader is None:
            return False
        else:
            state.send(ReadRequest(state.term, state.own, state.leader, token))
        return True

    def change(self, config: Config) -> None:
        """Change who belongs to the log.

        Raises
        ------
        AgreementError
            If this is not the leader, the change must wait, or is no single step.
        """
        self._led("members").change(config)

    def transfer(self, heir: int) -> None:
        """Hand leadership over to another voter.

        Raises
        ------
        AgreementError
            If this is not the leader, or the heir is no other voter.
        """
        self._led("leadership").transfer(heir)

    def compact(self, state: bytes) -> None:
        """Let the state after everything that was handed out to apply stand for the log up to there."""
        log = self.state.log
        if log.applied == log.snapshot.index:
            return
        term = log.term_at(log.applied)
        snapshot = Snapshot(log.applied, term, self.state.members.at(log.applied), state)
        log.compact(snapshot, kept=self.state.settings.window)
        self.state.members.compact(snapshot.index)
        self.state.snapshot_due = snapshot
        self._stirred = True

    def _led(self, what: str) -> Leader:
        self._stirred = True
        if self.lead is None:
            known = self.state.leader
            where = "no leader is known" if known is None else f"member {known} leads"
            raise AgreementError(f"only the leader changes {what}; {where}")
        return self.lead

    # what happens

    def tick(self) -> None:
        """Let one tick of the local clock pass."""
        state = self.state
        state.now += 1
        self._stirred = True
        if state.log.term_at(state.log.commit) == state.term:
            self._patience.settle(state.now)
        if self.lead:
            self.lead.tick()
            if self.lead.has_lost_quorum():
                self._follow(state.term, None)
        elif self._patience.is_over(state.now) and state.members.may_lead(state.own, state.log.commit):
            self._stand(pre=True, forced=False)

    def step(self, message: Message) -> None:
        """Take in a message of another member."""
        state = self.state
        self._stirred = True
        if message.to != state.own:
            state.faults += 1
        elif message.term == state.term or (message.term > state.term and self._catch_up(message)):
            self._handlers[type(message)](message)
        elif message.term < state.term:
            self._answer_stale(message)

    def _catch_up(self, message: Message) -> bool:
        """Go to a newer term unless the message does not oblige to; return whether it is worth reading."""
        if isinstance(message, VoteRequest):
            if self._ignores(message):
                return False
            if message.pre:
                self._answer_pre_vote(message)
                return False
        if isinstance(message, VoteReply) and message.pre and message.granted:
            if message.term == self.state.term + 1:
                self._on_vote_reply(message)
            return False
        self._follow(message.term, None)
        return True

    def _answer_stale(self, message: Message) -> None:
        """Tell the sender of an older term the newer one, so that it steps down or tries again."""
        state = self.state
        if isinstance(message, VoteRequest):
            state.send(VoteReply(state.term, state.own, message.sender, False, message.pre))
        elif isinstance(message, Append | Chunk):
            state.send(AppendReply(state.term, state.own, message.sender, False, 0, 0))

    # elections

    def _ignores(self, request: VoteRequest) -> bool:
        """Tell whether a leader was heard of too lately to listen to others (section 4.2.3).

        Of the same term as well, or whoever heard of a newer term in another message would forget the lease.
        """
        return not request.forced and self._trusts_leader()

    def _trusts_leader(self) -> bool:
        return self.lead is not None or self._patience.trusts_leader(self.state.now)

    def _stand(self, pre: bool, forced: bool) -> None:
        """Stand for election, or ask first whether it would be won (section 9.6)."""
        state = self.state
        if not pre:
            self._follow(state.term + 1, None)
            state.voted_for = state.own
        state.leader = None
        self._patience.restart(state.now)
        ballot = self.ballot(pre)
        ballot.count(state.own, True)
        if pre:
            self._poll = ballot
        else:
            self._ballot, self._stood = ballot, state.now
            self._patience.stood()
        term = state.term + 1 if pre else state.term
        log = state.log
        for voter in state.members.current.voters:
            if voter != state.own:
                state.send(VoteRequest(term, state.own, voter, log.last, log.last_term, pre, forced))
        self._look_at(ballot)

    def _look_at(self, ballot: Ballot) -> None:
        voters = self.state.members.current.voters
        if ballot.is_won(voters):
            if ballot.pre:
                self._stand(pre=False, forced=False)
            else:
                self._take_office()
        elif ballot.is_lost(voters):
            if ballot.pre:
                self._poll = None
            else:
                self._ballot = None

    def _take_office(self) -> None:
        """Lead. The candidacy took a majority a round trip, and so may answers."""
        self._ballot = self._poll = None
        self.state.leader = self.state.own
        self.lead = self.leadership(self.state, self.state.now - self._stood)

    def _follow(self, term: int, leader: int | None) -> None:
        """Be a follower, in this term or a newer one."""
        state = self.state
        if term > state.term:
            state.term, state.voted_for = term, None
            self._follower = self.following(state)
        if self.lead:
            self._patience.restart(state.now)
        state.leader = leader
        self.lead = self._ballot = self._poll = None

    def _answer_pre_vote(self, request: VoteRequest) -> None:
        granted = self.state.log.is_at_least(request.last_index, request.last_term)
        term = request.term if granted else self.state.term
        self.state.send(VoteReply(term, self.state.own, request.sender, granted, True))

    def _on_vote_request(self, request: VoteRequest) -> None:
        """Vote for one candidate a term, who has everything committed (sections 3.4, 3.6.1)."""
        if self._ignores(request):
            return
        state = self.state
        granted = (
            not request.pre
            and state.voted_for in (None, request.sender)
            and state.log.is_at_least(request.last_index, request.last_term)
        )
        if granted:
            state.voted_for = request.sender
            self._patience.restart(state.now)
        state.send(VoteReply(state.term, state.own, request.sender, granted, request.pre))

    def _on_vote_reply(self, reply: VoteReply) -> None:
        if reply.pre and reply.granted and reply.term == self.state.term:
            return  # about the term that has begun meanwhile
        ballot = self._poll if reply.pre else self._ballot
        if ballot is not None:
            ballot.count(reply.sender, reply.granted)
            self._look_at(ballot)

    def _on_timeout_now(self, order: TimeoutNow) -> None:
        state = self.state
        if self.lead is None and state.members.may_lead(state.own, state.log.commit):
            self._stand(pre=False, forced=True)

    # following

    def _hear_leader(self, message: Append | Chunk) -> bool:
        """Take note of the leader of this term; False if this member itself is it."""
        if self.lead:
            self.state.faults += 1
            return False
        self._ballot = self._poll = None
        self.state.leader = message.sender
        self._patience.heard_leader(self.state.now)
        return True

    def _on_append(self, message: Append) -> None:
        if self._hear_leader(message):
            self._follower.append(message)

    def _on_chunk(self, chunk: Chunk) -> None:
        if self._hear_leader(chunk):
            self._follower.take_chunk(chunk)

    # leading

    def _on_append_reply(self, reply: AppendReply) -> None:
        if self.lead:
            self.lead.accept(reply)
            self._leave_if_removed()

    def _on_chunk_reply(self, reply: ChunkReply) -> None:
        if self.lead:
            self.lead.accept_chunk(reply)

    def _on_forward(self, message: Forward) -> None:
        if self.lead and len(message.data) <= self.state.settings.message_bytes:
            self.lead.propose(message.data)

    def _on_read_request(self, request: ReadRequest) -> None:
        if self.lead:
            self.lead.read(request.sender, request.token)

    def _on_read_reply(self, reply: ReadReply) -> None:
        self.state.reads.append(Read(reply.token, reply.index))

    def _leave_if_removed(self) -> None:
        if self.lead and self.lead.is_removed():
            self.lead.send()  # so that the others learn that the removal is committed
            self._follow(self.state.term, None)

    # what comes out

    def ready(self) -> Ready | None:
        """Return what is to be stored, sent and applied, or None; `advance` must follow before anything else."""
        if not self._stirred:
            return None
        self._stirred = False
        if self.lead:
            self.lead.send()
        return self._handover.collect()

    def advance(self) -> None:
        """Tell that everything of the last `Ready` is stored, and will be sent and applied."""
        if self._handover.settle() and self.lead:
            self._stirred = True
            self.lead.commit()
            self._leave_if_removed()


_HANDLERS = {
    VoteRequest: "_on_vote_request",
    VoteReply: "_on_vote_reply",
    Append: "_on_append",
    AppendReply: "_on_append_reply",
    Chunk: "_on_chunk",
    ChunkReply: "_on_chunk_reply",
    TimeoutNow: "_on_timeout_now",
    Forward: "_on_forward",
    ReadRequest: "_on_read_request",
    ReadReply: "_on_read_reply",
}
