"""Walls and the fence as convex prisms, and the limits that keep a robot clear of them.

Everything a robot must not enter (obstacles, and the outside of the fence) is cut into convex pieces once. For a convex
piece with nearest point c to the reference r, the half-space n.(r + v t - c) >= S, n = (r - c) / ``|r - c|``, keeps a
distance of at least S exactly; one row for each piece near by is therefore safe for any polygon, also a non-convex one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon, STRtree

from swarm_consensus.arrays import Array
from swarm_consensus.motion.limits import Limits

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
        parts = [(piece, height, name) for shape, height, name in shapes for piece in _convex_pieces(shape)]
        self._pieces = np.array([piece for piece, _, _ in parts], dtype=object)
        self._heights = np.array([height for _, height, _ in parts])
        self._names = tuple(name for _, _, name in parts)
        self._tree = STRtree(self._pieces)

    def limits(
        self, position: Array, clearance: float, horizon: float, gain: float, dims: int
    ) -> tuple[Limits, tuple[str, ...]]:
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
        Limits and names
            Of the k pieces within reach, with axis (k, dims); a reference inside a piece gets slope 1: hold still.
        """
        point = shapely.points(position[0], position[1])
        near = self._tree.query(point, predicate="dwithin", distance=clearance + horizon)
        if not near.size:
            return _NOTHING[dims], ()
        near.sort()  # the tree's order is its own; rows come in the order of the file
        ends = shapely.get_coordinates(shapely.shortest_line(point, self._pieces[near]))
        offset = np.zeros((near.size, 3))
        offset[:, :2] = position[:2] - ends[1::2]
        if dims == 3:
            offset[:, 2] = np.maximum(position[2] - self._heights[near], 0.0)
        distance = np.sqrt(np.einsum("kd,kd->k", offset, offset))
        safe = np.maximum(distance, 1e-9)
        axis = -offset[:, :dims] / safe[:, None]
        bound = gain * np.maximum(distance - clearance, 0.0)
        return Limits(axis=axis, slope=(distance == 0.0) * 1.0, bound=bound), tuple(self._names[i] for i in near)


_NOTHING = {dims: Limits(axis=np.zeros((0, dims)), slope=np.zeros(0), bound=np.zeros(0)) for dims in (2, 3)}


def _convex_pieces(shape: shapely.Geometry) -> list[Polygon]:
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
