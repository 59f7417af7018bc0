"""Which way round a wall: the one on which those go whose links the wall would cut.

A held link is a line of sight where walls block the radio. Two ends that pass a pillar on different sides hold each
other up for ever: neither may go on, since the line would meet the pillar, and neither knows a reason to turn back. So
one side gives way. The way of the robot that is nearest to the goal leads. Everyone compares with it where its own way
would lead: if both ways, and the links from one robot to the other, go round a wall, then it heads for the next robot
along these links instead, until its own way passes on the right side. A chain that is wound about a wall so comes off
it: its end may be near the goal on the far side, and yet goes back, since its only links to the others lead back.

Robots know the links, and who is where, from claims that are passed on. These are some seconds old at worst: that may
cost time, and no safety rests on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import dijkstra

from swarm_consensus.arrays import Array
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.tangents import pieces_of


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The links of a swarm, as one robot knows them."""

    links: Array  # (n, n) 1.0 where both ends hold one, else 0
    places: Array  # (n, 3) m, where robots were as they said so; NaN: never heard


class Company:
    """One robot's ways round walls that block the radio.

    Parameters
    ----------
    own
        Its place in the roster.
    guidance
        Ways round what blocks it.
    walls
        That could cut links.
    """

    def __init__(self, own: int, guidance: Guidance, walls: Sequence[Prism]) -> None:
        self._own = own
        self._guidance = guidance
        pieces = pieces_of(walls)
        self._inside = pieces.corners.mean(axis=1)  # (w, 2) m: what goes round that goes round the convex piece of wall
        self._heights = pieces.heights
        self._network: Network | None = None
        self._followed: int | None = None

    def followed(self, position: Array, network: Network, goal: Array) -> int | None:
        """Return which robot to head for so that both pass all walls on one side, or None if they do anyway.

        Parameters
        ----------
        position
            Of the robot's reference, (3,) m.
        network
            The newest that is known; as long as it is the same object, the answer is too.
        goal
            The robot's, shape (d,), m, d 2 or 3.
        """
        if network is not self._network:
            self._network = network
            chain = chain_of(network, self._own, self._guidance, goal)
            split = len(chain) > 1 and self._is_split(position, network.places[chain[1:]], goal)
            self._followed = chain[1] if split else None
        return self._followed

    def _is_split(self, position: Array, chain: Array, goal: Array) -> bool:
        """Tell whether a wall is between the own way and that of the last of a chain of others, (k, 3) m."""
        leading = self._guidance.way(chain[-1], goal)
        loop = np.concatenate((self._guidance.way(position, goal), leading[::-1], chain[::-1, :2]))
        high = self._heights > min(position[2], chain[:, 2].min())
        return bool(windings(loop, self._inside[high]).any())


def chain_of(network: Network, own: int, guidance: Guidance, goal: Array) -> list[int]:
    """Return the robots on the shortest way along links, from a robot to the one of its network nearest to a goal.

    Parameters
    ----------
    network
        Of n robots.
    own
        Where the chain begins.
    guidance
        Says how near they are, round walls.
    goal
        Shape (d,), d 2 or 3, m.
    """
    apart = np.sqrt(((network.places[:, None] - network.places) ** 2).sum(axis=-1))
    lengths = np.where(network.links > 0.0, apart, 0.0)
    lengths[np.isnan(lengths)] = 0.0
    (reached,), (before,) = dijkstra(lengths, indices=[own], return_predecessors=True)
    joined = np.flatnonzero(np.isfinite(reached)).tolist()
    chain = [min(joined, key=lambda robot: guidance.distance(network.places[robot], goal))]
    while chain[-1] != own:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]


def windings(loop: Array, points: Array) -> Array:
    """Return how often a closed polygon (k, 2) goes round each of some points (w, 2): whole numbers, (w,)."""
    spokes = (loop - points[:, None]) @ (1.0, 1.0j)
    turned = np.angle(np.roll(spokes, -1, axis=1) / spokes)
    return np.asarray(np.rint(turned.sum(axis=1) / (2.0 * np.pi)))
