"""Averaging weights by rule: two that know the whole graph, two that a pair of neighbours works out by itself.

Plain averaging is x(k+1) = W x(k). With W symmetric and rows that sum to one, the sum of x never changes, and x tends
to its mean if and only if ``|W - 11'/n| < 1``, by that factor in each round.

References
----------
L. Xiao and S. Boyd, "Fast linear iterations for distributed averaging", Systems & Control Letters 53, 2004.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.links import connected_links


def max_degree(adjacency: ArrayLike) -> Array:
    """Weight 1/d_max on every link, d_max the largest number of neighbours.

    Everybody must know d_max. Averages every connected graph but the bipartite ones in which all nodes have the same
    degree (an even ring, say): there values swap sides for ever.

    Parameters
    ----------
    adjacency
        Shape (n, n), symmetric, non-negative, zero diagonal, connected. A link is a positive entry; its size does not
        matter.

    Returns
    -------
    Array
        W, shape (n, n), symmetric; its rows sum to one and it is zero where there is no link.

    Raises
    ------
    GraphError
        If it is no adjacency, or the graph is split.

    Examples
    --------
    >>> max_degree([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    array([[0.5, 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 0.5, 0.5]])
    """
    links = connected_links(adjacency)
    return links.averaging(np.full(len(links.first), 1.0 / max(links.degrees().max(initial=0), 1)))


def best_constant(adjacency: ArrayLike) -> Array:
    """The same weight on every link, the best one: 2 / (lambda_2 + lambda_n) of the unweighted Laplacian.

    It makes ``|W - 11'/n| = (c - 1) / (c + 1)`` with c = lambda_n / lambda_2, the condition number of the graph.
    Everybody must know it; averages every connected graph.

    Parameters, returns and errors are those of `max_degree`.

    Examples
    --------
    >>> best_constant([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    array([[0.5, 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 0.5, 0.5]])
    """
    links = connected_links(adjacency)
    if links.count < 2:
        return np.eye(links.count)
    eigenvalues = np.linalg.eigvalsh(links.laplacian(np.ones(len(links.first))))
    return links.averaging(np.full(len(links.first), 2.0 / (eigenvalues[1] + eigenvalues[-1])))


def local_degree(adjacency: ArrayLike) -> Array:
    """Weight 1 / max(d_i, d_j) on the link of i and j.

    Two neighbours only need to tell each other how many neighbours they have. Fails on the same graphs as
    `max_degree`. Some authors call these weights, too, Metropolis; they are the Metropolis-Hastings chain that
    proposes only neighbours.

    Parameters, returns and errors are those of `max_degree`.
    """
    links = connected_links(adjacency)
    degree = links.degrees()
    return links.averaging(1.0 / np.maximum(degree[links.first], degree[links.second]))


def metropolis(adjacency: ArrayLike) -> Array:
    """Weight 1 / (1 + max(d_i, d_j)) on the link of i and j: Metropolis weights that count oneself as a neighbour.

    As local as `local_degree`, a little slower, and safe: every node keeps a positive weight on its own value, so
    that it averages every connected graph, and every sequence of graphs that are jointly connected. For 1 / max(d_i,
    d_j) take `local_degree`.

    Parameters, returns and errors are those of `max_degree`.

    References
    ----------
    L. Xiao, S. Boyd and S. Lall, "A scheme for robust distributed sensor fusion based on average consensus", IPSN 2005.
    """
    links = connected_links(adjacency)
    degree = links.degrees()
    return links.averaging(1.0 / (1.0 + np.maximum(degree[links.first], degree[links.second])))
