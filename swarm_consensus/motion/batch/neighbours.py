"""Who is near whom: pairs from a k-d tree, laid out as one row of neighbours for each robot.

A row is as wide as the most crowded robot needs. There is no greatest number of neighbours, since a neighbour that
is left out is a collision that nobody looks at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from swarm_consensus.arrays import Array

_RADIX = np.iinfo(np.uint16).max  # numpy sorts 16-bit integers by radix, ten times faster than wider ones


@dataclass(frozen=True, slots=True)
class Near:
    """Neighbours of each of n robots, k of the most crowded one and at least 1."""

    index: NDArray[np.intp]  # (n, k) robots, packed to the left; where there are fewer, the robot's own number
    count: NDArray[np.intp]  # (n,) how many of them are neighbours

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where a neighbour stands, shape (n, k)."""
        return np.asarray(np.arange(self.index.shape[1]) < self.count[:, None])


def pairs_within(position: Array, radius: float) -> NDArray[np.intp]:
    """Return all pairs i < j of robots at most `radius`, m, apart.

    Parameters
    ----------
    position
        Shape (n, d), m.
    radius
        Greatest distance, m.

    Returns
    -------
    Array of int
        Shape (p, 2), each pair once.

    Raises
    ------
    ValueError
        If a position is not finite.
    """
    # splitting at the middle of the box builds in half the time, and swarms are spread evenly enough to search it fast
    tree = cKDTree(position, balanced_tree=False, compact_nodes=False)
    return np.asarray(tree.query_pairs(radius, output_type="ndarray"))


def padded(pairs: NDArray[np.intp], robots: int) -> Near:
    """Lay out pairs as neighbours of each robot.

    Parameters
    ----------
    pairs
        Shape (p, 2), each pair once, in either order.
    robots
        n.

    Returns
    -------
    Near
        In the order of the pairs: those that name the robot first, then those that name it second.
    """
    source, other = np.concatenate((pairs[:, 0], pairs[:, 1])), np.concatenate((pairs[:, 1], pairs[:, 0]))
    order = np.argsort(source.astype(np.uint16) if robots <= _RADIX else source, kind="stable")
    source, other = source[order], other[order]
    count = np.bincount(source, minlength=robots)
    index = np.repeat(np.arange(robots)[:, None], max(1, count.max(initial=0)), axis=1)
    index[source, rank_in_group(count)] = other
    return Near(index, count)


def rank_in_group(count: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return 0, 1, .. within each group of a list sorted by group, of groups of sizes `count`, shape (sum,)."""
    start = np.cumsum(count) - count
    return np.asarray(np.arange(count.sum()) - np.repeat(start, count))


def neighbours(position: Array, radius: float) -> Near:
    """Return who is within `radius`, m, of each robot at `position`, shape (n, d), m; see `pairs_within`."""
    return padded(pairs_within(position, radius), len(position))
