"""Line of sight: which straight paths a wall cuts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array

Wall = tuple[Array, float]  # corners (m, 2) in m, and height in m


def cut_by_walls(start: Array, end: Array, walls: Sequence[Wall]) -> NDArray[np.bool_]:
    """Tell which segments pass through a wall below its top; touching its side counts, touching its top does not.

    Parameters
    ----------
    start, end
        Ends of the segments, shape (k, 3), m.
    walls
        Prisms on the ground.

    Returns
    -------
    Array
        Shape (k,), bool.
    """
    cut = np.zeros(len(start), dtype=bool)
    if not (len(start) and walls):
        return cut
    polygons = np.array([_prepared(np.asarray(corners, dtype=float).tobytes()) for corners, _ in walls])
    heights = np.array([height for _, height in walls])
    paths = shapely.linestrings(np.stack((start[:, :2], end[:, :2]), axis=1))
    wall, crossing = np.nonzero(shapely.intersects(polygons[:, None], paths))
    if not len(wall):
        return cut
    inside = shapely.intersection(paths[crossing], polygons[wall])
    points, part = shapely.get_coordinates(inside, return_index=True)
    segment = crossing[part]
    low = _height_at(points, start[segment], end[segment]) < heights[wall[part]]
    cut[segment[low]] = True
    return cut


@lru_cache(maxsize=1024)
def _prepared(corners: bytes) -> shapely.Polygon:
    """Return the polygon of these corners (float64 pairs), prepared: most paths only need to be told apart from it."""
    polygon = shapely.Polygon(np.frombuffer(corners).reshape(-1, 2))
    shapely.prepare(polygon)
    return polygon


def _height_at(points: Array, start: Array, end: Array) -> Array:
    """Height of the segment above each of its points in the plane; the lower end where it stands upright."""
    along = end[:, :2] - start[:, :2]
    length2 = np.einsum("kd,kd->k", along, along)
    share = np.einsum("kd,kd->k", points - start[:, :2], along) / np.maximum(length2, 1e-12)
    sloping = start[:, 2] + np.clip(share, 0.0, 1.0) * (end[:, 2] - start[:, 2])
    return np.asarray(np.where(length2 > 1e-12, sloping, np.minimum(start[:, 2], end[:, 2])))
