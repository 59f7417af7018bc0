r"""EXTRA: decentralised gradient descent without its bias, at no more messages.

.. math::
    x(1) = W x(0) - \gamma \nabla f(x(0)), \qquad
    x(k+2) = x(k+1) + W x(k+1) - \tfrac12 (x(k) + W x(k)) - \gamma\,(\nabla f(x(k+1)) - \nabla f(x(k)))

The bias of a round is what the next corrects: where it stands still W x = x, and the slopes sum to 0. For convex terms
of curvature at most M it converges if :math:`\gamma < (1 + \lambda_n(W)) / M`, linearly if the sum is strongly convex.
It needs symmetric W, and that every message arrives: one that is lost shifts the point at which it stands still. Over a
radio use `negotiator` or `pursuit`.

References
----------
W. Shi, Q. Ling, G. Wu, W. Yin, "EXTRA: an exact first-order algorithm for decentralized consensus optimization", SIAM
J. Optim. 25, 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.descent import checked_step, largest_step
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
        gamma, below `descent.largest_step`.
    """
    following = points.current + mixed - points.halfway - size * (slopes - points.slopes)
    return Points(following, 0.5 * (points.current + mixed), slopes)


def run(weights: ArrayLike, terms: Quadratic, first: ArrayLike, rounds: int, size: float) -> Array:
    """Points of a whole network after some rounds; parameters and errors as `descent.run`."""
    checked_step(size, largest_step(weights, terms.curvature()[1]), "(1 + least eigenvalue of W) / largest curvature")
    matrix, begin = np.asarray(weights, dtype=float), np.asarray(first, dtype=float)
    if not rounds:
        return begin
    points = start(begin, matrix @ begin, terms.gradient(begin), size)
    for _ in range(rounds - 1):
        points = step(points, matrix @ points.current, terms.gradient(points.current), size)
    return points.current
