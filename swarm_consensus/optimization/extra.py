r"""EXTRA: decentralised gradient descent without its bias, at no more messages.

.. math::
    x(1) = W x(0) - \gamma \nabla f(x(0)), \qquad
    x(k+2) = x(k+1) + W x(k+1) - \tfrac12 (x(k) + W x(k)) - \gamma\,(\nabla f(x(k+1)) - \nabla f(x(k)))

The bias of a round is what the next corrects: where it stands still W x = x, and the slopes sum to 0. For convex terms
of curvature at most M it converges if

.. math:: \gamma < (5 + 3 \lambda_n(W)) / (4 M),

linearly if the sum is strongly convex; beyond that it diverges where all terms have that curvature. Weights that are
fast and have no eigenvalue near -1, as 0.8 of `fastest` and 0.2 of the identity, bear large steps. It needs symmetric
W, and that every message arrives: one that is lost shifts the point at which it stands still. Over a radio use
`negotiator` or `pursuit`.

References
----------
W. Shi, Q. Ling, G. Wu, W. Yin, "EXTRA: an exact first-order algorithm for decentralized consensus optimization", SIAM
J. Optim. 25, 2015. Z. Li, M. Yan, "New convergence analysis of a primal-dual algorithm with large stepsizes", Adv.
Comput. Math. 47, 2021 (the bound on the step).
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
class Points:
    """What a robot, or a network, remembers."""

    current: Array  # (..., d) x(k+1)
    halfway: Array  # (..., d) (x(k) + W x(k)) / 2
    slopes: Array  # (..., d) gradient at x(k)


def start(points: Array, mixed: Array, slopes: Array, size: float) -> Points:
    """Return the first round's outcome; parameters as `step`, all at x(0)."""
    return Points(mixed - size * slopes, 0.5 * (points + mixed), slopes)


def step(points: Points, mixed: Array, slopes: Array, size: float) -> Points:
    """One round.

    Parameters
    ----------
    points
        Of the round before.
    mixed
        W x of the current points, shape (..., d).
    slopes
        Their gradient, shape (..., d).
    size
        gamma, below `largest_step`.
    """
    following = points.current + mixed - points.halfway - size * (slopes - points.slopes)
    return Points(following, 0.5 * (points.current + mixed), slopes)


def largest_step(weights: ArrayLike, curvature: float) -> float:
    """Return the bound (5 + 3 lambda_n(W)) / (4 M), which a step must stay below.

    Raises
    ------
    OptimizationError
        As `descent.largest_step`.
    """
    return (5.0 + 3.0 * least_eigenvalue(weights)) / (4.0 * checked_above("curvature", curvature))


def run(weights: ArrayLike, terms: Quadratic, first: ArrayLike, rounds: int, size: float) -> Array:
    """Points of a whole network after some rounds; parameters and errors as `descent.run`."""
    checked_step(
        size, largest_step(weights, terms.curvature()[1]), "(5 + 3 least eigenvalue of W) / (4 largest curvature)"
    )
    matrix, begin = np.asarray(weights, dtype=float), np.asarray(first, dtype=float)
    if not rounds:
        return begin
    points = start(begin, matrix @ begin, terms.gradient(begin), size)
    for _ in range(rounds - 1):
        points = step(points, matrix @ points.current, terms.gradient(points.current), size)
    return points.current
