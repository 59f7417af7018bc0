"""The fence that people ordered, as one robot keeps to it: from inside a wall, from outside a way back in.

It stands beside the scenario's own fence, which no order moves. A robot that is inside when it learns of a fence is
held there by the same rows that keep it off walls. One that is outside can't be put inside: rows would either hold it
where it is or keep it out. So for it there is no wall yet. It heads for the nearest place inside, past all that the
filter keeps it from, and the wall stands from the tick on in which it is there.
"""

from __future__ import annotations

import numpy as np
import shapely

from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import FreeSpace
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.mission import Fence

DEEP = 0.3  # m, farther inside than it must be: so far a robot that comes back aims
ANEW = 5.0  # s, after which one that is still outside looks for a place again
_TOUCHING = 1e-9  # m


class Enclosure:
    """One robot's ordered fence.

    Parameters
    ----------
    config
        Its orders: the scenario's fence, altitude band and walls.
    clearance
        Smallest distance of its reference to a fence, m.
    """

    def __init__(self, config: AgentConfig, clearance: float) -> None:
        self._config, self._clearance = config, clearance
        self.index = 0  # of the entry that ordered it; 0: there is none
        self.corners: Array = config.fence  # (m, 2) m, of what the robot keeps to
        self.band = config.altitude  # m
        self.wall: FreeSpace | None = None  # stands once the robot is inside
        self.outside = False
        self._free: shapely.Geometry = shapely.Polygon()  # where its reference may be
        self._aim: Array | None = None  # (2,) m
        self._looked = 0  # tick

    def order(self, given: tuple[int, Fence] | None) -> None:
        """Go by a fence, with the index of its entry, from now on."""
        if given is None or given[0] == self.index:
            return
        self.index, fence = given
        self.corners = np.array(fence.corners, dtype=float)
        low, high = self._config.altitude
        self.band = (max(low, fence.altitude[0]), min(high, fence.altitude[1])) if fence.altitude else (low, high)
        self._free = shapely.Polygon(self.corners).buffer(-self._clearance)
        self.wall, self.outside, self._aim = None, True, None

    def look(self, reference: Array) -> None:
        """Put up the wall if the reference, (3,) m, is inside; it stays up then."""
        if not self.outside:
            return
        if self.wall is None and self._free.distance(shapely.Point(reference[:2])) <= _TOUCHING:
            self.wall = FreeSpace((), self.corners)
        self.outside = self.wall is None or not self._level(float(reference[2]))

    def aim(self, reference: Array, tick: int) -> Array:
        """Return where to go to come inside, shape (3,), m."""
        if self._aim is None or tick - self._looked >= ANEW * self._config.rate:
            self._aim, self._looked = self._nearest(reference[:2]), tick
        low, high = self._levels
        deep = min(DEEP, (high - low) / 2.0)  # it nears what it aims at ever more slowly, so aims beyond what it needs
        low, high = low + deep, high - deep
        place = self._aim if self.wall is None else reference[:2]
        return np.array([*place, min(max(float(reference[2]), low), high)])

    def _nearest(self, place: Array) -> Array:
        """Return the nearest place inside that is clear of walls, well inside if there is any such, (2,) m."""
        walls = shapely.union_all([shapely.Polygon(wall.polygon) for wall in self._config.obstacles])
        closed = walls.buffer(self._clearance)
        for deep in (DEEP, 0.0):
            room = self._free.buffer(-deep).difference(closed)
            if not room.is_empty:
                return np.asarray(shapely.get_coordinates(shapely.shortest_line(room, shapely.Point(place)))[0])
        return place

    @property
    def _levels(self) -> tuple[float, float]:
        reach = self._config.vehicle.reach
        return self.band[0] + reach, self.band[1] - reach

    def _level(self, z: float) -> bool:
        low, high = self._levels
        return self._config.vehicle.dims == 2 or low - _TOUCHING <= z <= high + _TOUCHING

    @property
    def told(self) -> str:
        """Where the robot is: '' without an ordered fence, else ``inside`` or ``outside``."""
        return "" if not self.index else "outside" if self.outside else "inside"
