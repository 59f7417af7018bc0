r"""What one robot knows of the others, and which links it holds.

News of a robot is a position of its reference and the tick at which it holds, heard from itself or from a third robot
(`Sightings`); the newest counts. Between two ticks a reference moves at most its speed bound, so it is surely within

.. math:: \rho = V_j \, T \, \max(1, k + 1 - s)

of news of tick s, at any time of the period that begins with tick k. A clock that is off by e seconds adds V_j e, which
belongs into the margin.
"""

from __future__ import annotations

import numpy as np
from msgspec import Raw

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Frame, Sighting, Sightings, messages_of, pack_ids, packed, unpack_ids
from swarm_consensus.robot.config import AgentConfig

FORM = 0.95  # share of the kept range within which a new link is taken up: not so near the limit that it binds at once
RELAYED = 4  # second-hand news in each frame; the table goes round in n / 4 ticks
_FAR = 1e6  # m, where a robot that was never heard of is put, so that it binds nothing
_NEVER = -1


class Neighbours:
    """One robot's table of the others; rows are roster indexes, its own row stays empty.

    Parameters
    ----------
    config
        The robot's orders.
    boot
        Tick at which the robot was switched on.
    """

    def __init__(self, config: AgentConfig, boot: int) -> None:
        count = len(config.roster)
        me = config.roster[config.index]
        peers = config.roster
        self._config = config
        self._boot = boot
        self._next = 0
        self._step = np.array([peer.speed for peer in peers]) * config.period
        self.separation: Array = np.array([me.radius + me.reach + peer.radius + peer.reach for peer in peers])
        self.range: Array = np.array([config.radio_range - config.margin - me.reach - peer.reach for peer in peers])
        self.position: Array = np.full((count, 3), _FAR)
        self.tick = np.full(count, _NEVER, dtype=np.int64)
        self.claims = np.zeros(count, dtype=bool)  # says in its beacon that it holds the link to this robot
        self.pushing = np.zeros(count, dtype=bool)  # says that it is blocked, far from its goal
        self.held = np.zeros(count, dtype=bool)
        self.held[list(config.start_links)] = True
        self.lost = np.zeros(count, dtype=bool)
        self.others = np.ones(count, dtype=bool)
        self.others[config.index] = False

    def hear(self, frame: Frame) -> None:
        """Take in an accepted frame: the sender's own news, and what it saw of others."""
        sender = frame.sender
        self.claims[sender] = self._config.index in unpack_ids(frame.held)
        self.pushing[sender] = frame.pushing
        self._learn(sender, frame.tick, frame.position)
        for message in messages_of(frame):
            for entry in message.entries:
                if entry.robot < len(self.tick) and entry.robot != self._config.index and entry.tick <= frame.tick:
                    self._learn(entry.robot, entry.tick, (entry.x, entry.y, entry.z))

    def _learn(self, robot: int, tick: int, position: tuple[float, float, float]) -> None:
        if tick > self.tick[robot]:
            self.tick[robot] = tick
            self.position[robot] = position

    def uncertainty(self, tick: int) -> Array:
        """Return rho, how far each other may be from where it was known, until the end of this period, (n,) m.

        One that is presumed dead has stopped: it moved no longer than `max_age`, as every robot that hears nothing.
        """
        age = np.maximum(tick + 1 - self.tick, 1)
        if self.lost.any():
            age = np.where(self.lost, np.minimum(age, self._config.max_age + 2), age)
        return np.asarray(self._step * age)

    def update_links(self, tick: int, distance: Array, uncertainty: Array) -> None:
        """Presume dead who was silent too long, and take up links.

        A link is taken up where the other is surely well within range, or where it says that it holds the link and is
        surely within. So both ends hold a link only while it is within range, and from then on both keep it there.

        Parameters
        ----------
        tick
            The present tick.
        distance
            From the own reference to each other's last known one, shape (n,), m.
        uncertainty
            rho, shape (n,), m.
        """
        since = np.where(self.tick < 0, self._boot, self.tick)
        self.lost = (tick - since > self._config.lost_after) & self.others
        surely = distance + uncertainty
        near = (surely <= FORM * self.range) | (self.claims & (surely <= self.range))
        self.held = (self.held | near & self.others) & ~self.lost

    def unknown(self) -> Array:
        """Robots of which there is no news at all and which aren't presumed dead, indexes (m,)."""
        return np.flatnonzero(self.others & (self.tick < 0) & ~self.lost)

    def stale(self, tick: int) -> Array:
        """Robots whose link is held on news that is too old to move on, indexes (m,)."""
        return np.flatnonzero(self.held & (tick - self.tick > self._config.max_age))

    def beacon(self) -> bytes:
        """Return the held links as the bitmap of a frame."""
        return pack_ids(np.flatnonzero(self.held).tolist())

    def sightings(self) -> tuple[Raw, ...]:
        """Return the next few second-hand news as messages of a frame, going round the table frame by frame."""
        known = np.flatnonzero((self.tick >= 0) & ~self.lost)
        if not known.size:
            return ()
        chosen = [int(known[(self._next + i) % known.size]) for i in range(min(RELAYED, known.size))]
        self._next = (self._next + len(chosen)) % known.size
        ticks, positions = self.tick, self.position
        entries = tuple(Sighting(j, int(ticks[j]), *positions[j].tolist()) for j in chosen)
        return (packed(Sightings(entries)),)
