"""An interior point method for the fastest weights of a graph with few links."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.links import Links

_Solver: TypeAlias = Callable[[Array], Array]  # right-hand side to solution, each (m + 1,)

GAP = 1e-6  # how far the norm may be from the optimum
_STEPS = 60  # 6 to 12 are usual
_BOLD = 0.95  # part of the way to the border of what is feasible that a step goes
_ROOM = 0.01  # of the first bound above the first norm
_SIGN = np.array([1.0, -1.0])
_BLOCK = 64  # links
_RIDGE = 1e-13  # of the diagonal: where several weights are as fast, the matrix is singular


def interior_point(links: Links, weight: Array) -> tuple[Array, Array]:
    r"""Minimise the norm of W - 11'/n to within 1e-6.

    It is a predictor-corrector method for ``min t, -t I <= W - 11'/n <= t I`` (direction of Helmberg, Kojima and
    Monteiro). Its slacks are two dense n x n matrices and its unknowns are the m link weights and t, so that one step
    costs some n^3 + m^3 operations: a general solver, which works with the n (n + 1) entries of both slacks, takes many
    times as long (``bench/weights.py``).

    Parameters
    ----------
    links
        m links of n nodes.
    weight
        To begin with, shape (m,).

    Returns
    -------
    weight
        Shape (m,).
    multiplier
        Shape (n, n), symmetric; `least_norm` makes a proof of it.

    References
    ----------
    C. Helmberg, F. Rendl, R. Vanderbei and H. Wolkowicz, "An interior-point method for semidefinite programming",
    SIAM J. Optim. 6, 1996.
    """
    bound = float(np.linalg.norm(links.deviation(weight), 2)) + _ROOM
    unknowns = np.append(weight, bound)
    # feasible: its trace is 1, its stretches cancel
    multiplier = np.stack([np.eye(links.count)] * 2) / (2 * links.count)
    for _ in range(_STEPS):
        slack = _slack(links, unknowns)
        if float(np.vdot(multiplier, slack)) <= GAP:
            break
        unknowns, multiplier = _stepped(links, unknowns, multiplier, slack)
    return unknowns[:-1], multiplier[0] - multiplier[1]


def _slack(links: Links, unknowns: Array) -> Array:
    """Return S = t I -+ (W - 11'/n), both positive definite as long as t is above the norm, shape (2, n, n)."""
    deviation = links.deviation(unknowns[:-1])
    return np.asarray(unknowns[-1] * np.eye(links.count) + np.stack([-deviation, deviation]))


def _stepped(links: Links, unknowns: Array, multiplier: Array, slack: Array) -> tuple[Array, Array]:
    """Return unknowns (m + 1,) and multipliers X (2, n, n) one step further; X S falls to a fraction of the identity.

    The predictor aims at X S = 0; how near it gets says how far the corrector may aim, which also makes up for the
    predictor's product dX dS.
    """
    root, dual_root = _inverse_roots(slack), _inverse_roots(multiplier)
    inverse = np.swapaxes(root, 1, 2) @ root
    solve = _solver(links, multiplier, inverse)
    cost = np.zeros_like(unknowns)
    cost[-1] = 1.0

    change = _constraints(links, solve(-cost))
    dual = -multiplier - _symmetric(multiplier @ change @ inverse)
    length, dual_length = min(1.0, _way(root, change)), min(1.0, _way(dual_root, dual))
    gap = float(np.vdot(multiplier, slack))
    reached = float(np.vdot(multiplier + dual_length * dual, slack + length * change)) / gap
    aim = min(1.0, reached**2) * gap / (2 * links.count)

    centre = aim * inverse - _symmetric(dual @ change @ inverse)
    step = solve(_adjoint(links, centre) - cost)
    change = _constraints(links, step)
    dual = centre - multiplier - _symmetric(multiplier @ change @ inverse)
    length, dual_length = min(1.0, _BOLD * _way(root, change)), min(1.0, _BOLD * _way(dual_root, dual))
    return unknowns + length * step, multiplier + dual_length * dual


def _constraints(links: Links, step: Array) -> Array:
    """Return how both slacks change, dt I +- L(dw), (2, n, n), when weights and bound change by a step (m + 1,)."""
    change = _SIGN[:, None, None] * links.laplacian(step[:-1])
    return np.asarray(change + step[-1] * np.eye(links.count))


def _adjoint(links: Links, matrices: Array) -> Array:
    """Return the adjoint of `_constraints`: of the symmetric part of matrices (2, n, n), shape (m + 1,)."""
    return np.append(links.stretch(matrices[0] - matrices[1]), np.trace(matrices, axis1=1, axis2=2).sum())


def _symmetric(matrices: Array) -> Array:
    return np.asarray(0.5 * (matrices + np.swapaxes(matrices, -1, -2)))


def _inverse_roots(matrices: Array) -> Array:
    """Return R with R' R the inverse, lower triangular, of positive definite matrices (2, n, n)."""
    identity = np.eye(matrices.shape[-1])
    return np.stack([solve_triangular(root, identity, lower=True) for root in np.linalg.cholesky(matrices)])


def _way(root: Array, change: Array) -> float:
    """Return the longest step along a change (2, n, n) that keeps the matrices of these roots positive definite."""
    lowest = float(np.linalg.eigvalsh(_symmetric(root @ change @ np.swapaxes(root, 1, 2)))[:, 0].min())
    return -1.0 / lowest if lowest < 0.0 else np.inf


def _solver(links: Links, multiplier: Array, inverse: Array) -> _Solver:
    r"""Return what solves H y = r for the matrix of a step, ``H y = adjoint(X constraints(y) S^-1)``.

    H is built, from (b_e' X b_f)(b_e' S^-1 b_f), and factored: some m^3 / 3 operations.

    Parameters
    ----------
    links
        m links of n nodes.
    multiplier, inverse
        X and S^-1, shape (2, n, n), symmetric and positive definite.
    """
    size = len(links.first)
    matrix = np.zeros((size + 1, size + 1))  # of which only the lower half is ever read
    rows = [links.rows(each) for each in (*multiplier, *inverse)]
    for start in range(0, size, _BLOCK):  # in blocks that stay in the cache
        stop = min(start + _BLOCK, size)
        first, second = links.first[start:stop], links.second[start:stop]
        plus, minus, inverse_plus, inverse_minus = (row[first, :stop] - row[second, :stop] for row in rows)
        np.multiply(plus, inverse_plus, out=plus)
        np.multiply(minus, inverse_minus, out=minus)
        np.add(plus, minus, out=matrix[start:stop, :stop])
    matrix[size] = _adjoint(links, multiplier @ inverse)
    factor = _factored(matrix)
    return lambda right: np.asarray(cho_solve(factor, right, check_finite=False))


def _factored(matrix: Array) -> tuple[Array, bool]:
    """Return the Cholesky factor of a matrix that rounding may have made indefinite, with a ridge as low as works."""
    diagonal = np.diag_indices(len(matrix))
    ridge = _RIDGE * float(matrix[diagonal].max())
    while True:
        matrix[diagonal] += ridge
        try:
            return cho_factor(matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            ridge *= 100.0
