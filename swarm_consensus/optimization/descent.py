r"""Decentralised gradient descent: mix with the neighbours, take a step down the own slope. Simple, and biased.

.. math:: x(k+1) = W x(k) - \gamma \nabla f(x(k))

What it does is plain gradient descent, with the step gamma, on
:math:`\sum_i f_i(x_i) + \tfrac1{2\gamma}\, x'(I - W)x`: robots pay for disagreeing, and only so much. So it settles
beside the optimum, by an amount of order gamma, which `limit` predicts exactly for quadratic terms. `extra` and
`tracking` have no bias. It converges for

.. math:: \gamma < (1 + \lambda_n(W)) / M,

M the largest curvature of any term, lambda_n the least eigenvalue of W; beyond that the worst such terms make it
diverge.

References
----------
K. Yuan, Q. Ling, W. Yin, "On the convergence of decentralized gradient descent", SIAM J. Optim. 26, 2016.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError, checked_above
from swarm_consensus.optimization.terms import Quadratic


def step(mixed: Array, slopes: Array, size: float) -> Array:
    """One round, for one robot or a network.

    Parameters
    ----------
    mixed
        W x(k): ``swarm_consensus.consensus.average.mix`` on a robot, ``weights @ x`` for a network, shape (..., d).
    slopes
        The gradient at x(k), shape (..., d).
    size
        gamma, see `largest_step`.
    """
    return mixed - size * slopes


def largest_step(weights: ArrayLike, curvature: float) -> float:
    """Return the bound (1 + lambda_n(W)) / M, which a step must stay below.

    Raises
    ------
    OptimizationError
        If the curvature is not above 0, or W has an eigenvalue of -1 or less.
    """
    return (1.0 + least_eigenvalue(weights)) / checked_above("curvature", curvature)


def least_eigenvalue(weights: ArrayLike) -> float:
    """Return lambda_n of averaging weights, shape (n, n).

    Raises
    ------
    OptimizationError
        If they are not symmetric with rows that sum to 1, or it is not above -1.
    """
    matrix = np.asarray(weights, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise OptimizationError(f"weights have shape {matrix.shape}, must be square")
    if not np.allclose(matrix, matrix.T, atol=1e-9) or not np.allclose(matrix.sum(axis=1), 1.0, atol=1e-9):
        raise OptimizationError("weights must be symmetric, with rows that sum to 1")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if not least > -1.0 + 1e-12:
        raise OptimizationError(f"weights have the eigenvalue {least:g}, must be above -1")
    return least


def checked_step(size: float, bound: float, inequality: str) -> float:
    """Return a step that is above 0 and below a bound.

    Raises
    ------
    OptimizationError
        If it is not, with the inequality.
    """
    if not 0.0 < size < bound:
        raise OptimizationError(f"step is {size:g}, must be above 0 and below {bound:.6g} = {inequality}")
    return size


def run(weights: ArrayLike, terms: Quadratic, start: ArrayLike, rounds: int, size: float) -> Array:
    """Points of a whole network after some rounds.

    Parameters
    ----------
    weights
        W, shape (n, n), symmetric, rows summing to 1.
    terms
        A batch of n, or anything with the same ``gradient`` (n, d) and ``curvature``.
    start
        x(0), shape (n, d).
    rounds
        How many.
    size
        gamma.

    Raises
    ------
    OptimizationError
        If the step is beyond the bound, or weights are not as said.
    """
    checked_step(size, largest_step(weights, terms.curvature()[1]), "(1 + least eigenvalue of W) / largest curvature")
    matrix, points = np.asarray(weights, dtype=float), np.asarray(start, dtype=float)
    for _ in range(rounds):
        points = step(matrix @ points, terms.gradient(points), size)
    return points


def limit(weights: ArrayLike, terms: Quadratic, size: float) -> Array:
    """Return where it settles with quadratic terms, shape (n, d): (I - W) x + gamma (P x + q) = 0.

    Parameters as `run`; the difference to the optimum is its bias.

    Raises
    ------
    OptimizationError
        If the sum of the terms is flat in some direction: there is no single such point.
    """
    matrix, (count, dims) = np.asarray(weights, dtype=float), terms.linear.shape
    system = np.kron(np.eye(count) - matrix, np.eye(dims))
    for node in range(count):
        own = slice(node * dims, (node + 1) * dims)
        system[own, own] += size * terms.hessian[node]
    if np.linalg.cond(system) > 1e14:
        raise OptimizationError("the sum of the terms is flat in some direction, must be curved in all of them")
    return np.asarray(np.linalg.solve(system, -size * terms.linear.ravel()).reshape(count, dims))
