"""Which robots are neighbours, and which networks hang together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.errors import SwarmError


class GraphError(SwarmError):
    """A matrix that is no adjacency of an undirected network."""


def proximity(position: ArrayLike, radius: float) -> Array:
    r"""Adjacency of the disc graph, a_ij = 1 if ``|x_i - x_j| <= r`` and i != j, else 0.

    Parameters
    ----------
    position
        Shape (..., n, d), m; batch axes may lead.
    radius
        r, m, at least zero.

    Returns
    -------
    Array
        Shape (..., n, n), symmetric, zero diagonal.

    Raises
    ------
    GraphError
        If the positions have no axes n and d, or the radius is negative or not a number.

    Examples
    --------
    >>> proximity([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], 1.5)
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 0.]])
    """
    points = np.asarray(position, dtype=float)
    if points.ndim < 2:
        raise GraphError(f"positions have shape {points.shape}, must be (..., n, d)")
    if not radius >= 0:
        raise GraphError(f"radius is {radius}, must be at least 0")
    offset = points[..., :, None, :] - points[..., None, :, :]
    near = np.einsum("...ijd,...ijd->...ij", offset, offset) <= radius * radius
    near &= ~np.eye(points.shape[-2], dtype=bool)
    return np.asarray(near, dtype=float)


def checked(adjacency: ArrayLike) -> Array:
    """Return an adjacency (..., n, n) as floats.

    Raises
    ------
    GraphError
        If it is not square or not symmetric, or has a negative or non-finite weight, or a weight on its diagonal.
    """
    matrix = np.asarray(adjacency, dtype=float)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise GraphError(f"adjacency has shape {matrix.shape}, must be square")
    if not np.isfinite(matrix).all():
        raise GraphError("adjacency has a weight that is not finite")
    if (matrix < 0).any():
        raise GraphError(f"adjacency has a negative weight, {matrix.min()}")
    if not np.array_equal(matrix, np.swapaxes(matrix, -1, -2)):
        raise GraphError("adjacency is not symmetric: links work both ways")
    if np.diagonal(matrix, axis1=-2, axis2=-1).any():
        raise GraphError("adjacency has a weight on its diagonal: nobody is its own neighbour")
    return matrix


def components(adjacency: ArrayLike) -> NDArray[np.int_]:
    """Label the connected parts of a network, breadth first.

    On a dense matrix this is several times faster than `scipy.sparse.csgraph.connected_components`, which also takes
    weights below 1e-8 for none.

    Parameters
    ----------
    adjacency
        Shape (n, n), as for `swarm_consensus.graph.laplacian`.

    Returns
    -------
    Array
        Shape (n,), the number of each node's part, counted from 0 in the order of the nodes.
    """
    linked = checked(adjacency) > 0
    labels = np.full(len(linked), -1)
    count = 0
    for start in range(len(linked)):
        if labels[start] < 0:
            labels[_reached(linked, start)] = count
            count += 1
    return labels


def _reached(linked: NDArray[np.bool_], start: int) -> NDArray[np.bool_]:
    """Tell which nodes can be reached from one, shape (n,)."""
    reached = np.zeros(len(linked), dtype=bool)
    reached[start] = True
    front = reached
    while front.any():
        front = linked[front].any(axis=0) & ~reached
        reached = reached | front
    return reached


def is_connected(adjacency: ArrayLike) -> bool:
    """Tell whether every node reaches every other; True for none and for one."""
    return bool((components(adjacency) == 0).all())


def cut_nodes(adjacency: ArrayLike) -> list[int]:
    """Return the nodes without any one of which the others fall into parts, in the order of the nodes.

    A network stays whole when any one node dies if and only if it is connected and has none.

    Parameters
    ----------
    adjacency
        Shape (n, n), as for `swarm_consensus.graph.laplacian`; connected.

    Examples
    --------
    >>> cut_nodes([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    [1]
    """
    matrix = checked(adjacency)
    nodes = np.arange(len(matrix))
    return [int(node) for node in nodes if components(matrix[np.ix_(nodes != node, nodes != node)]).any()]
