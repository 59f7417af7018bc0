r"""Gradient tracking over links that are directed, lose, delay, reorder and duplicate: a robot's node.

Each round robot i, heard by k others, does

.. math::
    x_i = \text{mean of its own and the newest heard } v_j, \qquad
    y_i \leftarrow y_i + \sum_j (S_j - S_j^{\text{heard before}}) + \nabla f_i(x_i) - \nabla f_i(x_i^{\text{before}}),

gives the share y_i/(k+1) to each of those who hear it, keeps one itself, adds the share to the running sum S_i of all
it ever gave to any one of them, and tells them v_i = x_i - gamma y_i and S_i. A message that arrives brings what lost
ones would have brought. So the y held and on their way sum to the slopes of all f_i, whatever is lost: push-sum
tracking. Its usual weights are not needed, as x is averaged by rows and only y by columns; links may be one-way, as
long as everybody is heard by everybody over some others. All shares of a robot are equal, so that a message is 2 d
numbers for any number of neighbours.

It converges linearly for strongly convex smooth terms if gamma is small enough; how small depends on loss and delay,
and no bound is known that is of use. A step of 2/M or more is refused, with which even one robot alone diverges.

*Changes.* Shares that were given to one who crashed are gone. So when those who hear a robot change it begins a new
*era*: the tracking starts again from the slopes at the present points, everywhere, as all who hear of the era take it
over. Points are kept, so that little is lost; but where links change all the time use `negotiator`.

References
----------
Y. Tian, Y. Sun, G. Scutari, "Achieving linear convergence in distributed asynchronous multiagent optimization", IEEE
Trans. Autom. Control 65, 2020 (ASY-SONATA). S. Pu, W. Shi, J. Xu, A. Nedic, "Push-pull gradient methods for distributed
optimization in networks", IEEE Trans. Autom. Control 66, 2021.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Count, Index
from swarm_consensus.optimization.checks import checked_above, checked_vector
from swarm_consensus.optimization.descent import checked_step

LARGEST = 1e9  # of any number on the air
_NUMBER = 8  # bytes


class SmoothTerm(Protocol):
    """A convex function with a gradient."""

    @property
    def size(self) -> int:
        """Return d."""

    def gradient(self, point: Array) -> Array:
        """Return the gradient at a point (d,)."""

    def curvature(self) -> tuple[float, float]:
        """Return bounds on the second derivative in any direction."""


class Course(msgspec.Struct, array_like=True, frozen=True, tag="course"):
    """What a robot says in a round."""

    tick: Count
    era: Count
    receivers: tuple[Index, ...]  # to whom the shares are given
    values: bytes  # little-endian doubles: v (d,), then the running sum (d,)


@dataclass(slots=True)
class Pursuer:
    """One robot's part in gradient tracking.

    Each round: `step` for each message heard, then `tick`, whose result is broadcast.

    Parameters
    ----------
    own
        Roster index.
    term
        What it wants.
    start
        Where it begins, shape (d,).
    size
        gamma, the same for all.

    Raises
    ------
    OptimizationError
        If the start does not fit the term, or the step is not above 0 and below 2 / M.
    """

    own: int
    term: SmoothTerm
    start: Array
    size: float
    point: Array = field(init=False)  # (d,)
    slope: Array = field(init=False)  # (d,) y: tends to its share of the sum of all slopes
    era: int = field(init=False, default=0)
    _own_slope: Array = field(init=False)  # (d,)
    _given: Array = field(init=False)  # (d,) running sum
    _ahead: Array = field(init=False)  # (d,) v
    _heard: dict[int, tuple[int, Array]] = field(init=False, default_factory=dict)  # tick and newest v
    _sums: dict[int, Array] = field(init=False, default_factory=dict)  # newest running sums of this era
    _receivers: tuple[int, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.point = checked_vector("start", self.start, self.term.size).copy()
        steepest = checked_above("largest curvature", self.term.curvature()[1])
        checked_step(self.size, 2.0 / steepest, "2 / largest curvature")
        self._restart(0)

    def step(self, sender: int, message: Course) -> None:
        """Take in a message. One that is old or damaged changes nothing."""
        if message.tick <= self._heard.get(sender, (-1,))[0] or message.era < self.era:
            return
        values = np.frombuffer(message.values, dtype="<f8")
        if values.shape != (2 * len(self.point),) or not values.dot(values) <= LARGEST**2:  # a NaN is not
            return
        if message.era > self.era:
            self._restart(message.era)
        ahead, given = values[: len(self.point)], values[len(self.point) :]
        self._heard[sender] = message.tick, ahead
        if self.own in message.receivers:
            self.slope = self.slope + given - self._sums.get(sender, 0.0)
            self._sums[sender] = given

    def tick(self, tick: int, neighbours: Iterable[int]) -> Course:
        """Do a round, and return what to broadcast.

        Parameters
        ----------
        tick
            The present tick; grows from call to call.
        neighbours
            Roster indexes of those who hear this robot. When they change, a new era begins.
        """
        receivers = tuple(neighbours)
        if receivers != self._receivers:
            if self._receivers or self.era:
                self._restart(self.era + 1)
            self._receivers = receivers
        self.point = sum([ahead for _, ahead in self._heard.values()], self._ahead) / (len(self._heard) + 1)
        slope = self.term.gradient(self.point)
        total = self.slope + slope - self._own_slope
        self._own_slope = slope
        share = total / (len(receivers) + 1)
        self.slope = share if receivers else total
        self._given = self._given + share
        self._ahead = self.point - self.size * self.slope
        return Course(tick, self.era, receivers, np.concatenate((self._ahead, self._given)).astype("<f8").tobytes())

    def forget(self, robot: int) -> None:
        """Take out one who is gone, and what it had been given, by a new era."""
        if self._heard.pop(robot, None) is not None:
            self._restart(self.era + 1)

    def _restart(self, era: int) -> None:
        self.era = era
        self._own_slope = self.term.gradient(self.point)
        self.slope = self._own_slope
        self._given = np.zeros_like(self.point)
        self._ahead = self.point - self.size * self.slope
        self._sums.clear()
