r"""The barrier filter for a whole swarm: for each robot the velocity nearest to the desired one that its rows allow.

.. math:: \min_v |v - v^*|^2 \quad\text{subject to}\quad A v \le b, \qquad b \ge 0

Exact, in the plane and in space, by an active set that grows. Start at v*. While a row is broken, take the one broken
most, h, and solve the problem of h and the at most d active rows alone: of the at most 3 (in space 7) sets of rows that
hold h, those whose multipliers are all positive are each the answer to a part of that problem, and the one farthest
from v* is its answer. The distance grows with every round, so no set comes twice and the rounds end (the problem is of
LP type: Sharir and Welzl, STACS 1992); a handful is usual.

The vertex of two rows at a small angle is found by orthogonalising them, so every row is met
to rounding whatever the angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, inner
from swarm_consensus.motion.barrier import TOLERANCE

BROKEN = 1e-11  # m/s, from which a row counts as broken: above rounding, below TOLERANCE
PARALLEL = 1e-12  # sine of the angle below which two rows are one
ROUNDS = 200  # after which a robot is stopped; a handful is usual
_FIRST, _SECOND = np.array([0, 0, 1]), np.array([1, 2, 2])  # pairs of active rows in space


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
        excess = (matrix @ velocity[todo][..., None])[..., 0] - bounds
        worst = excess.argmax(axis=1)  # NaN counts as the largest, is not above, and fails in the end
        miss[todo] = excess[np.arange(len(todo)), worst]
        broken = miss[todo] > BROKEN
        todo, worst, matrix, bounds = todo[broken], worst[broken], matrix[broken], bounds[broken]
        if not len(todo):
            break
        velocity[todo], active[todo] = _with_row(desired[todo], matrix, bounds, active[todo], worst)
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
    members = np.full((len(row), 1, active.shape[1]), -1)
    members[:, 0, 0] = row
    alone = _Sets((desired - excess[:, None] * normal)[:, None], (excess * excess)[:, None], members)
    if (active[:, 0] < 0).all():
        return alone.velocity[:, 0], alone.members[:, 0]
    tried = [alone, *_larger(alone, normal, excess, matrix, bounds, active)]
    best = np.concatenate([sets.distance2 for sets in tried], axis=1).argmax(axis=1)
    velocity = np.concatenate([sets.velocity for sets in tried], axis=1)[robot, best]
    return velocity, np.concatenate([sets.members for sets in tried], axis=1)[robot, best]


def _larger(
    alone: _Sets, normal: Array, excess: Array, matrix: Array, bounds: Array, active: NDArray[np.intp]
) -> list[_Sets]:
    """Return the sets of two rows, and in space of three."""
    robot = np.arange(len(normal))[:, None]
    other = matrix[robot, active] * (active >= 0)[..., None]  # (t, d, d): a zero row is parallel to all
    limit = bounds[robot, active]
    along = inner(other, normal[:, None])
    across = _orthogonal(other, normal[:, None])
    sine2 = inner(across, across)
    apart = sine2 > PARALLEL**2
    size2 = np.where(apart, sine2, 1.0)
    share = np.where(apart, inner(other, alone.velocity) - limit, 0.0) / size2
    positive = apart & (share >= 0.0) & (excess[:, None] - share * along >= 0.0)
    members = np.repeat(alone.members, normal.shape[1], axis=1)
    members[..., 1] = active
    pairs = _Sets(
        velocity=alone.velocity - share[..., None] * across,
        distance2=np.where(positive, alone.distance2 + share * share * sine2, -1.0),
        members=members,
    )
    if normal.shape[1] == 2:
        return [pairs]
    # three rows: the second active one orthogonalised against the first as well
    size, whole = np.sqrt(size2[:, _FIRST]), alone.distance2 + share[:, _FIRST] ** 2 * size2[:, _FIRST]
    unit = across[:, _FIRST] / size[..., None]
    shared, rest = inner(across[:, _SECOND], unit), _orthogonal(across[:, _SECOND], unit)
    rest2 = inner(rest, rest)
    full = apart[:, _FIRST] & apart[:, _SECOND] & (rest2 > PARALLEL**2)
    gap = inner(other[:, _SECOND], pairs.velocity[:, _FIRST]) - limit[:, _SECOND]
    last = np.where(full, gap, 0.0) / np.where(full, rest2, 1.0)
    middle = share[:, _FIRST] - last * shared / size
    own = excess[:, None] - middle * along[:, _FIRST] - last * along[:, _SECOND]
    members = members[:, _FIRST]  # a copy
    members[..., 2] = active[:, _SECOND]
    corners = _Sets(
        velocity=pairs.velocity[:, _FIRST] - last[..., None] * rest,
        distance2=np.where(full & (last >= 0.0) & (middle >= 0.0) & (own >= 0.0), whole + last * last * rest2, -1.0),
        members=members,
    )
    return [pairs, corners]


def _orthogonal(vector: Array, unit: Array) -> Array:
    """Take out of vectors their part along unit vectors; twice, since once leaves rounding where the rest is small."""
    rest = vector - inner(vector, unit)[..., None] * unit
    return np.asarray(rest - inner(rest, unit)[..., None] * unit)
