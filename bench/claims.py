"""A place of one's own: by a claim at the dock, or by a permit of the log. Messages, bytes and ticks side by side.

Five robots stand still. One wants a place, uses it, gives it back, waits a moment, and wants it again; nobody else
does. Counted is what that adds on the air: notes and answers of a claim, parcels of the mesh for a permit, without what
an idle log says. Ticks go from wanting until it may go onto the dock: for a permit its first renewal is settled.
`claims.py N`: N turns of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from arguments import number
from mesh import RATE, in_range, row
from rich.console import Console
from rich.table import Table
from sharing import BEACON, SETTINGS

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import MTU, Frame, Parcels, encode
from swarm_consensus.network.keys import SIGNATURE
from swarm_consensus.network.mesh import MeshSettings
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.claims import Claims
from swarm_consensus.robot.docks import Dock, DockOrders, Rights
from swarm_consensus.robot.facts import Facts, FactsOrders
from swarm_consensus.simulation import scenario
from swarm_consensus.simulation.arbiters import Station
from swarm_consensus.simulation.permits import lease_of

QUEUE = "dock"
COUNT = 5  # robots
HELD_S = 10
_PLACE = Dock(QUEUE, np.zeros(2), 1.0, 40.0, np.zeros((1, 2)))
_decoder = msgspec.msgpack.Decoder(Parcels)


def orders(given: scenario.Claims | scenario.Permits) -> DockOrders:
    """One place, with the times of a scenario's defaults."""
    return DockOrders((_PLACE,), ((QUEUE, ((0, 0),)),), lease_of(given, 0.01, RATE))


@dataclass
class Count:
    """What went over the air."""

    messages: int = 0
    bytes: int = 0


class ByClaim:
    """One robot and one dock, which hear each other."""

    def __init__(self, loss: float, seed: int) -> None:
        self.loss, self.rng, self.tick = loss, np.random.default_rng(seed), 1000
        self.rights = Claims(0, orders(scenario.Claims()))
        self.rights.wanted = frozenset()
        self.station = Station(0, 1, orders(scenario.Claims()).lease, Ears(None, b"", MemoryMarks()))
        self.air = Count()
        self._said: tuple[bytes | None, bytes | None] = (None, None)  # by the robot and by the dock, in the tick before

    def step(self) -> None:
        """Let a tick pass."""
        self.tick += 1
        asked, answered = (None if self.rng.random() < self.loss else said for said in self._said)
        self.rights.begin(self.tick)
        self.rights.hear([] if answered is None else [answered])
        notes = self.rights.due()
        still = (0.0, 0.0, 0.0)
        frame = encode(Frame(0, self.tick, self.tick, still, still, b"", pushing=False, messages=notes))
        answer = self.station.step([] if asked is None else [asked])
        self.air.messages += len(notes) + (answer is not None)
        self.air.bytes += sum(map(len, notes)) + len(answer or b"")
        self._said = (frame, answer)


class ByLog:
    """Five robots that share a log; the last one wants a place."""

    def __init__(self, hears: Array, loss: float, seed: int) -> None:
        self.hears, self.loss, self.rng, self.tick = hears, loss, np.random.default_rng(seed), 1000
        told = FactsOrders(tuple(range(COUNT)), SETTINGS, MeshSettings(), permits=orders(scenario.Permits()))
        self.robots = [Facts(i, COUNT, told, RATE) for i in range(COUNT)]
        for facts in self.robots:
            assert facts.permits is not None
            facts.permits.wanted = frozenset()
            self.rights: Rights = facts.permits
        self.air = Count()
        self._said = [b""] * COUNT

    def step(self) -> None:
        """Let a tick pass."""
        self.tick += 1
        heard = [_decoder.decode(said) if said else None for said in self._said]
        lost = self.rng.random(self.hears.shape) < self.loss
        for i, facts in enumerate(self.robots):
            facts.begin(self.tick)
            for j in np.flatnonzero(self.hears[:, i] & ~lost[:, i]).tolist():
                facts.meet(j)
                parcels = heard[j]
                if parcels is not None:
                    facts.hear(j, parcels)
            facts.act()
            self._said[i] = b"".join(map(bytes, facts.take(MTU - BEACON)))
        self.air.messages += sum(len(_decoder.decode(said).entries) for said in self._said if said)
        self.air.bytes += sum(map(len, self._said))


def idle(way: ByClaim | ByLog) -> tuple[float, float]:
    """Return messages and bytes a tick while nobody wants anything, after 8 s in which a leader is found."""
    for _ in range(8 * RATE):
        way.step()
    way.air = Count()
    for _ in range(20 * RATE):
        way.step()
    return way.air.messages / (20 * RATE), way.air.bytes / (20 * RATE)


def turns(way: ByClaim | ByLog, count: int, held: int) -> tuple[Array, float, float, float]:
    """Return ticks until it may use the place, messages and bytes of a turn beyond the idle ones, and these a tick."""
    messages, size = idle(way)
    way.air, began, found = Count(), way.tick, []
    for _ in range(count):
        way.rights.wanted, asked = frozenset({QUEUE}), way.tick
        while not way.rights.left(QUEUE):
            way.step()
        found.append(way.tick - asked)
        for _ in range(held):
            way.step()
        way.rights.wanted = frozenset()
        way.step()
        while way.rights.grant(QUEUE) or any(True for _ in way.rights.holders(0)):
            way.step()
        for _ in range(int(way.rng.integers(RATE, 2 * RATE))):
            way.step()
    ticks = way.tick - began
    spent = (way.air.messages - messages * ticks) / count, (way.air.bytes - size * ticks) / count
    return np.array(found), *spent, size


def main() -> None:
    """Print the table."""
    count = number(__doc__, "runs", 200)
    full, line = ~np.eye(COUNT, dtype=bool), in_range(row(COUNT))
    ways: list[tuple[str, Callable[[float], ByClaim | ByLog]]] = [
        ("claim at the dock, 1 hop", lambda loss: ByClaim(loss, 0)),
        ("permit by the log, 1 hop", lambda loss: ByLog(full, loss, 0)),
        ("permit by the log, 4 hops", lambda loss: ByLog(line, loss, 0)),
    ]
    table = Table("way", "loss", "ticks p50", "p99", "messages", "bytes", "bytes/s held", "bytes/s idle")
    table.title = f"A place: {count} turns at {RATE} ticks a second; a signed answer has {SIGNATURE} bytes more"
    for name, make in ways:
        for loss in (0.0, 0.1, 0.3):
            found, messages, size, quiet = turns(make(loss), count, 0)
            _, _, longer, _ = turns(make(loss), max(count // 4, 5), HELD_S * RATE)
            p50, p99 = (f"{np.percentile(found, p):.0f}" for p in (50, 99))
            held = (longer - size) / HELD_S
            table.add_row(
                name, f"{loss:.0%}", p50, p99, f"{messages:.1f}", f"{size:.0f}", f"{held:.0f}", f"{quiet * RATE:.0f}"
            )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
