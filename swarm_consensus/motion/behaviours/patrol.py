"""Patrol: the given points are visited again and again, by whoever is nearest to what has waited longest.

Each robot tells its neighbours when it knows each point to have been visited last, and to which one it is going. It
takes the one that has waited longest, less the time that the way takes, of those to which nobody else is going (after
the agents of A. Machado and others, "Multi-agent patrolling", MABS 2002, that react to idleness).
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from swarm_consensus.arrays import length
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.potential import attraction

GAIN = 1.5  # of the speed, over `NEAR`: it does not slow down for a point
NEAR = 0.4  # m, of its reference: then a point is visited
PATIENCE = 4.0  # s, without coming nearer to a point before it takes another; up to half as much again
PROGRESS = 0.1  # m, by which it must come nearer
SAY = 0.5  # s, between two notes
TAKEN = 1e6  # s of idleness, by which a point counts less where another goes, or that was given up just now
FORGET = 2.0  # s, after which it isn't known any more where another is going


class Words(msgspec.Struct, array_like=True, frozen=True):
    """What a robot tells of the patrol."""

    going: int  # number of the point that it is going to
    visited: list[int]  # tick of the last visit of each point, as far as it knows


_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Words)


@behaviour("patrol")
class Patrol:
    """Go to the point that has waited longest, and that nobody else goes to.

    Parameters
    ----------
    briefing
        The task's points.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._points = briefing.task.points
        self._guidance = briefing.guidance
        self._index, self._period, self._speed = briefing.index, briefing.period, briefing.speed
        spread = 1.0 + 0.5 * (briefing.index * 0.618034 % 1.0)  # golden ratio: neighbours in the roster differ most
        self._patience = round(PATIENCE * spread / briefing.period)
        self._say, self._forget = (max(1, round(s / briefing.period)) for s in (SAY, FORGET))
        self._visited: NDArray[np.int64] = np.zeros(len(self._points), dtype=np.int64)  # tick
        self._going: dict[int, tuple[int, int]] = {}  # by other robot: the point, and when it said so
        self._target: int | None = None
        self._nearest = np.inf  # m, that it has been to the target
        self._since = 0  # tick at which it last came nearer
        self._last = 0  # tick of the last call

    def __call__(self, situation: Situation) -> Wish:
        """Listen, choose and go."""
        here, tick = situation.position, situation.tick
        if not len(self._points):
            return Wish(np.zeros_like(here), arrived=True)
        for sender, words in situation.notes:
            self._listen(sender, words, tick)
        target = self._look(situation)
        goal = here.copy()
        goal[:2] = self._points[target]
        ahead = situation.beside(self._guidance.waypoint(here, goal), goal)
        velocity = attraction(here, ahead, goal, GAIN * situation.speed / NEAR, situation.speed)
        speaks = (tick + self._index) % self._say == 0
        note = _encoder.encode(Words(target, self._visited.tolist())) if speaks else None
        return Wish(velocity, arrived=False, pushing=True, note=note)

    def _listen(self, sender: int, words: Raw, tick: int) -> None:
        """Take in what another tells; visits that are yet to come, and other nonsense, change nothing."""
        try:
            told = _decoder.decode(words)
            visited = np.array(told.visited, dtype=np.int64)
        except UNREADABLE:
            return
        if visited.shape == self._visited.shape:
            self._visited = np.where(visited <= tick, np.maximum(visited, self._visited), self._visited)
            self._going[sender] = (told.going, tick)

    def _look(self, situation: Situation) -> int:
        """Return the point to go to: another one where this one is visited, or can't be for now."""
        away, tick = length(self._points - situation.position[:2]), situation.tick
        self._visited[away < NEAR] = tick
        if tick - self._last > self._patience:
            self._target = None  # it was called away
        self._last = tick
        if self._target is not None:
            left = float(away[self._target])
            if left < self._nearest - PROGRESS:
                self._nearest, self._since = left, tick
            if left >= NEAR and tick - self._since <= self._patience:
                return self._target
        self._target, self._nearest, self._since = self._choose(away, tick), np.inf, tick
        return self._target

    def _choose(self, away: NDArray[np.float64], tick: int) -> int:
        worth = (tick - self._visited) * self._period - away / self._speed
        taken = [point for point, said in self._going.values() if tick - said <= self._forget]
        worth[[point for point in taken if 0 <= point < len(worth)]] -= TAKEN
        if self._target is not None:
            worth[self._target] -= TAKEN
        return int(worth.argmax())
