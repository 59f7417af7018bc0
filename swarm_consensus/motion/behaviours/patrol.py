"""Patrol: each robot visits the given points in turn, for ever, each beginning at a point of its own.

A point where somebody stands is left for the next one after a while: another visit will do as well.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import length
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.potential import attraction

GAIN = 1.5  # 1/s
NEAR = 0.4  # m, of its reference: then a point is visited
PATIENCE = 4.0  # s, without coming nearer to a point before it goes on to the next; up to half as much again
PROGRESS = 0.1  # m, by which it must come nearer


@behaviour("patrol")
class Patrol:
    """Go from point to point.

    Parameters
    ----------
    briefing
        The task's points.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._points = briefing.task.points
        self._guidance = briefing.guidance
        count = len(self._points)
        self._next = briefing.index * count // max(briefing.count, 1) % max(count, 1)
        spread = 1.0 + 0.5 * (briefing.index * 0.618034 % 1.0)  # golden ratio: neighbours in the roster differ most
        self._patience = round(PATIENCE * spread / briefing.period)
        self._nearest = np.inf  # m, that it has been to the present point
        self._since = 0  # tick at which it last came nearer

    def __call__(self, situation: Situation) -> Wish:
        """Return the way to the next point; a robot that was called away begins with the nearest one."""
        here = situation.position
        if not len(self._points):
            return Wish(np.zeros_like(here), arrived=True)
        self._look(situation)
        goal = here.copy()
        goal[:2] = self._points[self._next]
        ahead = self._guidance.waypoint(here, goal)
        # full speed up to the point: it does not stop there
        velocity = attraction(here, ahead, goal, GAIN * situation.speed / NEAR, situation.speed)
        return Wish(velocity, arrived=False, pushing=True)

    def _look(self, situation: Situation) -> None:
        """Go on to the next point where this one is visited, or can't be for now."""
        away = float(length(self._points[self._next] - situation.position[:2]))
        if away < self._nearest - PROGRESS:
            self._nearest, self._since = away, situation.tick
        if away < NEAR or situation.tick - self._since > self._patience:
            self._next = (self._next + 1) % len(self._points)
            self._nearest, self._since = np.inf, situation.tick
