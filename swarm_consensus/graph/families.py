"""Graphs whose spectrum and robustness are known: for tests, for examples, and to compare a swarm with.

Every function returns an adjacency (n, n) of zeros and ones, symmetric, with a zero diagonal. Sizes are counted in
nodes.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.graph.topology import GraphError, is_connected, proximity

_DRAWS = 200  # random graphs looked at for a connected one


def path(count: int) -> Array:
    """A line of nodes, each linked to the next.

    Examples
    --------
    >>> path(3)
    array([[0., 1., 0.],
           [1., 0., 1.],
           [0., 1., 0.]])
    """
    _at_least(0, count=count)
    return np.eye(count, k=1) + np.eye(count, k=-1)


def cycle(count: int) -> Array:
    """A ring of nodes; of two it is one link, of one it is nothing."""
    links = path(count)
    if count > 2:
        links[0, -1] = links[-1, 0] = 1.0
    return links


def star(count: int) -> Array:
    """Node 0 linked to each of the others, which have no other link."""
    _at_least(0, count=count)
    links = np.zeros((count, count))
    links[:1, 1:] = links[1:, :1] = 1.0
    return links


def complete(count: int) -> Array:
    """Everybody linked to everybody."""
    _at_least(0, count=count)
    return np.ones((count, count)) - np.eye(count)


def grid(rows: int, columns: int) -> Array:
    """Nodes in rows and columns, each linked to those beside it; node ``row * columns + column``."""
    _at_least(0, rows=rows, columns=columns)
    return np.kron(np.eye(rows), path(columns)) + np.kron(path(rows), np.eye(columns))


def petersen() -> Array:
    """Petersen's graph: ten nodes of degree three, Laplacian eigenvalues 0, 2 and 5.

    A ring of five, a pentagram of five, and a spoke from each node of the one to one of the other.
    """
    ring = cycle(5)
    return np.block([[ring, np.eye(5)], [np.eye(5), complete(5) - ring]])


def twin_cliques(size: int) -> Array:
    """Two complete graphs, each node linked to one of the other: well connected, and yet only 1-robust.

    With ``size`` 4 this is the standard trap of resilient consensus: four nodes must be removed to split it, but a
    filter that drops the most extreme value on either side cuts it in two, since nobody hears more than one of the
    other clique. See `swarm_consensus.graph.robustness`.
    """
    whole = complete(size)
    return np.block([[whole, np.eye(size)], [np.eye(size), whole]])


def random_geometric(count: int, radius: float, rng: np.random.Generator) -> Array:
    """Nodes thrown uniformly into the unit square, linked within a radius, drawn anew until they are one network.

    Parameters
    ----------
    count
        Number of nodes.
    radius
        Of a link, in sides of the square.
    rng
        Source of the positions.

    Raises
    ------
    GraphError
        If the size or the radius is negative, or no connected graph was found.
    """
    _at_least(0, count=count)
    for _ in range(_DRAWS):
        links = proximity(rng.random((count, 2)), radius)
        if is_connected(links):
            return links
    raise GraphError(f"none of {_DRAWS} graphs drawn with {count} nodes and radius {radius:g} is connected")


def _at_least(least: int, **sizes: int) -> None:
    for name, size in sizes.items():
        if size < least:
            raise GraphError(f"{name} is {size}, must be at least {least}")
