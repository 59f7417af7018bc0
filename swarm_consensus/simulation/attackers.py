"""Radios of strangers: they record what they hear, and send it again, altered, or in the name of others.

What they send is heard by every robot in range, before anything else in the tick and without loss: the worst case for
the swarm. They have no key of the swarm's. Everything is drawn from the seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from swarm_consensus.agreement.claim import Held
from swarm_consensus.agreement.trigger import Ruling, pack_ruling
from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import MTU, Frame, FrameError, decode, encode
from swarm_consensus.network.seal import HEADER, Kind, Sealer, by_group, by_identity, inside, with_other
from swarm_consensus.robot.claims import CLAIM, pack_answer, read_note
from swarm_consensus.robot.devices import plain, voice
from swarm_consensus.robot.jobs import JOBS, read_effort
from swarm_consensus.simulation.identities import simulated_key, swarm_of
from swarm_consensus.simulation.office import notes_of
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.scenario import Attacker, Scenario

MEMORY = 2000  # packets that one remembers
FAR = 4.0  # m, by which a forged beacon is off


class Attackers:
    """All strangers of a scenario.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster.
    rng
        Source of what they draw.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], rng: np.random.Generator) -> None:
        self._radios = [_Radio(scenario, each, len(robots), rng) for each in scenario.attackers]

    def listen(self, packets: Sequence[bytes | None], position: Array) -> None:
        """Hear what robots send: packets, one for each robot, and true positions (n, 3), m."""
        for radio in self._radios:
            radio.listen(packets, position)

    def speak(
        self, time: float, tick: int, heard: list[list[bytes]], position: Array, alive: NDArray[np.bool_]
    ) -> None:
        """Put packets before what each robot hears."""
        for radio in self._radios:
            packets = radio.speak(time, tick)
            for robot in np.flatnonzero(radio.reaches(position) & alive).tolist() if packets else ():
                heard[robot][:0] = packets


class _Radio:
    """One of them."""

    def __init__(self, scenario: Scenario, attacker: Attacker, count: int, rng: np.random.Generator) -> None:
        self._attacker, self._count, self._rng = attacker, count, rng
        self._range = scenario.radio.range_m if attacker.range_m is None else attacker.range_m
        self._place = np.array([*attacker.position_m, 0.0][:3])
        self._kept: deque[bytes] = deque(maxlen=MEMORY)
        self._newest: dict[int, bytes] = {}  # by sender
        security = scenario.security
        kind: Kind = "group" if security is not None and security.seal == "group" else "identity"
        self._sealed = security is not None and security.seal != "none"
        key, swarm = simulated_key(swarm_of(scenario), "stranger", attacker.name), swarm_of(scenario)
        self._prove = by_identity(key, swarm) if kind == "identity" else by_group(key.public.raw, swarm)
        self._voice = voice(key, swarm) if self._sealed else plain
        self._sealers = [Sealer(sender, 2**31, kind, self._prove) for sender in range(min(count + 1, 256))]
        self._ways: dict[str, Callable[[int], bytes | None]] = {
            "replay": self._replay,
            "garbage": self._garbage,
            "alter": self._alter,
            "forge": self._forge,
            "done": self._done,
            "grant": self._grant,
        }

    def reaches(self, position: Array) -> NDArray[np.bool_]:
        """Tell which robots are in range, (n,)."""
        return np.asarray(np.linalg.norm(position - self._place, axis=1) <= self._range)

    def listen(self, packets: Sequence[bytes | None], position: Array) -> None:
        for robot in np.flatnonzero(self.reaches(position)).tolist():
            packet = packets[robot]
            if packet:
                self._kept.append(packet)
                self._newest[robot] = packet

    def speak(self, time: float, tick: int) -> list[bytes]:
        attacker = self._attacker
        until = np.inf if attacker.until_s is None else attacker.until_s
        if not attacker.from_s <= time < until:
            return []
        found = [self._ways[way](tick) for way in attacker.does for _ in range(attacker.packets)]
        return [packet for packet in found if packet is not None]

    def _replay(self, _: int) -> bytes | None:
        """Send again what was heard, newer or older; its own sender hears it, too."""
        return self._kept[int(self._rng.integers(len(self._kept)))] if self._kept else None

    def _garbage(self, _: int) -> bytes:
        """Send noise that may begin like ours, or bits of what was heard."""
        noise = self._rng.bytes(int(self._rng.integers(1, MTU + 100)))
        match int(self._rng.integers(4)):
            case 0:
                return noise
            case 1:
                return b"SS\x01\x01" + noise
            case 2:
                return b"SC\x01" + noise
        kept = self._replay(0)
        return noise if kept is None else kept[: int(self._rng.integers(len(kept)))]

    def _alter(self, tick: int) -> bytes | None:
        """Send what was heard last of a robot with another position, under the proof that it had."""
        packet = self._of_somebody()
        frame = None if packet is None else self._moved(packet, tick)
        if packet is None or frame is None:
            return None
        if not self._sealed:
            return frame
        proof = packet[HEADER + len(inside(packet)) :]
        return with_other(packet, frame, lambda _: proof)

    def _forge(self, tick: int) -> bytes | None:
        """Send a beacon in the name of a robot, sealed with an own key if frames are sealed."""
        packet = self._of_somebody()
        frame = None if packet is None else self._moved(packet, tick)
        if frame is None:
            return None
        sender = decode(frame).sender if self._rng.random() < 0.9 else self._count  # or one that there is not
        return self._sealers[min(sender, 255)].seal(frame) if self._sealed else frame

    def _done(self, _: int) -> bytes | None:
        """Answer in the name of the executor that what a robot is about to do is done already."""
        for robot in sorted(self._newest):
            try:
                frame = decode(inside(self._newest[robot]))
            except FrameError:
                continue
            for effort in map(read_effort, notes_of(frame, JOBS)):
                if effort is not None:
                    what = effort.attempt
                    return self._voice(pack_ruling(Ruling(effort.job, what.robot, what.token, "done", what.number)))
        return None

    def _grant(self, _: int) -> bytes | None:
        """Answer in the name of a dock that a robot which asks for a place, one at random, has it."""
        asked = []
        for robot in sorted(self._newest):
            try:
                frame = decode(inside(self._newest[robot]))
            except FrameError:
                continue
            asked += [found for found in map(read_note, notes_of(frame, CLAIM)) if found is not None]
        if not asked:
            return None
        dock, what = asked[int(self._rng.integers(len(asked)))]
        free = (Held(),) * what.place
        return self._voice(pack_answer(dock, (*free, Held(what.version + 1, what.asked, what.robot))))

    def _of_somebody(self) -> bytes | None:
        if not self._newest:
            return None
        return self._newest[sorted(self._newest)[int(self._rng.integers(len(self._newest)))]]

    def _moved(self, packet: bytes, tick: int) -> bytes | None:
        """Return the newest frame that a robot could have sent, from somewhere else."""
        try:
            frame: Frame = decode(inside(packet))
        except FrameError:
            return None
        x, y, z = frame.position
        turn = self._rng.random() * 2 * np.pi
        place = (x + FAR * float(np.cos(turn)), y + FAR * float(np.sin(turn)), z)
        # a sequence ahead of the true one, so that who believes it hears the true sender no more
        return encode(replace(frame, tick=tick + 2, sequence=tick + 2, position=place, messages=()))
