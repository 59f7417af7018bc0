"""The linear system in each step of the interior point method that finds the fastest weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.links import Links

Solver: TypeAlias = Callable[[Array, Array], Array]  # right-hand side and first guess to solution, each (m + 1,)

_SIGN = np.array([1.0, -1.0])
_BLOCK = 64  # links
_ACCURACY = 1e-2  # of the residual of conjugate gradients
_PATIENCE, _LIMIT = 200, 1000  # iterations
_RIDGE = 1e-13  # of the diagonal: where several weights are as fast, the matrix is singular


def constraints(links: Links, step: Array) -> Array:
    """Return how both slacks change, dt I +- L(dw), (2, n, n), when weights and bound change by a step (m + 1,)."""
    change = _SIGN[:, None, None] * links.laplacian(step[:-1])
    return np.asarray(change + step[-1] * np.eye(links.count))


def adjoint(links: Links, matrices: Array) -> Array:
    """Return the adjoint of `constraints`: of the symmetric part of matrices (2, n, n), shape (m + 1,)."""
    return np.append(links.stretch(matrices[0] - matrices[1]), np.trace(matrices, axis1=1, axis2=2).sum())


def symmetric(matrices: Array) -> Array:
    """Return the symmetric part of matrices (..., n, n)."""
    return np.asarray(0.5 * (matrices + np.swapaxes(matrices, -1, -2)))


class StalledError(Exception):
    """Conjugate gradients did not get near enough to the solution of a step."""


def direct_solver(links: Links, multiplier: Array, inverse: Array) -> Solver:
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
    matrix[size] = adjoint(links, multiplier @ inverse)
    factor = _factored(matrix)
    return lambda right, guess: np.asarray(cho_solve(factor, right, check_finite=False))


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


def iterative_solver(links: Links, multiplier: Array, inverse: Array, *, firm: bool) -> Solver:
    """Return what solves H y = r without building H, by conjugate gradients: some 8 n^3 operations in each iteration.

    Parameters
    ----------
    links, multiplier, inverse
        As for `direct_solver`.
    firm
        Raise `StalledError` if the solution is not near after `_PATIENCE` iterations; else return what `_LIMIT` of them
        reach, which costs the method steps and accuracy.
    """
    diagonal = np.append(
        (links.stretch(multiplier) * links.stretch(inverse)).sum(axis=0), np.einsum("bij,bij->", multiplier, inverse)
    )

    def product(step: Array) -> Array:
        return adjoint(links, multiplier @ constraints(links, step) @ inverse)

    def solve(right: Array, guess: Array) -> Array:
        solution, residual = guess, right - product(guess)
        direction, size = np.zeros_like(right), np.inf
        enough = _ACCURACY**2 * float(right @ (right / diagonal))
        for _ in range(_PATIENCE if firm else _LIMIT):
            ahead = residual / diagonal  # preconditioned with the diagonal of H
            before, size = size, float(residual @ ahead)
            if size <= enough:
                return solution
            direction = ahead + size / before * direction
            image = product(direction)
            length = size / float(direction @ image)
            solution = solution + length * direction
            residual = residual - length * image
        if firm:
            raise StalledError
        return solution

    return solve
