"""The links of a connected graph, and the matrices that weights on them make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.graph.topology import GraphError, checked, components


@dataclass(frozen=True, slots=True)
class Links:
    """The m links of a connected graph of n nodes; b_e has 1 at the first end of link e and -1 at its second."""

    count: int  # n
    first: NDArray[np.intp]  # (m,) lower end of each link
    second: NDArray[np.intp]  # (m,) higher end

    def laplacian(self, weight: Array) -> Array:
        """Return L(w), the sum of w_e b_e b_e', shape (n, n), for weights (m,)."""
        matrix = np.zeros((self.count, self.count))
        matrix[self.first, self.second] = matrix[self.second, self.first] = -weight
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        return matrix

    def averaging(self, weight: Array) -> Array:
        """Return W = I - L(w), shape (n, n): symmetric, rows sum to one, no entry where there is no link."""
        return np.asarray(np.eye(self.count) - self.laplacian(weight))

    def deviation(self, weight: Array) -> Array:
        """Return W - 11'/n, shape (n, n): its norm is the factor by which a round shrinks the distance to the mean."""
        return self.averaging(weight) - 1.0 / self.count

    def degrees(self) -> NDArray[np.intp]:
        """Return each node's number of links, shape (n,)."""
        return np.bincount(np.concatenate((self.first, self.second)), minlength=self.count)

    def stretch(self, matrix: Array) -> Array:
        """Return b_e' X b_e of matrices (..., n, n), shape (..., m): the adjoint of `laplacian`."""
        diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
        ends = diagonal[..., self.first] + diagonal[..., self.second]
        return np.asarray(ends - matrix[..., self.first, self.second] - matrix[..., self.second, self.first])

    def rows(self, matrix: Array) -> Array:
        """Return X b_f of a symmetric matrix (n, n) for all links f, side by side, shape (n, m)."""
        return np.asarray(matrix[:, self.first] - matrix[:, self.second])


def connected_links(adjacency: ArrayLike) -> Links:
    """Return the links of a connected graph; how strong they are does not matter here.

    Parameters
    ----------
    adjacency
        Shape (n, n), as for `swarm_consensus.graph.laplacian`.

    Raises
    ------
    GraphError
        If it is no adjacency of one graph, or the graph is split: no weights average a split network.
    """
    matrix = checked(adjacency)
    if matrix.ndim != 2:
        raise GraphError(f"adjacency has shape {matrix.shape}, must be (n, n)")
    labels = components(matrix)
    if labels.any():
        other = int(np.argmax(labels > 0))
        raise GraphError(
            f"the graph falls into {labels.max() + 1} parts (no path leads from node 0 to node {other}), "
            "must be connected for averaging"
        )
    first, second = np.nonzero(np.triu(matrix))
    return Links(len(matrix), first, second)
