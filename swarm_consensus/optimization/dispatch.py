r"""Economic dispatch: shares of a demand at the least cost, found by the one price that all agree on.

.. math:: \min_P \sum_i (a_i P_i^2 + b_i P_i) \quad\text{subject to}\quad \sum_i P_i = D, \; l_i \le P_i \le u_i

At the optimum every unit that is at none of its limits has the same marginal cost 2 a P + b, the price lambda; one at
its upper limit is cheaper, one at its lower limit dearer (A. J. Wood, B. F. Wollenberg, "Power generation, operation,
and control", chapter 3). What a unit gives at a price only grows with it, so that the price is found exactly, by
bisecting the prices at which a unit meets a limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError


class DispatchError(OptimizationError):
    """A problem that has no solution, or no single kind of one."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Who gives how much, and at which price."""

    price: float  # lambda, cost per unit of power
    output: Array  # (n,) P, power
    at_minimum: NDArray[np.bool_]  # (n,) units held up by their lower limit
    at_maximum: NDArray[np.bool_]  # (n,) units held back by their upper limit


def dispatch(
    quadratic: ArrayLike, linear: ArrayLike, minimum: ArrayLike, maximum: ArrayLike, demand: float
) -> Dispatch:
    """Share a demand among units such that the sum of their costs a P^2 + b P is least.

    Parameters
    ----------
    quadratic
        a, shape (n,), not negative: cost per power squared. With 0 the cost is linear; of several such units at the
        price each gives the same share of its range.
    linear
        b, shape (n,), cost per power.
    minimum, maximum
        l and u, shape (n,), power.
    demand
        D, power, between the sums of the limits.

    Returns
    -------
    Dispatch
        Where all units are at a limit and many prices would do, the lowest that makes them give enough.

    Raises
    ------
    DispatchError
        If sizes differ, a number is not finite, a cost is not convex, or the demand is beyond the limits.

    Examples
    --------
    >>> result = dispatch([1.0, 2.0], [0.0, 0.0], [0.0, 0.0], [10.0, 10.0], 6.0)
    >>> result.price, result.output.tolist()
    (8.0, [4.0, 2.0])
    """
    a, b, low, high = (np.atleast_1d(np.array(each, dtype=float)) for each in (quadratic, linear, minimum, maximum))
    _check(a, b, low, high, demand)
    meets = np.unique(np.concatenate((b + 2.0 * a * low, b + 2.0 * a * high)))  # prices at which a limit is met
    first, last = 0, len(meets) - 1
    while first < last:  # the lowest at which the units would give enough
        middle = (first + last) // 2
        if _given(a, b, low, high, meets[middle], willing=True).sum() >= demand:
            last = middle
        else:
            first = middle + 1
    price = float(meets[first])
    least = _given(a, b, low, high, price, willing=False)
    if first and least.sum() > demand:
        price = _between(a, b, low, high, float(meets[first - 1]), price, demand)
        least = _given(a, b, low, high, price, willing=False)
    spare = _given(a, b, low, high, price, willing=True) - least
    output = least + spare * (min(max((demand - least.sum()) / spare.sum(), 0.0), 1.0) if spare.any() else 0.0)
    marginal = 2.0 * a * output + b
    return Dispatch(price, output, (output == low) & (marginal > price), (output == high) & (marginal < price))


def _given(a: Array, b: Array, low: Array, high: Array, price: float, *, willing: bool) -> Array:
    """Return what each unit gives at a price, (n,); one to which it is all the same gives its most if it is willing."""
    free = (price - b) / np.where(a > 0.0, 2.0 * a, 1.0)
    all_or_nothing = np.where((price > b) | ((price == b) & willing), high, low)
    return np.where(a > 0.0, np.minimum(np.maximum(free, low), high), all_or_nothing)


def _between(a: Array, b: Array, low: Array, high: Array, below: float, above: float, demand: float) -> float:
    """Return the price between two at which no limit is met in between: what is given grows linearly there."""
    given = _given(a, b, low, high, below, willing=True).sum()
    more = _given(a, b, low, high, above, willing=False).sum() - given
    return below + (above - below) * float((demand - given) / more)


def _check(a: Array, b: Array, low: Array, high: Array, demand: float) -> None:
    for name, values in (("quadratic", a), ("linear", b), ("minimum", low), ("maximum", high)):
        if values.shape != a.shape or a.ndim != 1 or not len(a):
            raise DispatchError(f"{name} has shape {values.shape}, must be one number for each unit, as quadratic")
        if not np.isfinite(values).all():
            raise DispatchError(f"{name} has {values[~np.isfinite(values)][0]}, must be finite")
    if (a < 0.0).any():
        raise DispatchError(f"quadratic[{a.argmin()}] is {a.min():g}, must be at least 0: the cost is not convex")
    crossed = np.flatnonzero(low > high)
    if crossed.size:
        unit = int(crossed[0])
        raise DispatchError(
            f"minimum[{unit}] is {low[unit]:g}, must be at most maximum[{unit}], which is {high[unit]:g}"
        )
    least, most = float(low.sum()), float(high.sum())
    if not least <= demand <= most:
        raise DispatchError(
            f"demand is {demand:g}, must be from {least:g}, the sum of minimum, to {most:g}, of maximum"
        )
