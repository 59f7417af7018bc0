"""Explore: robots see all of an area while they stay linked to a base, and then come back to it.

Each keeps a survey of what has been seen, says it to its neighbours and takes in theirs. It heads for the nearest place
from which something unseen can be seen, first among those to which no robot it knows of is nearer (Yamauchi, "Frontier-
based exploration using multiple robots", 1998). Links may not let it through to a place: then it leaves that place to
others for a while, each robot after a patience of its own, so that two that pull at one link don't pull for ever.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, inner
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.potential import attraction
from swarm_consensus.motion.survey import SIGHT, Survey

GAIN = 1.0  # 1/s
STRAY = 0.25  # m: so much less than it sees a robot claims to have seen, since its body strays from its reference
LOOK = 0.25  # s, between two looks around
PLAN = 0.5  # s, between two choices of where to go
SAY = 0.5  # s, between two notes
PATIENCE = 3.0  # s, without getting on before a place is left to others; up to half as much again
AVOID = 15.0  # s, for which it is
AROUND = 1.5  # m, with what lies this near to it
HOME = 2.5  # m, from the base counts as back


@behaviour("explore")
class Explore:
    """See what nobody has seen; the base stays where it is, and its survey counts as well.

    Parameters
    ----------
    briefing
        The task names the base.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._survey = Survey(briefing.fence, briefing.obstacles, briefing.clearance)
        self._index, self._base = briefing.index, briefing.task.base
        spread = briefing.index * 0.618034 % 1.0  # golden ratio: neighbours in the roster differ most
        self._patience = PATIENCE * (1.0 + 0.5 * spread) / briefing.period
        self._look, self._plan, self._say = (max(1, round(s / briefing.period)) for s in (LOOK, PLAN, SAY))
        self._avoid = round(AVOID / briefing.period)
        self._shunned = np.zeros(len(self._survey.seen), dtype=int)  # tick until which each cell is left to others
        self._target: int | None = None  # cell
        self._waypoint: Array | None = None  # (2,) m; None: stay
        self._progress = 0  # tick at which the robot last got on

    def __call__(self, situation: Situation) -> Wish:
        """Listen, look, choose and go."""
        for _, words in situation.notes:
            self._listen(words)
        phase = situation.tick + self._index
        here = situation.position[:2]
        if phase % self._look == 0:
            self._survey.look(here, SIGHT - STRAY)
        note = msgspec.msgpack.encode(self._survey.words()) if phase % self._say == 0 else None
        still = np.zeros(len(situation.position))
        if self._index == self._base:
            return Wish(velocity=still, arrived=True, note=note)
        self._give_up(situation)
        if phase % self._plan == 0 or (self._target is not None and self._survey.seen.all()):
            self._choose(situation)
        if self._waypoint is None:
            return Wish(velocity=still, arrived=True, note=note)
        still[:2] = attraction(here, self._waypoint, self._waypoint, GAIN, situation.speed)
        return Wish(velocity=still, arrived=False, note=note)

    def _listen(self, words: Raw) -> None:
        """Take in another's survey; what is none changes nothing."""
        try:
            self._survey.merge(msgspec.msgpack.decode(words, type=bytes))
        except UNREADABLE:
            return

    def _give_up(self, situation: Situation) -> None:
        """Leave the present target and what is near it to others if it can't be reached for now."""
        moving = float(situation.velocity @ situation.velocity) > (0.2 * situation.speed) ** 2
        if moving or self._target is None:
            self._progress = situation.tick
        elif situation.tick - self._progress > self._patience:
            away = self._survey.centres - self._survey.centres[self._target]
            self._shunned[inner(away, away) <= AROUND**2] = situation.tick + self._avoid
            self._progress, self._target = situation.tick, None

    def _choose(self, situation: Situation) -> None:
        """Pick the next place to look from, or the way back to the base."""
        here = situation.position[:2]
        frontier = self._survey.viewpoints()
        frontier = frontier[self._shunned[frontier] <= situation.tick]
        moving = situation.others != (-1 if self._base is None else self._base)  # the base takes no place
        others = here - situation.offset[moving, :2]
        if len(frontier):
            lengths, before = self._survey.distances(np.concatenate((here[None], others)))
            self._target = _nearest(frontier, lengths)
            if self._target is not None:
                self._waypoint = self._survey.ahead(here, self._target, before[0])
                return
        self._target = None
        self._waypoint = self._way_home(situation)

    def _way_home(self, situation: Situation) -> Array | None:
        """Return where to head for on the way to the base; None if it is near, or not known of."""
        row = np.flatnonzero(situation.others == self._base)
        here = situation.position[:2]
        if not len(row) or float(situation.distance[row[0]]) <= HOME:
            return None
        cell = self._survey.nearest_way(here - situation.offset[row[0], :2])
        length, before = self._survey.distances(here[None])
        return self._survey.ahead(here, cell, before[0]) if np.isfinite(length[0, cell]) else None


def _nearest(frontier: NDArray[np.intp], lengths: Array) -> int | None:
    """Return the nearest cell, of those to which no other is nearer if there are any; None if no way leads to one."""
    own = lengths[0, frontier]
    if not np.isfinite(own).any():
        return None
    mine = np.where(own <= lengths[1:, frontier].min(axis=0, initial=np.inf), own, np.inf)
    return int(frontier[(mine if np.isfinite(mine).any() else own).argmin()])
