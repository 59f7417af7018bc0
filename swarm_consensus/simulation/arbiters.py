"""Docks that arbitrate alone: stations on the robots' radio, which hear who asks in range, and answer all at once.

Each has a clock of its own, which begins when it is switched on, and a disk that outlives its crashes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from swarm_consensus.agreement.claim import NOBODY, Arbiter, Held
from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.arrays import Array
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.claims import CLAIM, device, pack_answer, read_note
from swarm_consensus.robot.devices import Voice, plain
from swarm_consensus.simulation.identities import ears_of, voice_of
from swarm_consensus.simulation.office import notes_of
from swarm_consensus.simulation.permits import claims_of
from swarm_consensus.simulation.scenario import Scenario

HEIGHT = 0.3  # m, of a dock's antenna
State = tuple[Held, ...]


class Disk:
    """What a dock has stored: who holds its places."""

    def __init__(self) -> None:
        self.state: State = ()

    def save(self, state: State) -> None:
        """Store a state; it is there when this returns."""
        self.state = state


class Station:
    """One dock that arbitrates.

    Parameters
    ----------
    number
        Of the dock among all.
    places
        That it has.
    lease
        Of its places.
    ears
        Open what robots seal.
    voice
        Signs what it answers.
    """

    def __init__(self, number: int, places: int, lease: LeaseSettings, ears: Ears, voice: Voice = plain) -> None:
        self._number, self._places, self._lease = number, places, lease
        self._ears, self._voice = ears, voice
        self.disk = Disk()
        self.start()

    def start(self) -> None:
        """Begin with what the disk holds, and a clock at zero."""
        self._now = 0
        self._arbiter = Arbiter(self._places, self._lease, self.disk.state)

    def step(self, packets: Sequence[bytes]) -> bytes | None:
        """Let a tick pass in which packets are heard; return the answer to all who asked something, if somebody did."""
        self._now += 1
        self._arbiter.look(self._now)
        asked = False
        for packet in packets:
            frame = self._ears.frame(packet)
            for note in [] if frame is None else notes_of(frame, CLAIM):
                found = read_note(note)
                if frame is None or found is None or found[0] != self._number or found[1].robot != frame.sender:
                    continue
                self._arbiter.hear(found[1], self._now)
                asked = True
        if self._arbiter.state != self.disk.state:
            self.disk.save(self._arbiter.state)
        return self._voice(pack_answer(self._number, self._arbiter.state)) if asked else None

    def admits(self, place: int, version: int) -> bool:
        """Tell whether whoever shows a version is given power at a place."""
        return self._arbiter.admits(place, version)

    @property
    def versions(self) -> tuple[int, ...]:
        """The present version of each place, held or free."""
        return tuple(held.version for held in self._arbiter.state)

    @property
    def held(self) -> tuple[tuple[int, int], ...]:
        """Who holds a place, and as which version."""
        return tuple((held.robot, held.version) for held in self._arbiter.state if held.robot != NOBODY)


class Arbiters:
    """All docks of a scenario that arbitrate alone.

    Parameters
    ----------
    scenario
        Checked.
    """

    def __init__(self, scenario: Scenario) -> None:
        orders = claims_of(scenario)
        self.stations: list[Station] = []
        for number, dock in enumerate(scenario.docks if orders is not None else ()):
            assert orders is not None
            voice = voice_of(scenario, device(dock.name))
            self.stations.append(Station(number, dock.places, orders.lease, ears_of(scenario), voice))
        places = [[*dock.position_m, HEIGHT] for dock in scenario.docks[: len(self.stations)]]
        self.position: Array = np.array(places, dtype=float).reshape(-1, 3)  # m

    def step(self, heard: Sequence[Sequence[bytes]]) -> list[bytes | None]:
        """Let a tick pass; return what each dock sends."""
        return [station.step(packets) for station, packets in zip(self.stations, heard, strict=True)]
