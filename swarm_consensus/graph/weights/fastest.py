"""The fastest symmetric weights of a graph, by a primal-dual interior point method made for this one problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.links import Links, connected_links
from swarm_consensus.graph.weights.newton import adjoint, constraints, newton_solver, symmetric

_GAP = 1e-6  # how far the norm may be from the optimum
_STEPS = 60  # 6 to 12 are usual
_BOLD = 0.95  # part of the way to the border of what is feasible that a step goes
_ROOM = 0.01  # of the first bound above the first norm


def fastest(adjacency: ArrayLike) -> Array:
    r"""The symmetric weights that average a graph fastest: those of the smallest ``rho = |W - 11'/n|``.

    Weights may be negative. They need the whole graph to be known, so they are made once, for a graph that stays.

    Solves the semidefinite programme ``min t, -t I <= W - 11'/n <= t I`` to a gap of 1e-6 between t and a lower bound
    proved on the way, with a predictor-corrector method (direction of Helmberg, Kojima and Monteiro). Its slacks are
    two dense n x n matrices and its unknowns are the m link weights, so that one step costs some n^3 + m^3
    operations: a general solver, which works with the n (n + 1) entries of both slacks, takes many times as long
    (``bench/weights.py``). For graphs with more than 20 links a node the steps are solved by conjugate gradients,
    without an m x m matrix, and the gap is that of an inexact solution.

    Parameters
    ----------
    adjacency
        Shape (n, n), symmetric, non-negative, zero diagonal, connected. A link is a positive entry; its size does not
        matter.

    Returns
    -------
    Array
        W, shape (n, n), symmetric; its rows sum to one and it is zero where there is no link.

    Raises
    ------
    GraphError
        If it is no adjacency, or the graph is split.

    References
    ----------
    L. Xiao and S. Boyd, "Fast linear iterations for distributed averaging", Systems & Control Letters 53, 2004 (the
    programme). C. Helmberg, F. Rendl, R. Vanderbei and H. Wolkowicz, "An interior-point method for semidefinite
    programming", SIAM J. Optim. 6, 1996 (the direction).

    Examples
    --------
    >>> weights = fastest([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> bool(np.allclose(weights, [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]], atol=1e-3))
    True
    """
    links = connected_links(adjacency)
    if links.count < 2:
        return np.eye(links.count)
    degree = links.degrees()
    weight = 1.0 / (1.0 + np.maximum(degree[links.first], degree[links.second]))
    bound = float(np.linalg.norm(_deviation(links, weight), 2)) + _ROOM
    unknowns = np.append(weight, bound)
    multiplier = np.stack([np.eye(links.count)] * 2) / (
        2 * links.count
    )  # feasible: its trace is 1, its stretches cancel
    for _ in range(_STEPS):
        slack = _slack(links, unknowns)
        if float(np.vdot(multiplier, slack)) <= _GAP:
            break
        unknowns, multiplier = _stepped(links, unknowns, multiplier, slack)
    return links.averaging(unknowns[:-1])


def _deviation(links: Links, weight: Array) -> Array:
    return links.averaging(weight) - 1.0 / links.count


def _slack(links: Links, unknowns: Array) -> Array:
    """Return S = t I -+ (W - 11'/n), both positive definite as long as t is above the norm, shape (2, n, n)."""
    deviation = _deviation(links, unknowns[:-1])
    return np.asarray(unknowns[-1] * np.eye(links.count) + np.stack([-deviation, deviation]))


def _stepped(links: Links, unknowns: Array, multiplier: Array, slack: Array) -> tuple[Array, Array]:
    """Return unknowns (m + 1,) and multipliers X (2, n, n) one step further; X S falls to a fraction of the identity.

    The predictor aims at X S = 0; how near it gets says how far the corrector may aim, which also makes up for the
    predictor's product dX dS.
    """
    root, dual_root = _inverse_roots(slack), _inverse_roots(multiplier)
    inverse = np.swapaxes(root, 1, 2) @ root
    solve = newton_solver(links, multiplier, inverse)
    cost = np.zeros_like(unknowns)
    cost[-1] = 1.0

    step = solve(-cost, np.zeros_like(cost))
    change = constraints(links, step)
    dual = -multiplier - symmetric(multiplier @ change @ inverse)
    length, dual_length = min(1.0, _way(root, change)), min(1.0, _way(dual_root, dual))
    gap = float(np.vdot(multiplier, slack))
    reached = float(np.vdot(multiplier + dual_length * dual, slack + length * change)) / gap
    aim = min(1.0, reached**2) * gap / (2 * links.count)

    centre = aim * inverse - symmetric(dual @ change @ inverse)
    step = solve(adjoint(links, centre) - cost, step)
    change = constraints(links, step)
    dual = centre - multiplier - symmetric(multiplier @ change @ inverse)
    length, dual_length = min(1.0, _BOLD * _way(root, change)), min(1.0, _BOLD * _way(dual_root, dual))
    return unknowns + length * step, multiplier + dual_length * dual


def _inverse_roots(matrices: Array) -> Array:
    """Return R with R' R the inverse, lower triangular, of positive definite matrices (2, n, n)."""
    identity = np.eye(matrices.shape[-1])
    return np.stack([solve_triangular(root, identity, lower=True) for root in np.linalg.cholesky(matrices)])


def _way(root: Array, change: Array) -> float:
    """Return the longest step along a change (2, n, n) that keeps the matrices of these roots positive definite."""
    lowest = float(np.linalg.eigvalsh(symmetric(root @ change @ np.swapaxes(root, 1, 2)))[:, 0].min())
    return -1.0 / lowest if lowest < 0.0 else np.inf
