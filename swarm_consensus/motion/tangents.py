r"""Convex walls seen from points: the nearest point, and the lines that part a point from a wall.

For a point x outside a convex piece P, and a distance d up to that between them, the unit normals n of the lines that
leave all of P at least d behind x,

.. math:: n \cdot (x - p) \ge d \quad \text{for all } p \in P,

form one arc of angles about the direction from P to x. Its ends are the normals of the two tangents from x to P widened
by d: at the lower end P lies to the right of who looks along the tangent, at the upper end to the left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from swarm_consensus.arrays import Array, inner, length
from swarm_consensus.motion.obstacles import Prism, convex_pieces

_POINT = 1e-12  # m, keeps quotients finite


@dataclass(frozen=True, slots=True)
class Pieces:
    """Convex walls, corners counter-clockwise; those with fewer corners repeat their last one."""

    corners: Array  # (k, m, 2) m
    cone: Array  # (k, m) rad, middle of the normals at each corner: between those of the two edges that meet there
    width: Array  # (k, m) rad, from the middle of the normals to either end
    heights: Array  # (k,) m
    low: Array  # (k, 2) m, lower left corner of the bounding box
    high: Array  # (k, 2) m


def pieces_of(walls: Sequence[Prism]) -> Pieces:
    """Cut prisms into convex pieces."""
    found = [(piece, wall.height) for wall in walls for piece in convex_pieces(shapely.Polygon(wall.polygon))]
    rings = [_ring(piece) for piece, _ in found]
    most = max(map(len, rings), default=3)
    corners = np.array([np.concatenate((ring, np.repeat(ring[-1:], most - len(ring), 0))) for ring in rings])
    corners = corners.reshape(-1, most, 2)
    cones = [_cones(ring, most) for ring in rings]
    return Pieces(
        corners=corners,
        cone=np.array([middle for middle, _ in cones]).reshape(-1, most),
        width=np.array([width for _, width in cones]).reshape(-1, most),
        heights=np.array([height for _, height in found]),
        low=corners.min(axis=1, initial=np.inf),
        high=corners.max(axis=1, initial=-np.inf),
    )


def _ring(piece: shapely.Polygon) -> Array:
    """Corners of a convex polygon, counter-clockwise, none of them on a straight side."""
    corners = np.array(shapely.get_coordinates(shapely.orient_polygons(piece.convex_hull, exterior_cw=False))[:-1])
    before, after = corners - np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0) - corners
    bend = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return corners[bend > _POINT] if (bend > _POINT).sum() >= 3 else corners


def _cones(ring: Array, most: int) -> tuple[Array, Array]:
    edge = np.roll(ring, -1, axis=0) - ring
    after = np.arctan2(-edge[:, 0], edge[:, 1])  # outward normal of the edge that leaves each corner
    width = 0.5 * np.mod(after - np.roll(after, 1), 2.0 * math.pi)
    padding = (0, most - len(ring))
    return np.pad(after - width, padding, mode="edge"), np.pad(width, padding, mode="edge")


def nearest(points: Array, corners: Array) -> Array:
    """Return the way from each polygon (p, m, 2) to its point (p, 2), shortest, shape (p, 2); zero inside, m."""
    edge = np.roll(corners, -1, axis=1) - corners
    offset = points[:, None] - corners
    share = np.clip(inner(offset, edge) / np.maximum(inner(edge, edge), _POINT), 0.0, 1.0)
    way = offset - share[..., None] * edge
    best = np.take_along_axis(way, np.argmin(inner(way, way), axis=1)[:, None, None], axis=1)[:, 0]
    left = edge[..., 0] * offset[..., 1] - edge[..., 1] * offset[..., 0]
    return np.where(left.min(axis=1, keepdims=True) >= 0.0, 0.0, best)


def from_segments(start: Array, end: Array, corners: Array) -> Array:
    """Return the distance of each corner (p, m, 2) from the segment of its row, ends (p, 2), shape (p, m), m."""
    along = (end - start)[:, None]
    offset = corners - start[:, None]
    share = np.clip(inner(offset, along) / np.maximum(inner(along, along), _POINT), 0.0, 1.0)
    return length(offset - share[..., None] * along)


def separating(points: Array, corners: Array, way: Array, apart: Array) -> tuple[Array, Array]:
    """Return both ends of the arc of normals, (p,) rad each, the lower one first.

    Parameters
    ----------
    points, corners
        x, shape (p, 2), and P, shape (p, m, 2), m.
    way
        From P to x, as `nearest` returns it, shape (p, 2), m; not shorter than d.
    apart
        d, shape (p,), m, not negative.
    """
    middle = np.arctan2(way[:, 1], way[:, 0])
    offset = points[:, None] - corners
    bearing = wrapped(np.arctan2(offset[..., 1], offset[..., 0]) - middle[:, None])
    half = np.arccos(np.clip(apart[:, None] / np.maximum(length(offset), _POINT), -1.0, 1.0))
    return middle + (bearing - half).max(axis=1), middle + (bearing + half).min(axis=1)


def wrapped(angle: Array) -> Array:
    """Return angles between -pi and pi."""
    return np.asarray(np.mod(angle + math.pi, 2.0 * math.pi) - math.pi)


def unit(angle: Array) -> Array:
    """Return unit vectors (..., 2)."""
    return np.stack((np.cos(angle), np.sin(angle)), axis=-1)
