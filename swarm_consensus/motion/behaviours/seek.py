"""Seek: the swarm spreads to measure, and then gathers where the map that it makes meanwhile has its maximum."""

from __future__ import annotations

from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.behaviours.coverage import Coverage
from swarm_consensus.motion.behaviours.rendezvous import rendezvous


@behaviour("seek")
class Seek:
    """Spread as `coverage` does until a time, then gather as `rendezvous` does at the present goal.

    Parameters
    ----------
    briefing
        The task's `spread` says how long, s; its `agreed_goal` names the map.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._spreading = Coverage(briefing)
        self._until = round((briefing.task.spread or 0.0) / briefing.period)

    def __call__(self, situation: Situation) -> Wish:
        """Return the way to the middle of the own cell, or to the maximum as this robot knows it."""
        if situation.tick < self._until or situation.goal is None:
            return self._spreading(situation)
        return rendezvous(situation)
