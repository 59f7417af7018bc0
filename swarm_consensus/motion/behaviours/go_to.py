"""Go-to: each robot heads for its own goal, and once there makes way for those who are not.

Those who were told no goal go where their neighbours go: a few who know lead the many who don't, and nobody needs to
know who is which (I. D. Couzin, J. Krause, N. R. Franks, S. A. Levin, "Effective leadership and decision-making in
animal groups on the move", Nature 433, 2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.motion.behaviour import Situation, Wish, law
from swarm_consensus.motion.potential import attraction, repulsion, saturate

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
NEAR = 0.05  # m, counts as there
HOME = 1.0  # m, nearer than this a robot makes way instead of asking for it
WIDTH = 0.6  # m, beyond the separation, over which it makes way
COHESION = 0.3  # 1/s, towards the middle of the neighbours, of one without a goal
REST = 0.1  # m/s: one without a goal is there when its neighbours are slower on average, and draw it on no faster


@law("go_to")
def go_to(situation: Situation) -> Wish:
    """Head for the goal round the walls; a robot without a goal goes along with its neighbours.

    Robots that stand at their goals can wall another in. So one that is far from its goal and blocked says so in its
    beacon, and those that are at home step aside. None waits for an answer: who does not hear it stays, and the slip of
    the blocked one goes on looking for another way.
    """
    if situation.goal is None:
        return _go_along(situation)
    offset = situation.goal - situation.position
    distance2 = float(offset @ offset)
    pull = attraction(situation.position, situation.towards(situation.goal), situation.goal, GAIN, situation.speed)
    if distance2 > HOME**2:
        return Wish(velocity=pull, arrived=False, pushing=True)
    if situation.pushing.any():
        pull = saturate(pull + _making_way(situation, situation.pushing), situation.speed)
    return Wish(velocity=pull, arrived=distance2 <= NEAR**2)


def _go_along(situation: Situation) -> Wish:
    r"""Move as the linked neighbours do on average, and stay with them: consensus of velocity, and cohesion.

    .. math:: v_i = \frac{1}{k} \sum_j \left( v_j + \gamma (x_j - x_i) \right)

    With those who have a goal as the boundary, the velocities of the others tend to theirs, and their places into
    the hull of theirs. Altitude is kept.
    """
    linked = situation.linked
    if not linked.any():
        return Wish(velocity=np.zeros_like(situation.position), arrived=True)
    going = situation.other_velocity[linked]
    pull = going.mean(axis=0) - COHESION * situation.offset[linked].mean(axis=0)
    pull[2:] = 0.0
    push = _making_way(situation, np.ones_like(linked))
    wish = saturate(pull + push, situation.speed)
    # one that is drawn on while they rest is behind something, and looks for a way round it
    resting = max(float(length(going).mean()), float(length(wish))) <= REST
    return Wish(velocity=wish, arrived=resting, guided=False)


def _making_way(situation: Situation, others: NDArray[np.bool_]) -> Array:
    """Return how to step aside for some of the others, shape (d,), m/s."""
    return repulsion(
        situation.offset[others], situation.distance[others], situation.separation[others], WIDTH, 2.0 * situation.speed
    )
