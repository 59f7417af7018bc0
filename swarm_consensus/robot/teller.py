"""What a running robot tells who asks: pages of its log and its journal. Asking changes nothing and costs little.

It has no part in the tick. So a robot that is cut off from all others, that has no majority, or whose disk has failed
answers all the same. How often it does so is bounded, whoever asks how often: who gets no answer asks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from swarm_consensus.agreement.asking import (
    ROOM,
    Entries,
    Known,
    Lines,
    Question,
    Told,
    pack_told,
    read_question,
    size_of,
)
from swarm_consensus.agreement.raft.chunks import Outgoing
from swarm_consensus.agreement.raft.log import Log
from swarm_consensus.agreement.raft.messages import Chunk, Entry
from swarm_consensus.agreement.raft.state import State
from swarm_consensus.network.frame import FrameError
from swarm_consensus.network.keys import PrivateKey

ANSWERS_S = 40.0  # answers a second, however many ask
BURST = 8  # answers that may come at once after a silence

Item = TypeVar("Item", Entry, bytes)


class Teller:
    """One robot's answers.

    Parameters
    ----------
    own
        Its place in the roster.
    state
        Returns how its replica stands.
    journal
        Returns the lines of its journal.
    key
        Signs pages; None: frames are not sealed in this swarm, and pages are not signed.
    swarm
        For which swarm.
    """

    def __init__(
        self,
        own: int,
        state: Callable[[], State],
        journal: Callable[[], Sequence[bytes]],
        key: PrivateKey | None,
        swarm: bytes,
    ) -> None:
        self.refused: Counter[str] = Counter()  # questions that were not answered, by cause
        self._own, self._state, self._journal = own, state, journal
        self._key, self._swarm = key, swarm
        self._left = float(BURST)  # answers that may come at once
        self._counted: float | None = None  # s, when that was so
        self._going: Outgoing | None = None  # the snapshot as it is told
        self._of: object = None  # of which it was made

    def hear(self, data: bytes, now: float) -> bytes | None:
        """Return the answer to a question, or None; what is not answered is counted.

        Parameters
        ----------
        data
            Anything at all.
        now
            Of a clock that never jumps, s.
        """
        try:
            question = read_question(data)
            if question.robot != self._own:
                self.refused["stranger"] += 1
            elif not self._may(now):
                self.refused["crowded"] += 1
            else:
                return pack_told(self._told(question), self._key, self._swarm)
        except FrameError as error:
            self.refused[error.reason] += 1
        return None

    def _may(self, now: float) -> bool:
        """Take one of the answers that are left, if there is one."""
        passed = 0.0 if self._counted is None else max(now - self._counted, 0.0)
        self._left, self._counted = min(self._left + passed * ANSWERS_S, float(BURST)), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def _told(self, question: Question) -> Told:
        state, place = self._state(), question.place
        log = state.log
        known = Known(state.term, state.leader, log.applied, log.commit, log.saved)
        if question.part == "journal":
            lines = self._journal()
            return Told(question.number, self._own, known, Lines(len(lines), _fitting(lines, place)))
        if question.part == "state":
            return Told(question.number, self._own, known, self._piece(state, place))
        return Told(question.number, self._own, known, _entries(log, place))

    def _piece(self, state: State, offset: int) -> Chunk:
        """Return a piece of the newest snapshot, which is packed once."""
        snapshot = state.log.snapshot
        if self._going is None or self._of is not snapshot:
            self._going, self._of = Outgoing(snapshot), snapshot
        going, own = self._going, self._own
        data = going.data[offset : offset + ROOM]
        return Chunk(state.term, own, own, going.index, len(going.data), going.digest, offset, data, 0)


def _entries(log: Log, place: int) -> Entries:
    """Return the stored entries from a place on that fit into a page."""
    before = log.term_at(place - 1) if place > 0 else -1
    if before < 0:
        return Entries(None, ())
    last = min(log.saved, place - 1 + ROOM // 4)  # an entry takes four bytes at least
    return Entries(before, _fitting(log.between(place, last), 0) if place <= last else ())


def _fitting(items: Sequence[Item], first: int) -> tuple[Item, ...]:
    """Return the items from the first on that fit into a page."""
    room, end = ROOM, first
    while end < len(items) and (size := size_of(items[end])) <= room:
        room -= size
        end += 1
    return tuple(items[first:end])
