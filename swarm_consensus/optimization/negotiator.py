r"""One robot's part in consensus ADMM: offers in, offers out, and when to stop.

The laws are those of `admm`; here is what a robot needs to live with a radio. Only the newest message of a neighbour
counts; one that is lost, damaged, repeated or overtaken changes nothing.

**When to stop** (S. Boyd et al., "Distributed optimization and statistical learning via the alternating direction
method of multipliers", Found. Trends Mach. Learn. 3(1), 2011, section 3.3). With m_ij = (u_ij + u_ji)/2, what a link's
ends agree on, a robot with k neighbours knows its part of the residuals,

.. math::
    r_i^2 = \sum_j \tfrac14 |x_i - x_j|^2, \qquad s_i^2 = \rho^2 \sum_j |x_i + x_j - 2 m_{ij}|^2,

r how far apart the points are, s how far the slopes are from summing to 0. Boyd's s is the difference of two rounds,
which is the same (up to alpha) where nothing is lost, and 0 where nothing arrives; ours can't be fooled by silence. A
robot is content if :math:`r_i \le \sqrt{kd}\,\epsilon_a + \epsilon_r \max(|x|, |m|)` and
:math:`s_i \le \sqrt{kd}\,\epsilon_a + \epsilon_r |\rho (u - x)|`, over its links. If all are, Boyd's test holds for
the sums as well. Who knows that all are? Each tells a *calm* c_i: 0 if it is not content, else 1 + the least of its own
and its neighbours'. By induction c_i > h proves that everyone up to h links away was content of late; lost messages
only keep c low. So a robot is done when its calm exceeds the number of robots, and no more can be learned by waiting.

**Penalty** (section 3.4.1). Boyd compares r with s, whose units differ, so that the outcome depends on the units of x
and f. We compare r with s/rho. On the graphs tried the quotient lies near 1 where the penalty is far too small, near
1/4 where it is far too large, and between 0.35 and 1 where it converges fastest (``bench/optimization.py``). Robots
spread the largest r and s/rho of all for as many ticks as the network is wide; then each doubles or halves the penalty.
The last change that anybody knows of (by its window, then by the penalty) is taken over by all who hear of it, so that
lost messages only make them differ for a while; offers made under another penalty than the own are not used. After some
windows it stays, as convergence is only proven for a penalty that does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Count, Index
from swarm_consensus.optimization.admm import checked_relaxation
from swarm_consensus.optimization.checks import OptimizationError, checked_above, checked_vector
from swarm_consensus.optimization.terms import Term

LARGEST = 1e9  # of any number on the air, in the unit of the point: a larger one is none
OVERHEAD = 57  # bytes of an offer beside `robots` and `values`, at most
_FARTHEST = 40  # powers of two by which the penalty may move
_MANY, _FEW = 0.8, 0.35  # r over s/rho at which the penalty is doubled, and halved


class Offer(msgspec.Struct, array_like=True, frozen=True, tag="offer"):
    """What a robot says in a round."""

    tick: Count  # of the sender; grows from message to message
    changed: Count  # window in which the penalty last changed
    power: Annotated[int, Meta(ge=-_FARTHEST, le=_FARTHEST)]  # of two, times the first penalty
    calm: Count
    window: Count  # to which the largest residuals belong
    primal: float  # r, the largest known
    dual: float  # s / rho
    robots: tuple[Index, ...]
    values: bytes  # little-endian numbers, see `Settings.single`: the point (d,), then the offer (d,) to each robot
    settled: bool = False  # the sender knows that all were content once


@dataclass(frozen=True, slots=True)
class Settings:
    """What all robots of a negotiation must be told alike.

    Raises
    ------
    OptimizationError
        If a number is outside of what is said here.
    """

    penalty: float = 1.0  # rho at the start, above 0, cost per unit of the point squared
    relaxation: float = 0.5  # alpha, in (0, 1); 1/2 bears delay, 0.7 is faster where there is none
    absolute: float = 1e-8  # epsilon_a, unit of the point (and of the slope), at least 0
    relative: float = 1e-8  # epsilon_r, at least 0
    robots: int = 256  # at least as many as take part: that many rounds of calm end it
    windows: int = 20  # in which the penalty may change; 0: it stays
    window_ticks: int = 16  # at least the width of the network, plus the largest delay
    single: bool = False  # numbers go over the air in 4 bytes, not 8: points then agree to about 1e-7 of their size

    def __post_init__(self) -> None:
        checked_above("penalty", self.penalty)
        checked_relaxation(self.relaxation)
        if self.windows and self.relaxation != 0.5:
            raise OptimizationError(
                f"relaxation is {self.relaxation:g}, must be 0.5 where the penalty changes, as windows is "
                f"{self.windows}: with another one the residuals do not tell which way"
            )
        if not min(self.absolute, self.relative) >= 0.0 or self.absolute + self.relative == 0.0:
            raise OptimizationError(
                f"absolute is {self.absolute:g} and relative {self.relative:g}, must be at least 0 and not both 0"
            )
        if self.robots < 1 or self.window_ticks < 1 or self.windows < 0:
            raise OptimizationError(
                f"robots is {self.robots} and window_ticks {self.window_ticks}, must be at least 1, "
                f"and windows {self.windows}, at least 0"
            )


@dataclass(slots=True)
class Negotiator:
    """One robot's part in finding the point that is best for all.

    Each round: `step` for each message heard, then `tick`, whose result is broadcast.

    Parameters
    ----------
    own
        The robot's roster index.
    term
        What it wants; may be replaced at any time.
    start
        Where it begins, shape (d,): the wish of the robot, or the last solution for a warm start.
    settings
        The same for all.
    most
        To so many neighbours a message makes offers; if there are more they take turns.

    Raises
    ------
    OptimizationError
        If the start has another size than the term, or is not finite.
    """

    own: int
    term: Term
    start: Array
    settings: Settings = field(default_factory=Settings)
    most: int = 256
    point: Array = field(init=False)  # (d,) the robot's present choice
    slope: Array = field(init=False)  # (d,) of the own term at the point; over all robots they sum to 0 in the end
    residuals: tuple[float, float] = field(init=False, default=(math.inf, math.inf))  # primal and dual
    calm: int = field(init=False, default=0)
    power: int = field(init=False, default=0)
    _rows: dict[int, int] = field(init=False, default_factory=dict)  # robot to row of what follows
    _edges: Array = field(init=False)  # (k, d) u
    _offers: Array = field(init=False)  # (k, d) newest heard
    _points: Array = field(init=False)  # (k, d) newest heard
    _ticks: list[int] = field(init=False, default_factory=list)  # of the newest heard, -1 before
    _since: list[int] = field(init=False, default_factory=list)  # tick at which each became known
    _calms: list[int] = field(init=False, default_factory=list)
    _news: dict[int, bytes] = field(init=False, default_factory=dict)  # point and offer, by robot, since the last tick
    _changed: int = field(init=False, default=0)
    _window: int = field(init=False, default=-1)
    _first: int = field(init=False, default=-1)  # window in which it began
    _largest: tuple[float, float] = field(init=False, default=(0.0, 0.0))
    _turn: int = field(init=False, default=0)  # row of who is made the next offer
    _code: str = field(init=False)  # of a number on the air
    _part: int = field(init=False)  # bytes of a point on the air

    def __post_init__(self) -> None:
        self.point = checked_vector("start", self.start, self.term.size).copy()
        self.slope = np.zeros_like(self.point)
        self._edges = self._offers = self._points = np.zeros((0, self.term.size))
        if self.most < 1:
            raise OptimizationError(f"most is {self.most}, must be at least 1")
        self._code, self._part = _format(self.settings, self.term.size)

    @property
    def done(self) -> bool:
        """Tell whether all robots were content: what is left to gain is below the tolerances."""
        return self.calm > self.settings.robots

    @property
    def penalty(self) -> float:
        """Return the present rho."""
        return self.settings.penalty * 2.0**self.power

    @property
    def apart(self) -> float:
        """Return the largest difference, in any coordinate, between the own point and those heard; 0 without any."""
        return float(np.abs(self._points - self.point).max()) if len(self._points) else 0.0

    def replace(self, term: Term) -> None:
        """Take another term of the same size and go on from here: a warm start.

        Raises
        ------
        OptimizationError
            If the size differs.
        """
        if term.size != self.term.size:
            raise OptimizationError(f"the new term has {term.size} unknowns, must have {self.term.size}")
        self.term, self.calm = term, 0

    def step(self, sender: int, message: Offer) -> None:
        """Take in a message. One that is old, damaged or of a stranger changes nothing."""
        row = self._rows.get(sender)
        if row is None or message.tick <= self._ticks[row]:
            return
        part = self._part
        if len(message.values) != part * (len(message.robots) + 1):
            return
        if message.window == self._window and message.primal >= 0.0 and message.dual >= 0.0:
            primal, dual = self._largest
            self._largest = max(primal, message.primal), max(dual, message.dual)
        if (message.changed, message.power) != (self._changed, self.power):
            self._adopt(message.changed, message.power)
        if (message.changed, message.power) != (self._changed, self.power) or self.own not in message.robots:
            return
        place = (message.robots.index(self.own) + 1) * part
        self._ticks[row], self._calms[row] = message.tick, message.calm
        self._news[sender] = message.values[:part] + message.values[place : place + part]

    def tick(self, tick: int, neighbours: Iterable[int]) -> Offer:
        """Do a round, and return what to broadcast.

        Parameters
        ----------
        tick
            The present tick of the swarm's clock; grows from call to call.
        neighbours
            Roster indexes of those the robot has links with. An unknown one becomes known; one that is missing is
            kept until it is forgotten, as an interrupted link costs less than a new one.
        """
        unknown = [robot for robot in neighbours if robot not in self._rows]
        if unknown:
            self._meet(unknown, tick)
        if self._news:
            self._learn()
        self._choose()
        self._judge()
        self._balance(tick)
        return self._offer(tick)

    def forget(self, robot: int) -> None:
        """Take a robot out: the others go on to what is best for the rest."""
        row = self._rows.pop(robot, None)
        if row is None:
            return
        self._rows = {other: at - (at > row) for other, at in self._rows.items()}
        self._edges, self._offers, self._points = (
            np.delete(each, row, axis=0) for each in (self._edges, self._offers, self._points)
        )
        for numbers in (self._ticks, self._calms, self._since):
            del numbers[row]
        self._news.pop(robot, None)
        self.calm = 0

    def expire(self, before: int) -> None:
        """Forget those of whom nothing came since before a tick of the swarm's clock."""
        silent = [robot for robot, row in self._rows.items() if max(self._ticks[row], self._since[row]) < before]
        for robot in silent:  # each takes its row out, so that the rows of the others move
            self.forget(robot)

    def _meet(self, robots: list[int], tick: int) -> None:
        more = np.repeat(self.point[None], len(robots), axis=0)
        for robot in robots:
            self._rows[robot] = len(self._ticks)
            self._ticks.append(-1)
            self._calms.append(0)
            self._since.append(tick)
        self._edges, self._offers, self._points = (
            np.concatenate((each, more)) for each in (self._edges, self._offers, self._points)
        )
        self.calm = 0

    def _learn(self) -> None:
        """Take over what was heard; who says what is no number has said nothing, and is not content."""
        news = self._news
        rows: list[int] | slice = [row for robot, row in self._rows.items() if robot in news]
        flat = np.frombuffer(b"".join([news[robot] for robot in self._rows if robot in news]), dtype=self._code)
        heard = flat.reshape(len(news), 2, -1)
        with np.errstate(over="ignore"):  # what overflows is too large as well
            square = flat.dot(flat)
        if not square <= LARGEST**2:  # a NaN is not
            sound = (np.abs(heard) <= LARGEST).all(axis=(1, 2))
            for row in np.array(rows)[~sound].tolist():
                self._calms[row] = 0
            rows, heard = np.array(rows)[sound].tolist(), heard[sound]
        elif len(news) == len(self._rows):
            rows = slice(None)  # of all: four times as fast
        news.clear()
        self._points[rows], self._offers[rows] = heard[:, 0], heard[:, 1]
        edges = self._edges[rows]
        self._edges[rows] = edges + self.settings.relaxation * (heard[:, 1] - edges)

    def _choose(self) -> None:
        """Do the proximal step; one without neighbours goes to its own best, a step at a time."""
        count = len(self._edges)
        start = np.add.reduce(self._edges) / count if count else self.point
        weight = self.penalty * max(count, 1)
        before, self.point = self.point, self.term.prox(start, weight)
        self.slope = weight * (start - self.point)
        if not count:
            moved = float(np.linalg.norm(self.point - before))
            self.residuals = 0.0, self.penalty * moved

    def _judge(self) -> None:
        """Find the residuals and the calm."""
        settings, rows = self.settings, len(self._edges)
        floor = math.sqrt(max(rows, 1) * len(self.point)) * settings.absolute
        large = steep = 0.0
        if rows:
            apart = self._points - self.point
            pull = self._edges - self.point
            # x_i + x_j - u_ij - u_ji, as j offered 2 x_j - u_ji
            off = self._offers - self._edges - apart
            self.residuals = 0.5 * _norm(apart), self.penalty * _norm(off)
            large, steep = _norm(self._points), self.penalty * _norm(pull)
        primal, dual = self.residuals
        content = primal <= floor + settings.relative * large and dual <= floor + settings.relative * steep
        self.calm = 1 + min((self.calm, *self._calms)) if content else 0

    def _balance(self, tick: int) -> None:
        """Change the penalty at the end of a window, and begin the next."""
        window = tick // self.settings.window_ticks
        if window == self._window:
            return
        if self._first < 0:
            self._first = window
        elif window == self._window + 1 and window <= self._first + self.settings.windows:
            primal, dual = self._largest
            change = (primal > _MANY * dual) - (primal < _FEW * dual)
            if change and max(primal, dual) > self.settings.absolute:  # below, the quotient is of rounding errors
                self._adopt(window, min(max(self.power + change, -_FARTHEST), _FARTHEST))
        primal, dual = self.residuals
        self._window, self._largest = window, ((primal, dual / self.penalty) if primal < math.inf else (0.0, 0.0))

    def _adopt(self, changed: int, power: int) -> None:
        if (changed, power) > (self._changed, self.power):
            self._edges = self.point + (self._edges - self.point) / 2.0 ** (power - self.power)
            self._changed, self.power = changed, power
            self._news.clear()  # offers made under the penalty before

    def _offer(self, tick: int) -> Offer:
        robots, edges = tuple(self._rows), self._edges
        if len(robots) > self.most:
            turn = [(self._turn + place) % len(robots) for place in range(self.most)]
            self._turn = (turn[-1] + 1) % len(robots)
            by_row = {row: robot for robot, row in self._rows.items()}
            robots, edges = tuple([by_row[row] for row in turn]), edges[turn]
        values = np.empty((len(robots) + 1, len(self.point)), dtype=self._code)
        values[0] = self.point
        np.subtract(2.0 * self.point, edges, out=values[1:], casting="same_kind")
        return Offer(
            tick,
            self._changed,
            self.power,
            self.calm,
            self._window,
            *self._largest,
            robots,
            values.tobytes(),
        )


def _format(settings: Settings, size: int) -> tuple[str, int]:
    """Return how a number of a point goes over the air, and how many bytes the point then takes."""
    return ("<f4", 4 * size) if settings.single else ("<f8", 8 * size)


def offers_in(room: int, size: int, settings: Settings, beside: int = 0) -> int:
    """Return to how many neighbours a message of at most so many bytes can make offers; below 1: it has no room.

    `beside` are bytes that go with each offer.
    """
    part = _format(settings, size)[1]
    return (room - OVERHEAD - part) // (part + 2 + beside)


def point_of(message: Offer, size: int, settings: Settings) -> Array | None:
    """Return the point (d,) that a message tells, or None if it tells none."""
    code, part = _format(settings, size)
    if len(message.values) != part * (len(message.robots) + 1):
        return None
    return np.frombuffer(message.values[:part], dtype=code).astype(float)


def _norm(rows: Array) -> float:
    flat = rows.ravel()
    return math.sqrt(flat @ flat)
