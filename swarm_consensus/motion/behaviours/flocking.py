"""Flocking: a lattice of robots at equal distances that travels as one, with no leader and no fixed places.

The law gives an acceleration; the wish is the velocity that it leads to within a tick. It acts in the horizontal plane,
so that rovers and multirotors flock together, each multirotor at the altitude of its goal. Walls are left to the
guidance, which leads each robot round them, and to the barrier filter: the paper's beta agents would do the same once
more.
"""

from __future__ import annotations

import math

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.flock import (
    SIGHT,
    flock_acceleration,
    way_acceleration,
)
from swarm_consensus.motion.potential import saturate

GAIN = 1.0  # 1/s, c_2: how fast the flock takes up its speed
CRUISE = 0.8  # of the own speed limit: the rest is for keeping the lattice
CLIMB = 1.0  # 1/s, towards the altitude of the goal
LINK_SHARE = 3.0  # without a wish the spacing is this part of a link, so that a robot hears more than one shell


@behaviour("flocking")
class Flocking:
    """Keep the spacing to those near by, take their velocity, and follow the way to the goal.

    Parameters
    ----------
    briefing
        The task's goal is where the flock travels; without one it settles where it is. Its spacing is the lattice's.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._period = briefing.period
        self._spacing = briefing.task.spacing or max(briefing.link / LINK_SHARE, 2.5 * briefing.clearance)
        # a hexagonal lattice takes sqrt(3) / 2 d^2 for each robot
        self._packed = briefing.count * self._spacing**2 * math.sqrt(3.0) / (2.0 * math.pi)

    def __call__(self, situation: Situation) -> Wish:
        """Return the velocity of the next period."""
        velocity = situation.velocity[:2]
        near = np.flatnonzero(situation.distance < SIGHT * self._spacing)
        offset = situation.offset[near, :2]
        push = flock_acceleration(offset, velocity - situation.other_velocity[near, :2], self._spacing)
        arrived = True
        if situation.goal is not None:
            ahead = situation.towards(situation.goal)[:2] - situation.position[:2]
            push += way_acceleration(ahead, velocity, CRUISE * situation.speed, GAIN)
            left = situation.goal[:2] - situation.position[:2]
            arrived = float(left @ left) <= self._packed
        wish = np.zeros(len(situation.position))
        wish[:2] = velocity + push * self._period
        wish[2:] = _climb(situation)
        return Wish(velocity=saturate(wish, situation.speed), arrived=arrived, guided=False)


def _climb(situation: Situation) -> Array:
    """Vertical wish, shape (d - 2,), m/s: none on the ground, and none without a goal."""
    if situation.goal is None:
        return np.zeros(len(situation.position) - 2)
    return CLIMB * (situation.goal[2:] - situation.position[2:])
