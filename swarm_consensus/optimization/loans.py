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

*Who lends to whom.* Robots that can spare s_i (negative: that lack) look for a potential psi with
:math:`\sum_j (\psi_i - \psi_j) = s_i`, by relaxation with the newest that they heard of their neighbours (`potential`). Who is
higher lends the difference. Such a flow has no loops, which loans that end could never keep up, and it reaches those
who are several hops away.

*Ramp.* A consumer that can't stop at once looks ahead: it uses only as much as it can be rid of, at its ramp rate, when
what it borrowed ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Count, Index
from swarm_consensus.optimization.checks import OptimizationError

GUARD = 2  # ticks for which a lender waits on after a promise has ended, for clocks that differ
LEAK = 3e-4  # of the potential: so large a part of what is to flow is missing, times the width of the network
LARGEST = 1e9  # of an amount: a larger one is none
_STEADY = 1e-6  # of the own share: a smaller change of a loan waits, so that few promises are open at a time
_SHORTEST = 8  # a loan for less than this part of the span is none: it would end before it is heard
_STEPS = (0.5, 0.8, 0.95, 0.99, 1.0)  # parts of what can be lent at which a shorter promise is worth its bytes
_NEWTON = 60  # steps at most
_TINY, _TINIER = 1e-12, 1e-15


class Loans(msgspec.Struct, array_like=True, frozen=True):
    """Promises on the air: for each (part, until), each robot may use that part of its amount up to and with that tick."""

    robots: tuple[Index, ...] = ()
    amounts: bytes = b""  # of each robot, little-endian singles
    terms: tuple[tuple[float, Count], ...] = ()  # part from 0 to 1, and tick


def potential(spare: float, others: Sequence[float]) -> float:
    """Return psi of a robot that can spare so much, by those of its neighbours; 0 without any.

    A small leak keeps it near 0, whatever is lost: without it each robot's would be known but for one common constant.
    """
    return (spare + sum(others)) / (len(others) * (1.0 + LEAK)) if others else 0.0


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
    _lent: _Promises = field(init=False)
    _borrowed: _Promises = field(init=False)
    said: Loans = field(init=False, default_factory=Loans)  # to be repeated in each message until the next promises
    _wished: dict[int, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.share < LARGEST or not self.ramp > 0.0 or self.span < 4:
            raise OptimizationError(
                f"share is {self.share:g}, must be at least 0; ramp {self.ramp:g}, above 0; span {self.span}, above 3"
            )
        self._lent, self._borrowed = _Promises(), _Promises()

    def hear(self, sender: int, tick: int, loans: Loans) -> None:
        """Take in what a neighbour promised, in its newest message."""
        if self.own not in loans.robots or len(loans.amounts) != 4 * len(loans.robots):
            return
        amount = float(np.frombuffer(loans.amounts, dtype="<f4")[loans.robots.index(self.own)])
        for part, until in loans.terms:
            if tick <= until <= tick + self.span and 0.0 < part <= 1.0 and 0.0 < amount <= LARGEST:
                self._borrowed.add(sender, part * amount, until)

    def use(self, tick: int, wanted: float) -> float:
        """Return how much to use in this tick: what is wanted, as far as ramp and loans allow."""
        self._lent.drop(tick - GUARD)
        self._borrowed.drop(tick)
        within = min(max(wanted, self.used - self.ramp), self.used + self.ramp)
        self.used = max(min(within, self.room(tick)), 0.0)
        return self.used

    def room(self, tick: int) -> float:
        """Return the most that can be used now and be ramped down in time from here on."""
        times = np.array([tick, *sorted({end + 1 for end in self._borrowed.ends()})])
        left = self._held(times) - self._lent.at(times - GUARD).sum(axis=1)
        left = left + self.ramp * (times - tick) if self.ramp < np.inf else left[:1]
        return max(float(left.min()), 0.0)

    def lend(self, tick: int, wishes: Mapping[int, float], kept: float) -> None:
        """Promise each what it is wished to have, or as much as there is; `said` tells it.

        What is borrowed can only be lent on until shortly before it ends, what is owned for the whole span. So there are
        several promises, the larger the shorter.

        Parameters
        ----------
        tick
            The present one.
        wishes
            By robot, how much it should have of this one's.
        kept
            What this robot goes on to need itself.
        """
        robots = tuple(sorted([robot for robot, amount in wishes.items() if amount > 0.0]))
        packed = np.array([self._steady(robot, wishes[robot]) for robot in robots], dtype="<f4")
        asked = dict(zip(robots, packed.astype(float).tolist(), strict=True))
        terms = self._terms(tick, asked, max(kept, self.used)) if asked else ()
        self.said = Loans(robots, packed.tobytes(), terms)
        for robot, amount in asked.items():
            for part, until in terms:
                self._lent.add(robot, part * amount, until)
        self._wished = asked

    def _terms(self, tick: int, asked: Mapping[int, float], kept: float) -> tuple[tuple[float, int], ...]:
        """Return which part can be lent until when, from the longest to the largest."""
        back = sorted({end - GUARD for end in self._borrowed.ends() if end - GUARD > tick + self.span // _SHORTEST})
        most = self._affordable(tick, asked, back[0], kept) if back else 1.0
        steps = [step * most for step in _STEPS]
        found: list[tuple[float, int]] = []
        for until in (tick + self.span, *reversed(back)):
            part = most if back and until == back[0] else self._affordable(tick, asked, until, kept)
            if part > 0.0 and (not found or part >= steps[0]) and (not found or part > found[-1][0]):
                found.append((part, until))
                steps = [step for step in steps if step > part]
            if not steps:
                break
        return tuple(found)

    def _steady(self, robot: int, amount: float) -> float:
        """Return the amount wished before where it hardly differs, so that few promises are open at a time."""
        before = self._wished.get(robot, 0.0)
        return before if abs(amount - before) <= _STEADY * self.share else amount

    def _held(self, times: NDArray[np.int64]) -> Array:
        """Return what is owned and borrowed at some ticks, (t,)."""
        owned = np.where((self.since == 0) | (times > self.since + self.span + GUARD), self.share, 0.0)
        return np.asarray(owned + self._borrowed.at(times).sum(axis=1))

    def _affordable(self, tick: int, asked: Mapping[int, float], until: int, kept: float) -> float:
        """Return the largest part, up to 1, of what is asked that can be lent until a tick.

        At each tick until then what is needed is left, or, where that is not so already, as much as now.
        """
        if not asked:
            return 0.0
        ends = {end + 1 for end in self._borrowed.ends()}
        times = np.array([at for at in (tick, *sorted(ends)) if tick <= at <= until + GUARD])
        robots = sorted({*asked, *self._lent.robots()})
        lent = self._lent.at(times - GUARD, robots)
        more = np.array([asked.get(robot, 0.0) for robot in robots])
        held = self._held(times)
        needed = np.minimum(kept, held - lent.sum(axis=1))

        return _largest_part(held - needed, lent, more)


def _largest_part(caps: Array, lent: Array, more: Array) -> float:
    """Return the largest part p, up to 1, with sum_j max(lent_j, p more_j) at most the cap in every row.

    The sum is convex in p, so that Newton's steps from 1 come down to it from above, and end after a few.
    """
    part = 1.0
    for _ in range(_NEWTON):
        over = np.maximum(lent, part * more).sum(axis=1) - caps
        worst = over > _TINY * np.abs(caps) + _TINIER
        if not worst.any():
            break
        slope = np.where(part * more > lent, more, 0.0).sum(axis=1)[worst]
        part = max(float((part - over[worst] / np.maximum(slope, _TINIER)).min()), 0.0)
    else:
        return 0.0
    # a hair less, so that rounding never lends what is not there
    return part if part == 1.0 and (np.maximum(lent, more).sum(axis=1) <= caps).all() else part * (1.0 - 10.0 * _TINY)


@dataclass(slots=True)
class _Promises:
    """Promises by robot: of each only those that no other one covers."""

    _by: dict[int, list[tuple[float, int]]] = field(default_factory=dict)  # amounts and their ends

    def add(self, robot: int, amount: float, until: int) -> None:
        loans = self._by.setdefault(robot, [])
        if any(other >= amount and end >= until for other, end in loans):
            return
        loans[:] = [(other, end) for other, end in loans if other > amount or end > until]
        loans.append((amount, until))

    def drop(self, before: int) -> None:
        """Forget those that ended before a tick."""
        for robot in [robot for robot, loans in self._by.items() if any(end < before for _, end in loans)]:
            self._by[robot] = [loan for loan in self._by[robot] if loan[1] >= before]
            if not self._by[robot]:
                del self._by[robot]

    def robots(self) -> Iterable[int]:
        return self._by.keys()

    def ends(self) -> Iterable[int]:
        return [end for loans in self._by.values() for _, end in loans]

    def at(self, times: NDArray[np.int64], robots: Sequence[int] | None = None) -> Array:
        """Return what holds at some ticks, (t, k): of each robot the largest promise that has not ended."""
        tables = list(self._by.values()) if robots is None else [self._by.get(robot, ()) for robot in robots]
        filled = [loans or [(0.0, -1)] for loans in tables]
        if not filled:
            return np.zeros((len(times), 0))
        flat = np.array([loan for loans in filled for loan in loans])
        starts = np.cumsum([0, *[len(loans) for loans in filled[:-1]]])
        open_ = np.where(times[:, None] <= flat[:, 1], flat[:, 0], 0.0)
        return np.asarray(np.maximum.reduceat(open_, starts, axis=1))
