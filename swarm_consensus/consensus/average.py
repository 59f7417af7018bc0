r"""Plain linear averaging, x+ = W x, and the one-step mix W x that every linear law here is built on.

A robot forms its row of W x from what it hears, `mix`; a study forms all rows at once, ``weights @ values``. Laws take
the result and do not care which.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import (
    Matrix,
    checked_count,
    checked_rho,
    checked_tolerance,
    checked_values,
    checked_weights,
    product,
)
from swarm_consensus.consensus.neighbourhood import heard


def pull(own: Array, neighbours: Array, weights: Array, mask: NDArray[np.bool_]) -> Array:
    r"""How far a robot is pulled towards its neighbours, :math:`\sum_j w_{ij} (x_j - x_i)`.

    It is row i of (W - I) x and of -L x. A neighbour that was not heard, or whose value is not finite, does not pull.

    Parameters
    ----------
    own
        x_i, shape (..., d).
    neighbours
        x_j, shape (..., k, d).
    weights
        w_ij, shape (..., k).
    mask
        Who was heard, shape (..., k).

    Returns
    -------
    Array
        Shape (..., d), in the unit of the values.

    Raises
    ------
    ConsensusError
        If the sizes do not fit.
    """
    usable = heard(own, neighbours, mask)
    offset = np.where(usable[..., None], neighbours - own[..., None, :], 0.0)
    return np.asarray((weights[..., None, :] @ offset)[..., 0, :])


def mix(own: Array, neighbours: Array, weights: Array, mask: NDArray[np.bool_]) -> Array:
    r"""One robot's row of W x: :math:`x_i + \sum_j w_{ij} (x_j - x_i)`, which is plain averaging.

    The row sums to 1 whoever is missing. The *sum over all robots* is kept only if i and j hear each other in the same
    rounds, with the same weight; one lost message moves the average for good (see `running_sums`).
    Parameters, result and errors as `pull`.
    """
    return own + pull(own, neighbours, weights, mask)


def run(weights: ArrayLike | Matrix, values: ArrayLike, rounds: int) -> Array:
    r"""Values of a whole network after some rounds of plain averaging.

    The distance to the average shrinks by rho, the largest ``|eigenvalue|`` of W - 11'/n, each round:
    :math:`|x(k) - \bar x| \le \rho^k |x(0) - \bar x|` (2-norm over the nodes). rho < 1 is the choice of weights.

    Parameters
    ----------
    weights
        W, shape (n, n), symmetric, rows summing to 1, of a connected network; dense (batch axes may lead) or sparse.
    values
        x(0), shape (n,) or (..., n, d).
    rounds
        How many.

    Raises
    ------
    ConsensusError
        If the weights are not as said, the sizes do not fit, or a number is not finite.

    References
    ----------
    L. Xiao, S. Boyd, "Fast linear iterations for distributed averaging", Syst. Control Lett. 53, 2004.

    Examples
    --------
    >>> run([[0.5, 0.5], [0.5, 0.5]], [1.0, 4.0], 1)
    array([2.5, 2.5])
    """
    matrix = checked_weights(weights)
    current = checked_values(values, matrix.shape[-1])
    for _ in range(checked_count("rounds", rounds)):
        current = product(matrix, current)
    return current


def rounds_needed(rho: float, tolerance: float) -> int:
    """Rounds after which rho^k is at most the tolerance.

    Raises
    ------
    ConsensusError
        If the tolerance is not above 0 and at most 1, or rho not in [0, 1).

    Examples
    --------
    >>> rounds_needed(0.5, 1e-3)
    10
    """
    wanted = checked_tolerance(tolerance)
    return math.ceil(math.log(wanted) / math.log(rho)) if checked_rho(rho) else 1
