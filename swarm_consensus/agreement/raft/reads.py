"""Rounds: how a leader knows that it still was one, and what that allows.

Every message of the leader carries the number of its current round, and every answer brings it back. Whoever answers
round r followed this leader after r began. When a majority has answered r, no other leader can have been elected
before r began:

- reads asked for before r began may be served (ReadIndex, section 6.4);
- the leader stays in office for a while more (check-quorum), and by its lease for `lease_ticks` (6.4.1).
"""

from __future__ import annotations

import msgspec

from swarm_consensus.agreement.quorum import reached_by_majority


class Waiting(msgspec.Struct, frozen=True):
    """A read that waits until a round is answered."""

    round: int
    member: int  # who asked
    token: int
    index: int  # commit index when it was asked


class Rounds:
    """The rounds of one term of one leader."""

    def __init__(self, now: int) -> None:
        self.current = 1
        self.answered = 0  # newest round that a majority answered
        self.confirmed = now  # tick at which that one began; being elected is the first confirmation
        self._began = {1: now}
        self._waiting: list[Waiting] = []

    def begin(self, now: int) -> None:
        """Begin a round; messages sent from now on belong to it."""
        self.current += 1
        self._began[self.current] = now

    def wait(self, member: int, token: int, index: int) -> None:
        """Let a read wait for the next round, which has not begun yet."""
        self._waiting.append(Waiting(self.current + 1, member, token, index))

    def count(self, answers: list[int]) -> list[Waiting]:
        """Take in the newest round that each voter answered; return the reads that this allows."""
        reached = reached_by_majority(answers)
        if reached <= self.answered:
            return []
        for number in range(self.answered, reached):
            self._began.pop(number, None)
        self.answered = reached
        self.confirmed = self._began[reached]
        allowed = [read for read in self._waiting if read.round <= reached]
        if allowed:
            self._waiting = [read for read in self._waiting if read.round > reached]
        return allowed
