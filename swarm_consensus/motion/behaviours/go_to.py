"""Go-to: each robot heads for its own goal, and once there makes way for those who are not."""

from __future__ import annotations

import numpy as np

from swarm_consensus.motion.behaviour import Situation, Wish, law
from swarm_consensus.motion.potential import attraction, repulsion, saturate

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
NEAR = 0.05  # m, counts as there
HOME = 1.0  # m, nearer than this a robot makes way instead of asking for it
WIDTH = 0.6  # m, beyond the separation, over which it makes way


@law("go_to")
def go_to(situation: Situation) -> Wish:
    """Head for the goal round the walls; a robot without a goal stays where it is.

    Robots that stand at their goals can wall another in. So one that is far from its goal and blocked says so in its
    beacon, and those that are at home step aside. None waits for an answer: who does not hear it stays, and the slip of
    the blocked one goes on looking for another way.
    """
    if situation.goal is None:
        return Wish(velocity=np.zeros_like(situation.position), arrived=True)
    offset = situation.goal - situation.position
    distance2 = float(offset @ offset)
    pull = attraction(situation.position, situation.towards(situation.goal), situation.goal, GAIN, situation.speed)
    if distance2 > HOME**2:
        return Wish(velocity=pull, arrived=False, pushing=True)
    asking = situation.pushing
    if asking.any():
        push = repulsion(
            situation.offset[asking],
            situation.distance[asking],
            situation.separation[asking],
            WIDTH,
            2.0 * situation.speed,
        )
        pull = saturate(pull + push, situation.speed)
    return Wish(velocity=pull, arrived=distance2 <= NEAR**2)
