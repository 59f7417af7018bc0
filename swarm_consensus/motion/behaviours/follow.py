"""Follow: one robot, the leader, heads for the goal; the others come along in a loose bunch behind it.

The leader alone knows the goal. The others know where it is by news that travel the whole network, so that nobody
needs to hear the leader itself.
"""

from __future__ import annotations

import math

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.potential import attraction, repulsion, saturate

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
NEAR = 0.05  # m: the leader is there
HOME = 1.0  # m, nearer to its goal than this the leader asks nobody to make way
WIDTH = 0.5  # m, beyond the separation, over which others push
GAP = 1.5  # separations: nobody comes nearer to the leader than this of its own will
STRAYED = 4.0  # m that the leader moves out of sight before the way to it is looked for again


@behaviour("follow")
class Follow:
    """Lead, or follow the leader round the walls; without a leader alive, stay.

    A leader out of sight is a goal that moves, and a way round the walls takes a while to find. So the way leads to
    where it was when it went out of sight; a new one is looked for when that is reached, or when the leader is
    `STRAYED` farther on.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._leader = briefing.task.leader
        self._leads = briefing.task.leader == briefing.index
        self._guidance = briefing.guidance
        self._trace: Array | None = None  # (d,) m, where the leader out of sight was

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
        offset, distance = situation.offset[place].copy(), float(situation.distance[place])
        offset[2:] = 0.0  # a flying robot keeps its altitude, since a leader on the ground can't come up to it
        leader = situation.position - offset
        separation = float(situation.separation[place])
        excess = max(distance - GAP * separation, 0.0)
        ahead = self._towards(situation.position, leader) - situation.position
        pull = saturate(ahead * 1e6, min(GAIN * excess, situation.speed))
        push = repulsion(
            situation.offset, situation.distance, situation.separation, WIDTH, _eagerness(situation) * situation.speed
        )
        packed = max(situation.separation.tolist()) * math.sqrt(situation.count)  # radius of a half disc that holds all
        arrived = distance <= max(packed, GAP * separation)
        return Wish(saturate(pull + push, situation.speed), arrived=arrived, pushing=not arrived)

    def _towards(self, position: Array, leader: Array) -> Array:
        """Return where to head for, shape (d,), m."""
        if self._guidance.sees(position, leader):
            self._trace = None
            return leader
        trace = self._trace
        if trace is None or _apart(trace, leader) > STRAYED or _apart(trace, position) < HOME:
            self._trace = trace = leader
        return self._guidance.waypoint(position, trace)


def _eagerness(situation: Situation) -> float:
    """Return how hard to give way, as a share of the speed: harder where somebody asks for it."""
    return 1.5 if situation.pushing.any() else 0.5


def _apart(first: Array, second: Array) -> float:
    return math.hypot(*(first[:2] - second[:2]).tolist())
