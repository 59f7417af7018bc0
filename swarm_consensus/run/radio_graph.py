"""The true radio graph of the living: who is in reach of whom, looked at anew only where it may have changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from swarm_consensus.arrays import Array, length
from swarm_consensus.graph import algebraic_connectivity, components
from swarm_consensus.network.walls import Wall, cut_by_walls

_TOUCHING = 1e-9  # m, shortest side of the tree: a weight of zero would mean no link


class RadioGraph:
    """Within range, and in sight where walls block.

    Distances come as one flat array over all pairs of robots (i, j), i < j, in the order of ``first`` and ``second``.

    Parameters
    ----------
    count
        Number of robots n.
    reach
        Radio range, m.
    walls
        Those that block; empty where walls let radio pass.
    """

    def __init__(self, count: int, reach: float, walls: Sequence[Wall] = ()) -> None:
        self.first, self.second = np.triu_indices(count, 1)
        self.living: NDArray[np.intp] = np.arange(count)
        self.living_pairs: NDArray[np.intp] = np.arange(len(self.first))
        self.lambda2 = 0.0
        self.parts = 0
        self._count = count
        self._reach = reach
        self._walls = walls
        self._linked: NDArray[np.bool_] | None = None  # pairs linked at the last `look`
        self._tree: NDArray[np.intp] | None = None  # pairs of a spanning tree; None: none is known
        self._stone = shapely.union_all([shapely.Polygon(corners) for corners, _ in walls])
        self._clear = 0.0  # m, in the plane, from the tree to the nearest wall at the last `look`
        self._seen: Array = np.zeros((count, 3))  # m, positions then

    def keep(self, alive: NDArray[np.bool_]) -> None:
        """Restrict the graph to the robots that live from now on, (n,)."""
        self.living = np.flatnonzero(alive)
        self.living_pairs = np.flatnonzero(alive[self.first] & alive[self.second])
        self._linked = self._tree = None
        self._clear = 0.0

    def look(self, position: Array, distance: Array) -> None:
        """Bring ``lambda2`` and ``parts``, the number of connected parts, up to date.

        Parameters
        ----------
        position
            Shape (n, 3), m.
        distance
            Of all pairs, shape (n (n - 1) / 2,), m.
        """
        self._measure_clearance(position)
        linked = self._links(position, distance)
        if self._linked is not None and np.array_equal(linked, self._linked):
            return
        self._linked = linked
        adjacency = self._matrix(linked)
        self.lambda2 = algebraic_connectivity(adjacency)
        self.parts = 1 if self.lambda2 > 0.0 else int(components(adjacency).max(initial=-1)) + 1

    def cut_off(self, position: Array, distance: Array) -> tuple[int, NDArray[np.intp]]:
        """Tell into how many parts the living fall, and who is not in the part of the first of them.

        A spanning tree that held before mostly still holds; only if it does not are all pairs looked at.

        Parameters
        ----------
        position, distance
            As for `look`.
        """
        if self._tree_holds(position, distance):
            return 1, self.living[:0]
        linked = self._links(position, distance)
        labels = components(self._matrix(linked))
        if labels.any():
            return int(labels.max()) + 1, self.living[labels > 0]
        self._tree, self._clear = self._spanning_tree(linked, distance), 0.0
        return 1, self.living[:0]

    def _tree_holds(self, position: Array, distance: Array) -> bool:
        tree = self._tree
        if tree is None:
            return False
        if len(tree) and distance.take(tree).max() > self._reach:
            return False
        if not self._walls or self._is_clear(position):
            return True
        return not cut_by_walls(position[self.first[tree]], position[self.second[tree]], self._walls).any()

    def _is_clear(self, position: Array) -> bool:
        """Tell whether no end of the tree's sides has moved as far as their clearance was: then no wall is between."""
        return float(length(position[:, :2] - self._seen[:, :2]).max(initial=0.0)) < self._clear

    def _measure_clearance(self, position: Array) -> None:
        if not self._walls or self._tree is None:
            self._clear = 0.0
            return
        ends = (position[self.first[self._tree], :2], position[self.second[self._tree], :2])
        sides = shapely.linestrings(np.stack(ends, axis=1))
        self._clear = float(shapely.distance(sides, self._stone).min(initial=np.inf))
        self._seen = position.copy()

    def _links(self, position: Array, distance: Array) -> NDArray[np.bool_]:
        """Tell which pairs are linked; a pair with a dead robot is not."""
        linked = np.zeros(len(distance), dtype=bool)
        linked[self.living_pairs] = distance[self.living_pairs] <= self._reach
        if self._walls:
            near = np.flatnonzero(linked)
            linked[near] = ~cut_by_walls(position[self.first[near]], position[self.second[near]], self._walls)
        return linked

    def _matrix(self, linked: NDArray[np.bool_]) -> Array:
        """Adjacency of the living, (k, k)."""
        adjacency = np.zeros((self._count, self._count))
        adjacency[self.first, self.second] = adjacency[self.second, self.first] = linked
        return adjacency[np.ix_(self.living, self.living)]

    def _spanning_tree(self, linked: NDArray[np.bool_], distance: Array) -> NDArray[np.intp]:
        """Pairs of the shortest spanning tree: its longest side is the last to leave the range."""
        weights = np.zeros((self._count, self._count))
        weights[self.first, self.second] = np.where(linked, np.maximum(distance, _TOUCHING), 0.0)
        tree = minimum_spanning_tree(weights).toarray() > 0.0
        return np.flatnonzero(tree[self.first, self.second])
