r"""Dispatch without a centre: the price is the choice that all agree on, and each unit knows what to give at a price.

A unit with cost a P^2 + b P, limits l and u, and a demand d of its own, is in the dual problem the term

.. math:: \phi_i(\lambda) = \max_{l \le P \le u} (\lambda P - a P^2 - b P) - \lambda d_i,

whose slope is what it gives less what it needs. The price at which :math:`\sum_i \phi_i` is least is the one at which
supply meets demand. So it is consensus ADMM on one number (`negotiator`), with a step in closed form; at its end the
slopes sum to 0, which is the balance. A consumer is a unit with negative power, whose cost is what it loses: robots
that charge have limits [-most, 0], a dock that can give 60 W has [0, 60]. Nobody tells cost, limits or needs.

*Ramp rates* narrow the limits to what can be reached from the present power: `Unit.after`, then `Negotiator.replace`,
which goes on from the last price.

*Infeasible* limits make the price run away. No robot can know that before the first message, as it knows only its own;
`share` knows all and refuses. On robots a unit for unserved demand (linear cost: the most that is ever paid) keeps
every problem feasible, and says how much is missing.

*A liar* moves the price: see docs/optimization.md. No unit ever leaves its own limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.admm import checked_both_ways
from swarm_consensus.optimization.dispatch import Dispatch, DispatchError
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.negotiator import Negotiator, Settings

ROUNDS = 5000  # for `share`, at most
_NEAR = 1e-7  # relative: how near to a limit is at it


@dataclass(frozen=True, slots=True)
class Unit:
    """One that gives or takes power, as a term of the price.

    Raises
    ------
    DispatchError
        If a number is not finite, the cost not convex, or the lower limit above the upper.
    """

    quadratic: float  # a, at least 0, cost per power squared
    linear: float  # b, cost per power
    minimum: float  # l, power
    maximum: float  # u, power
    demand: float = 0.0  # d, power that it needs in any case
    ramp: float = np.inf  # power by which it may change from one dispatch to the next
    size: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        numbers = {name: getattr(self, name) for name in ("quadratic", "linear", "minimum", "maximum", "demand")}
        for name, number in numbers.items():
            if not np.isfinite(number):
                raise DispatchError(f"{name} is {number}, must be finite")
        if self.quadratic < 0.0:
            raise DispatchError(f"quadratic is {self.quadratic:g}, must be at least 0: the cost is not convex")
        if self.minimum > self.maximum:
            raise DispatchError(f"minimum is {self.minimum:g}, must be at most maximum, which is {self.maximum:g}")
        if not self.ramp >= 0.0:
            raise DispatchError(f"ramp is {self.ramp:g}, must be at least 0")

    def value(self, point: Array) -> float:
        """Return phi at a price (1,)."""
        power = self._power(float(point[0]))
        return float(point[0]) * (power - self.demand) - self.quadratic * power**2 - self.linear * power

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the price at which P - d + weight (price - centre) = 0: P at a limit, or in between."""
        v, d, a = float(centre[0]), self.demand, self.quadratic
        between = (self.linear + 2.0 * a * (d + weight * v)) / (1.0 + 2.0 * a * weight)
        power = d + weight * (v - between)
        return np.array([v + (d - min(max(power, self.minimum), self.maximum)) / weight])

    def after(self, power: float) -> Unit:
        """Return the unit as it may be dispatched next, when it gives so much now.

        Raises
        ------
        DispatchError
            If it can't come back within its limits at its ramp rate.
        """
        low, high = max(self.minimum, power - self.ramp), min(self.maximum, power + self.ramp)
        if low > high:
            raise DispatchError(
                f"power is {power:g}, must be from {self.minimum - self.ramp:g} to {self.maximum + self.ramp:g}: "
                f"with a ramp of {self.ramp:g} it can't be within its limits at the next dispatch"
            )
        return replace(self, minimum=low, maximum=high)

    def given(self, slope: ArrayLike) -> float:
        """Return its power, from the slope of its `Negotiator`, within its limits."""
        power = self.demand + float(np.asarray(slope)[0])
        return min(max(power, self.minimum), self.maximum)

    def _power(self, price: float) -> float:
        if self.quadratic > 0.0:
            free = (price - self.linear) / (2.0 * self.quadratic)
        else:
            free = np.inf if price > self.linear else -np.inf
        return min(max(free, self.minimum), self.maximum)


def checked_units(units: Sequence[Unit]) -> None:
    """Look at all units together.

    Raises
    ------
    DispatchError
        If the demand is beyond the limits, or there is no unit.
    """
    if not units:
        raise DispatchError("there are 0 units, must be at least 1")
    least, most = sum(unit.minimum for unit in units), sum(unit.maximum for unit in units)
    demand = sum(unit.demand for unit in units)
    slack = 1e-12 * max(abs(least), abs(most))
    if not least - slack <= demand <= most + slack:
        raise DispatchError(
            f"demand is {demand:g}, must be from {least:g}, the sum of minimum, to {most:g}, of maximum"
        )


def settings_for(units: Sequence[Unit], **changes: float) -> Settings:
    """Return settings with a penalty of the right size for such units: power per price, shared among the links.

    `changes` are fields of `Settings`. On robots the penalty is a setting; this says which to write there.
    """
    spans = [0.5 / unit.quadratic for unit in units if unit.quadratic > 0.0]
    penalty = 0.3 * float(np.median(spans)) if spans else 1.0
    chosen = {"penalty": penalty, "absolute": 1e-9, "relative": 1e-9, "robots": len(units), "windows": 4}
    return Settings(**{**chosen, **changes})  # type: ignore[arg-type]


def share(
    adjacency: ArrayLike, units: Sequence[Unit], settings: Settings | None = None, price: float = 0.0
) -> Dispatch:
    """Dispatch units by messages between neighbours, and return what they settle on.

    Parameters
    ----------
    adjacency
        Who hears whom, shape (n, n), symmetric.
    units
        n of them, each with its part of the demand: it may stand at any of them.
    settings
        None: `settings_for` the units.
    price
        At which they begin; the last one, for a warm start.

    Raises
    ------
    DispatchError, OptimizationError
        If the demand is beyond the limits, links go one way, or they do not settle.

    Examples
    --------
    >>> units = [Unit(1.0, 0.0, 0.0, 10.0, demand=6.0), Unit(2.0, 0.0, 0.0, 10.0)]
    >>> result = share([[0, 1], [1, 0]], units)
    >>> round(result.price, 6), result.output.round(6).tolist()
    (8.0, [4.0, 2.0])
    """
    checked_units(units)
    links = checked_both_ways(adjacency, len(units))
    chosen = settings or settings_for(units)
    nodes = {i: Negotiator(i, unit, np.array([price]), chosen) for i, unit in enumerate(units)}
    Exchange(nodes, links).settle(ROUNDS)
    return dispatched(units, nodes)


def dispatched(units: Sequence[Unit], nodes: dict[int, Negotiator]) -> Dispatch:
    """Return what the nodes of units hold now, as `dispatch.dispatch` gives it; the price is their mean."""
    price = float(np.mean([node.point[0] for node in nodes.values()]))
    output = np.array([unit.given(nodes[i].slope) for i, unit in enumerate(units)])
    marginal = np.array([2.0 * unit.quadratic * power + unit.linear for unit, power in zip(units, output, strict=True)])
    low = np.array([unit.minimum for unit in units])
    high = np.array([unit.maximum for unit in units])
    near, close = _NEAR * max(1.0, abs(price)), _NEAR * (1.0 + np.maximum(abs(low), abs(high)))
    at_low = (output - low <= close) & (marginal > price + near)
    return Dispatch(price, output, at_low, (high - output <= close) & (marginal < price - near))
