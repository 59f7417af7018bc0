"""The fastest symmetric weights of a graph, by one of two methods made for this one problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.interior import interior_point
from swarm_consensus.graph.weights.links import Links, connected_links
from swarm_consensus.graph.weights.splitting import split

_MANY = 14  # links a node from which on splitting is faster
_MOST = 6000  # links: a factor of so many takes 0.3 GB and some ten seconds


def fastest(adjacency: ArrayLike) -> Array:
    r"""The symmetric weights that average a graph fastest: those of the smallest ``rho = |W - 11'/n|``.

    Weights may be negative. They need the whole graph to be known, so they are made once, for a graph that stays.

    Up to 14 links a node an interior point method gets within 1e-6 of the optimum. With more, or with more than 6,000
    links in all, a splitting method is faster, and stops within 5e-5 of a lower bound that it proves on the way; that
    takes up to 500 rounds on graphs with many links, and of sparse ones with more than 6,000 it makes 2,000 at the
    most.

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

    References
    ----------
    L. Xiao and S. Boyd, "Fast linear iterations for distributed averaging", Systems & Control Letters 53, 2004.

    Examples
    --------
    >>> weights = fastest([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> bool(np.allclose(weights, [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]], atol=1e-3))
    True
    """
    links = connected_links(adjacency)
    if links.count < 2:
        return np.eye(links.count)
    return links.averaging(solved(links)[0])


def solved(links: Links) -> tuple[Array, Array]:
    """Return the weights (m,), and a multiplier (n, n) that proves them (`Projection.least_norm`)."""
    degree = links.degrees()
    weight = 1.0 / (1.0 + np.maximum(degree[links.first], degree[links.second]))
    size = len(links.first)
    method = interior_point if size <= min(_MANY * links.count, _MOST) else split
    return method(links, weight)
