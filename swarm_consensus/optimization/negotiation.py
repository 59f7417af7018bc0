r"""Settling one policy for all: cruise speed, altitude, tariff, where each robot has its own optimum.

Each has a convex cost c_i(x). *Weighted*: the policy of the least :math:`\sum_i w_i c_i(x)`, the best for the swarm as
a whole, at the price that one may lose much. *Max-min*: the policy at which the largest weighted regret
:math:`w_i (c_i(x) - \min c_i)` is least, so that none could lose less without another losing more than it does. As

.. math:: \min_{x, t} \sum_i t \quad\text{subject to}\quad w_i (c_i(x) - \min c_i) \le t \quad\text{for each } i

it is consensus ADMM on d + 1 unknowns, the policy and the largest regret; every robot knows only its own line.

Both are settled by `negotiator`. A robot that overstates its cost or its weight gets more of its will: this is an
agreement among those who are honest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.admm import checked_both_ways
from swarm_consensus.optimization.checks import OptimizationError, checked_above
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.negotiator import Negotiator, Settings
from swarm_consensus.optimization.terms import Scaled, Term

Fairness = Literal["weighted", "max-min"]
ROUNDS = 4_000  # for `negotiate`, at most
_STEPS = 500  # proximal steps to the own optimum
_STILL = 1e-13


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was agreed, and what it costs each."""

    policy: Array  # (d,)
    own_best: Array  # (n, d) what each would have chosen alone
    cost: Array  # (n,) of agreeing: the own cost at the policy less that at the own best
    rounds: int


def own_best(term: Term, start: Array) -> Array:
    """Return the point (d,) of the least of one term, by proximal steps that grow.

    Raises
    ------
    OptimizationError
        If it is not found: the cost has no least value.
    """
    point, weight = start, 1.0
    for _ in range(_STEPS):
        before, point = point, term.prox(point, weight)
        if np.abs(point - before).max() <= _STILL * (1.0 + np.abs(point).max()):
            return point
        weight = max(0.5 * weight, 1e-9)
    raise OptimizationError(f"a cost still falls at {point.tolist()}, must have a least value: limit the policy")


@dataclass(slots=True)
class Regret:
    """The largest regret t of all, as one robot's term of (x, t): t itself where the own regret is at most t.

    Parameters
    ----------
    cost
        c, of d unknowns.
    weight
        w, above 0.
    start
        Where to look for the own best, shape (d,).
    """

    cost: Term
    weight: float
    start: Array
    size: int = field(init=False)
    best: Array = field(init=False)  # (d,)
    _least: float = field(init=False)

    def __post_init__(self) -> None:
        checked_above("weight", self.weight)
        self.size = self.cost.size + 1
        self.best = own_best(self.cost, self.start)
        self._least = self.cost.value(self.best)

    def regret(self, policy: Array) -> float:
        """Return w (c - min c)."""
        return self.weight * (self.cost.value(policy) - self._least)

    def value(self, point: Array) -> float:
        """Return t."""
        return float(point[-1])

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the nearest good (x, t), by a search for the multiplier of the own line.

        With multiplier m the policy is a proximal step of m w c and t is centre - (1 - m) / weight; the regret falls
        with m and t grows.
        """
        middle, top = centre[:-1], float(centre[-1])

        def policy(multiplier: float) -> Array:
            factor = max(multiplier * self.weight, 1e-12)
            return self.cost.prox(middle, weight / factor)

        def over(multiplier: float) -> float:
            return self.regret(policy(multiplier)) - top + (1.0 - multiplier) / weight

        multiplier, most = 0.0, 1.0
        if over(0.0) > 0.0:
            while over(most) > 0.0:
                most *= 4.0
            multiplier = float(brentq(over, 0.0, most, xtol=1e-15, rtol=1e-14))
        return np.append(policy(multiplier), top - (1.0 - multiplier) / weight)


def negotiate(
    adjacency: ArrayLike,
    costs: Sequence[Term],
    weights: ArrayLike | None = None,
    fairness: Fairness = "weighted",
    settings: Settings | None = None,
) -> Settlement:
    """Settle one policy by messages between neighbours.

    Parameters
    ----------
    adjacency
        Who hears whom, shape (n, n), symmetric.
    costs
        c_i, n terms of the same size; limits of a cost are limits of the policy.
    weights
        w, shape (n,), above 0; None: all 1.
    fairness
        ``weighted`` or ``max-min``.
    settings
        None: the defaults, for n robots.

    Raises
    ------
    OptimizationError
        If sizes do not fit, a weight is not above 0, or they do not settle, as when their limits exclude each other.

    Examples
    --------
    >>> from swarm_consensus.optimization.terms import Quadratic
    >>> slow, fast = Quadratic([[2.0]], [-4.0]), Quadratic([[2.0]], [-12.0])  # (x - 2)^2 and (x - 6)^2
    >>> settled = negotiate([[0, 1], [1, 0]], [slow, fast], weights=[3.0, 1.0])
    >>> settled.policy.round(6).tolist(), settled.cost.round(6).tolist()
    ([3.0], [1.0, 9.0])
    """
    terms, bests = _prepared(costs, weights, fairness)
    links = checked_both_ways(adjacency, len(costs))
    # a search for a multiplier leaves errors that a large penalty magnifies: max-min changes it little
    chosen = settings or Settings(robots=len(costs), windows=20 if fairness == "weighted" else 4)
    middle = bests.mean(axis=0)
    begin = middle if fairness == "weighted" else np.append(middle, 0.0)
    nodes = {i: Negotiator(i, term, begin, chosen) for i, term in enumerate(terms)}
    rounds = Exchange(nodes, links).settle(ROUNDS)
    policy = np.mean([node.point[: costs[0].size] for node in nodes.values()], axis=0)
    cost = np.array([term.value(policy) - term.value(best) for term, best in zip(costs, bests, strict=True)])
    return Settlement(policy, bests, cost, rounds)


def _prepared(costs: Sequence[Term], weights: ArrayLike | None, fairness: Fairness) -> tuple[list[Term], Array]:
    """Return each robot's term and its own best."""
    if fairness not in ("weighted", "max-min"):
        raise OptimizationError(f"fairness is '{fairness}', must be 'weighted' or 'max-min'")
    sizes = {term.size for term in costs}
    if len(sizes) != 1:
        raise OptimizationError(f"costs have {sorted(sizes)} unknowns, must be at least one cost, all of one size")
    share = np.ones(len(costs)) if weights is None else np.asarray(weights, dtype=float)
    if share.shape != (len(costs),):
        raise OptimizationError(f"weights have shape {share.shape}, must be one for each of {len(costs)} costs")
    start = np.zeros(sizes.pop())
    if fairness == "max-min":
        regrets = [Regret(term, float(weight), start) for term, weight in zip(costs, share, strict=True)]
        return list(regrets), np.array([regret.best for regret in regrets])
    scaled = [Scaled(term, float(weight)) for term, weight in zip(costs, share, strict=True)]
    return list(scaled), np.array([own_best(term, start) for term in costs])
