r"""One step of a whole swarm that knows where everybody is: neighbours, a flocking law, safety limits, filter.

The limits are those on board (`separation`, `links`), with what perfect information leaves of the uncertainty: how far
another may move within the period, rho = V T. So S1 and S2 of docs/guarantees.md hold in studies as well, for
references: a pair starting at least S apart stays so, and a link that starts within R is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.errors import InputError
from swarm_consensus.motion.batch.neighbours import Near, neighbours
from swarm_consensus.motion.batch.projection import project
from swarm_consensus.motion.batch.rows import batch_rows
from swarm_consensus.motion.limits import Limits
from swarm_consensus.motion.links import link_limits
from swarm_consensus.motion.potential import attraction, repulsion, saturate
from swarm_consensus.motion.separation import separation_limits


@dataclass(frozen=True, slots=True)
class Flock:
    """What all robots of a swarm have in common.

    Raises
    ------
    InputError
        If robots could be out of sight and yet too near, or the gain uses up more than the slack in a period.
    """

    cruise: Array  # (d,) m/s, velocity at which the flock wants to go
    separation: float  # S, m, smallest distance allowed between references
    reach: float  # R, m, greatest distance allowed between the ends of a link
    sight: float  # m, up to which robots attract, repel and avoid each other
    speed: float  # V, m/s, limit
    period: float  # T, s
    gain: float  # gamma, 1/s, share of the slack of a limit that may be used up per second
    cohesion: float  # 1/s, attraction to the middle of those in sight
    width: float  # m, beyond the separation, over which repulsion fades

    def __post_init__(self) -> None:
        problems = []
        if self.gain * self.period > 1.0:
            problems.append(f"gain is {self.gain:g} 1/s: more than 1 / period = {1.0 / self.period:g} overshoots")
        needed = self.separation + self.speed * self.period + self.speed / self.gain
        if self.sight < needed:
            problems.append(
                f"sight is {self.sight:g} m: below separation + speed * period + speed / gain = {needed:g} m,"
                " robots would see each other too late"
            )
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, slots=True)
class Step:
    """What n robots do in a period."""

    velocity: Array  # (n, d) m/s
    held: NDArray[np.bool_]  # (n,) a limit leaves no direction: the robot stands still
    feasible: NDArray[np.bool_]  # (n,) False: the filter failed, the robot stands still


def swarm_step(flock: Flock, position: Array, links: Near) -> Step:
    """Return the velocities of one period.

    Parameters
    ----------
    flock
        The swarm's numbers.
    position
        Shape (n, d), d 2 or 3, m.
    links
        Links held, from `padded`; both ends hold each.

    Returns
    -------
    Step
        No velocity is above the speed limit or breaks a limit.

    Raises
    ------
    ValueError
        If a position is not finite.
    """
    near = neighbours(position, flock.sight)
    offset, distance = _seen(position, near)
    wish = flocking(flock, position, near, offset, distance)
    rho, apart = np.full(distance.shape, flock.speed * flock.period), np.full(distance.shape, flock.separation)
    blocks = [(separation_limits(offset, distance, apart, rho, flock.gain, position.shape[1]), near.mask)]
    offset, distance = _seen(position, links)
    rho, reach = np.full(distance.shape, flock.speed * flock.period), np.full(distance.shape, flock.reach)
    kept = link_limits(offset, distance, reach, rho, flock.speed, flock.period, flock.gain, position.shape[1])
    blocks.append((kept, links.mask))
    rows = batch_rows(_joined([limits for limits, _ in blocks]), np.hstack([mask for _, mask in blocks]), flock.speed)
    passed = project(wish, rows.matrix, rows.bounds)
    return Step(np.where(rows.held[:, None], 0.0, passed.velocity), rows.held, passed.feasible)


def flocking(flock: Flock, position: Array, near: Near, offset: Array, distance: Array) -> Array:
    """Return wishes (n, d), m/s: cruise, head for the middle of those in sight, keep off those that are too near.

    There is no alignment term: a reference has no inertia, so all who cruise are aligned unless a limit binds.
    """
    # an empty place holds the robot itself, at offset 0: it neither pulls nor pushes
    middle = position - offset.sum(axis=1) / (1 + near.count[:, None])
    pull = attraction(position, middle, middle, flock.cohesion, flock.speed)
    push = repulsion(offset, distance, np.asarray(flock.separation), flock.width, flock.speed)
    return saturate(flock.cruise + pull + push, flock.speed)


def _seen(position: Array, near: Near) -> tuple[Array, Array]:
    """Return offsets (n, k, d) from each robot's neighbours to itself, and distances (n, k)."""
    offset = position[:, None] - position[near.index]
    return offset, length(offset)


def _joined(blocks: list[Limits]) -> Limits:
    return Limits(
        axis=np.concatenate([block.axis for block in blocks], axis=1),
        slope=np.concatenate([block.slope for block in blocks], axis=1),
        bound=np.concatenate([block.bound for block in blocks], axis=1),
    )
