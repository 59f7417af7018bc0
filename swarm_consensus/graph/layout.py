"""Where to draw the nodes of a graph that have no place of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import shortest_path

from swarm_consensus.arrays import Array
from swarm_consensus.graph.topology import checked

_ROUNDS = 200


def layout(adjacency: ArrayLike) -> Array:
    """Return places whose distances are near to the number of links between nodes.

    Majorises the stress, sum (|x_i - x_j| - d_ij)^2 / d_ij^2, from nodes on a circle; the same graph always gives the
    same picture.

    Parameters
    ----------
    adjacency
        Shape (n, n), connected.

    Returns
    -------
    Array
        Shape (n, 2), unit: one link.

    References
    ----------
    E. Gansner, Y. Koren and S. North, "Graph drawing by stress majorization", GD 2004.
    """
    matrix = checked(adjacency)
    count = len(matrix)
    if count < 2:
        return np.zeros((count, 2))
    hops = np.asarray(shortest_path(matrix > 0.0, unweighted=True))
    np.fill_diagonal(hops, 1.0)
    angle = 2.0 * np.pi * np.arange(count) / count
    place = hops.max() / 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    weight = 1.0 / hops**2
    np.fill_diagonal(weight, 0.0)
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    for _ in range(_ROUNDS):
        offset = place[:, None] - place[None]
        pull = weight * hops / np.maximum(np.sqrt((offset**2).sum(axis=-1)), 1e-9)
        np.fill_diagonal(pull, 0.0)
        place = inverse @ (np.diag(pull.sum(axis=1)) - pull) @ place
    return np.asarray(place)
