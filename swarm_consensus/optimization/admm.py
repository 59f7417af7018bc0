r"""Consensus ADMM: all robots find the one point that is best for the sum of their own terms, by proximal steps.

.. math:: \min_x \sum_i f_i(x)

Each link has two numbers, u_ij at robot i and u_ji at robot j. Robot i with k neighbours does, each round,

.. math::
    x_i = \mathrm{prox}_{f_i}\Bigl(\tfrac1k \sum_j u_{ij},\; \rho k\Bigr), \qquad
    u_{ij} \leftarrow u_{ij} + \alpha\,(2 x_j - u_{ji} - u_{ij}),

and tells j its offer 2 x_i - u_ij. This is relaxed Peaceman-Rachford splitting on the links; with alpha = 1/2 it is the
ADMM of Mateos, Bazerque and Giannakis. All u are in the unit of x.

**Why in this form.** Where it stands still, u_ij + u_ji = 2 x_i = 2 x_j on each link, and rho (u_ij - x_i) summed over
j is a slope of f_i at x; each link's slopes cancel, so that the slopes of all f_i sum to 0: x is optimal. Nothing is
said of where it began. No sum over the robots must be kept from round to round, so that

- a *lost* offer leaves u_ij as it was, and only costs time;
- a link, a robot or a term may come, go or change: it goes on to the optimum of those that are there now, and a start
  near the solution is a warm start;
- terms need not be smooth, nor have the same domain.

**Late** offers are those of an operator that is nowhere expansive, read with old values; it converges for delays up to
T rounds if alpha is small enough, of order 1/T in the worst case. In the tests 1/2 bears delays up to 5 rounds.

*Not resilient.* A liar's offers draw everyone as a term of the liar's would: see docs/optimization.md.

References
----------
G. Mateos, J. Bazerque, G. Giannakis, "Distributed sparse linear regression", IEEE Trans. Signal Process. 58, 2010.
N. Bastianello, R. Carli, L. Schenato, M. Todescato, "Asynchronous distributed optimization over lossy networks via
relaxed ADMM", IEEE Trans. Autom. Control 66, 2021. Z. Peng, Y. Xu, M. Yan, W. Yin, "ARock: an algorithmic framework for
asynchronous parallel coordinate updates", SIAM J. Sci. Comput. 38, 2016 (late values). W. Shi, Q. Ling, K. Yuan, G. Wu,
W. Yin, "On the linear convergence of the ADMM in decentralized consensus optimization", IEEE Trans. Signal Process. 62,
2014 (the rate).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError, checked_above, checked_links


def checked_relaxation(relaxation: float) -> float:
    """Return alpha.

    Raises
    ------
    OptimizationError
        If it is not above 0 and below 1: at 1 the operator is not averaged, and values may circle for ever.
    """
    if not 0.0 < relaxation < 1.0:
        raise OptimizationError(f"relaxation is {relaxation:g}, must be above 0 and below 1: only then it converges")
    return relaxation


def centre(edges: Array, mask: NDArray[np.bool_]) -> Array:
    """Return where a robot's proximal step starts: the mean of its u, shape (..., d) of (..., k, d) and (..., k).

    Without any link it is zero.
    """
    count = np.maximum(mask.sum(axis=-1), 1)
    return np.asarray((edges * mask[..., None]).sum(axis=-2) / count[..., None])


def offer(point: Array, edges: Array) -> Array:
    """Return what to tell each neighbour, 2 x_i - u_ij, shape (..., k, d)."""
    return 2.0 * point[..., None, :] - edges


def renew(edges: Array, offers: Array, mask: NDArray[np.bool_], relaxation: float) -> Array:
    """Return u after a round, shape (..., k, d); where no offer came, it stays."""
    return np.where(mask[..., None], edges + relaxation * (offers - edges), edges)


def reweigh(edges: Array, point: Array, factor: float) -> Array:
    """Return u for a penalty that is so many times as large: the slopes rho (u_ij - x_i) stay what they were."""
    return point[..., None, :] + (edges - point[..., None, :]) / factor


def run(
    adjacency: ArrayLike,
    prox: Callable[[Array, Array], Array],
    start: ArrayLike,
    rounds: int,
    penalty: float,
    relaxation: float = 0.7,
) -> Array:
    """Points of a whole network after some rounds, where nothing is lost or late.

    Parameters
    ----------
    adjacency
        Shape (n, n), symmetric; each node has a neighbour.
    prox
        Proximal step of all nodes: centres (n, d) and weights (n,) in, points (n, d) out; as `Quadratic.prox` of a
        batch.
    start
        Where all u begin, shape (n, d).
    rounds
        How many.
    penalty
        rho, cost per unit of x squared.
    relaxation
        alpha, in (0, 1).

    Returns
    -------
    Array
        Shape (n, d).

    Raises
    ------
    OptimizationError
        If the penalty is not above 0, alpha not in (0, 1), sizes do not fit, or a link is there one way only.

    Examples
    --------
    >>> from swarm_consensus.optimization.terms import Quadratic
    >>> wishes = Quadratic(np.ones((2, 1, 1)), [[-1.0], [-3.0]])  # the first wants 1, the second 3
    >>> run([[0, 1], [1, 0]], wishes.prox, np.zeros((2, 1)), 60, 1.0).round(9).tolist()
    [[2.0], [2.0]]
    """
    checked_above("penalty", penalty)
    checked_relaxation(relaxation)
    points = np.asarray(start, dtype=float)
    mask = checked_both_ways(adjacency, len(points)) > 0.0
    weights = penalty * mask.sum(axis=-1)
    edges = np.repeat(points[:, None], len(points), axis=1)
    for _ in range(rounds):
        points = prox(centre(edges, mask), weights)
        edges = renew(edges, np.swapaxes(offer(points, edges), 0, 1), mask, relaxation)
    return points


def checked_both_ways(adjacency: ArrayLike, nodes: int) -> Array:
    """Return the links, shape (n, n).

    Raises
    ------
    OptimizationError
        If one is there one way only, or a node of several has none.
    """
    links = checked_links(adjacency, nodes)
    skew = np.argwhere(links != links.T)
    if len(skew):
        i, j = skew[0].tolist()
        raise OptimizationError(f"adjacency[{i}, {j}] is not adjacency[{j}, {i}]: offers must go both ways")
    alone = np.flatnonzero(links.sum(axis=1) == 0.0)
    if len(alone) and nodes > 1:
        raise OptimizationError(f"node {alone[0]} has no neighbour, must have at least 1 to agree with anybody")
    return links


def rate_bound(adjacency: ArrayLike, penalty: float, curvature: tuple[float, float]) -> float:
    r"""Factor by which the distance to the solution is proven to fall each round, alpha = 1/2, whatever the terms.

    For terms with second derivatives between m > 0 and M, and c = rho/2, the weighted norm of the points and
    multipliers falls by :math:`1/\sqrt{1+\delta}`,

    .. math::
        \delta = \max_{\mu > 1} \min\Bigl\{ \frac{(\mu-1)\,\lambda_2(L)}{\mu\,\lambda_n(S)},\;
        \frac{m}{\tfrac c2 \lambda_n(S) + \tfrac{\mu M^2}{2 c \lambda_2(L)}} \Bigr\},

    L the Laplacian and S = D + A the signless one (Shi et al. 2014, theorem 1).

    Raises
    ------
    OptimizationError
        If the curvature is not 0 < m <= M, the penalty not above 0, or the network split.
    """
    least, most = curvature
    checked_above("least curvature", least)
    checked_above("penalty", penalty)
    links = np.asarray(adjacency, dtype=float)
    degrees = np.diag(links.sum(axis=1))
    slow = float(np.linalg.eigvalsh(degrees - links)[1])
    checked_above("algebraic connectivity", slow, 1e-12)
    wide = float(np.linalg.eigvalsh(degrees + links)[-1])
    c = 0.5 * penalty
    factors = 1.0 + np.geomspace(1e-6, 1e6, 2001)
    first = (factors - 1.0) / factors * slow / wide
    second = least / (0.5 * c * wide + factors * most**2 / (2.0 * c * slow))
    return float(1.0 / np.sqrt(1.0 + np.minimum(first, second).max()))
