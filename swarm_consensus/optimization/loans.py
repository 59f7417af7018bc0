r"""Shares of a limit that robots lend to each other, such that the sum that is used never exceeds it, whatever is lost.

The limit L is split once: robot i owns b_i, and the b_i sum to L. Who needs less lends, by a *promise*: robot j may use
a until tick e, and for so long i does without it, whether j hears of it or not. Nothing is ever agreed upon. At tick t

.. math:: p_i(t) + \sum_j \text{promised}_{ij}(t) \le b_i + \sum_j \text{heard}_{ji}(t)

with promised_ij the largest amount of any promise of i to j that has not ended, and heard_ji the largest that j heard of
those: never more than promised_ji. Summed over i that is :math:`\sum_i p_i \le \sum_i b_i = L` at every tick, under any
loss, delay, duplication or reordering, with any topology; what was borrowed may be lent on until it ends. A promise
that is not renewed ends by itself, so that what a dead robot had borrowed is back after `span` ticks; what it owned lies
idle, since who is silent may live. A robot that restarts does not know what it promised, and for `span` ticks counts on
nothing of its own.

*Assumed*: clocks are less than `GUARD` ticks apart, and nobody promises what it has not: a liar can overload the source.

*Ramp.* A consumer that can't stop at once looks ahead: it uses only as much as it can be rid of, at its ramp rate, when
what it borrowed ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np

from swarm_consensus.network.frame import Count, Index
from swarm_consensus.optimization.checks import OptimizationError

GUARD = 2  # ticks for which a lender waits on after a promise has ended, for clocks that differ
LARGEST = 1e9  # of an amount: a larger one is none
_STEADY = 1e-6  # of the own share: a smaller change of a loan waits, so that few promises are open at a time
_HALVINGS = 30


class Loan(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A promise on the air: `robot` may use `amount` up to and with tick `until`."""

    robot: Index
    amount: float
    until: Count


@dataclass(slots=True)
class Purse:
    """One robot's part: what it owns, has lent and has borrowed.

    Parameters
    ----------
    own
        Roster index.
    share
        b, of the limit; what all own must not exceed it in sum.
    span
        Ticks for which a promise holds.
    ramp
        By how much the use may change from tick to tick; infinite: by any amount.
    since
        Tick of a restart; 0: the very first start, at which nothing has been promised.

    Raises
    ------
    OptimizationError
        If the share is negative, the ramp not above 0, or the span too short to be renewed.
    """

    own: int
    share: float
    span: int
    ramp: float = np.inf
    since: int = 0
    used: float = 0.0
    _lent: dict[int, list[tuple[float, int]]] = field(init=False, default_factory=dict)  # amounts and their ends
    _borrowed: dict[int, list[tuple[float, int]]] = field(init=False, default_factory=dict)
    _said: tuple[Loan, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        if not 0.0 <= self.share < LARGEST or not self.ramp > 0.0 or self.span < 4:
            raise OptimizationError(
                f"share is {self.share:g}, must be at least 0; ramp {self.ramp:g}, above 0; span {self.span}, at least 4"
            )

    def hear(self, sender: int, tick: int, loans: tuple[Loan, ...]) -> None:
        """Take in what a neighbour promised, in its newest message."""
        for loan in loans:
            if loan.robot == self.own and tick <= loan.until <= tick + self.span and 0.0 < loan.amount <= LARGEST:
                _keep(self._borrowed.setdefault(sender, []), loan.amount, loan.until)

    def use(self, tick: int, wanted: float) -> float:
        """Return how much to use in this tick: what is wanted, as far as ramp and loans allow."""
        for table in (self._lent, self._borrowed):
            _drop_ended(table, tick - (GUARD if table is self._lent else 0))
        within = min(max(wanted, self.used - self.ramp), self.used + self.ramp)
        self.used = max(min(within, self.room(tick)), 0.0)
        return self.used

    def room(self, tick: int) -> float:
        """Return the most that can be used now and be ramped down in time from here on."""
        ends = {end + 1 for loans in self._borrowed.values() for _, end in loans}
        ramps = [
            self._left(at) + (0.0 if at == tick else self.ramp * (at - tick)) for at in (tick, *ends) if at >= tick
        ]
        return max(min(ramps), 0.0)

    def lend(self, tick: int, wishes: Mapping[int, float], kept: float) -> tuple[Loan, ...]:
        """Return the promises to say from now on: to each what it is wished to have, or as much as there is.

        Parameters
        ----------
        tick
            The present one.
        wishes
            By robot, how much it should have of this one's.
        kept
            What this robot goes on to need itself.
        """
        asked = {robot: self._steady(robot, amount) for robot, amount in wishes.items() if amount > 0.0}
        kept = max(kept, self.used)
        until, part = tick + self.span, 0.0
        # what is borrowed can only be lent on so that it is back when it ends
        ends = {end - GUARD for loans in self._borrowed.values() for _, end in loans}
        for end in (tick + self.span, *sorted([end for end in ends if end > tick + self.span // 4], reverse=True)):
            found = self._affordable(tick, asked, end, kept)
            if found > part + 1e-6:
                until, part = end, found
        self._said = tuple(
            [Loan(robot, part * amount, until) for robot, amount in asked.items() if part * amount > 0.0]
        )
        for loan in self._said:
            _keep(self._lent.setdefault(loan.robot, []), loan.amount, loan.until)
        return self._said

    @property
    def said(self) -> tuple[Loan, ...]:
        """Return the newest promises: to be repeated in each message until the next ones."""
        return self._said

    def _steady(self, robot: int, amount: float) -> float:
        """Return the amount of the newest promise to a robot where the wished one hardly differs."""
        before = next((loan.amount for loan in self._said if loan.robot == robot), None)
        return before if before is not None and abs(amount - before) <= _STEADY * self.share else amount

    def _left(self, tick: int, more: Mapping[int, float] | None = None) -> float:
        """Return what is left for use at a tick, if so much more is lent then."""
        own = self.share if self.since == 0 or tick > self.since + self.span + GUARD else 0.0
        borrowed = sum(_largest(loans, tick) for loans in self._borrowed.values())
        more = more or {}
        lent = sum(max(_largest(loans, tick - GUARD), more.get(robot, 0.0)) for robot, loans in self._lent.items())
        return own + borrowed - lent - sum(amount for robot, amount in more.items() if robot not in self._lent)

    def _affordable(self, tick: int, asked: Mapping[int, float], until: int, kept: float) -> float:
        """Return the largest part, up to 1, of what is asked that can be lent until a tick."""
        ends = {end + 1 for loans in self._borrowed.values() for _, end in loans}
        times = [at for at in (tick, *ends) if tick <= at <= until + GUARD]

        def fits(part: float) -> bool:
            more = {robot: part * amount for robot, amount in asked.items()}
            return all(self._left(at, more) >= min(kept, self._left(at)) for at in times)

        if fits(1.0):
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low


def _keep(loans: list[tuple[float, int]], amount: float, until: int) -> None:
    """Add a promise, and leave out those that another one covers."""
    loans.append((amount, until))
    loans[:] = [
        one
        for place, one in enumerate(loans)
        if not any(
            other[0] >= one[0] and other[1] >= one[1] and (other != one or later > place)
            for later, other in enumerate(loans)
            if later != place
        )
    ]


def _drop_ended(table: dict[int, list[tuple[float, int]]], tick: int) -> None:
    for robot in list(table):
        table[robot] = [loan for loan in table[robot] if loan[1] >= tick]
        if not table[robot]:
            del table[robot]


def _largest(loans: list[tuple[float, int]], tick: int) -> float:
    return max((amount for amount, until in loans if until >= tick), default=0.0)
