"""One robot's neighbours as arrays, and those of a whole network side by side: the same laws run on both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import ConsensusError, Matrix


@dataclass(frozen=True, slots=True)
class Neighbourhoods:
    """The neighbours of every node, padded to the largest number k.

    ``values[index]`` has shape (n, k, d), as laws take it for one robot with n as a batch axis.
    """

    index: NDArray[np.intp]  # (n, k), node numbers; a node's own where there is no more neighbour
    mask: NDArray[np.bool_]  # (n, k), whether there is one
    weight: Array  # (n, k), of the link, 0 where there is none


def neighbourhoods(weights: ArrayLike | Matrix) -> Neighbourhoods:
    """Neighbours of every node of a network.

    Parameters
    ----------
    weights
        Weights or adjacency, shape (n, n), dense or sparse; what stands on the diagonal is left out.

    Raises
    ------
    ConsensusError
        If it is not square.

    Examples
    --------
    >>> neighbourhoods([[0, 1, 0], [1, 0, 1], [0, 1, 0]]).index
    array([[1, 0],
           [0, 2],
           [1, 2]])
    """
    matrix = sparse.coo_array(weights if sparse.issparse(weights) else np.asarray(weights, dtype=float))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ConsensusError(f"weights have shape {matrix.shape}, must be square")
    link = (matrix.row != matrix.col) & (matrix.data != 0)
    row, column, weight = matrix.row[link], matrix.col[link], matrix.data[link]
    order = np.lexsort((column, row))
    row, column, weight = row[order], column[order], weight[order]
    count = np.bincount(row, minlength=matrix.shape[0])
    mask = np.arange(count.max(initial=0)) < count[:, None]
    index = np.broadcast_to(np.arange(len(count))[:, None], mask.shape).copy()
    index[mask] = column
    padded = np.zeros(mask.shape)
    padded[mask] = weight
    return Neighbourhoods(index=index, mask=mask, weight=padded)


def heard(own: Array, neighbours: Array, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell whose values can be used: those in the mask of which every number is finite, shape (..., k).

    Raises
    ------
    ConsensusError
        If the sizes do not fit: own (..., d), neighbours (..., k, d), mask (..., k).
    """
    if neighbours.shape[-1] != own.shape[-1] or neighbours.shape[-2] != mask.shape[-1]:
        raise ConsensusError(
            f"own value {own.shape}, neighbours' {neighbours.shape} and mask {mask.shape} do not fit: "
            "must be (..., d), (..., k, d) and (..., k)"
        )
    return np.asarray(mask & np.logical_and.reduce(np.isfinite(neighbours), axis=-1))
