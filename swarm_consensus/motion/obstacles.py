"""Walls and the fence as convex prisms, and the limits that keep a robot clear of them.

Everything a robot must not enter (obstacles, and the outside of the fence) is cut into convex pieces once. For a convex
piece with nearest point c to the reference r, the half-space n.(r + v t - c) >= S, n = (r - c) / ``|r - c|``, keeps a
distance of at least S exactly; one row for each piece near by is therefore safe for any polygon, also a non-convex one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon, STRtree

from swarm_consensus.arrays import Array, length
from swarm_consensus.motion.limits import Limits

_NEIGHBOURHOOD = 1.0  # m, beyond what is needed now
_TOUCHING = 1e-9  # m, keeps quotients finite
_RIM = 1.0  # m, thickness of the wall that stands for the outside of the fence: more than a robot moves in a tick


@dataclass(frozen=True, slots=True)
class Prism:
    """An obstacle: a polygon that stands on the ground."""

    polygon: Array  # (m, 2) m, corners in either direction; need not be convex
    height: float  # m


class FreeSpace:
    """The part of the world that robots may use, and what bounds it.

    Parameters
    ----------
    obstacles
        Prisms on the ground.
    fence
        Polygon that no robot leaves, shape (m, 2), m; empty for none.
    """

    def __init__(self, obstacles: Sequence[Prism], fence: Array) -> None:
        shapes = [(Polygon(prism.polygon), prism.height, f"obstacle {i + 1}") for i, prism in enumerate(obstacles)]
        if len(fence):
            inside = Polygon(fence)
            shapes.append((inside.buffer(_RIM, join_style="mitre").difference(inside), np.inf, "fence"))
        parts = [(piece, height, name) for shape, height, name in shapes for piece in convex_pieces(shape)]
        self._pieces = np.array([piece for piece, _, _ in parts], dtype=object)
        self._heights = np.array([height for _, height, _ in parts])
        self._names = tuple(name for _, _, name in parts)
        self._tree = STRtree(self._pieces)
        self._asked = (0.0, 0.0, -1.0)  # where the tree was asked last, m, and for what distance
        self._near_pieces, self._near_heights = self._pieces[:0], self._heights[:0]
        self._near_names: list[str] = []
        self._free = (0.0, 0.0, 0.0, 0.0)  # where no piece could bind, m, and how far around

    def limits(
        self, position: Array, clearance: float, horizon: float, gain: float, dims: int
    ) -> tuple[Limits, list[str]] | None:
        r"""Limits that keep a reference clear of every piece near by.

        .. math:: -n \cdot v \le \gamma \max(0, |r - c| - S)

        Parameters
        ----------
        position
            Reference r, shape (3,), m.
        clearance
            S, smallest distance allowed from the reference to any piece, m.
        horizon
            Pieces farther away than this beyond the clearance are left out, m.
        gain
            gamma, share of the slack that may be used up per second, 1/s.
        dims
            2 for a robot that moves in the plane, 3 for one that flies (and may pass above).

        Returns
        -------
        Limits and names, or None
            Of the k pieces within reach, with axis (k, dims); a reference inside a piece gets slope 1: hold still.
            None if no piece is within reach.
        """
        x, y, z = position.tolist()
        at_x, at_y, at_z, around = self._free
        if math.hypot(x - at_x, y - at_y, z - at_z) < around:
            return None
        self._look_around(x, y, clearance + horizon)
        if not self._near_names:
            return None
        ends = shapely.get_coordinates(shapely.shortest_line(shapely.points(position[:2]), self._near_pieces))
        offset = np.empty((len(self._near_names), dims))
        offset[:, :2] = position[:2] - ends[1::2]
        if dims == 3:
            offset[:, 2] = np.maximum(position[2] - self._near_heights, 0.0)
        distance = length(offset)
        spare = float(distance[distance.argmin()]) - clearance - horizon
        if spare > 0.0:
            asked_x, asked_y, asked = self._asked
            unlisted = asked - math.hypot(x - asked_x, y - asked_y) - clearance - horizon
            self._free = (x, y, z, min(spare, unlisted))
            return None
        axis = offset / -np.maximum(distance, _TOUCHING)[:, None]
        bound = gain * np.maximum(distance - clearance, 0.0)
        return Limits(axis, (distance == 0.0) * 1.0, bound), self._near_names

    def _look_around(self, x: float, y: float, reach: float) -> None:
        """Note the pieces that may be within reach, in the order of the file.

        The tree is asked again only once the robot has left the neighbourhood of the last answer.
        """
        at_x, at_y, asked = self._asked
        if math.hypot(x - at_x, y - at_y) + reach > asked:
            self._asked = (x, y, reach + _NEIGHBOURHOOD)
            found = self._tree.query(shapely.Point(x, y), predicate="dwithin", distance=self._asked[2])
            found.sort()
            self._near_pieces, self._near_heights = self._pieces[found], self._heights[found]
            self._near_names = [self._names[index] for index in found.tolist()]


def convex_pieces(shape: shapely.Geometry) -> list[Polygon]:
    """Cut a shape into convex polygons: itself if it is one, else the triangles of its constrained triangulation."""
    if isinstance(shape, Polygon) and not shape.interiors and shape.convex_hull.equals(shape):
        return [shape]
    return list(shapely.constrained_delaunay_triangles(shape).geoms)


def fence_corners(bounds: Sequence[Sequence[float]]) -> Array:
    """Spell a fence out as a polygon (m, 2): two opposite corners become the rectangle between them."""
    corners = np.array([corner[:2] for corner in bounds], dtype=float)
    if len(corners) != 2:
        return corners
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    return np.array([[west, south], [east, south], [east, north], [west, north]])
