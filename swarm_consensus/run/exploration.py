"""What share of the area living robots have seen, on the ground truth."""

from __future__ import annotations

import shapely

from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.motion.partition import free_samples
from swarm_consensus.motion.survey import SIGHT, in_sight
from swarm_consensus.simulation.placement import prisms
from swarm_consensus.simulation.scenario import Scenario

SAMPLES = 10_000  # finer than the robots' own grid


class Exploration:
    """Collects what is seen from tick to tick.

    Parameters
    ----------
    scenario
        Its fence and obstacles count.
    """

    def __init__(self, scenario: Scenario) -> None:
        obstacles = prisms(scenario)
        self._unseen = free_samples(fence_corners(scenario.bounds_m), obstacles, 0.0, SAMPLES)
        self._total = len(self._unseen)
        self._walls = [(shapely.Polygon(prism.polygon), prism.height) for prism in obstacles]

    @property
    def share(self) -> float:
        """Share of the free area that has been seen; 1.0 of an area without any."""
        return 1.0 - len(self._unseen) / max(self._total, 1)

    def look(self, position: Array) -> None:
        """Take the true positions (k, 3), m, of the living at one tick."""
        for place in position:
            taller = shapely.union_all([wall for wall, height in self._walls if height > place[2]])
            seen = in_sight(place[:2], self._unseen, SIGHT, taller)
            if seen.any():
                self._unseen = self._unseen[~seen]
