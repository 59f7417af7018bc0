"""One robot's round of each law of `consensus`, behind one interface: what it remembers and what it makes of news.

A round is a tick. Who counts as a neighbour is who was heard, over the radio that motion uses; weights need no more of
the network than the sender's number of neighbours, which comes with each value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.consensus import average, extremes, integral, resilient, tracking
from swarm_consensus.consensus.running_sums import RunningSums, Sums

# unit in which running sums count: 256 robots with values up to a million fit, and rounding stays below 1e-10
RESOLUTION = 2.0**-35
# running sums: share of the newest round in the means whose quotient is the value; one round alone rests on what
# happens to be in hand, a tenth of a robot's weight or less where frames are lost, which magnifies the input's noise
STEADINESS = 0.1
LEAST = 1e-3  # of a robot's weight: with less in hand no new value is formed


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity on which the swarm agrees, as one robot is told of it."""

    name: str
    law: str  # one of `LAWS`
    size: int  # d, numbers in a value
    reading: int | None = None  # place among the readings of the stimulus from which its values come; size is 1
    constant: Array | None = None  # (d,) its value, if it is no reading; without either it is the own place (x, y), m
    liars: int = 0  # resilient: F
    gains: integral.Gains | None = None  # proportional and integral
    leak: float = 0.0  # tracking: share of the error that is forgotten each round


@dataclass(frozen=True, slots=True)
class News:
    """What was heard of one quantity since the round before."""

    said: Array  # (k, d), NaN where somebody said what can't be a value
    degree: Array  # (k,) how many neighbours each of them has
    mask: NDArray[np.bool_]  # (k,) all true
    own_degree: int  # how many the robot itself had, as it told them a round ago
    receivers: Sequence[int] = ()  # running sums: roster indexes of those whose turn it is to be given their share
    sums: Sequence[tuple[int, Sums]] = ()  # sender and running sums
    patience: int = 0  # running sums: ticks in which something must come over a link, lest it be cleared

    def metropolis(self) -> Array:
        """Weights 1 / (1 + max(d_i, d_j)), (k,): the same at both ends of a link, and at most 1 in sum.

        One who had heard nobody does not mix, nor do others with it. Where a robot hears more than it had told, it
        counts them instead, and both ends differ for that round.
        """
        own = max(self.own_degree, len(self.mask) - 1)
        both = (self.degree > 0) & (self.own_degree > 0)
        return np.where(both, 1.0 / (1.0 + np.maximum(self.degree, own)), 0.0)


class Rounds(Protocol):
    """One law on one robot."""

    value: Array  # (d,) of the present round

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Do a round.

        Parameters
        ----------
        tick
            The present one.
        source
            The robot's own input now, shape (d,).
        news
            What was heard since the last round.

        Returns
        -------
        Sums or None
            What to broadcast beside the value.
        """

    def forget(self, robot: int) -> None:
        """Take a robot for dead."""


Maker: TypeAlias = Callable[[int, Quantity, Array], Rounds]  # from the own roster index, the orders and the first input


@dataclass(slots=True)
class _Memoryless:
    """A law that knows nothing of any one neighbour."""

    own: int
    orders: Quantity
    value: Array

    def forget(self, robot: int) -> None:
        pass


class Average(_Memoryless):
    """Plain averaging of the inputs at the start. A lost or late message moves the average for good."""

    __slots__ = ()

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Mix."""
        self.value = average.mix(self.value, news.said, news.metropolis(), news.mask)
        return None


@dataclass(slots=True)
class Tracking(_Memoryless):
    """Dynamic averaging of inputs that change; what a lost message took away is forgotten by the leak."""

    before: Array = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.value

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Mix, and follow the own input."""
        mixed = average.mix(self.value, news.said, news.metropolis(), news.mask)
        self.value = tracking.step(mixed, source, self.before, self.orders.leak)
        self.before = source
        return None


@dataclass(slots=True)
class Integrating(_Memoryless):
    """A value that moves towards those of the neighbours and, by the leak, towards the own input."""

    learnt: Array = field(init=False)

    def __post_init__(self) -> None:
        self.learnt = np.zeros_like(self.value)

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """One Euler step of the tick's length."""
        gains = self.orders.gains
        assert gains is not None, "the law has gains"
        pulled = average.pull(self.value, news.said, np.ones(len(news.mask)), news.mask)
        rate = integral.command(gains, pulled, self.learnt) + integral.leak(gains, self.value, source)
        self.learnt = integral.learn(gains, pulled, self.learnt)
        self.value = self.value + gains.step * rate
        return None


class Resilient(_Memoryless):
    """W-MSR on the inputs at the start."""

    __slots__ = ()

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Put the extremes aside and mix the rest."""
        self.value = resilient.step(self.value, news.said, news.mask, self.orders.liars)
        return None


class Maximum(_Memoryless):
    """The largest input that anybody ever had."""

    __slots__ = ()

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Take the largest."""
        self.value = extremes.maximum(np.maximum(self.value, source), news.said, news.mask)
        return None


class Minimum(_Memoryless):
    """The smallest input that anybody ever had."""

    __slots__ = ()

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Take the smallest."""
        self.value = extremes.minimum(np.minimum(self.value, source), news.said, news.mask)
        return None


class Summing:
    """The average of the present inputs over any links: nothing is lost with a message."""

    def __init__(self, own: int, orders: Quantity, first: Array) -> None:
        self.value = first
        self._sums = RunningSums(own, first, RESOLUTION)
        self._mass, self._weight = self._sums.in_hand()  # means of late

    def step(self, tick: int, source: Array, news: News) -> Sums | None:
        """Take in the sums heard, follow the own input, and give the receivers their shares."""
        for sender, message in news.sums:
            self._sums.step(sender, message)
        if source is not self._sums.value:
            self._sums.update(source)
        self._sums.expire(tick - news.patience)
        mass, weight = self._sums.in_hand()
        self._mass = self._mass + STEADINESS * (mass - self._mass)
        self._weight += STEADINESS * (weight - self._weight)
        if self._weight > LEAST:
            self.value = self._mass / self._weight
        return self._sums.tick(tick, news.receivers)

    def forget(self, robot: int) -> None:
        """Clear the link: what went over it is taken back."""
        self._sums.forget(robot)


LAWS: dict[str, Maker] = {
    "average": Average,
    "integral": Integrating,
    "maximum": Maximum,
    "minimum": Minimum,
    "proportional": Integrating,
    "resilient": Resilient,
    "running_sums": Summing,
    "tracking": Tracking,
}
