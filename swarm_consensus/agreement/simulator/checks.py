"""What must hold in every run: the five properties of Raft (section 3.2, figure 3.2) and equal state machines."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from swarm_consensus.agreement.raft.messages import COMMAND, Entry, Ready
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.sessions import Outcome, Sessions


class Violation(Exception):  # noqa: N818
    """A property that did not hold; the first word names it."""


def _digest(state: bytes) -> bytes:
    return blake2b(state, digest_size=16).digest()


class Checks:
    """Sees everything that all members store and apply.

    Parameters
    ----------
    machine
        Makes a reference state machine in its first state; it goes through the committed entries once.
    """

    def __init__(self, machine: Callable[[], Sessions]) -> None:
        self.leaders: dict[int, int] = {}  # by term
        self._terms_of_leader: dict[int, dict[int, int]] = {}  # by term of office and index, as it was elected
        self._begin: dict[int, int] = {}  # first index in memory, by term of office
        self.applied: dict[int, Entry] = {}
        self._committed_in: dict[int, int] = {}  # term of who applied it first: its leader, who alone can know
        self._entries: dict[
            tuple[int, int], tuple[Entry, int]
        ] = {}  # by index and term: the entry, and the term before
        self._stored_by_leader: dict[tuple[int, int], int] = {}  # by member and term: last index
        self._reference = machine()
        self._reached = 0
        self._outcomes: dict[int, Outcome | None] = {}
        self._states = {0: _digest(self._reference.snapshot())}
        self._asked: dict[int, int] = {}  # by token of a read: what it must see

    def look(self, member: int, node: Node) -> None:
        """Look at a member that may have just been elected."""
        if node.lead is None:
            return
        term = node.state.term
        if self.leaders.get(term) == member:
            return
        if term in self.leaders:
            raise Violation(f"election safety: {self.leaders[term]} and {member} lead in term {term}")
        self.leaders[term] = member
        log = node.state.log
        self._terms_of_leader[term] = {index: log.term_at(index) for index in range(log.base + 1, log.last + 1)}
        self._begin[term] = log.base + 1
        for index in range(log.base + 1, self._reached + 1):
            self._complete(term, index)

    def _complete(self, term: int, index: int) -> None:
        """Check that a leader has had a committed entry from the start, if it was committed in an earlier term.

        Of later terms a leader need not have anything: maybe the last vote for it was long under way, and its
        successor is in office already.
        """
        if term <= self._committed_in[index] or index < self._begin[term]:
            return
        if self._terms_of_leader[term].get(index) != self.applied[index].term:
            member = self.leaders[term]
            raise Violation(f"leader completeness: leader {member} of term {term} lacks committed entry {index}")

    def stored(self, member: int, node: Node, ready: Ready) -> None:
        """Look at what a member has just stored."""
        if not ready.entries:
            return
        key = (member, node.state.term)
        last = ready.first + len(ready.entries) - 1
        if node.lead:
            if ready.first <= self._stored_by_leader.get(key, 0):
                raise Violation(f"leader append-only: leader {member} overwrites entry {ready.first}")
            self._stored_by_leader[key] = last
        before = node.state.log.term_at(ready.first - 1)
        for index, entry in enumerate(ready.entries, ready.first):
            known = self._entries.setdefault((index, entry.term), (entry, before))
            if known[0] != entry or (before >= 0 and known[1] >= 0 and known[1] != before):
                raise Violation(f"log matching: member {member} has another entry {index} of term {entry.term}")
            before = entry.term

    def apply(self, member: int, node: Node, index: int, entry: Entry, outcome: Outcome | None) -> None:
        """Look at an entry that a member has just applied."""
        if index > self._reached:
            if index != self._reached + 1:
                raise Violation(f"state machine safety: member {member} applied {index} after {self._reached}")
            self._reached = index
            self.applied[index] = entry
            self._committed_in[index] = node.state.term
            for term in self.leaders:
                self._complete(term, index)
            self._outcomes[index] = self._reference.apply(index, entry.data) if entry.kind == COMMAND else None
            self._states[index] = _digest(self._reference.snapshot())
        if self.applied[index] != entry:
            raise Violation(f"state machine safety: member {member} applied another entry {index}")
        if self._outcomes[index] != outcome:
            raise Violation(f"state machine safety: member {member} came to another outcome of entry {index}")

    def restored(self, member: int, index: int, state: bytes) -> None:
        """Look at a state that a member takes over from a snapshot."""
        if self._states.get(index) != _digest(state):
            raise Violation(f"state machine safety: member {member} restored another state at entry {index}")

    def ask(self, token: int) -> None:
        """Take note of a read that is asked for now: whatever anybody has applied may be known to somebody."""
        self._asked[token] = self._reached

    def serve(self, member: int, node: Node, token: int) -> None:
        """Look at a read that a member serves from its state."""
        if node.state.log.applied < self._asked.get(token, 0):
            raise Violation(
                f"linearizability: member {member} reads at entry {node.state.log.applied}, "
                f"after entry {self._asked[token]} was applied"
            )
