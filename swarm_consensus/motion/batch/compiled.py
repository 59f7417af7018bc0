"""The step of `step` and the filter of `projection`, compiled by numba: for thousands of robots.

The first call on a machine compiles for about 10 s; the machine code is then kept beside the source.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.errors import SwarmError
from swarm_consensus.motion.batch import kernels
from swarm_consensus.motion.batch.neighbours import Near, pairs_within
from swarm_consensus.motion.batch.projection import Projected
from swarm_consensus.motion.batch.step import Flock, Step


def swarm_step(flock: Flock, position: Array, links: Near) -> Step:
    """Return the velocities of one period, as `step.swarm_step` does.

    Raises
    ------
    SwarmError
        If numba is missing.
    ValueError
        If a position is not finite.
    """
    _needs_numba()
    index, count = kernels.pad(pairs_within(position, flock.sight), len(position))
    position = np.ascontiguousarray(position, dtype=np.float64)
    velocity, held, feasible = np.empty_like(position), *np.empty((2, len(position)), dtype=bool)
    kernels.step_all(
        position,
        index,
        count,
        links.index,
        links.count,
        np.asarray(flock.cruise, dtype=np.float64),
        float(flock.cohesion),
        float(flock.width),
        float(flock.separation),
        float(flock.reach),
        float(flock.speed),
        float(flock.period),
        float(flock.gain),
        velocity,
        held,
        feasible,
    )
    return Step(velocity, held, feasible)


def project(desired: Array, matrix: Array, bounds: Array) -> Projected:
    """Project each robot's desired velocity on its rows, as `projection.project` does.

    Raises
    ------
    SwarmError
        If numba is missing.
    """
    _needs_numba()
    velocity, active = np.empty_like(desired), np.empty(desired.shape, dtype=np.intp)
    feasible = np.empty(len(desired), dtype=bool)
    desired, matrix, bounds = (np.ascontiguousarray(array) for array in (desired, matrix, bounds))
    kernels.project_all(desired, matrix, bounds, velocity, active, feasible)
    return Projected(velocity, active, feasible)


def _needs_numba() -> None:
    if not kernels.COMPILES:
        raise SwarmError("the compiled step needs numba: pip install 'swarm_consensus[fast]', or use step.swarm_step")
