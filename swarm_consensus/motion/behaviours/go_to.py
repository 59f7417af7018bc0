"""Go-to: each robot heads for its own goal."""

from __future__ import annotations

import numpy as np

from swarm_consensus.motion.behaviour import Situation, Wish, behaviour
from swarm_consensus.motion.potential import attraction

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
NEAR = 0.05  # m, counts as there


@behaviour("go_to")
def go_to(situation: Situation) -> Wish:
    """Head for the goal round the walls; a robot without a goal stays where it is."""
    if situation.goal is None:
        return Wish(velocity=np.zeros_like(situation.position), arrived=True)
    offset = situation.goal - situation.position
    heading = situation.towards(situation.goal)
    return Wish(
        velocity=attraction(situation.position, heading, GAIN, situation.speed),
        arrived=float(offset @ offset) <= NEAR**2,
    )
