"""What every law asks of its input, said in one place; what is wrong is said in a sentence."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from swarm_consensus.arrays import Array
from swarm_consensus.errors import SwarmError

Matrix: TypeAlias = "Array | sparse.csr_array[np.float64, tuple[int, int]]"

_ROUNDING = 1e-9  # by how much a row may miss 1: far above rounding, far below what a mistake makes


class ConsensusError(SwarmError):
    """Weights, gains or values with which no law keeps its promise."""


def checked_weights(weights: ArrayLike | Matrix) -> Matrix:
    """Return the weights of a network as floats, dense or sparse as they came.

    A dense matrix may have leading batch axes. Negative weights are allowed: the fastest ones of some graphs are.

    Raises
    ------
    ConsensusError
        If they are not square, finite and symmetric with rows that sum to 1, or if they split the network: the average
        of parts that never talk is not the average of the whole.
    """
    matrix = _floats(weights)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ConsensusError(f"weights have shape {matrix.shape}, must be square")
    entries = matrix.data if isinstance(matrix, sparse.csr_array) else matrix
    if not np.isfinite(entries).all():
        raise ConsensusError("weights have an entry that is not finite")
    if isinstance(matrix, sparse.csr_array):
        apart = sparse.csr_array(matrix - matrix.T).data
    else:
        apart = matrix - np.swapaxes(matrix, -1, -2)
    skew = float(np.abs(apart).max(initial=0.0))
    if skew > _ROUNDING:
        raise ConsensusError(f"weights differ by {skew:.3g} from their transpose: only symmetric ones keep the average")
    sums = np.asarray(matrix.sum(axis=-1)).reshape(-1)
    worst = int(abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > _ROUNDING:
        raise ConsensusError(f"row {worst % matrix.shape[-1]} of the weights sums to {sums[worst]:.9g}, must sum to 1")
    _refuse_split(matrix)
    return matrix


def _floats(weights: ArrayLike | Matrix) -> Matrix:
    if isinstance(weights, sparse.sparray | sparse.spmatrix):
        return sparse.csr_array(weights).astype(np.float64)
    return np.asarray(weights, dtype=float)


def _refuse_split(matrix: Matrix) -> None:
    if isinstance(matrix, sparse.csr_array):
        every = [matrix]
    else:
        every = [sparse.csr_array(each) for each in matrix.reshape(-1, *matrix.shape[-2:])]
    for each in every:
        parts, label = sparse.csgraph.connected_components(abs(each), directed=False)
        if parts > 1:
            other = int((label != label[0]).argmax())
            raise ConsensusError(f"the network is split into {parts} parts: node 0 never hears of node {other}")


def product(matrix: Matrix, values: Array) -> Array:
    """Return W x, of a dense or a sparse matrix and values (n,) or (..., n, d)."""
    return np.asarray(matrix @ values)


def checked_values(values: ArrayLike, nodes: int) -> Array:
    """Return values of all nodes, shape (n,) or (..., n, d), as floats.

    Raises
    ------
    ConsensusError
        If they are not as many as the nodes or not finite.
    """
    array = np.asarray(values, dtype=float)
    found = array.shape[-min(array.ndim, 2)] if array.ndim else 0
    if found != nodes:
        raise ConsensusError(f"there are {found} values for {nodes} nodes, shape {array.shape}; must be (n,) or (n, d)")
    if not np.isfinite(array).all():
        raise ConsensusError("values have an entry that is not finite")
    return array


def checked_rho(rho: float) -> float:
    """Return the contraction of a network.

    Raises
    ------
    ConsensusError
        If it is not at least 0 and below 1.
    """
    if not 0 <= rho < 1:
        raise ConsensusError(f"rho is {rho}, must be at least 0 and below 1: with such weights nothing converges")
    return rho


def checked_count(name: str, count: int) -> int:
    """Return a number of rounds, liars and the like.

    Raises
    ------
    ConsensusError
        If it is below zero.
    """
    if count < 0:
        raise ConsensusError(f"{name} is {count}, must be at least 0")
    return count


def checked_tolerance(tolerance: float) -> float:
    """Return a share of the first error that is asked for.

    Raises
    ------
    ConsensusError
        If it is not above 0 and at most 1.
    """
    if not 0 < tolerance <= 1:
        raise ConsensusError(f"tolerance is {tolerance}, must be above 0 and at most 1")
    return tolerance
