"""The docks of a world: who stands on them, who shows which token, and who is given power.

A dock sees the true places of bodies, with power or without. It gives power to a living robot on it that shows a token
for one of its places, unless it has seen a higher one for that place. The highest is stored before power is given, on
a disk that outlives the dock's own crashes. A dock that arbitrates alone (`arbiters`) knows better, and takes none but
that of the present holder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import msgspec
import numpy as np
from numpy.typing import NDArray

from swarm_consensus.agreement.lease import Gate
from swarm_consensus.arrays import Array
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Frame
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.charging import TOPIC, Token
from swarm_consensus.simulation.arbiters import Station
from swarm_consensus.simulation.office import notes_of
from swarm_consensus.simulation.scenario import Dock

_decoder = msgspec.msgpack.Decoder(Token)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a dock saw in one tick."""

    on: frozenset[int]  # robots on it, dead ones too
    charged: tuple[Token, ...] = ()  # tokens for which it gave power
    who: tuple[int, ...] = ()  # robots that it gave power to
    stale: int = 0  # of these tokens, those lower than one that there was for the same place
    refused: tuple[int, ...] = ()  # robots that showed a token and got no power
    held: tuple[tuple[int, int], ...] = ()  # if it arbitrates alone: who has a claim to it, and as which version


class Disk:
    """What a dock has stored: the highest token by place."""

    def __init__(self) -> None:
        self.highest: dict[int, int] = {}

    def save(self, place: int, token: int) -> None:
        """Store a token; it is there when this returns."""
        self.highest[place] = token


@dataclass(slots=True)
class _Station:
    """One dock: where it is, its disk, and what it knows while it has power."""

    dock: Dock
    arbiter: Station | None = None  # it gives claims itself; None: tokens are from the log
    disk: Disk = field(default_factory=Disk)
    gates: list[Gate] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)  # by place: the highest token shown, or version, for the judge

    def start(self) -> None:
        """Begin with what the disk holds."""
        self.gates = [Gate(self.disk.highest.get(place, 0)) for place in range(self.dock.places)]

    def admits(self, token: Token) -> bool:
        """Tell whether a token is good; a new highest one is stored first."""
        if self.arbiter is not None:
            return self.arbiter.admits(token.place, token.token)
        gate = self.gates[token.place]
        before = gate.highest
        if not gate.admits(token.token):
            return False
        if gate.highest > before:
            self.disk.save(token.place, gate.highest)
        return True


class Docks:
    """All docks of a world.

    Parameters
    ----------
    docks
        Of the scenario.
    robots
        How many there are.
    ears
        Open what robots seal.
    arbiters
        Of docks that give claims themselves; (): tokens are from the log.
    """

    def __init__(self, docks: Sequence[Dock], robots: int, ears: Ears, arbiters: Sequence[Station] = ()) -> None:
        self._ears = ears
        self.given: Array = np.zeros(robots)  # (n,) W, in the present period
        self._stations = [_Station(dock, arbiter) for dock, arbiter in zip_longest(docks, arbiters)]
        for station in self._stations:
            station.start()

    @property
    def stored(self) -> dict[str, dict[int, int]]:
        """What each dock's disk holds: the highest token by place."""
        return {station.dock.name: dict(station.disk.highest) for station in self._stations}

    def restart(self, dock: int) -> None:
        """Let a dock crash and come back: it knows what its disk holds."""
        station = self._stations[dock]
        station.start()
        if station.arbiter is not None:
            station.arbiter.start()

    def look(self, frames: Sequence[bytes | None], position: Array, alive: NDArray[np.bool_]) -> tuple[Sight, ...]:
        """See one tick, and decide who is given power.

        Parameters
        ----------
        frames
            What each robot says, as a dock that it stands on hears it: nothing is lost so near.
        position
            True, shape (n, 3), m.
        alive
            Shape (n,).
        """
        self.given = np.zeros(len(position))
        heard = [self._ears.frame(packet) if packet is not None else None for packet in frames]
        shown = [token_in(frame) if alive[i] else None for i, frame in enumerate(heard)]
        return tuple(self._see(number, station, shown, position) for number, station in enumerate(self._stations))

    def _see(self, number: int, station: _Station, shown: Sequence[Token | None], position: Array) -> Sight:
        dock = station.dock
        away = np.hypot(position[:, 0] - dock.position_m[0], position[:, 1] - dock.position_m[1])
        on = np.flatnonzero(away <= dock.reach_m).tolist()
        asking = [(token, robot) for robot in on if (token := shown[robot]) is not None and token.dock == number]
        asking.sort(key=lambda pair: (-pair[0].token, pair[1]))  # of two for one place the newer first
        for place, version in enumerate(() if station.arbiter is None else station.arbiter.versions):
            station.seen[place] = max(version, station.seen.get(place, 0))
        served: dict[int, tuple[Token, int]] = {}
        stale, refused = 0, []
        for token, robot in asking:
            known = token.place < dock.places
            if not known or token.place in served or not station.admits(token):
                refused.append(robot)
                continue
            stale += token.token < station.seen.get(token.place, 0)
            station.seen[token.place] = max(token.token, station.seen.get(token.place, 0))
            served[token.place] = (token, robot)
            self.given[robot] = dock.power_w
        tokens, robots = tuple(t for t, _ in served.values()), tuple(r for _, r in served.values())
        held = () if station.arbiter is None else station.arbiter.held
        return Sight(frozenset(on), tokens, robots, stale, tuple(refused), held)


def token_in(frame: Frame | None) -> Token | None:
    """Return the token that a frame shows, or None."""
    try:
        notes = [] if frame is None else notes_of(frame, TOPIC)
        return _decoder.decode(notes[0].words) if notes else None
    except UNREADABLE:
        return None
