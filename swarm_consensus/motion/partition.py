r"""An area shared out among robots: each has the places that are nearer to it than to any other.

The area is sampled on a grid once, without what stands in it, and each sample carries the mass of its density. A cell
of the partition is what the bisectors with the others leave of the samples: a half-plane test for all at once, which
needs no polygons and takes any obstacles.

References
----------
J. Cortes, S. Martinez, T. Karatas, F. Bullo, "Coverage control for mobile sensing networks", IEEE Transactions on
Robotics and Automation 20, 2004.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, inner
from swarm_consensus.motion.behaviour import Peak
from swarm_consensus.motion.obstacles import Prism

SAMPLES = 2000  # of the fence's box, at most


def free_samples(fence: Array, obstacles: Sequence[Prism], clearance: float, most: int = SAMPLES) -> Array:
    """Sample the inside of the fence on a square grid, without what is nearer to a wall than the clearance.

    Parameters
    ----------
    fence
        Corners, shape (m, 2), m.
    obstacles
        What stands in the area.
    clearance
        m.
    most
        Samples of the fence's bounding box.

    Returns
    -------
    Array
        Centres of the squares, shape (s, 2), m.
    """
    low, high = fence.min(axis=0), fence.max(axis=0)
    step = math.sqrt(float(np.prod(high - low)) / most)
    along = [np.arange(start + step / 2.0, end, step) for start, end in zip(low.tolist(), high.tolist(), strict=True)]
    samples = np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 2)
    walls = shapely.union_all([shapely.Polygon(prism.polygon) for prism in obstacles])
    free = shapely.Polygon(fence).difference(walls).buffer(-clearance)
    return np.asarray(samples[shapely.contains_xy(free, samples[:, 0], samples[:, 1])])


def density(places: Array, peaks: Sequence[Peak]) -> Array:
    r"""Density 1 + sum_p w_p exp(-``|q - c_p|``^2 / (2 s_p^2)) at places q, shape (..., 2); shape (...)."""
    total = np.ones(places.shape[:-1])
    for peak in peaks:
        away = places - peak.at
        total += peak.weight * np.exp(-inner(away, away) / (2.0 * peak.width**2))
    return np.asarray(total)


def own_cell(samples: Array, position: Array, others: Array) -> NDArray[np.bool_]:
    r"""Tell which samples lie on this robot's side of the bisector with each other robot.

    .. math:: 2 (p_j - p) \cdot q \le |p_j|^2 - |p|^2 \quad \text{for all } j

    Parameters
    ----------
    samples
        q, shape (s, 2), m.
    position
        p, shape (2,), m.
    others
        p_j, shape (k, 2), m; one at the same place takes nothing.

    Returns
    -------
    Array
        Shape (s,).
    """
    between = others - position
    bound = 0.5 * (inner(others, others) - float(position @ position))
    return np.asarray((samples @ between.T <= bound).all(axis=-1))
