"""The rows of a whole swarm: `limits.linear_rows` for all robots at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.batch.neighbours import rank_in_group
from swarm_consensus.motion.limits import Limits, pyramid_faces


@dataclass(frozen=True, slots=True)
class BatchRows:
    """Rows A v <= b of n robots; a bound of infinity stands where a robot has fewer rows than the widest."""

    matrix: Array  # (n, m, d) unit vectors
    bounds: Array  # (n, m) m/s, not negative
    held: NDArray[np.bool_]  # (n,) a limit leaves only v = 0


def batch_rows(limits: Limits, mask: NDArray[np.bool_], speed: float) -> BatchRows:
    """Turn the limits that can bind at this speed into rows.

    Half-spaces stay where they are; the faces of the pyramids inscribed in the cones are added beside them.

    Parameters
    ----------
    limits
        Of n robots: axis (n, k, d) with d 2 or 3, slope (n, k), bound (n, k) in m/s.
    mask
        Which of them count, shape (n, k).
    speed
        Greatest speed, m/s: a half-space with a bound above it can't bind.

    Returns
    -------
    BatchRows
        For each robot the rows that `linear_rows` gives, and ``held`` where it gives None.
    """
    binding = mask & (limits.bound < speed)
    cone = binding & (limits.slope > 0.0)
    bounds = np.where(binding & ~cone, limits.bound, np.inf)
    if not cone.any():
        return BatchRows(limits.axis, bounds, np.zeros(len(bounds), dtype=bool))
    closed = cone & (limits.slope >= 1.0)
    matrix, cone_bounds = _faces(limits, cone & ~closed)
    return BatchRows(
        matrix=np.concatenate((limits.axis, matrix), axis=1),
        bounds=np.concatenate((bounds, cone_bounds), axis=1),
        held=np.asarray(closed.any(axis=1)),
    )


def _faces(limits: Limits, cone: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the faces of each robot's cones, (n, c, d), and bounds (n, c): 0, or infinity where there is none."""
    robot, place = cone.nonzero()
    faces = pyramid_faces(limits.axis[robot, place], limits.slope[robot, place])
    count = cone.sum(axis=1)
    shape = (len(cone), int(count.max(initial=0)), faces.shape[1])
    matrix, bounds = np.zeros((*shape, faces.shape[2])), np.full(shape, np.inf)
    rank = rank_in_group(count)
    matrix[robot, rank] = faces
    bounds[robot, rank] = 0.0
    wide = shape[1] * shape[2]
    return matrix.reshape(len(cone), wide, faces.shape[2]), bounds.reshape(len(cone), wide)
