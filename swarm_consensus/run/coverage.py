"""How well the living robots cover the area, on the ground truth: distances from its places to the nearest of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Peak
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.motion.partition import density, free_samples
from swarm_consensus.simulation.placement import prisms
from swarm_consensus.simulation.scenario import Scenario

SAMPLES = 20_000  # ten times as fine as the robots' own grid


@dataclass(frozen=True, slots=True)
class Covered:
    """How far places are from their nearest robot."""

    farthest: float  # m, of the place that is worst off
    rms: float  # m, root of the mean square, by density: of the cost that Lloyd's law lowers


def covered(scenario: Scenario, position: Array, alive: NDArray[np.bool_]) -> Covered | None:
    """Measure the coverage in the plane.

    Parameters
    ----------
    scenario
        Its fence, obstacles and density count.
    position
        True positions, shape (n, 3), m.
    alive
        Shape (n,).

    Returns
    -------
    Covered or None
        None if nobody lives.
    """
    if not alive.any():
        return None
    places = free_samples(fence_corners(scenario.bounds_m), prisms(scenario), 0.0, SAMPLES)
    mass = density(places, [Peak(np.array(p.at_m), p.width_m, p.weight) for p in scenario.mission.density])
    distance = np.asarray(cKDTree(position[alive, :2]).query(places)[0])
    return Covered(farthest=float(distance.max()), rms=float(np.sqrt(mass @ distance**2 / mass.sum())))
