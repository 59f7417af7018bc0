"""The fastest symmetric weights of a graph, by a primal-dual interior point method made for this one problem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.sparse.linalg import LinearOperator, cg

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.links import Links, connected_links
from swarm_consensus.graph.weights.newton import (
    Solver,
    StalledError,
    adjoint,
    constraints,
    direct_solver,
    iterative_solver,
    symmetric,
)

_GAP = 1e-6  # how far the norm may be from the optimum
_PROVED = 3e-5  # how far it may be from what is proved to be least where there are many links, and steps cost more
_PROOFS = 3  # steps at the most for the proof alone
_STEPS = 60  # 6 to 12 are usual
_MANY = 14  # links a node from which on conjugate gradients are tried first
_MOST = 6000  # links: a factor of so many takes 0.3 GB and some ten seconds
_BOLD = 0.95  # part of the way to the border of what is feasible that a step goes
_ROOM = 0.01  # of the first bound above the first norm


def fastest(adjacency: ArrayLike) -> Array:
    r"""The symmetric weights that average a graph fastest: those of the smallest ``rho = |W - 11'/n|``.

    Weights may be negative. They need the whole graph to be known, so they are made once, for a graph that stays.

    Solves the semidefinite programme ``min t, -t I <= W - 11'/n <= t I`` to a gap between t and a lower bound proved on
    the way: 1e-6, or 3e-5 for more than 14 links a node. It is a predictor-corrector method (direction of Helmberg,
    Kojima and Monteiro). Its slacks are two dense n x n matrices and its unknowns are the m link weights, so that one
    step costs some n^3 + m^3 operations: a general solver, which works with the n (n + 1) entries of both slacks,
    takes many times as long (``bench/weights.py``). For graphs with more than 14 links a node the steps are solved by
    conjugate gradients, without an m x m matrix, as long as these get near; with more than 6,000 links always, and
    then the gap is that of an inexact solution.

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
    return links.averaging(solved(links)[0][:-1])


def solved(links: Links) -> tuple[Array, Array]:
    """Return the weights and their norm (m + 1,), and the multipliers X (2, n, n) that prove them (`least_norm`)."""
    degree = links.degrees()
    weight = 1.0 / (1.0 + np.maximum(degree[links.first], degree[links.second]))
    bound = float(np.linalg.norm(_deviation(links, weight), 2)) + _ROOM
    unknowns = np.append(weight, bound)
    # feasible: its trace is 1, its stretches cancel
    multiplier = np.stack([np.eye(links.count)] * 2) / (2 * links.count)
    size = len(links.first)
    few, firm, proofs = size <= _MANY * links.count, size <= _MOST, _PROOFS
    make = direct_solver if few else partial(iterative_solver, firm=firm)
    for _ in range(_STEPS):
        slack = _slack(links, unknowns)
        if float(np.vdot(multiplier, slack)) <= (_GAP if few or not firm else _PROVED):
            if not firm or not proofs or unknowns[-1] - least_norm(links, multiplier) <= _PROVED:
                break
            make = direct_solver  # exact steps make the multipliers feasible, and so a proof
            proofs -= 1
        try:
            unknowns, multiplier = _stepped(links, unknowns, multiplier, slack, make)
        except StalledError:
            make = direct_solver
    return unknowns, multiplier


def least_norm(links: Links, multiplier: Array) -> float:
    r"""Return a lower bound of the norm of all weights of a graph, from any positive definite multipliers (X+, X-).

    With D = X+ - X- any weights w have ``|W - 11'/n| tr(X+ + X-) >= <D, I - 11'/n> - sum_e w_e b_e' D b_e``, and those
    of the smallest norm, at most 1, have no entry above 1 + 1/n: so the last sum is at most
    ``(1 + 1/n) sum_e |b_e' D b_e|``, which is zero for exact multipliers, and nearly so for `_cancelled` ones.
    """
    return max(_proved(links, multiplier), _proved(links, _cancelled(links, multiplier)))


def _proved(links: Links, multiplier: Array) -> float:
    difference = multiplier[0] - multiplier[1]
    spill = (1.0 + 1.0 / links.count) * float(np.abs(links.stretch(difference)).sum())
    reach = float(np.trace(difference) - difference.sum() / links.count)
    return (reach - spill) / float(np.trace(multiplier, axis1=1, axis2=2).sum())


def _cancelled(links: Links, multiplier: Array) -> Array:
    """Return multipliers near these for which b_e' D b_e = 0 at all links, and that are as positive as these.

    What conjugate gradients leave of it is taken out by a Laplacian, the least change that does so.
    """
    size = len(links.first)
    gram = LinearOperator((size, size), matvec=lambda weight: links.stretch(links.laplacian(weight)))
    weight, _ = cg(gram, -0.5 * links.stretch(multiplier[0] - multiplier[1]), rtol=1e-12)
    change = links.laplacian(weight)
    changed = multiplier + np.stack([change, -change])
    lowest = float(np.linalg.eigvalsh(changed)[:, 0].min())
    return changed + max(-2.0 * lowest, 0.0) * np.eye(links.count)


def _deviation(links: Links, weight: Array) -> Array:
    return links.averaging(weight) - 1.0 / links.count


def _slack(links: Links, unknowns: Array) -> Array:
    """Return S = t I -+ (W - 11'/n), both positive definite as long as t is above the norm, shape (2, n, n)."""
    deviation = _deviation(links, unknowns[:-1])
    return np.asarray(unknowns[-1] * np.eye(links.count) + np.stack([-deviation, deviation]))


def _stepped(
    links: Links, unknowns: Array, multiplier: Array, slack: Array, make: Callable[..., Solver]
) -> tuple[Array, Array]:
    """Return unknowns (m + 1,) and multipliers X (2, n, n) one step further; X S falls to a fraction of the identity.

    The predictor aims at X S = 0; how near it gets says how far the corrector may aim, which also makes up for the
    predictor's product dX dS.
    """
    root, dual_root = _inverse_roots(slack), _inverse_roots(multiplier)
    inverse = np.swapaxes(root, 1, 2) @ root
    solve = make(links, multiplier, inverse)
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
