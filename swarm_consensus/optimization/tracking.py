r"""Gradient tracking: every robot goes down the slope of the *sum*, which it tracks by averaging.

.. math::
    x(k+1) = W (x(k) - \gamma y(k)), \qquad
    y(k+1) = W (y(k) + \nabla f(x(k+1)) - \nabla f(x(k))), \qquad y(0) = \nabla f(x(0))

The mean of the y is the mean of the slopes at every round. *Two bounds on the step.* With terms that all have the
curvature M each mode of W goes by itself, and by Jury's test it converges if and only if

.. math:: \gamma M < \min\{2,\; (1 + \lambda)^2 / (2 \lambda^2) \text{ for each } \lambda < 0 \text{ of } W\},

so that a larger step is refused. For terms that differ this is necessary and no proof; `rate_bound` is one, for steps
that are far smaller than what works. It needs that every message arrives; over directed or lossy links use `pursuit`.

References
----------
G. Qu, N. Li, "Harnessing smoothness to accelerate distributed optimization", IEEE Trans. Control Netw. Syst. 5, 2018.
J. Xu, S. Zhu, Y. Soh, L. Xie, "Augmented distributed gradient methods for multi-agent optimization under uncoordinated
constant stepsizes", CDC 2015 (this order of mixing).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import checked_above
from swarm_consensus.optimization.descent import checked_step, least_eigenvalue
from swarm_consensus.optimization.terms import Quadratic


@dataclass(frozen=True, slots=True)
class Trail:
    """What a robot, or a network, remembers."""

    point: Array  # (..., d) x
    slope: Array  # (..., d) y, its estimate of the mean slope
    own: Array  # (..., d) gradient of the own term at x


def start(point: Array, slopes: Array) -> Trail:
    """Return the beginning: the own slope stands for the mean."""
    return Trail(point, slopes, slopes)


def ahead(trail: Trail, size: float) -> Array:
    """Return x - gamma y, (..., d): what a robot tells first; mixed it is the next point."""
    return trail.point - size * trail.slope


def updated(trail: Trail, slopes: Array) -> Array:
    """Return y + change of the own slope, (..., d): what it tells second; `slopes` are at the next point."""
    return trail.slope + slopes - trail.own


def largest_step(weights: ArrayLike, curvature: float) -> float:
    """Return the step that a step must stay below, whatever the terms of at most this curvature.

    Raises
    ------
    OptimizationError
        If the curvature is not above 0, or weights are not averaging weights.
    """
    least_eigenvalue(weights)
    values = np.linalg.eigvalsh(np.asarray(weights, dtype=float))
    negative = values[values < 0.0]
    bounds = (1.0 + negative) ** 2 / (2.0 * negative**2)
    return float(min(2.0, bounds.min(initial=np.inf))) / checked_above("curvature", curvature)


def run(weights: ArrayLike, terms: Quadratic, first: ArrayLike, rounds: int, size: float) -> Array:
    """Points of a whole network after some rounds; parameters and errors as `descent.run`."""
    inequality = "min(2, (1 + l)^2 / (2 l^2) over eigenvalues l < 0 of W) / largest curvature"
    checked_step(size, largest_step(weights, terms.curvature()[1]), inequality)
    matrix, begin = np.asarray(weights, dtype=float), np.asarray(first, dtype=float)
    trail = start(begin, terms.gradient(begin))
    for _ in range(rounds):
        point = matrix @ ahead(trail, size)
        slopes = terms.gradient(point)
        trail = Trail(point, matrix @ updated(trail, slopes), slopes)
    return trail.point


def rate_bound(rho: float, size: float, curvature: tuple[float, float]) -> float:
    r"""Factor by which the error is proven to fall each round in the long run; 1 or more proves nothing.

    It is the spectral radius of a matrix that bounds how three errors feed each other: y and x from their means, and
    the mean from the optimum. With m and M the least and the largest curvature of the terms, W of contraction rho:

    - :math:`|x^+ - \bar x^+| \le \rho |x - \bar x| + \rho\gamma |y - \bar y|`
    - :math:`|\bar x^+ - x^*| \le \max(|1 - \gamma m|, |1 - \gamma M|)\, |\bar x - x^*| + \gamma M |x - \bar x|`
    - :math:`|y^+ - \bar y^+| \le \rho |y - \bar y| + \rho M |x^+ - x|`, and the last is at most
      :math:`(2 + \gamma M) |x - \bar x| + \gamma\rho |y - \bar y| + \gamma M |\bar x - x^*|`.
    """
    least, most = curvature
    g = size
    matrix = np.array(
        [
            [rho + rho**2 * most * g, rho * most * (2.0 + g * most), rho * g * most**2],
            [rho * g, rho, 0.0],
            [0.0, g * most, max(abs(1.0 - g * least), abs(1.0 - g * most))],
        ]
    )
    return float(abs(np.linalg.eigvals(matrix)).max())
