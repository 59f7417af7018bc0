"""Rendezvous: the swarm gathers at the goal, or in its own middle when there is none."""

from __future__ import annotations

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Situation, Wish, law
from swarm_consensus.motion.potential import attraction, repulsion, saturate

GAIN = 0.8  # 1/s, attraction: full speed from about a metre on
WIDTH = 0.4  # m, beyond the separation, over which the others push


@law("rendezvous")
def rendezvous(situation: Situation) -> Wish:
    """Head for the meeting point round the walls, and keep a loose distance to the others.

    Parameters
    ----------
    situation
        The goal is the meeting point; without one it is the mean of all known references, own one included.

    Returns
    -------
    Wish
        Arrived once inside the disc that the swarm fills when it stands packed about the meeting point.
    """
    goal = _middle(situation) if situation.goal is None else situation.goal
    offset = goal - situation.position
    pull = attraction(situation.position, situation.towards(goal), goal, GAIN, situation.speed)
    if not len(situation.distance):
        return Wish(velocity=pull, arrived=True)
    push = repulsion(situation.offset, situation.distance, situation.separation, WIDTH, 0.5 * situation.speed)
    return Wish(
        velocity=saturate(pull + push, situation.speed),
        arrived=float(offset @ offset) <= _packed_area(situation),
        guided=situation.waypoint is not None,
    )


def _middle(situation: Situation) -> Array:
    """Mean of the swarm in the plane; a flying robot keeps its altitude, since rovers can't come up to it."""
    middle = situation.position.copy()
    middle[:2] -= situation.offset[:, :2].sum(axis=0) / (1 + len(situation.offset))
    return middle


def _packed_area(situation: Situation) -> float:
    """Squared radius of the disc that `count` discs of the largest separation fill at a packing density of one half."""
    widest: float = max(situation.separation.tolist())
    return widest * widest * situation.count / 2.0
