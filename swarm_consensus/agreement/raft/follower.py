"""What a member does with the entries and snapshots of the leader of one term."""

from __future__ import annotations

from swarm_consensus.agreement.raft.chunks import Incoming
from swarm_consensus.agreement.raft.membership import is_sound
from swarm_consensus.agreement.raft.messages import Append, AppendReply, Chunk, ChunkReply, Snapshot
from swarm_consensus.agreement.raft.state import State


class Follower:
    """Keeps the log as the leader has it, and tells the leader how far that is so; a new one for each term."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._incoming = Incoming()
        self._round_answered = 0
        self._refused = False  # the last answer was no: the leader waits until something fits

    def append(self, message: Append) -> None:
        """Take entries in where they fit (section 3.5)."""
        log, entries, previous = self._state.log, message.entries, message.previous_index
        if previous < log.commit:  # old: what is committed is the leader's too
            agreed = log.commit
        elif log.term_at(previous) != message.previous_term:
            self._refuse(message)
            return
        elif entries and not self._take_in(message):
            return
        else:
            agreed = previous + len(entries)
            if message.commit > log.commit:
                log.commit = min(message.commit, agreed)
        if message.round > self._round_answered or (entries and self._is_awaited()):
            self._agree(message, agreed)

    def _take_in(self, message: Append) -> bool:
        """Append what is missing, after cutting off what conflicts; False if that were committed, or no entries."""
        state = self._state
        if not all(map(is_sound, message.entries)):
            state.faults += 1
            return False
        entries, first = message.entries, message.previous_index + 1
        if first <= state.log.last:
            conflict = state.log.conflict(message.previous_index, entries)
            if conflict == 0:
                return True
            if conflict <= state.log.commit:
                state.faults += 1
                return False
            entries = entries[conflict - first :]
            if conflict <= state.log.last:
                state.cut(conflict)
        state.append(entries)
        return True

    def _agree(self, message: Append | Chunk, index: int) -> None:
        """Answer that everything up to an index is here."""
        state = self._state
        self._round_answered, self._refused = message.round, False
        state.send(AppendReply(state.term, state.own, message.sender, True, index, message.round))

    def _is_awaited(self) -> bool:
        """Tell whether the leader waits for more than one answer a round: to entries, but hardly from a learner."""
        return self._refused or self._state.own in self._state.members.current.voters

    def _refuse(self, message: Append) -> None:
        """Answer that what comes before the entries isn't here, and where the logs may agree."""
        self._round_answered, self._refused = message.round, True
        state, index = self._state, message.previous_index
        hint = state.log.agreeing(index, message.previous_term)
        state.send(AppendReply(state.term, state.own, message.sender, False, index, message.round, *hint))

    def take_chunk(self, chunk: Chunk) -> None:
        """Take in a piece of a snapshot (section 5.3)."""
        state = self._state
        if chunk.index <= state.log.commit:
            self._agree(chunk, state.log.commit)
            return
        snapshot = self._incoming.add(chunk)
        if snapshot is None:
            offset = self._incoming.offset_of(chunk)
            state.send(ChunkReply(state.term, state.own, chunk.sender, chunk.index, chunk.digest, offset, chunk.round))
            return
        self._install(snapshot)
        self._agree(chunk, snapshot.index)

    def _install(self, snapshot: Snapshot) -> None:
        """Put a snapshot in place of the log, or only commit up to it if the log has it all (section 5.3)."""
        log = self._state.log
        if log.term_at(snapshot.index) == snapshot.term:
            log.commit = snapshot.index
        else:
            self._state.replace(snapshot)
