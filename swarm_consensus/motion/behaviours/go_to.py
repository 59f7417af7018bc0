"""Go-to: each robot heads for its own goal, and once there makes way for those who are not.

Those who were told no goal follow those who were: a few who know lead the many who don't (`motion.hearsay`).
"""

from __future__ import annotations

from dataclasses import replace

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.hearsay import Hearsay
from swarm_consensus.motion.potential import attraction, repulsion, saturate

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
NEAR = 0.05  # m, counts as there
HOME = 1.0  # m, nearer than this a robot makes way instead of asking for it
WIDTH = 0.6  # m, beyond the separation, over which it makes way


@behaviour("go_to")
class GoTo:
    """Head for the goal; without one, follow those who know one."""

    def __init__(self, briefing: Briefing) -> None:
        self._hearsay = Hearsay(briefing)

    def __call__(self, situation: Situation) -> Wish:
        """Return what to do at one tick."""
        self._hearsay.hear(situation)
        if situation.goal is None:
            return self._hearsay.follow(situation)
        calls = _is_led(situation, situation.goal) and self._hearsay.is_held_up(situation)
        answer = None if calls else self._hearsay.answer(situation, 0)
        wish = answer or go_to(situation, situation.goal)
        return replace(wish, note=wish.note or self._hearsay.words(calls=calls))


def go_to(situation: Situation, goal: Array) -> Wish:
    """Head for a goal round the walls.

    Robots that stand at their goals can wall another in. So one that is far from its goal and blocked says so in its
    beacon, and those that are at home step aside. None waits for an answer: who does not hear it stays, and the slip of
    the blocked one goes on looking for another way.
    """
    offset = goal - situation.position
    distance2 = float(offset @ offset)
    pull = attraction(situation.position, situation.towards(goal), goal, GAIN, situation.speed)
    if distance2 > HOME**2:
        return Wish(velocity=pull, arrived=False, pushing=True)
    if situation.pushing.any():
        pull = saturate(pull + _making_way(situation), situation.speed)
    return Wish(velocity=pull, arrived=distance2 <= NEAR**2)


def _is_led(situation: Situation, goal: Array) -> bool:
    """Tell whether the way leads round a wall."""
    return situation.waypoint is not None and situation.waypoint(situation.position, goal) is not goal


def _making_way(situation: Situation) -> Array:
    """Return how to step aside for those who ask for it, shape (d,), m/s."""
    asking = situation.pushing
    return repulsion(
        situation.offset[asking], situation.distance[asking], situation.separation[asking], WIDTH, 2.0 * situation.speed
    )
