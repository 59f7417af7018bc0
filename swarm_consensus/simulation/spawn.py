"""Drawing where a group of robots starts: darts thrown into its area until one lands clear of everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.simulation.scenario import Point, Scenario

_DARTS = 32  # thrown at once
_THROWS = 16  # for one robot, before the area counts as full
_HAIR = 1e-9  # m, so that no rounding of a distance makes the checks refuse what was drawn


def polygon(points: list[Point]) -> shapely.Polygon:
    """Return a prepared polygon with these corners."""
    shape = shapely.Polygon([point[:2] for point in points])
    shapely.prepare(shape)
    return shape


class Ground:
    """The inside of the fence without the obstacles, seen from above.

    Parameters
    ----------
    scenario
        One whose polygons are simple.
    """

    def __init__(self, scenario: Scenario) -> None:
        fence = shapely.Polygon(fence_corners(scenario.bounds_m))
        obstacles = shapely.union_all([shapely.Polygon(obstacle.polygon_m) for obstacle in scenario.obstacles])
        self._free = fence.difference(obstacles)
        self._edge = self._free.boundary
        shapely.prepare(self._free)
        shapely.prepare(self._edge)

    def has_room(self, points: Array, room: float) -> NDArray[np.bool_]:
        """Tell which points (k, 2) lie in the free space, at least `room` metres from its edge; shape (k,)."""
        free = shapely.contains_xy(self._free, points[:, 0], points[:, 1])
        return np.asarray(free & (shapely.distance(self._edge, shapely.points(points)) >= room + _HAIR))


@dataclass(frozen=True, slots=True)
class Occupied:
    """What robots stand already, to one that looks for a place."""

    spots: Array  # (k, 3) m, two for each robot: its body's centre and its reference
    least: Array  # (k,) m, smallest distance allowed to each


def throw(
    area: shapely.Polygon,
    ground: Ground,
    room: float,
    height: float,
    ahead: Array,
    occupied: Occupied,
    rng: np.random.Generator,
) -> Array | None:
    """Draw the centre of one more robot, uniformly from where there is room.

    Parameters
    ----------
    area
        Where its centre may be.
    ground, room
        What it stays clear of, and by how much, m.
    height
        Altitude of its centre, m.
    ahead
        From its centre to its reference, shape (3,), m.
    occupied
        What stands there already.
    rng
        Source of the darts.

    Returns
    -------
    Array or None
        Shape (3,), m; None if no dart landed clear.
    """
    west, south, east, north = area.bounds
    for _ in range(_THROWS):
        spots = np.full((_DARTS, 3), height)
        spots[:, :2] = rng.uniform((west, south), (east, north), (_DARTS, 2))
        references = spots + ahead
        fits = shapely.contains_xy(area, spots[:, 0], spots[:, 1])
        for points in (spots, references):
            fits &= ground.has_room(points[:, :2], room) & _apart(points, occupied)
        if fits.any():
            return np.asarray(spots[np.argmax(fits)])
    return None


def _apart(points: Array, occupied: Occupied) -> NDArray[np.bool_]:
    offset = points[:, None] - occupied.spots[None]
    return np.asarray((np.einsum("kjd,kjd->kj", offset, offset) >= (occupied.least + _HAIR) ** 2).all(axis=1))
