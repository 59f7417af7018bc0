"""When to stand for election, whom to ignore, and how votes are counted."""

from __future__ import annotations

from collections.abc import Collection

from numpy.random import Generator

from swarm_consensus.agreement.quorum import has_majority

MOST = 4  # times the usual patience


class Patience:
    """How long a member waits for a leader, in its own ticks.

    Two times are kept apart. The *timer* starts anew when the leader is heard or a vote is given; when it runs out
    the member stands for election. The *contact* is only with a leader: for `election_ticks` after it every candidate
    is ignored who is not sent by the leader itself (section 4.2.3). Leases rest on the second, so that a member that
    has just started behaves as if it had just heard a leader: maybe it had.

    Each candidacy doubles what is drawn next, up to `MOST` times, until a leader has committed something: over many
    slow hops a vote takes longer than the usual patience, and all would stand at once, again and again. Who is cut off
    wins no pre-vote, so it does not stand and stays as patient as it was.
    """

    def __init__(self, election_ticks: int, rng: Generator) -> None:
        self._election_ticks = election_ticks
        self._rng = rng
        self._times = 1
        self._contact = 0
        self._wait = self._deadline = 0
        self.restart(0)

    def restart(self, now: int) -> None:
        """Wait from now on, for a time drawn from E to 2E - 1 (section 3.4), or a multiple of it."""
        least = self._times * self._election_ticks
        self._wait = int(self._rng.integers(least, 2 * least))
        self._deadline = now + self._wait

    def stood(self) -> None:
        """Take note of an own candidacy."""
        self._times = min(2 * self._times, MOST)

    def settle(self, now: int) -> None:
        """Take note that a leader has committed something in its term."""
        if self._times > 1:
            self._times = 1
            self.restart(now)

    def heard_leader(self, now: int) -> None:
        """Take note that a leader is there."""
        self._contact = now
        self._deadline = now + self._wait

    def is_over(self, now: int) -> bool:
        """Tell whether it is time to stand for election."""
        return now >= self._deadline

    def trusts_leader(self, now: int) -> bool:
        """Tell whether candidates are ignored."""
        return now - self._contact < self._election_ticks


class Ballot:
    """The votes for one candidate in one term, by voter: a reply that arrives twice counts once."""

    def __init__(self, pre: bool) -> None:
        self.pre = pre
        self._answers: dict[int, bool] = {}

    def count(self, voter: int, granted: bool) -> None:
        """Take in an answer; the first of a voter stands."""
        self._answers.setdefault(voter, granted)

    def is_won(self, voters: Collection[int]) -> bool:
        """Tell whether a majority of the voters said yes."""
        return has_majority(voters, [voter for voter, granted in self._answers.items() if granted])

    def is_lost(self, voters: Collection[int]) -> bool:
        """Tell whether a majority said no."""
        return has_majority(voters, [voter for voter, granted in self._answers.items() if not granted])
