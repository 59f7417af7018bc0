"""Coming along behind another robot: round the walls, in a loose bunch."""

from __future__ import annotations

import math

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Situation
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.potential import repulsion, saturate

GAIN = 1.0  # 1/s, attraction: full speed from about a metre on
WIDTH = 0.5  # m, beyond the separation, over which others push
GAP = 1.5  # separations: nobody comes nearer to whom it follows than this of its own will
STRAYED = 4.0  # m that the other moves out of sight before the way to it is looked for again
REACHED = 1.0  # m, nearer than this to where the other was its trail ends
_AHEAD = 1e6  # makes any way long enough to be shortened to a speed


class Chase:
    """One robot's way to another one that moves.

    Who is out of sight is a goal that moves, and a way round the walls takes a while to find. So the way leads to where
    the other was when it went out of sight; a new one is looked for when that is reached, or when the other is
    `STRAYED` farther on.

    Parameters
    ----------
    guidance
        Ways in this map.
    """

    def __init__(self, guidance: Guidance) -> None:
        self._guidance = guidance
        self._trace: Array | None = None  # (d,) m, where the other was

    def velocity(self, situation: Situation, place: int) -> Array:
        """Return how to come along behind the robot in a row of the situation, (d,), m/s."""
        offset, distance = situation.offset[place].copy(), float(situation.distance[place])
        offset[2:] = 0.0  # a flying robot keeps its altitude, since one on the ground can't come up to it
        excess = max(distance - GAP * float(situation.separation[place]), 0.0)
        ahead = self._towards(situation.position, situation.position - offset) - situation.position
        pull = saturate(ahead * _AHEAD, min(GAIN * excess, situation.speed))
        eager = 1.5 if situation.pushing.any() else 0.5  # to give way, as a share of the speed
        push = repulsion(situation.offset, situation.distance, situation.separation, WIDTH, eager * situation.speed)
        return saturate(pull + push, situation.speed)

    @property
    def sees(self) -> bool:
        """Tell whether the other was in sight at the last tick."""
        return self._trace is None

    def _towards(self, position: Array, other: Array) -> Array:
        """Return where to head for, shape (d,), m."""
        if self._guidance.sees(position, other):
            self._trace = None
            return other
        trace = self._trace
        if trace is None or _apart(trace, other) > STRAYED or _apart(trace, position) < REACHED:
            self._trace = trace = other
        return self._guidance.waypoint(position, trace)


def is_near(situation: Situation, place: int) -> bool:
    """Tell whether a robot is where it should be behind that in a row of the situation: all of the bunch fit there."""
    packed = max(situation.separation.tolist()) * math.sqrt(situation.count)  # radius of a half disc that holds all
    return bool(situation.distance[place] <= max(packed, GAP * situation.separation[place]))


def _apart(first: Array, second: Array) -> float:
    return math.hypot(*(first[:2] - second[:2]).tolist())
