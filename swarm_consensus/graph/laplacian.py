"""The graph Laplacian and what its second eigenvalue says."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.graph.topology import checked, components

_FAINTEST = float(np.finfo(float).tiny)  # rounding may hide a faint link from the eigenvalues, not from the components


def laplacian(adjacency: ArrayLike) -> Array:
    """Laplacian of a network, L = D - A with D the diagonal of the row sums of A.

    Parameters
    ----------
    adjacency
        Link weights, shape (..., n, n), symmetric, non-negative, zero diagonal.

    Returns
    -------
    Array
        Shape (..., n, n), symmetric, positive semidefinite; its rows sum to zero.

    Raises
    ------
    GraphError
        If the matrix is not square, not symmetric, or has a negative or non-finite weight or one on its diagonal.

    References
    ----------
    R. Merris, "Laplacian matrices of graphs: a survey", Linear Algebra Appl. 197, 1994.

    Examples
    --------
    >>> laplacian([[0.0, 2.0], [2.0, 0.0]])
    array([[ 2., -2.],
           [-2.,  2.]])
    """
    weights = checked(adjacency)
    return np.asarray(np.eye(weights.shape[-1]) * weights.sum(axis=-1)[..., None] - weights)


def algebraic_connectivity(adjacency: ArrayLike) -> float:
    """Second-smallest eigenvalue of the graph Laplacian, lambda_2(L).

    The network is connected if and only if this is positive; the larger it is, the faster averaging converges and
    the more links can fail.

    Parameters
    ----------
    adjacency
        Link weights, shape (n, n), symmetric, non-negative, zero diagonal.

    Returns
    -------
    float
        lambda_2 in the unit of the weights; exactly 0.0 for a split network and for fewer than two nodes, and never
        so for a connected one, however faint its links.

    Raises
    ------
    GraphError
        As `laplacian`.

    References
    ----------
    M. Fiedler, "Algebraic connectivity of graphs", Czech. Math. J. 23, 1973.

    Examples
    --------
    >>> path = [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    >>> round(algebraic_connectivity(path), 12)
    1.0
    """
    matrix = laplacian(adjacency)
    if len(matrix) < 2 or components(adjacency).any():
        return 0.0
    return max(float(np.linalg.eigvalsh(matrix)[1]), _FAINTEST)
