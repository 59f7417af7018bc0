r"""What a metre at speed v costs a robot: time that it has not, and energy that it carries.

.. math:: c(v) = \frac{h}{v} + r\,(1 + m)\,v^2 \qquad\text{for}\quad l \le v \le u

A metre takes 1/v, at the price h (hurry). Drag makes the energy for a metre grow with v^2 and with the payload m, in
units of the robot's own mass, at the price r (range: how dear its battery's charge is). Alone it would choose the cube
root of h / (2 r (1 + m)), within its limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError

_STEPS = 60  # of Newton's at most; about ten are usual
_NEAR = 1e-15  # relative: where they end


@dataclass(slots=True)
class Cruise:
    """The cost of a metre, as one robot's term of the speed.

    Parameters
    ----------
    hurry
        h, above 0, cost per second.
    energy
        r (1 + m), above 0, cost per (m/s)^2.
    low, high
        Limits of the speed, m/s, the lower one above 0.

    Raises
    ------
    OptimizationError
        If a price is not above 0, so that the cost is not strictly convex, or the limits are not 0 < low <= high.

    Examples
    --------
    >>> Cruise(0.25, 1.0, 0.1, 2.0).best, Cruise(0.25, 1.0, 0.1, 0.4).best
    (0.5, 0.4)
    """

    hurry: float
    energy: float
    low: float
    high: float
    size: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        for name, price in (("hurry", self.hurry), ("energy", self.energy)):
            if not 0.0 < price < np.inf:
                raise OptimizationError(f"{name} is {price:g}, must be above 0: else the cost is not strictly convex")
        if not 0.0 < self.low <= self.high < np.inf:
            raise OptimizationError(f"limits are {self.low:g} and {self.high:g} m/s, must be 0 < low <= high")

    @property
    def best(self) -> float:
        """Return the speed that the robot would choose alone, m/s."""
        return float(min(max(np.cbrt(0.5 * self.hurry / self.energy), self.low), self.high))

    def value(self, point: Array) -> float:
        """Return the cost at a speed (1,)."""
        speed = float(point[0])
        return self.hurry / speed + self.energy * speed * speed

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the nearest good speed (1,).

        The slope grows and is concave, so that Newton's steps from below never go beyond its zero.
        """
        c, h, b = float(centre[0]), self.hurry, 2.0 * self.energy + weight

        def slope(speed: float) -> float:
            return b * speed - weight * c - h / (speed * speed)

        if slope(self.low) >= 0.0:
            return np.array([self.low])
        if slope(self.high) <= 0.0:
            return np.array([self.high])
        speed = self.low
        for _ in range(_STEPS):
            step = slope(speed) / (b + 2.0 * h / (speed * speed * speed))
            speed -= step
            if abs(step) <= _NEAR * speed:
                break
        return np.array([min(max(speed, self.low), self.high)])
