r"""Power that a robot draws from a common source, as its term of the price: what `price.Unit` is to a demand.

A robot gains b p - a p^2 by drawing p W, within [0, u], and owns a share s of the source. Nobody has to draw what is
there: what is left over is spilt for nothing, so that the price never falls below 0, and no sum of limits is infeasible.

The slope of its `Negotiator` is what it owns and can spare at the price, negative for what it lacks. In the end they
sum to 0, and `loans` brings the shares from who can spare to who lacks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.dispatch import DispatchError
from swarm_consensus.optimization.price import Unit


@dataclass(slots=True)
class Charging:
    """One robot's term of the price.

    Parameters
    ----------
    worth
        b, at least 0, gain per W of the first W.
    saturation
        a, above 0, gain per W squared: twice that a W less is gained by each further one.
    most
        u, at least 0, W.
    share
        s, at least 0, W.

    Raises
    ------
    DispatchError
        If a number is out of its range.

    Examples
    --------
    >>> Charging(4.0, 0.5, 10.0, 3.0).drawn_at(1.0)
    3.0
    """

    worth: float
    saturation: float
    most: float
    share: float
    size: int = field(init=False, default=1)
    _unit: Unit = field(init=False)

    def __post_init__(self) -> None:
        numbers = {"worth": self.worth, "most": self.most, "share": self.share}
        for name, number in numbers.items():
            if not 0.0 <= number < np.inf:
                raise DispatchError(f"{name} is {number:g}, must be at least 0 and finite")
        if not 0.0 < self.saturation < np.inf:
            raise DispatchError(f"saturation is {self.saturation:g}, must be above 0: else the gain is not concave")
        self._unit = Unit(self.saturation, self.worth, -self.most, 0.0, demand=-self.share)

    def drawn_at(self, price: float) -> float:
        """Return what it draws at a price, W."""
        return min(max(0.5 * (self.worth - price) / self.saturation, 0.0), self.most)

    def drawn(self, slope: ArrayLike) -> float:
        """Return what it draws, from the slope of its `Negotiator`, W."""
        return min(max(self.share - float(np.asarray(slope)[0]), 0.0), self.most)

    def value(self, point: Array) -> float:
        """Return phi at a price (1,): the most that can be gained at it, and by lending the share."""
        price = float(point[0])
        power = self.drawn_at(price)
        gained = self.worth * power - self.saturation * power**2
        return gained - price * power + price * self.share - min(price, 0.0) * self.share

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the price at which drawing, spilling and weight (price - centre) are in balance: spill only at 0."""
        kept = self._unit.prox(centre, weight)
        if kept[0] >= 0.0:
            return kept
        spilt = replace(self._unit, demand=0.0).prox(centre, weight)
        return spilt if spilt[0] <= 0.0 else np.zeros(1)
