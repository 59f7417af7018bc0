"""What exists only while a member leads: its followers, its rounds, a transfer."""

from __future__ import annotations

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.quorum import reached_by_majority
from swarm_consensus.agreement.raft.membership import check_step, entry_of
from swarm_consensus.agreement.raft.messages import (
    COMMAND,
    NOTHING,
    AppendReply,
    ChunkReply,
    Config,
    Entry,
    Read,
    ReadReply,
    TimeoutNow,
)
from swarm_consensus.agreement.raft.reads import Rounds, Waiting
from swarm_consensus.agreement.raft.replication import Progress
from swarm_consensus.agreement.raft.state import State

BACKLOG = 4  # windows of entries that may wait for a majority; more are refused, not stored up


class Leader:
    """The leader of one term, from its election until it steps down.

    Parameters
    ----------
    state
        Of the member.
    round_trip
        Ticks that its election took.
    """

    progress = Progress

    def __init__(self, state: State, round_trip: int = 0) -> None:
        self._state = state
        self._rounds = Rounds(state.now)
        beats = 2 * state.settings.heartbeat_ticks
        self._patience = max(state.settings.election_ticks, 2 * round_trip + beats)  # with a majority that is silent
        self._beat_due = state.now
        self._heir: int | None = None
        self._heir_until = 0
        self._heir_asked = False
        self._lease_given_up = False
        self._stirred = True  # something has happened since the last sending
        self._first = state.log.last + 1  # of this term
        self.followers: dict[int, Progress] = {}
        self._meet_followers()
        self._append(NOTHING, b"")

    # what is asked of it

    def propose(self, data: bytes) -> bool:
        """Append a command; False while leadership is being handed over, or too much is not yet committed."""
        log = self._state.log
        if self._heir is not None or log.last - log.commit >= BACKLOG * self._state.settings.window:
            return False
        self._append(COMMAND, data)
        return True

    def change(self, config: Config) -> None:
        """Append a configuration, which takes effect at once.

        Raises
        ------
        AgreementError
            If it must wait, or is no single step; the sentence says which.
        """
        self._check_change(config)
        self._state.append([entry_of(config, self._state.term)])
        self._stirred = True
        self._meet_followers()

    def _check_change(self, config: Config) -> None:
        state = self._state
        old = state.members.current
        check_step(old, config)
        if self._heir is not None:
            raise AgreementError("leadership is being handed over; ask the next leader")
        if not self.is_established:
            raise AgreementError("nothing of this leader's term is committed yet; ask again once it is")
        if state.members.index > state.log.commit:
            raise AgreementError(f"the change at index {state.members.index} is not committed yet; one at a time")
        for voter in set(config.voters) - set(old.voters):
            behind = state.log.last - self.followers[voter].match if voter in old.learners else state.log.last
            if voter not in old.learners or behind > state.settings.window:
                most = state.settings.window
                raise AgreementError(
                    f"member {voter} is {behind} entries behind, must be a learner and at most {most} behind to vote"
                )

    def transfer(self, heir: int) -> None:
        """Hand leadership over to a voter once it has the whole log (section 3.10).

        Raises
        ------
        AgreementError
            If the heir is no other voter.
        """
        if heir not in self._state.members.current.voters or heir == self._state.own:
            raise AgreementError(f"member {heir} can't take over, must be another voter")
        self._heir, self._heir_asked = heir, False
        self._stirred = True
        self._heir_until = self._state.now + self._state.settings.election_ticks

    def read(self, member: int, token: int) -> None:
        """Allow a read at once under the lease, or after a round; say nothing before the first commit of the term."""
        if not self.is_established:
            return
        state = self._state
        if self.has_lease():
            self._allow(Waiting(0, member, token, state.log.commit))
        else:
            self._rounds.wait(member, token, state.log.commit)
            self._beat_due = state.now

    # what it knows

    @property
    def is_established(self) -> bool:
        """Tell whether an entry of this term is committed: only then its commit index is the true one (section 6.4)."""
        return self._state.log.commit >= self._first

    def has_lease(self) -> bool:
        """Tell whether no other leader can have been elected yet, by the assumption on clocks."""
        settings = self._state.settings
        in_time = self._state.now - self._rounds.confirmed < settings.lease_ticks
        return settings.lease_reads and in_time and not self._lease_given_up

    def has_lost_quorum(self) -> bool:
        """Tell whether no round was answered by a majority for too long (check-quorum, section 6.2).

        For longer than `election_ticks` and than two round trips of the election: over many slow hops an answer takes
        longer than followers wait for a heartbeat. Only who is cut off leads in vain for longer by that.
        """
        return self._state.now - self._rounds.confirmed > self._patience

    # what happens

    def tick(self) -> None:
        """Let a tick pass: a transfer that takes too long has failed."""
        if self._heir is not None and self._state.now >= self._heir_until:
            self._heir = None

    def accept(self, reply: AppendReply) -> None:
        """Take in a follower's answer."""
        progress = self.followers.get(reply.sender)
        if progress is None:
            return
        if (reply.index > self._state.log.last and reply.success) or reply.round > self._rounds.current:
            self._state.faults += 1
            return
        before = progress.round
        self._stirred = True
        grown = progress.accept(reply, self._state)
        if progress.round > before:
            self._count_rounds()
        if grown and progress.match > self._state.log.commit:
            self.commit()

    def accept_chunk(self, reply: ChunkReply) -> None:
        """Take in how far a snapshot has arrived."""
        progress = self.followers.get(reply.sender)
        if reply.round > self._rounds.current:
            self._state.faults += 1
        elif progress is not None:
            self._stirred = True
            progress.accept_chunk(reply)
            self._count_rounds()

    def commit(self) -> None:
        """Commit what a majority of the voters stores, if its last entry is of this term (section 3.6.2)."""
        log = self._state.log
        index = reached_by_majority([self._match(voter) for voter in self._state.members.current.voters])
        if index > log.commit and log.term_at(index) == self._state.term:
            settled = log.commit < self._state.members.index <= index
            log.commit = index
            self._stirred = True
            if settled:
                self._meet_followers()

    def is_removed(self) -> bool:
        """Tell whether the log is committed up to a configuration in which the leader does not vote (section 4.2.2)."""
        members = self._state.members
        return self._state.own not in members.current.voters and members.index <= self._state.log.commit

    def send(self) -> None:
        """Send what the followers lack, and a heartbeat if one is due."""
        state = self._state
        due = state.now >= self._beat_due
        if not (due or self._stirred):
            return
        self._stirred = state.crowded  # then what waits goes out once it may
        if due:
            self._rounds.begin(state.now)
            self._beat_due = state.now + state.settings.heartbeat_ticks
            self._count_rounds()
        for progress in self.followers.values():
            if due:
                progress.beat(state, self._rounds.current)
            progress.send(state, self._rounds.current)
        self._hand_over()

    def _append(self, kind: int, data: bytes) -> None:
        self._state.append([Entry(self._state.term, kind, data)])
        self._stirred = True

    def _meet_followers(self) -> None:
        """Keep track of everybody in the configuration in force.

        Who was removed still hears of it until the removal is committed, so that it does not stand for election.
        """
        state = self._state
        members = state.members
        known = {*members.current.voters, *members.current.learners} - {state.own}
        if members.index > state.log.commit:
            known |= self.followers.keys()
        if known != self.followers.keys():
            following = state.log.last + 1
            self.followers = {
                each: self.followers.get(each) or self.progress(each, following) for each in sorted(known)
            }

    def _match(self, member: int) -> int:
        """Return up to where a member stores the log; the leader itself counts only what is on its own disk."""
        return self._state.log.saved if member == self._state.own else self.followers[member].match

    def _count_rounds(self) -> None:
        rounds, own, followers = self._rounds, self._state.own, self.followers
        voters = self._state.members.current.voters
        answers = [rounds.current if voter == own else followers[voter].round for voter in voters]
        for read in rounds.count(answers):
            self._allow(read)

    def _allow(self, read: Waiting) -> None:
        state = self._state
        if read.member == state.own:
            state.reads.append(Read(read.token, read.index))
        else:
            state.send(ReadReply(state.term, state.own, read.member, read.token, read.index))

    def _hand_over(self) -> None:
        """Ask the heir to stand for election once it has everything.

        The lease is given up until the end of the term, not only of the transfer: the message may arrive at any time,
        and whoever gets it is elected without regard to leases.
        """
        state = self._state
        if self._heir is None or self._heir not in self.followers:
            return
        if self.followers[self._heir].match == state.log.last and not self._heir_asked:
            self._heir_asked = self._lease_given_up = True
            state.send(TimeoutNow(state.term, state.own, self._heir))
