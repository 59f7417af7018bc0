"""Coverage: robots spread over the area, closer where more is wanted (Lloyd's law of Cortes and others, 2004).

Each heads for the middle of mass of its own cell, the places that are nearer to it than to any robot it knows of. That
lowers the mean squared distance from a place to its nearest robot until no move of one robot lowers it further. Flying
robots share the plane out, each at its own altitude.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array, inner
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.partition import density, free_samples, own_cell
from swarm_consensus.motion.potential import attraction

GAIN = 0.8  # 1/s, towards the middle of the cell
LOOK = 0.25  # s, between two partitions: others move by a few decimetres at most
NEAR = 0.3  # m, from the middle, counts as there


@behaviour("coverage")
class Coverage:
    """Move to the middle of the own cell.

    Parameters
    ----------
    briefing
        The task's density says where robots are wanted more.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._samples = free_samples(briefing.fence, briefing.obstacles, briefing.clearance)
        self._mass = density(self._samples, briefing.task.density)
        self._wait = max(1, round(LOOK / briefing.period))
        self._next = 0
        self._target: Array | None = None

    def __call__(self, situation: Situation) -> Wish:
        """Return the way to the middle of the cell, partitioned anew every few ticks."""
        here = situation.position[:2]
        if self._target is None or situation.tick >= self._next:
            self._target = self._middle(here, here - situation.offset[:, :2])
            self._next = situation.tick + self._wait
        wish = np.zeros(len(situation.position))
        wish[:2] = attraction(here, self._target, self._target, GAIN, situation.speed)
        left = self._target - here
        return Wish(velocity=wish, arrived=float(left @ left) <= NEAR**2)

    def _middle(self, here: Array, others: Array) -> Array:
        """Return the sample of the own cell nearest to its centre of mass, which itself may lie in a wall, (2,) m."""
        mine = own_cell(self._samples, here, others)
        samples, mass = self._samples[mine], self._mass[mine]
        if not len(samples):
            return here.copy()
        centre = mass @ samples / mass.sum()
        away = samples - centre
        return np.asarray(samples[inner(away, away).argmin()])
