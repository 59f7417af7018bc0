r"""Guidance: where to head for so that the way round the walls is the shortest, without local minima.

The free space is sampled on a grid. For the cell of a goal, the geodesic distance of every free cell is computed once
(Dijkstra on the grid with diagonal moves), and each cell learns the farthest cell of its shortest way there that it can
see. A robot then heads straight for that one, and from where the last is in sight for the goal itself. Cells nearer to
a wall than the clearance aren't free, so the way leads where the barrier filter lets a robot pass.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from swarm_consensus.arrays import Array
from swarm_consensus.motion.grid import moves

CELLS = 20_000  # at most so many cells: the field of a goal is then ready in a fraction of a second
KEPT = 128  # fields at a time, of up to 160 kB: a goal that moves must not fill the memory
MAPS = 8  # at a time in one process
GRAZE = 0.9  # of the clearance: a robot that slides along a wall still sees along it
FINEST = 0.2  # m, cells needn't be smaller
UNKNOWN = -1


class _Field(NamedTuple):
    """Ways to one cell, from each cell."""

    ahead: NDArray[np.int32]  # (cells,) which one to head for; UNKNOWN: no way is known
    distance: NDArray[np.float32]  # (cells,) m, how long the way is; infinite: none


class _Rim(NamedTuple):
    """Cells near to those from which there is a way, each with the nearest of these."""

    known: NDArray[np.bool_]  # (cells,) from which there is a way
    cells: NDArray[np.intp]  # (k,)
    free: NDArray[np.intp]  # (k,)
    distance: Array  # (k,) m, between the two


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
        low = fence.min(axis=0)
        self._corner = low.tolist()
        span = fence.max(axis=0) - low
        self._cell = max(FINEST, math.sqrt(float(np.prod(span)) / CELLS))
        self._shape = tuple((np.ceil(span / self._cell).astype(int) + 1).tolist())
        self._blocked = walls.buffer(clearance)
        shapely.prepare(self._blocked)
        self._solid = walls.buffer(max(clearance - 2.0 * self._cell, 0.0))
        shapely.prepare(self._solid)
        self._near = walls.buffer(GRAZE * clearance)
        shapely.prepare(self._near)
        self._centres = low + self._cell * np.indices(self._shape).reshape(2, -1).T
        inside = shapely.contains_xy(shapely.Polygon(fence).buffer(-clearance), *self._centres.T)
        self._free: NDArray[np.bool_] = inside & ~shapely.contains_xy(self._blocked, *self._centres.T)
        self._graph = moves(self._free.reshape(self._shape), self._cell, self._cell)
        self._fields: dict[int, _Field] = {}  # by the goal's cell
        self._rim: _Rim | None = None  # of the last field; it is that of most

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
        target, here = self._cell_of(goal), self._cell_of(position)
        cell = int(self._field(target).ahead[here])
        if cell in (UNKNOWN, target):
            return goal
        ahead = goal.copy()
        ahead[0], ahead[1] = self._centres[cell].tolist()
        return ahead

    def way(self, position: Array, goal: Array) -> Array:
        """Return the corners of the way, from a position to a goal, (k, 2) m; straight where no way is known."""
        points = [position[:2]]
        if not self._open:
            target, cell = self._cell_of(goal), self._cell_of(position)
            ahead = self._field(target).ahead
            while (cell := int(ahead[cell])) not in (UNKNOWN, target):
                points.append(self._centres[cell])
        return np.array([*points, goal[:2]])

    def distance(self, position: Array, goal: Array) -> float:
        """Return how long the way is, m, to a cell's width and some 8 %; infinite where none is known.

        Parameters
        ----------
        position, goal
            Shape (d,), d 2 or 3, m; only the plane counts.
        """
        if self._open:
            return math.dist(position[:2], goal[:2])
        return float(self._field(self._cell_of(goal)).distance[self._cell_of(position)])

    def _field(self, target: int) -> _Field:
        field = self._fields.get(target)
        if field is None:
            if len(self._fields) == KEPT:
                del self._fields[next(iter(self._fields))]
            field = self._fields[target] = self._computed(target)
        return field

    def _cell_of(self, point: Array) -> int:
        (columns, rows), (west, south) = self._shape, self._corner
        column = min(max(round((float(point[0]) - west) / self._cell), 0), columns - 1)
        row = min(max(round((float(point[1]) - south) / self._cell), 0), rows - 1)
        cell: int = column * rows + row
        return cell

    def sees(self, start: Array, end: Array) -> bool:
        """Tell whether the straight way between two points, (d,) m, keeps almost the clearance from every wall."""
        return self._open or not self._near.intersects(shapely.LineString((start[:2], end[:2])))

    def _computed(self, target: int) -> _Field:
        source = self._nearest_free(target)
        ahead = np.full(self._free.size, UNKNOWN, np.int32)
        if source is None:
            return _Field(ahead, np.full(self._free.size, np.inf, np.float32))
        distances, parents = dijkstra(self._graph, directed=False, indices=[source], return_predecessors=True)
        distance, previous = distances[0], parents[0]
        ahead[source] = target
        for cells in _generations(distance, previous):
            farthest = ahead[previous[cells]]
            hidden = self._blocked.intersects(self._sights(cells, farthest))
            ahead[cells] = np.where(hidden, previous[cells], farthest)
        field = _Field(ahead, distance.astype(np.float32))
        self._spread(field)
        return field

    def _sights(self, start: NDArray[np.intp], end: NDArray[np.int32]) -> NDArray[np.object_]:
        lines: NDArray[np.object_] = shapely.linestrings(np.stack((self._centres[start], self._centres[end]), axis=1))
        return lines

    def _nearest_free(self, cell: int) -> int | None:
        candidates = np.flatnonzero(self._free)
        if not candidates.size:
            return None
        offset = self._centres[candidates] - self._centres[cell]
        return int(candidates[np.argmin(np.einsum("kd,kd->k", offset, offset))])

    def _spread(self, field: _Field) -> None:
        """Let blocked cells head where the nearest free one does, or for that one: a robot may graze the clearance."""
        ahead = field.ahead
        known = ahead != UNKNOWN
        if self._rim is None or not np.array_equal(self._rim.known, known):
            self._rim = self._rim_of(known)
        _, cells, free, distance = self._rim
        hidden = self._solid.intersects(self._sights(cells, ahead[free]))
        ahead[cells] = np.where(hidden, free, ahead[free])
        field.distance[cells] = field.distance[free] + distance

    def _rim_of(self, known: NDArray[np.bool_]) -> _Rim:
        inner, lost = np.flatnonzero(known), np.flatnonzero(~known)
        tree = shapely.STRtree(shapely.points(self._centres[inner]))
        pairs, distance = tree.query_nearest(
            shapely.points(self._centres[lost]), return_distance=True, all_matches=False
        )
        near = distance <= 4 * self._cell
        return _Rim(known, lost[pairs[0][near]], inner[pairs[1][near]], distance[near])


def _generations(distance: Array, previous: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Split the tree of shortest ways by hops from its root: each generation needs only the one before it."""
    order = np.argsort(distance, kind="stable")[1 : int(np.isfinite(distance).sum())]  # parents before children
    hops = [0] * len(distance)
    for cell, parent in zip(order.tolist(), previous[order].tolist(), strict=True):
        hops[cell] = hops[parent] + 1
    depth = np.array(hops)[order]
    return np.split(order[np.argsort(depth, kind="stable")], np.cumsum(np.bincount(depth)[1:])[:-1])


def guidance_among(polygons: Collection[Array], fence: Array, clearance: float) -> Guidance:
    """Return the guidance among walls; robots of one process that know the same walls share a map.

    Parameters
    ----------
    polygons
        Corners of each wall, shape (m, 2), m.
    fence
        Corners of the fence, shape (m, 2), m. Where it is not convex, straight ways may lead out of it, so that its
        inward corners are walls too.
    clearance
        Smallest distance at which a robot passes a wall, m.
    """
    inside = shapely.Polygon(fence)
    hull = inside.convex_hull
    walls = [shapely.Polygon(polygon) for polygon in polygons]
    if not hull.equals(inside):
        walls.append(hull.difference(inside))
    return _shared(shapely.to_wkb(shapely.union_all(walls)), fence.tobytes(), clearance)


@lru_cache(maxsize=MAPS)
def _shared(walls: bytes, fence: bytes, clearance: float) -> Guidance:
    return Guidance(shapely.from_wkb(walls), np.frombuffer(fence).reshape(-1, 2), clearance)
