r"""What one robot knows of the others, and which links it holds.

News of a robot is a position of its reference and the tick at which it holds, heard from itself or from a third robot
(`Sightings`); the newest counts. Between two ticks a reference moves at most its speed bound, so it is surely within

.. math:: \rho = V_j \, T \, \max(1, k + 1 - s)

of news of tick s, at any time of the period that begins with tick k. A clock that is off by e seconds adds V_j e, which
belongs into the margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.motion.hindrance import Anchor, Hindrance
from swarm_consensus.motion.holding import Holding
from swarm_consensus.motion.sight import Sight, sight_margin
from swarm_consensus.network.frame import Heard, Sighting, Sightings, pack_ids, packed, unpack_ids
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.link_state import LinkState

RELAYED = 3  # second-hand news in each frame; the table goes round in n / 3 ticks
_FAR = 1e6  # m, where a robot that was never heard of is put, so that it binds nothing
_ANY = 1e9  # m, the range within which a robot without a link is kept: no limit
_NEVER = -1
_ALWAYS = 2**62  # tick: a robot knows of itself
_PEEK = 0.1  # m, beyond what is kept: a link nearer to a wall isn't taken up, and is let go even if it is short


@dataclass(frozen=True, slots=True)
class View:
    """The others as they may be during one period; rows are roster indexes, the own row is far away."""

    offset: Array  # (n, 3) m, own reference minus each other's last known one
    distance: Array  # (n,) m, its length
    rho: Array  # (n,) m, how far each other may be from there


class Neighbours:
    """One robot's table of the others.

    Parameters
    ----------
    config
        The robot's orders.
    boot
        Tick at which the robot was switched on.
    """

    def __init__(self, config: AgentConfig, boot: int) -> None:
        peers = config.roster
        me, count = peers[config.index], len(peers)
        self._config = config
        self._next = 0
        self._others = [index for index in range(count) if index != config.index]
        self._step = np.array([peer.speed for peer in peers]) * config.period
        self._step[config.index] = 0.0  # no news of itself ever comes, and on a wall clock that is long ago
        self.separation: Array = np.array([me.radius + me.reach + peer.radius + peer.reach for peer in peers])
        self.range: Array = np.array([config.radio_range - config.margin - me.reach - peer.reach for peer in peers])
        self.sight: Array = np.array([sight_margin(me.reach, peer.reach) for peer in peers])  # m, kept clear of walls
        self.walls = Sight(config.blocking) if config.blocking else None
        reach = self.range if config.redundancy else np.zeros(count)  # 0: no link is ever within it
        start = config.start_links if config.redundancy else ()
        # the widest margin of all pairs, which is the same for all robots
        walls = Hindrance(config.blocking, float(self.sight.max()) + _PEEK)
        self._holding = Holding(config.index, reach, config.max_age, config.redundancy, start, walls)
        walled = self.walls is not None
        self.link_state = LinkState(config.index, count, config.max_age, config.lost_after, config.rate, walled)
        self._where: list[tuple[float, float, float]] = [(_FAR, _FAR, _FAR)] * count
        self._tick = [_NEVER] * count  # at which the position held
        self._since = [boot] * count  # tick of the last news, for who is presumed dead
        self._since[config.index] = _ALWAYS
        self._velocity = [(0.0, 0.0, 0.0)] * count  # as its last frame said
        self._pushing = np.zeros(count, dtype=bool)  # says that it is blocked, far from its goal
        self._held = np.zeros(count, dtype=bool)
        self._lost = np.zeros(count, dtype=bool)
        self._still_until = 0 if config.start_links else boot + config.lost_after  # a returner waits to be heard
        self.keeps_links = config.redundancy > 0  # False: the swarm was told that it may fall apart
        self._note_links()
        self._note_known()

    def hear(self, heard: Heard) -> None:
        """Take in an accepted frame: the sender's own news, and what it saw of others."""
        frame = heard.frame
        sender, own = frame.sender, self._config.index
        self._holding.hear(sender, frame.tick - 1, unpack_ids(frame.held), frame.anchor)
        self._pushing[sender] = frame.pushing
        self._velocity[sender] = frame.velocity
        if frame.tick > self._tick[sender]:
            self._learn(sender, frame.tick, frame.position)
        for claim in self.link_state.hear(frame, heard.claims):
            if claim.anchor is not None:
                first = claim.epoch * self._config.max_age
                self._holding.hear(claim.robot, first, unpack_ids(claim.held), claim.anchor)
        ticks = self._tick
        for entry in heard.sightings:
            robot = entry.robot
            if robot < len(ticks) and ticks[robot] < entry.tick <= frame.tick and robot != own:
                self._learn(robot, entry.tick, (entry.x, entry.y, entry.z))

    def _learn(self, robot: int, tick: int, position: tuple[float, float, float]) -> None:
        first = self._tick[robot] < 0
        self._tick[robot] = self._since[robot] = tick
        self._where[robot] = position
        if first:
            self._note_known()

    def look(self, reference: Array, tick: int) -> View:
        """Bring links up to date and return the others as they may be during the period that begins now.

        Who was silent too long is presumed dead, and its link let go. Links between the living change where an epoch
        ends (`Holding`). One is taken up only where the other is surely within range, so that both ends hold a link
        only while it is within, and from then on both keep it there.

        Parameters
        ----------
        reference
            The robot's own, shape (3,), m.
        tick
            The present tick.
        """
        self._bury(tick)
        self._count(tick)
        offset = reference - _rows(self._where)
        distance = length(offset)
        rho = self._uncertainty(tick)
        if self._holding.is_due(tick):
            hidden = self._hidden(reference, offset, rho)
            if self._holding.turn(tick, reference, distance + rho, {*self.lost, *hidden}):
                self._note_links()
        self.link_state.look(tick, self.beacon, self.lost, self.anchor)
        return View(offset, distance, rho)

    def _hidden(self, reference: Array, offset: Array, rho: Array) -> tuple[int, ...]:
        """Return those that may be behind a wall that blocks the radio, or nearly."""
        if self.walls is None:
            return ()
        seen = self.walls.surely(reference, reference - offset, rho, self.sight + _PEEK)
        return tuple(np.flatnonzero(~seen).tolist())

    @property
    def anchor(self) -> Anchor:
        """Where the own reference was when the epoch began, mm."""
        return self._holding.anchor

    def _bury(self, tick: int) -> None:
        """Presume dead who was silent too long; one that is heard again is back."""
        oldest = tick - self._config.lost_after
        silent = [index for index in self._others if self._since[index] < oldest] if min(self._since) < oldest else []
        if silent or self.lost:
            self._lost[:] = False
            self._lost[silent] = True
            if tuple(silent) != self.lost:
                self._holding.drop(silent)
                self._note_links()
                self._note_known()

    def _count(self, tick: int) -> None:
        """Hold still without a majority: those who were cut off together may be dead to a majority that moves on.

        Who counts must be heard of within less than `lost_after`, so that a minority stands before it is presumed
        dead, and a robot that is back in the majority waits until that had time to hear of it. Half the roster counts
        as a majority if the first robot is in it, so that no two halves both move.
        """
        newest = tick - max(self._config.lost_after - self._config.max_age, self._config.max_age)
        self.count = sum([since >= newest for since in self._since])
        doubled = 2 * self.count + (self._since[0] >= newest)
        if doubled <= len(self._tick):
            self._still_until = tick + self._config.lost_after

    def quorate(self, tick: int) -> bool:
        """Tell whether a majority was heard of, and has been for long enough to know of this robot."""
        return tick >= self._still_until

    def _uncertainty(self, tick: int) -> Array:
        """Return rho, shape (n,), m.

        One that is presumed dead has stopped, even if it lives: soon, if it holds a link to one who is heard, since
        those links are stale to it too; and at the latest when it found itself in a minority.
        """
        age = np.maximum(tick + 1 - np.array(self._tick), 1)
        if self.lost:
            age = np.where(self._lost, np.minimum(age, self._longest_walk), age)
        return np.asarray(self._step * age)

    def _note_links(self) -> None:
        """Spell out what only changes with the links."""
        self._held[:] = False
        self._held[list(self._holding.held)] = True
        self.held: tuple[int, ...] = tuple(np.flatnonzero(self._held).tolist())
        self.kept: Array = np.where(self._held, self.range, _ANY)  # (n,) m, range within which each other is kept
        self.held_names = self._names_of(self.held)
        self.beacon = pack_ids(self.held)  # the held links as the bitmap of a frame

    def _note_known(self) -> None:
        """Spell out what only changes when a robot is heard for the first time, is lost or is back."""
        self.lost: tuple[int, ...] = tuple(np.flatnonzero(self._lost).tolist())
        self.lost_names = self._names_of(self.lost)
        self._placed = [i for i in self._others if self._tick[i] >= 0]
        self.unknown = tuple([i for i in self._others if self._tick[i] < 0])  # dead or alive they may be anywhere
        self._known = [i for i in self._placed if i not in self.lost]
        self.living: NDArray[np.intp] = np.array(self._known, dtype=np.intp)  # heard of, and not presumed dead
        self.living_separation = self.separation[self.living]
        heard = {self._config.index, *self._known}
        soon, late = 2 * self._config.max_age + 2, self._config.lost_after + 2
        claims = map(self._holding.claims_of, range(len(self._tick)))
        self._longest_walk = np.array([soon if heard & holds else late for holds in claims])

    def _names_of(self, robots: Iterable[int]) -> tuple[str, ...]:
        return tuple([self._config.roster[robot].name for robot in robots])

    def pushing(self) -> NDArray[np.bool_]:
        """Tell which of the `living` say that they are blocked, far from their goal, shape (k,)."""
        return self._pushing[self.living]

    def velocities(self) -> Array:
        """Return how the references of the `living` moved when they were last heard themselves, shape (k, 3), m/s."""
        return _rows([self._velocity[robot] for robot in self._known])

    def links(self) -> NDArray[np.bool_]:
        """Tell the links to which of the `living` this robot holds, shape (k,)."""
        return self._held[self.living]

    def positions(self, robots: Sequence[int]) -> Array:
        """Return where the given robots' references were last known, shape (k, 3), m."""
        return _rows([self._where[robot] for robot in robots])

    def newest(self, robot: int) -> int:
        """Return the tick of the newest news of a robot's place; below 0: there was none."""
        return self._tick[robot]

    def stale(self, tick: int) -> int | None:
        """Return a robot whose link is held on news that is too old to move on, or None."""
        oldest = tick - self._config.max_age
        return next((index for index in self.held if self._tick[index] < oldest), None)

    def sightings(self) -> tuple[Raw, ...]:
        """Return the next few second-hand news as messages of a frame, going round the table frame by frame.

        News of the dead too: who has just been switched on must know where they lie.
        """
        placed = self._placed
        if not placed:
            return ()
        count = min(RELAYED, len(placed))
        chosen = [placed[(self._next + i) % len(placed)] for i in range(count)]
        self._next = (self._next + count) % len(placed)
        entries = tuple([Sighting(j, self._tick[j], *self._where[j]) for j in chosen])
        return (packed(Sightings(entries)),)


def _rows(points: Sequence[tuple[float, float, float]]) -> Array:
    """Return points as an array (k, 3): this way in less than half the time."""
    return np.fromiter(chain.from_iterable(points), dtype=float, count=3 * len(points)).reshape(-1, 3)
