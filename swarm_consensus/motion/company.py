"""Which way round a wall: the one on which those go whose links the wall would cut.

A held link is a line of sight where walls block the radio. Two ends that pass a pillar on different sides hold each
other up for ever: neither may go on, since the line would meet the pillar, and neither knows a reason to turn back. So
one of them gives way: before it heads for a point from which it would not see a linked robot that is *before* it, it
goes to that robot. There it finds itself on the same side.

Before it is who has less to go along the network: over held links to the robot that is nearest to the goal, and on from
there. Ways round walls alone would not do. The last of a chain that is wound about a wall may be near the goal on the
far side, and yet has to go back, since its only link to the others leads back; the chain comes off the wall as every
robot draws nearer to the next. Nobody turns back for somebody who turns back for it, as long as both know of the same
links. What a robot knows of them is some seconds old at worst; no safety rests on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import dijkstra

from swarm_consensus.arrays import Array
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.sight import Sight

EVEN = 0.2  # m, by which another must have less to go to be followed
BESIDE = 1.2  # m, from another: it has been followed for long enough


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The links of a swarm, as one robot knows them."""

    links: Array  # (n, n) 1.0 where both ends hold one, else 0
    places: Array  # (n, 3) m, where robots were as they said so; NaN: never heard


@dataclass(frozen=True, slots=True)
class Linked:
    """Those to whom a robot holds links, at one tick."""

    robots: tuple[int, ...]
    places: Array  # (k, 3) m, where they were last known
    margin: Array  # (k,) m, by which lines to them are kept clear of walls
    walls: Sight  # that could cut them
    network: Network | None  # the whole swarm's; None: not known so far


class Company:
    """One robot's ways round walls that block the radio.

    Parameters
    ----------
    own
        Its place in the roster.
    guidance
        Ways round what blocks it.
    """

    def __init__(self, own: int, guidance: Guidance) -> None:
        self._own = own
        self._guidance = guidance
        self._followed: int | None = None
        self._network: Network | None = None
        self._left: list[float] = []  # (n,) m, what each has to go by that network

    def kept(self, position: Array, linked: Linked, ahead: Array, goal: Array) -> Array:
        """Return where to head for so that no link to who is before this robot is lost behind a wall.

        Parameters
        ----------
        position
            Of the robot's reference, (3,) m.
        linked
            At this tick.
        ahead
            Where the robot would head for, shape (d,), m, d 2 or 3.
        goal
            The goal, shape (d,), m.

        Returns
        -------
        Array
            Shape (d,), m: `ahead`, or where the robot is that it follows, at the goal's altitude.
        """
        before = self._before(goal, linked)
        if self._followed not in before or self._is_beside(position, linked):
            self._followed = self._hidden(position, ahead, linked, before)
        if self._followed is None:
            return ahead
        beside = goal.copy()
        beside[:2] = linked.places[linked.robots.index(self._followed), :2]
        return beside

    def _before(self, goal: Array, linked: Linked) -> dict[int, float]:
        """Return how far those linked have to go, m, who have less to go than this robot."""
        if linked.network is None:
            return {}
        if linked.network is not self._network:
            self._network, self._left = linked.network, left_to_go(linked.network, self._own, self._guidance, goal)
        own = self._left[self._own] - EVEN
        return {robot: self._left[robot] for robot in linked.robots if self._left[robot] < own}

    def _is_beside(self, position: Array, linked: Linked) -> bool:
        """Tell whether the robot has come to who it follows: on the way the next point may be in sight again."""
        assert self._followed is not None
        return math.dist(linked.places[linked.robots.index(self._followed), :2], position[:2]) <= BESIDE

    def _hidden(self, position: Array, ahead: Array, linked: Linked, before: dict[int, float]) -> int | None:
        """Return who of these would be out of sight there, the one that has least to go."""
        if not before:
            return None
        view = np.append(ahead[:2], position[2])
        seen = linked.walls.surely(view, linked.places, np.zeros(len(linked.robots)), linked.margin).tolist()
        hidden = [robot for robot, sees in zip(linked.robots, seen, strict=True) if robot in before and not sees]
        return min(hidden, key=before.__getitem__, default=None)


def left_to_go(network: Network, own: int, guidance: Guidance, goal: Array) -> list[float]:
    """Return how far each robot has to go: over links to who is nearest to the goal, and from there round the walls.

    Parameters
    ----------
    network
        Of n robots.
    own
        Only those count whom links join with this robot.
    guidance
        Knows the ways round walls.
    goal
        Shape (d,), d 2 or 3, m.

    Returns
    -------
    list of float
        n lengths, m; infinite for those whom no known links join with robot `own`.
    """
    apart = np.sqrt(((network.places[:, None] - network.places) ** 2).sum(axis=-1))
    lengths = np.where(network.links > 0.0, apart, 0.0)
    lengths[np.isnan(lengths)] = 0.0
    joined = np.flatnonzero(np.isfinite(dijkstra(lengths, indices=[own])[0])).tolist()
    left = [guidance.distance(network.places[robot], goal) for robot in joined]
    nearest = min(range(len(joined)), key=left.__getitem__)
    found: list[float] = (dijkstra(lengths, indices=[joined[nearest]])[0] + left[nearest]).tolist()
    return found
