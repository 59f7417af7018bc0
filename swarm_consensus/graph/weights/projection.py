"""Which of a graph's matrices is nearest to a given one, and what that proves about the fastest weights."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.links import Links


class Projection:
    r"""The orthogonal projection, in the Frobenius norm, onto the matrices that the weights of a graph make.

    The weights of the Laplacian L(w) nearest to M solve ``2 w_e + d_i + d_j = b_e' M b_e`` for each link e = ij, with d
    the row sums of the weights. Summed up at the nodes, these are n equations for d: ``(2 I + D + A) d = s``.

    Parameters
    ----------
    links
        m links of n nodes.
    """

    def __init__(self, links: Links) -> None:
        self._linked = np.zeros((links.count, links.count))
        self._linked[links.first, links.second] = self._linked[links.second, links.first] = 1.0
        self._degree = self._linked.sum(axis=1)
        self._factor = cho_factor(np.diag(2.0 + self._degree) + self._linked)
        self._mean_free = np.eye(links.count) - 1.0 / links.count

    def laplacian(self, matrix: Array) -> Array:
        """Return the L(w) nearest to a symmetric matrix, both (n, n)."""
        diagonal = np.diagonal(matrix)
        stretches = self._degree * diagonal + self._linked @ diagonal - 2.0 * (self._linked * matrix).sum(axis=1)
        sums = cho_solve(self._factor, stretches, check_finite=False)
        half = 0.5 * (sums - diagonal)
        nearest = np.asarray(self._linked * (matrix + half[:, None] + half))
        np.fill_diagonal(nearest, sums)
        return nearest

    def deviation(self, matrix: Array) -> Array:
        """Return the W - 11'/n nearest to a symmetric matrix, both (n, n)."""
        return np.asarray(self._mean_free - self.laplacian(self._mean_free - matrix))

    def least_norm(self, multiplier: Array) -> float:
        r"""Return a lower bound of ``|W - 11'/n|`` for all weights of the graph, from any symmetric matrix (n, n).

        What is left of it without the nearest Laplacian, D, has ``<D, L(w)> = 0`` for all w. So all weights have
        ``|W - 11'/n| |D|_* >= <D, W - 11'/n> = <D, I - 11'/n>``; ``|D|_*`` is the sum of the sizes of D's eigenvalues.
        """
        rest = multiplier - self.laplacian(multiplier)
        size = float(np.abs(np.linalg.eigvalsh(rest)).sum())
        return float(np.vdot(rest, self._mean_free)) / size if size > 0.0 else 0.0
