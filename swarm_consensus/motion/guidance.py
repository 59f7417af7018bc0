r"""Guidance: where to head for so that the way round the walls is the shortest, without local minima.

The free space is sampled on a grid. For a goal, the geodesic distance of every free cell is computed once (Dijkstra on
the grid with diagonal moves), and each cell learns the farthest point of its shortest way to the goal that it can see.
A robot then heads straight for that point. Cells nearer to a wall than the clearance aren't free, so the way leads
where the barrier filter lets a robot pass.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from swarm_consensus.arrays import Array
from swarm_consensus.motion.grid import moves

CELLS = 20_000  # at most so many cells: the field of a goal is then ready in a fraction of a second
KEPT = 16  # fields at a time: a goal that moves must not fill the memory
GRAZE = 0.9  # of the clearance: a robot that slides along a wall still sees along it
FINEST = 0.2  # m, cells needn't be smaller


class Guidance:
    """Shortest ways to goals in one map.

    Parameters
    ----------
    walls
        Everything that blocks the way, as one geometry in the plane, m.
    fence
        Corners of the fence, shape (m, 2), m.
    clearance
        Smallest distance at which a robot passes a wall, m.
    """

    def __init__(self, walls: shapely.Geometry, fence: Array, clearance: float) -> None:
        self._open = shapely.is_empty(walls)
        if self._open:
            return
        self._low = fence.min(axis=0)
        span = fence.max(axis=0) - self._low
        self._cell = max(FINEST, math.sqrt(float(np.prod(span)) / CELLS))
        self._shape = tuple((np.ceil(span / self._cell).astype(int) + 1).tolist())
        self._blocked = walls.buffer(clearance)
        shapely.prepare(self._blocked)
        self._solid = walls.buffer(max(clearance - 2.0 * self._cell, 0.0))
        shapely.prepare(self._solid)
        self._near = walls.buffer(GRAZE * clearance)
        shapely.prepare(self._near)
        self._centres = self._low + self._cell * np.indices(self._shape).reshape(2, -1).T
        inside = shapely.contains_xy(shapely.Polygon(fence).buffer(-clearance), *self._centres.T)
        self._free: NDArray[np.bool_] = inside & ~shapely.contains_xy(self._blocked, *self._centres.T)
        self._graph = moves(self._free.reshape(self._shape), self._cell, self._cell)
        self._fields: dict[tuple[float, float], Array] = {}

    def waypoint(self, position: Array, goal: Array) -> Array:
        """Return where to head for.

        Parameters
        ----------
        position, goal
            Shape (d,), d 2 or 3, m; the third coordinate is left to the goal's.

        Returns
        -------
        Array
            Shape (d,), m: the goal itself where it is in sight, or where no way is known.
        """
        if self._open:
            return goal
        key = (float(goal[0]), float(goal[1]))
        if key not in self._fields:
            if len(self._fields) == KEPT:
                del self._fields[next(iter(self._fields))]
            self._fields[key] = self._field(key)
        (columns, rows), (west, south) = self._shape, self._low.tolist()
        column = min(max(round((float(position[0]) - west) / self._cell), 0), columns - 1)
        row = min(max(round((float(position[1]) - south) / self._cell), 0), rows - 1)
        x, y = self._fields[key][column * rows + row].tolist()
        if math.isnan(x) or (x, y) == key:
            return goal
        ahead = goal.copy()
        ahead[0], ahead[1] = x, y
        return ahead

    def sees(self, start: Array, end: Array) -> bool:
        """Tell whether the straight way between two points, (d,) m, keeps almost the clearance from every wall."""
        return self._open or not self._near.intersects(shapely.LineString((start[:2], end[:2])))

    def _field(self, goal: tuple[float, float]) -> Array:
        """Return the point to head for from each cell, shape (cells, 2), m; NaN where no way leads to the goal."""
        source = self._nearest_free(np.array(goal))
        ahead = np.full((self._free.size, 2), np.nan)
        if source is None:
            return ahead
        distances, parents = dijkstra(self._graph, directed=False, indices=[source], return_predecessors=True)
        distance, previous = distances[0], parents[0]
        ahead[source] = goal
        for cells in _generations(distance, previous):
            point = ahead[previous[cells]]
            seen = ~self._blocked.intersects(shapely.linestrings(np.stack((self._centres[cells], point), axis=1)))
            ahead[cells] = np.where(seen[:, None], point, self._centres[previous[cells]])
        self._spread(ahead)
        return ahead

    def _nearest_free(self, point: Array) -> int | None:
        candidates = np.flatnonzero(self._free)
        if not candidates.size:
            return None
        offset = self._centres[candidates] - point
        return int(candidates[np.argmin(np.einsum("kd,kd->k", offset, offset))])

    def _spread(self, ahead: Array) -> None:
        """Let blocked cells head where the nearest free one does, or for that one: a robot may graze the clearance."""
        known = np.flatnonzero(~np.isnan(ahead[:, 0]))
        lost = np.flatnonzero(np.isnan(ahead[:, 0]))
        if not (known.size and lost.size):
            return
        tree = shapely.STRtree(shapely.points(self._centres[known]))
        pairs, distance = tree.query_nearest(
            shapely.points(self._centres[lost]), return_distance=True, all_matches=False
        )
        near = distance <= 4 * self._cell
        cells, free = lost[pairs[0][near]], known[pairs[1][near]]
        sights = shapely.linestrings(np.stack((self._centres[cells], ahead[free]), axis=1))
        hidden = self._solid.intersects(sights)
        ahead[cells] = np.where(hidden[:, None], self._centres[free], ahead[free])


def _generations(distance: Array, previous: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Split the tree of shortest ways by hops from its root: each generation needs only the one before it."""
    order = np.argsort(distance, kind="stable")[1 : int(np.isfinite(distance).sum())]  # parents before children
    hops = [0] * len(distance)
    for cell, parent in zip(order.tolist(), previous[order].tolist(), strict=True):
        hops[cell] = hops[parent] + 1
    depth = np.array(hops)[order]
    return np.split(order[np.argsort(depth, kind="stable")], np.cumsum(np.bincount(depth)[1:])[:-1])
