r"""The barrier filter for a whole swarm: for each robot the velocity nearest to the desired one that satisfies its rows.

.. math:: \min_v |v - v^*|^2 \quad\text{subject to}\quad A v \le b, \qquad b \ge 0

Exact, in the plane and in space, by an active set that grows. Start at v*. While a row is broken, take the one broken
most, h, and solve the problem of h and the at most d active rows alone: of the at most 3 (in space 7) sets of rows that
hold h, those whose multipliers are all positive are each the answer to a part of that problem, and the one farthest from v*
is its answer. The distance grows with every round, so no set comes twice and the rounds end (the problem is of LP type:
Sharir and Welzl, STACS 1992); a handful is usual.

The vertex of two rows at a small angle is found by orthogonalising them, so every row is met to rounding whatever the angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, inner
from swarm_consensus.motion.barrier import TOLERANCE

BROKEN = 1e-11  # m/s, from which a row counts as broken: above rounding, below TOLERANCE
PARALLEL = 1e-12  # sine of the angle below which two rows are one
ROUNDS = 200  # after which a robot is stopped; random rows took at most 14
_PAIRS = np.array([(0, 1), (0, 2), (1, 2)])


@dataclass(frozen=True, slots=True)
class Projected:
    """What the filter lets through, for n robots."""

    velocity: Array  # (n, d) m/s
    active: NDArray[np.intp]  # (n, d) rows that hold the velocity back; -1 where there are fewer than d
    feasible: NDArray[np.bool_]  # (n,) False: rows can't be satisfied, or are not finite; `velocity` is then zero


def project(desired: Array, matrix: Array, bounds: Array) -> Projected:
    """Project each robot's desired velocity on its rows.

    Parameters
    ----------
    desired
        v*, shape (n, d), d 2 or 3, m/s.
    matrix
        A, shape (n, m, d), each row a unit vector, or zero.
    bounds
        b, shape (n, m), m/s, not negative; infinity where a robot has fewer than m rows.

    Returns
    -------
    Projected
        Satisfies every row to `TOLERANCE`, or is zero and flagged; never the desired velocity if that breaks a row.
        Negative bounds are allowed: the answer is the same where there is one, and flagged where there is none.
    """
    velocity, active = desired.copy(), np.full(desired.shape, -1)
    miss = np.full(len(desired), -np.inf)
    todo = np.arange(len(desired))
    if not matrix.shape[1]:
        return _checked(velocity, active, miss)
    for _ in range(ROUNDS):
        excess = (matrix[todo] @ velocity[todo][..., None])[..., 0] - bounds[todo]
        worst = excess.argmax(axis=1)  # NaN counts as the largest, is not above, and fails in the end
        miss[todo] = excess[np.arange(len(todo)), worst]
        broken = miss[todo] > BROKEN
        todo, worst = todo[broken], worst[broken]
        if not len(todo):
            break
        velocity[todo], active[todo] = _with_row(desired[todo], matrix[todo], bounds[todo], active[todo], worst)
    return _checked(velocity, active, miss)


def _checked(velocity: Array, active: NDArray[np.intp], miss: Array) -> Projected:
    """Stop the robots whose rows are not satisfied, or whose velocity is not a number."""
    feasible = (miss <= TOLERANCE) & np.isfinite(velocity).all(axis=1)
    velocity[~feasible], active[~feasible] = 0.0, -1
    return Projected(velocity, active, feasible)


@dataclass(frozen=True, slots=True)
class _Sets:
    """Sets of rows to try, all with h, s of them for each of t robots: the velocity on all rows of each."""

    velocity: Array  # (t, s, d)
    distance2: Array  # (t, s) from v*, squared; -1 if a multiplier is negative or the rows are parallel
    members: NDArray[np.intp]  # (t, s, d) rows, -1 where there are fewer


def _with_row(
    desired: Array, matrix: Array, bounds: Array, active: NDArray[np.intp], row: NDArray[np.intp]
) -> tuple[Array, NDArray[np.intp]]:
    """Return velocity (t, d) and active rows (t, d) of the problem of the row h and the active rows alone."""
    robot = np.arange(len(desired))
    normal = matrix[robot, row]
    excess = inner(normal, desired) - bounds[robot, row]
    alone = _Sets(
        velocity=(desired - excess[:, None] * normal)[:, None],
        distance2=(excess * excess)[:, None],
        members=np.pad(row[:, None, None], ((0, 0), (0, 0), (0, active.shape[1] - 1)), constant_values=-1),
    )
    tried = [alone, *_larger(alone, normal, excess, matrix, bounds, active)]
    best = np.concatenate([sets.distance2 for sets in tried], axis=1).argmax(axis=1)
    velocity = np.concatenate([sets.velocity for sets in tried], axis=1)[robot, best]
    return velocity, np.concatenate([sets.members for sets in tried], axis=1)[robot, best]


def _larger(
    alone: _Sets, normal: Array, excess: Array, matrix: Array, bounds: Array, active: NDArray[np.intp]
) -> list[_Sets]:
    """Return the sets of two rows, and in space of three."""
    robot, dims = np.arange(len(normal))[:, None], normal.shape[1]
    real = active >= 0
    other = matrix[robot, active] * real[..., None]  # (t, d, d): a zero row is parallel to all
    along = inner(other, normal[:, None])
    across = other - along[..., None] * normal[:, None]
    across -= inner(across, normal[:, None])[..., None] * normal[:, None]  # a second time: the first leaves rounding
    sine2 = inner(across, across)
    apart = sine2 > PARALLEL**2
    beyond = inner(other, alone.velocity) - bounds[robot, active]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = beyond / sine2
    share[~apart] = 0.0
    positive = apart & (share >= 0.0) & (excess[:, None] - share * along >= 0.0)
    velocity = alone.velocity - share[..., None] * across
    distance2 = alone.distance2 + share * share * sine2
    members = np.repeat(alone.members, dims, axis=1)
    members[..., 1] = active
    pairs = _Sets(velocity, np.where(positive, distance2, -1.0), members)
    if dims == 2:
        return [pairs]
    first, second = _PAIRS[:, 0], _PAIRS[:, 1]
    # orthogonalise the second row against the first as well
    unit = across[:, first] / np.sqrt(np.where(apart, sine2, 1.0))[:, first, None]
    shared = inner(across[:, second], unit)
    rest = across[:, second] - shared[..., None] * unit
    rest -= inner(rest, unit)[..., None] * unit
    rest2 = inner(rest, rest)
    full = apart[:, first] & (rest2 > PARALLEL**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        last = (inner(other[:, second], velocity[:, first]) - bounds[robot, active[:, second]]) / rest2
        middle = share[:, first] - last * shared / np.sqrt(sine2[:, first])
    last[~full], middle[~full] = 0.0, 0.0
    own = excess[:, None] - middle * along[:, first] - last * along[:, second]
    full &= (last >= 0.0) & (middle >= 0.0) & (own >= 0.0)
    total = distance2[:, first] + last * last * rest2
    members = np.stack((np.broadcast_to(members[:, first, 0], full.shape), active[:, first], active[:, second]), axis=2)
    corner = velocity[:, first] - last[..., None] * rest
    return [pairs, _Sets(corner, np.where(full, total, -1.0), members)]
