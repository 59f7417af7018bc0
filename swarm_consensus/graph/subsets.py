"""Counting over all subsets of a small graph's nodes: the exact half of `swarm_consensus.graph.robustness`.

A subset is a bit mask, bit i for node i, and a count of every subset is an array (2^n,) of bytes. Two passes do all
the work: doubling, which counts each node's neighbours outside of every subset, and the minimum over all subsets of a
subset, n halvings of the array. So both measures take time n 2^n, and not the 3^n of all pairs of disjoint sets.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Groups: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

_NONE = 255  # more than any count: the subset does not matter


class SubsetCounts:
    """Neighbours outside, for every node of every subset.

    Parameters
    ----------
    linked
        Which nodes are neighbours, shape (n, n), 2 <= n < 128.
    """

    def __init__(self, linked: NDArray[np.bool_]) -> None:
        self._linked = linked
        self._count = len(linked)

    def reachability(self) -> tuple[int, Groups]:
        """Return the greatest r for which the graph is r-robust, and two groups that show that it is not more so.

        With reach(S) the most neighbours outside S that a node of S has, r is the least over all divisions in two of
        the larger of the least reach within each side.
        """
        reach = np.zeros(1 << self._count, dtype=np.uint8)
        for node in range(self._count):
            with_it = _halves(reach, node)[:, 1]
            np.maximum(with_it, _halves(self._outside(node), node)[:, 1], out=with_it)
        reach[0] = _NONE
        least = _least_within(reach)
        worse = np.maximum(least, least[::-1])  # the complement of a mask stands at its mirrored place
        side = int(worse.argmin())
        first, second = (_first_within(reach, int(least[mask]), mask) for mask in (side, len(reach) - 1 - side))
        return int(worse[side]), (self._nodes(first), self._nodes(second))

    def most_s(self, r: int) -> int:
        """Return the greatest s, at most n, for which the graph is (r, s)-robust; 0 if it is not r-robust."""
        able = np.zeros(1 << self._count, dtype=np.uint8)  # |X(S)|, nodes of S with at least r neighbours outside
        size = np.zeros(1 << self._count, dtype=np.uint8)
        for node in range(self._count):
            _halves(able, node)[:, 1] += _halves(self._outside(node), node)[:, 1] >= r
            _halves(size, node)[:, 1] += 1
        able[able == size] = _NONE  # X(S) = S, as for the empty set
        least = _least_within(able)
        both = np.minimum(least, 127) + np.minimum(least[::-1], 127)
        return min(int(both.min()), self._count)

    def _outside(self, node: int) -> Bytes:
        """Return how many neighbours a node has outside of each subset."""
        outside = np.empty(1 << self._count, dtype=np.uint8)
        outside[0] = self._linked[node].sum()
        for other in range(self._count):
            half = 1 << other
            np.subtract(outside[:half], self._linked[node, other], out=outside[half : 2 * half])
        return outside

    def _nodes(self, mask: int) -> tuple[int, ...]:
        return tuple(node for node in range(self._count) if mask >> node & 1)


def _halves(counts: Bytes, node: int) -> Bytes:
    """View counts so that index 0 of axis 1 is without the node, index 1 with it."""
    return counts.reshape(-1, 2, 1 << node)


def _least_within(counts: Bytes) -> Bytes:
    """Return for every subset the least count of its subsets."""
    least = counts.copy()
    for node in range(len(counts).bit_length() - 1):
        halves = _halves(least, node)
        np.minimum(halves[:, 1], halves[:, 0], out=halves[:, 1])
    return least


def _first_within(counts: Bytes, value: int, mask: int) -> int:
    """Return the first subset of a mask that has a count."""
    matching = np.flatnonzero(counts == value)
    return int(matching[(matching & ~mask) == 0][0])
