"""What a member hands out to whoever drives it, and what it takes note of once that is stored."""

from __future__ import annotations

from swarm_consensus.agreement.raft.messages import Ready, Vote
from swarm_consensus.agreement.raft.state import State


class Handover:
    """Between a member and its disk: one `Ready` after the other, each stored before the next is collected.

    Parameters
    ----------
    state
        The member's, whose outbox and log are emptied into what is handed out.
    stored
        The vote that its disk holds.
    """

    def __init__(self, state: State, stored: Vote) -> None:
        self._state = state
        self._stored = stored
        self._out: Ready | None = None

    def collect(self) -> Ready | None:
        """Return what is to be stored, sent and applied, or None."""
        state, log, stored = self._state, self._state.log, self._stored
        voted = stored.term != state.term or stored.voted_for != state.voted_for
        vote = Vote(state.term, state.voted_for) if voted else None
        snapshot, messages = state.snapshot_due, state.outbox
        entries = log.unsaved() if log.saved < log.last else ()
        committed = log.unapplied() if log.applied < log.commit else []
        reads = [read for read in state.reads if read.index <= log.commit] if state.reads else []
        if not (messages or entries or committed or vote or snapshot or reads):
            return None
        self._out = Ready(vote, snapshot, state.restore, log.saved + 1, entries, messages, committed, reads)
        return self._out

    def settle(self) -> bool:
        """Take note that all of the last `Ready` is stored; return whether entries were among it.

        Raises
        ------
        RuntimeError
            If nothing was handed out: a mistake of whoever drives the member.
        """
        done, state, log = self._out, self._state, self._state.log
        if done is None:
            raise RuntimeError("advance() without ready()")
        self._out = None
        if done.vote:
            self._stored = done.vote
        state.snapshot_due, state.restore, state.outbox = None, False, []
        if done.reads:
            state.reads = [read for read in state.reads if read not in done.reads]
        log.applied += len(done.committed)
        if done.entries:
            log.saved = log.last
        return bool(done.entries)
