"""How far each follower is, and what to send it next."""

from __future__ import annotations

from swarm_consensus.agreement.raft.chunks import Outgoing
from swarm_consensus.agreement.raft.messages import Append, AppendReply, Chunk, ChunkReply, Entry
from swarm_consensus.agreement.raft.state import State


class Progress:
    """One follower as its leader sees it.

    It is *probed*, one message at a time, until one fits; then entries are sent ahead of the answers, up to a window.
    What was lost on the way shows at the next heartbeat, which does not fit then. While a snapshot travels no entries
    are sent.
    """

    def __init__(self, member: int, following: int) -> None:
        self.member = member
        self.match = 0  # up to here the follower surely stores what the leader has
        self.next = following
        self.told = 0  # commit index of the last message
        self.round = 0  # newest round it answered
        self.probing = True
        self._asked = False  # a probe is on its way
        self._sending: Outgoing | None = None

    def accept(self, reply: AppendReply, state: State) -> bool:
        """Take in an answer of this term; return whether it says that more is stored than was known.

        Answers come late, twice and in any order. A yes never moves `match` back: what was stored under this leader
        stays. A no about an index at or below it is old.
        """
        self.round = max(self.round, reply.round)
        if not reply.success:
            self._step_back(reply, state)
            return False
        self._asked = False
        self.probing = False
        if self._sending and reply.index >= self._sending.index:
            self._sending = None
        if reply.index <= self.match:
            return False
        self.match = reply.index
        if self.next <= reply.index:
            self.next = reply.index + 1
        return True

    def accept_chunk(self, reply: ChunkReply) -> None:
        """Take in how far a snapshot has arrived."""
        self.round = max(self.round, reply.round)
        sending = self._sending
        if sending and (reply.index, reply.digest) == (sending.index, sending.digest):
            sending.offset = min(reply.offset, len(sending.data))
            self._asked = False

    def _step_back(self, reply: AppendReply, state: State) -> None:
        if reply.index <= self.match or reply.index >= self.next:
            return
        index, _ = state.log.agreeing(reply.hint_index, reply.hint_term)
        self.next = max(min(index, reply.index - 1), self.match) + 1
        self.probing = True
        self._asked = False

    def send(self, state: State, round_: int) -> None:
        """Send what the follower lacks, as far as it may be sent now."""
        if state.crowded:
            return
        log = state.log
        if self.probing or self._sending or self.next <= log.base:
            if (self._sending or self.next <= log.last) and not self._is_full(state):
                self._send_one(state, round_)
            return
        end = self.match + state.settings.window + 1
        while self.next <= log.last and self.next < end:
            self._send_append(state, round_, most=end - self.next)
        if self.told < log.commit:
            self._send_append(state, round_, most=0)

    def beat(self, state: State, round_: int) -> None:
        """Send something whether or not there is anything new: the leader must be heard."""
        self._asked = False
        if state.crowded and not self._sending and self.next > state.log.base:
            self._send_sign(state, round_)
        elif self.probing or self._sending or self.next <= state.log.base:
            self._send_one(state, round_)
        else:
            self._send_append(state, round_, most=0)

    def _send_sign(self, state: State, round_: int) -> None:
        """Send a heartbeat about what the follower surely has, if that is known.

        It overtakes entries that wait for their turn on the air. One about these would be refused, and they would be
        sent once more, and once more, until nothing else is on the air.
        """
        previous = self.match if self.match >= state.log.base and not self.probing else self.next - 1
        self._send(state, round_, previous, ())

    def _is_full(self, state: State) -> bool:
        if self.probing or self._sending:
            return self._asked
        return self.next > self.match + state.settings.window

    def _send_one(self, state: State, round_: int) -> None:
        if self._sending or self.next <= state.log.base:
            self._send_chunk(state, round_)
        else:
            self._send_append(state, round_, most=state.settings.window)

    def _send_append(self, state: State, round_: int, most: int) -> None:
        log = state.log
        entries = log.fitting(self.next, most, state.settings.message_bytes) if most else ()
        previous = self.next - 1
        self._send(state, round_, previous, entries)
        if self.probing:
            self._asked = True
        else:
            self.next += len(entries)

    def _send(self, state: State, round_: int, previous: int, entries: tuple[Entry, ...]) -> None:
        log = state.log
        state.send(
            Append(state.term, state.own, self.member, previous, log.term_at(previous), entries, log.commit, round_)
        )
        self.told = log.commit

    def _send_chunk(self, state: State, round_: int) -> None:
        if self._sending is None:
            self._sending = Outgoing(state.log.snapshot)
            self.next = self._sending.index + 1
        whole = self._sending
        state.send(
            Chunk(
                state.term,
                state.own,
                self.member,
                whole.index,
                len(whole.data),
                whole.digest,
                whole.offset,
                whole.piece(state.settings.message_bytes),
                round_,
            )
        )
        self._asked = True
