"""Going along with those who know where to: what a robot does that was told no goal, while some others were.

Who knows a goal and hears one that does not says so. The others say how many links they are away from one who knows,
by what their neighbours say, and each follows a neighbour that is nearer. So all stream after the few who know, and
nobody needs to be told beforehand who these are. What is not repeated is forgotten, so that the count grows past the
number of robots, and all stay where they are, once nobody knows a goal any more.

A link that has become as long as it may be can hold up one that has to go round a wall after its neighbour, and the
neighbour with it. So that one calls; whoever hears it at the other end of a long link comes towards it, and calls in
turn. Nothing waits for an answer.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from swarm_consensus.errors import UNREADABLE
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish
from swarm_consensus.motion.chase import Chase, is_near
from swarm_consensus.motion.potential import saturate

KEPT_S = 1.0  # for which what a neighbour said counts
TIGHT = 0.85  # of the longest link: a longer one holds up who has to go round a wall
REST = 0.1  # m/s: who is slower has stopped


class Word(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What one says to the others."""

    links: Annotated[int, Meta(ge=0, le=256)]  # from one who knows a goal: 0 says that it does itself
    calls: bool  # come towards me


_decoder = msgspec.msgpack.Decoder(Word)


class Hearsay:
    """What one robot knows of who knows.

    Parameters
    ----------
    briefing
        Of the robot.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._count = briefing.count
        self._kept = round(KEPT_S / briefing.period)
        self._tight = TIGHT * briefing.link
        self._guidance = briefing.guidance
        self._chase = Chase(briefing.guidance)
        self._said: dict[int, tuple[int, Word]] = {}  # by robot, with the tick at which it was heard
        self._followed: int | None = None

    def hear(self, situation: Situation) -> None:
        """Take in what others said since the last tick; to be called first."""
        oldest = situation.tick - self._kept
        self._said = {robot: (tick, word) for robot, (tick, word) in self._said.items() if tick > oldest}
        for robot, words in situation.notes:
            try:
                self._said[robot] = situation.tick, _decoder.decode(words)
            except UNREADABLE:
                continue  # of another version, or no word at all

    def words(self, *, calls: bool) -> bytes | None:
        """Return what one who knows a goal is to say, if it calls or somebody does not know one."""
        asked = any(word.links for _, word in self._said.values())
        return msgspec.msgpack.encode(Word(0, calls)) if calls or asked else None

    def is_held_up(self, situation: Situation) -> bool:
        """Tell whether a long link to a neighbour behind a wall would hold up one that has to go round it."""
        tight = np.flatnonzero(situation.linked & (situation.distance > self._tight)).tolist()
        here, offset = situation.position, situation.offset
        return any(not self._guidance.sees(here, here - offset[place]) for place in tight)

    def answer(self, situation: Situation, links: int) -> Wish | None:
        """Come towards who calls at the other end of a long link, the farthest; None: nobody does.

        Parameters
        ----------
        situation
            Of this tick.
        links
            From one who knows a goal.
        """
        callers = [robot for robot, (_, word) in self._said.items() if word.calls]
        held = np.isin(situation.others, callers) & situation.linked & (situation.distance > self._tight)
        if not held.any():
            return None
        towards = -situation.offset[int(np.argmax(np.where(held, situation.distance, 0.0)))]
        towards[2:] = 0.0
        said = msgspec.msgpack.encode(Word(links, calls=True))
        return Wish(saturate(towards, situation.speed), arrived=False, guided=False, note=said)

    def follow(self, situation: Situation) -> Wish:
        """Come along behind a linked neighbour that is nearer to one who knows; without one, stay."""
        near = [(self._links_of(int(situation.others[k])), k) for k in np.flatnonzero(situation.linked).tolist()]
        least = min([links for links, _ in near], default=self._count)
        if least >= self._count:
            said = msgspec.msgpack.encode(Word(self._count, calls=False))
            return Wish(np.zeros_like(situation.position), arrived=True, note=said)
        place = self._choose(situation, [k for links, k in near if links == least])
        velocity = self._chase.velocity(situation, place)
        called = self.answer(situation, least + 1) if self._chase.sees else None
        if called is not None:
            return called
        calls = not self._chase.sees and bool(situation.distance[place] > self._tight)
        there = is_near(situation, place) and float(np.linalg.norm(situation.other_velocity[place])) <= REST
        said = msgspec.msgpack.encode(Word(least + 1, calls=calls))
        return Wish(velocity, arrived=there, pushing=not there, note=said)

    def _links_of(self, robot: int) -> int:
        heard = self._said.get(robot)
        return self._count if heard is None else heard[1].links

    def _choose(self, situation: Situation, places: list[int]) -> int:
        """Stay with the neighbour that was followed if it will do, else take the nearest."""
        for place in places:
            if situation.others[place] == self._followed:
                return place
        place = min(places, key=situation.distance.item)
        self._followed = int(situation.others[place])
        return place
