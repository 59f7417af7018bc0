r"""Least squares by averaging statistics: where a problem is a sum of squares, agree on its sums and solve at home.

The solution of :math:`\min_x \sum_i \tfrac12 |A_i x - b_i|^2` needs no more than the means of A_i'A_i and A_i'b_i,
which are d (d + 3) / 2 numbers. They can be averaged by any law of `swarm_consensus.consensus`: by `chebyshev` with the
fastest weights where the network stands still, which beats every iterative method by far, or by `running_sums` over any
radio, exactly. Only sums leave a robot, never a measurement. What it costs is the size of the message.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.terms import Quadratic, least_squares

_FLAT = 1e-13  # of the largest eigenvalue: what is flatter carries no information


def pack(inputs: ArrayLike, outputs: ArrayLike) -> Array:
    """Return what to average, shape (..., d (d + 3) / 2), of measurements A (..., m, d) and b (..., m).

    Raises
    ------
    OptimizationError
        If sizes do not fit, or a number is not finite.

    Examples
    --------
    >>> pack([[1.0], [2.0]], [3.0, 6.0]).tolist()
    [5.0, 15.0]
    """
    return pack_term(least_squares(inputs, outputs))


def pack_term(term: Quadratic) -> Array:
    """Return what to average of a quadratic term, or of a batch: P row by row up to its diagonal, then -q."""
    rows, columns = np.tril_indices(term.size)
    return np.concatenate((term.hessian[..., rows, columns], -term.linear), axis=-1)


def solve(statistics: ArrayLike) -> Array:
    """Return the point (..., d) that is best for all, from averaged statistics.

    Raises
    ------
    OptimizationError
        If the size is none that `pack` makes, or the measurements of all together leave a direction open.

    Examples
    --------
    >>> solve([5.0, 15.0]).tolist()
    [3.0]
    """
    array = np.asarray(statistics, dtype=float)
    size = int((np.sqrt(9 + 8 * array.shape[-1]) - 3) / 2) if array.ndim else 0
    if size < 1 or size * (size + 3) // 2 != array.shape[-1]:
        raise OptimizationError(f"statistics have shape {array.shape}, must be d (d + 3) / 2 numbers for d unknowns")
    rows, columns = np.tril_indices(size)
    matrix = np.zeros((*array.shape[:-1], size, size))
    matrix[..., rows, columns] = array[..., :-size]
    matrix[..., columns, rows] = array[..., :-size]
    values = np.linalg.eigvalsh(matrix)
    if (values[..., 0] <= _FLAT * abs(values[..., -1])).any():
        raise OptimizationError(
            f"the averaged matrix has the eigenvalue {values[..., 0].min():.3g} beside {values[..., -1].max():.3g}, "
            "must be well above 0: all measurements together leave a direction open; add a ridge"
        )
    return np.asarray(np.linalg.solve(matrix, array[..., -size:, None])[..., 0])
