r"""The barrier filter: the velocity nearest to the desired one that satisfies every row.

.. math:: \min_v |v - v^*|^2 \quad\text{subject to}\quad A v \le b

Solved exactly by DAQP, a dual active-set method (Arnstrom, Bemporad, Axehill, IEEE TAC 67, 2022). The speed limit needs
no row: every bound of this package is at least zero, so that the feasible set is convex and holds zero, and the
projection of v* on such a set is never longer than v*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import daqp
import numpy as np

from swarm_consensus.arrays import Array

TOLERANCE = 1e-9  # m/s, by which a row may be missed: rows are unit vectors, so this is a speed
_IDENTITY = {dims: np.eye(dims) for dims in (2, 3)}
_BELOW = np.full(64, -1e30)
_PLAIN = np.zeros(64, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Filtered:
    """What the filter lets through."""

    velocity: Array  # (d,) m/s
    active: tuple[int, ...]  # rows that hold the velocity back
    feasible: bool  # False: no velocity satisfies the rows; `velocity` is then zero


def barrier_filter(desired: Array, rows: Array, bounds: Array) -> Filtered:
    """Project the desired velocity on the rows.

    Parameters
    ----------
    desired
        v*, shape (d,), d 2 or 3, m/s.
    rows
        A, shape (m, d), each row a unit vector.
    bounds
        b, shape (m,), m/s.

    Returns
    -------
    Filtered
        Satisfies every row to `TOLERANCE`; or zero velocity with ``feasible`` False, never the desired one.
        A desired velocity or a row that is not finite counts as infeasible.
    """
    if not len(rows):
        return _unhindered(desired)
    excess = rows @ desired - bounds
    if excess[excess.argmax()] <= 0.0:  # NaN is the largest and not below, and then fails further down
        return _unhindered(desired)
    count = len(bounds)
    below, plain = (_BELOW, _PLAIN) if count <= len(_BELOW) else (np.full(count, -1e30), np.zeros(count, np.int32))
    solution, _, flag, info = daqp.solve(
        _IDENTITY[len(desired)], -desired, rows, bounds, below[:count], plain[:count], primal_tol=1e-10
    )
    excess = rows @ solution - bounds
    if flag != 1 or not excess[excess.argmax()] <= TOLERANCE:
        return Filtered(velocity=np.zeros(len(desired)), active=(), feasible=False)
    return Filtered(velocity=solution, active=tuple(info["lam"].nonzero()[0].tolist()), feasible=True)


def _unhindered(desired: Array) -> Filtered:
    if not math.isfinite(sum(desired.tolist())):
        return Filtered(velocity=np.zeros(len(desired)), active=(), feasible=False)
    return Filtered(velocity=desired, active=(), feasible=True)
