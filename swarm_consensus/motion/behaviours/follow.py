"""Follow: one robot, the leader, heads for the goal; the others come along in a loose bunch behind it.

The leader alone knows the goal. The others know where it is by news that travel the whole network, so that nobody
needs to hear the leader itself.
"""

from __future__ import annotations

import math

import numpy as np

from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.chase import Chase, is_near
from swarm_consensus.motion.potential import attraction

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
NEAR = 0.05  # m: the leader is there
HOME = 1.0  # m, nearer to its goal than this the leader asks nobody to make way


@behaviour("follow")
class Follow:
    """Lead, or follow the leader round the walls; without a leader alive, stay."""

    def __init__(self, briefing: Briefing) -> None:
        self._leader = briefing.task.leader
        self._leads = briefing.task.leader == briefing.index
        self._chase = Chase(briefing.guidance)

    def __call__(self, situation: Situation) -> Wish:
        """Return what to do at one tick."""
        return self._lead(situation) if self._leads else self._follow(situation)

    def _lead(self, situation: Situation) -> Wish:
        if situation.goal is None:
            return Wish(np.zeros_like(situation.position), arrived=True)
        offset = situation.goal - situation.position
        distance = math.sqrt(float(offset @ offset))
        pull = attraction(situation.position, situation.towards(situation.goal), situation.goal, GAIN, situation.speed)
        return Wish(pull, arrived=distance <= NEAR, pushing=distance > HOME)

    def _follow(self, situation: Situation) -> Wish:
        found = np.flatnonzero(situation.others == self._leader)
        if not found.size:
            return Wish(np.zeros_like(situation.position), arrived=True)
        place = int(found[0])
        arrived = is_near(situation, place)
        return Wish(self._chase.velocity(situation, place), arrived=arrived, pushing=not arrived)
