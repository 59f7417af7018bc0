"""A survey: what a swarm has seen of an area, on a grid that all robots derive alike from the fence.

Seen is seen: two surveys are merged by OR, so that old, repeated and reordered words change nothing. The whole grid is
one bitmap that fits into one note. Ways lead over cells that keep the clearance from walls; the map of the walls is
known, what else there is in the area is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from swarm_consensus.arrays import Array, inner
from swarm_consensus.motion.grid import moves
from swarm_consensus.motion.obstacles import Prism

SIGHT = 2.0  # m, how far a robot sees around itself
CELLS = 5600  # at most: as a bitmap they are 700 bytes
FINEST = 0.4  # m, cells needn't be smaller


def in_sight(here: Array, places: Array, sight: float, walls: shapely.Geometry) -> NDArray[np.bool_]:
    """Tell which places (k, 2), m, lie within a distance of a point (2,), m, with no wall in between; shape (k,)."""
    away = places - here
    seen = np.asarray(inner(away, away) <= sight * sight)
    if seen.any() and not walls.is_empty:
        near = np.flatnonzero(seen)
        ends = np.stack((np.broadcast_to(here, (len(near), 2)), places[near]), axis=1)
        seen[near] = ~shapely.intersects(walls, shapely.linestrings(ends))
    return seen


class Survey:
    """The grid of one robot.

    Parameters
    ----------
    fence
        Corners of the fence, shape (m, 2), m.
    obstacles
        Walls that hide what is behind them, and stand in the way.
    clearance
        Smallest distance at which this robot passes them, m.
    """

    def __init__(self, fence: Array, obstacles: Sequence[Prism], clearance: float) -> None:
        low, span = fence.min(axis=0), np.ptp(fence, axis=0)
        cell = max(FINEST, math.sqrt(float(np.prod(span)) / CELLS))
        shape = np.maximum(np.floor(span / cell).astype(int), 1)
        self._low, self._cell, self._shape = low, span / shape, shape
        self.centres: Array = low + self._cell * (np.indices(tuple(shape.tolist())).reshape(2, -1).T + 0.5)
        area = shapely.Polygon(fence)
        self._walls = shapely.union_all([shapely.Polygon(prism.polygon) for prism in obstacles])
        self._blocked = self._walls.buffer(clearance)
        shapely.prepare(self._walls)
        shapely.prepare(self._blocked)
        to_see = shapely.contains_xy(area.difference(self._walls), *self.centres.T)
        way = shapely.contains_xy(area.buffer(-clearance).difference(self._blocked), *self.centres.T)
        self.seen: NDArray[np.bool_] = ~to_see  # there is nothing to see in a wall
        self._way: NDArray[np.bool_] = np.asarray(way)
        self._graph = moves(self._way.reshape(shape), *self._cell.tolist())
        self._viewpoints = self._way_near(to_see)

    def look(self, here: Array, sight: float) -> None:
        """Mark as seen what can be seen from a place (2,), m."""
        unseen = np.flatnonzero(~self.seen)
        self.seen[unseen[in_sight(here, self.centres[unseen], sight, self._walls)]] = True

    def words(self) -> bytes:
        """Return what has been seen as a bitmap, row by row."""
        return np.packbits(self.seen).tobytes()

    def merge(self, words: bytes) -> bool:
        """Take in another's bitmap; False, and nothing changes, if it is not of this grid."""
        if len(words) != (len(self.seen) + 7) // 8:
            return False
        theirs = np.unpackbits(np.frombuffer(words, dtype=np.uint8), count=len(self.seen)).astype(bool)
        self.seen |= theirs
        return True

    def distances(self, places: Array) -> tuple[Array, NDArray[np.int32]]:
        """Return the length of the way from each place (k, 2) to each cell, (k, cells) m, and each cell's one before.

        Infinite where no way leads; the second is negative there.
        """
        starts = [self.nearest_way(place) for place in places]
        length, before = dijkstra(self._graph, directed=False, indices=starts, return_predecessors=True)
        return np.asarray(length), np.asarray(before)

    def viewpoints(self) -> NDArray[np.intp]:
        """Cells on a way from which something unseen can be seen close by, each once: the frontier, from this side."""
        return np.unique(self._viewpoints[~self.seen & (self._viewpoints >= 0)])

    def ahead(self, here: Array, cell: int, before: NDArray[np.int32]) -> Array:
        """Return the farthest point in sight on the way from `here` to a cell, shape (2,), m."""
        path = [cell]
        while before[path[-1]] >= 0:
            path.append(int(before[path[-1]]))
        points = self.centres[path]
        lines = shapely.linestrings(np.stack((np.broadcast_to(here, points.shape), points), axis=1))
        clear = ~shapely.intersects(self._blocked, lines)
        return np.asarray(points[int(clear.argmax())] if clear.any() else points[max(len(path) - 2, 0)])

    def nearest_way(self, place: Array) -> int:
        """Return the cell on a way nearest to a place (2,), m; the nearest of all if none is."""
        away = self.centres - place
        distance2 = inner(away, away)
        return int(np.where(self._way, distance2, np.inf).argmin() if self._way.any() else distance2.argmin())

    def _way_near(self, to_see: NDArray[np.bool_]) -> NDArray[np.intp]:
        """For each cell the cell on a way nearest to it that sees it from well within sight; -1 if there is none."""
        found = np.full(len(to_see), -1)
        found[self._way] = np.flatnonzero(self._way)
        ways = np.flatnonzero(self._way)
        for cell in np.flatnonzero(to_see & ~self._way).tolist():
            seen = ways[in_sight(self.centres[cell], self.centres[ways], 0.6 * SIGHT, self._walls)]
            if len(seen):
                away = self.centres[seen] - self.centres[cell]
                found[cell] = seen[inner(away, away).argmin()]
        return found
