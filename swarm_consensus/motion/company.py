"""Which way round a wall: the one on which those go whose links the wall would cut.

A held link is a line of sight where walls block the radio. Two ends that pass a pillar on different sides hold each
other up for ever: neither may go on, since the line would meet the pillar, and neither knows a reason to turn back. So
one of them gives way, the one that has farther to go: before it heads for a point from which it would not see a linked
robot that is nearer to the goal, it goes to that robot. There it finds itself on the same side.

Both ends know enough for this without a word: where the other is, and the map. The way to the other is in sight, and
ends nearer to the goal, so that nobody turns back for somebody who turns back for it. It is gone to its end, since on
the way the next point may be in sight of the other again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.sight import Sight

EVEN = 0.2  # m, by which another must be nearer to the goal to be followed
BESIDE = 1.2  # m, from another: it has been followed for long enough


@dataclass(frozen=True, slots=True)
class Linked:
    """Those to whom a robot holds links, at one tick."""

    robots: tuple[int, ...]
    places: Array  # (k, 3) m, where they were last known
    margin: Array  # (k,) m, by which lines to them are kept clear of walls
    walls: Sight  # that could cut them


class Company:
    """One robot's ways round walls that block the radio.

    Parameters
    ----------
    guidance
        Ways round what blocks this robot.
    """

    def __init__(self, guidance: Guidance) -> None:
        self._guidance = guidance
        self._followed: int | None = None

    def kept(self, position: Array, linked: Linked, ahead: Array, goal: Array) -> Array:
        """Return where to head for so that no link to who is nearer to the goal is lost behind a wall.

        Parameters
        ----------
        position
            Of the robot's reference, (3,) m.
        linked
            At this tick.
        ahead
            Where the robot would head for, shape (d,), m, d 2 or 3.
        goal
            The goal, shape (d,), m; who is nearer to it goes before.

        Returns
        -------
        Array
            Shape (d,), m: `ahead`, or where the robot is that it follows, at the goal's altitude.
        """
        before = self._before(position, goal, linked)
        if self._followed not in before:
            self._followed = self._hidden(position, ahead, linked, before)
        if self._followed is None:
            return ahead
        beside = goal.copy()
        beside[:2] = linked.places[linked.robots.index(self._followed), :2]
        return beside

    def _before(self, position: Array, goal: Array, linked: Linked) -> dict[int, float]:
        """Return how far those have to go, m, who are not beside this robot and nearer to the goal."""
        own = self._guidance.distance(position, goal) - EVEN
        apart = np.sqrt(((linked.places[:, :2] - position[:2]) ** 2).sum(axis=1)).tolist()
        left = [self._guidance.distance(place, goal) for place in linked.places]
        return {
            robot: way for robot, way, gap in zip(linked.robots, left, apart, strict=True) if way < own and gap > BESIDE
        }

    def _hidden(self, position: Array, ahead: Array, linked: Linked, before: dict[int, float]) -> int | None:
        """Return who of these would be out of sight there, the one that has least to go."""
        if not before:
            return None
        view = np.append(ahead[:2], position[2])
        seen = linked.walls.surely(view, linked.places, np.zeros(len(linked.robots)), linked.margin).tolist()
        hidden = [robot for robot, sees in zip(linked.robots, seen, strict=True) if robot in before and not sees]
        return min(hidden, key=before.__getitem__, default=None)
